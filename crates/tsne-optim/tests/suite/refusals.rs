//! Every documented error, and that its message names what was given.

use crate::descent::run;
use crate::oracle::{cloud, conditional, joint, kernel};
use tsne_core::{CancelToken, Context, Error, Kernel, ReferenceRepulsion, Repulsion, Result, Scalar};
use tsne_optim::{
    Conditional, Descent, Exact, ExactReference, Joint, Momentum, MomentumGains, Objective, Phase, attract,
    kl_divergence,
};

fn shape(what: &'static str, expected: usize, given: usize) -> Error {
    Error::shape(what, expected, given)
}

fn classical<T: Scalar>() -> MomentumGains<T, 2> {
    MomentumGains::new(Momentum::Classical)
}

#[test]
fn phases_out_of_range_are_refused_by_name() {
    type Change = fn(&mut Phase, f64);
    let fields: [(&str, Change, &[f64]); 7] = [
        ("exaggeration", |p, v| p.exaggeration = v, &[0.0, -1.0, f64::NAN, f64::INFINITY]),
        ("learning_rate", |p, v| p.learning_rate = v, &[0.0, -200.0, f64::NAN, f64::INFINITY]),
        ("momentum", |p, v| p.momentum = v, &[-0.1, 1.0, f64::NAN, f64::INFINITY]),
        ("max_grad_norm", |p, v| p.max_grad_norm = Some(v), &[0.0, -1.0, f64::NAN, f64::INFINITY]),
        ("max_step_norm", |p, v| p.max_step_norm = Some(v), &[0.0, -1.0, f64::NAN, f64::INFINITY]),
        ("min_grad_norm", |p, v| p.min_grad_norm = Some(v), &[-1e-7, f64::NAN, f64::INFINITY]),
        ("min_kl_improvement", |p, v| p.min_kl_improvement = Some(v), &[-1e-7, f64::NAN, f64::INFINITY]),
    ];
    let p = joint::<f32>(20, 3, 1);
    for (field, change, values) in fields {
        for &value in values {
            let mut phase = Phase::default();
            assert_eq!(phase.check(), Ok(()));
            change(&mut phase, value);
            let mut y = cloud::<f32, 2>(20, 1.0, 1);
            let error = run(&p, &mut classical(), &mut y, &phase).unwrap_err();
            assert_eq!(phase.check(), Err(error.clone()));
            assert!(matches!(&error, Error::Parameter { name, .. } if *name == field), "{error:?}");
            let message = error.to_string();
            assert!(message.starts_with(&format!("{field} is {value}, but must be ")), "{message}");
            assert_eq!(y, cloud::<f32, 2>(20, 1.0, 1), "nothing moves");
        }
    }
    let edge = Phase::default().momentum(0.0).min_grad_norm(Some(0.0));
    assert_eq!(edge.check(), Ok(()));
}

#[test]
fn a_descent_that_diverges_says_in_which_iteration() {
    fn check<T: Scalar>() {
        let p = joint::<T>(30, 3, 1);
        let mut y = cloud::<T, 2>(30, 1.0, 1);
        let phase = Phase::default().learning_rate(1e300).max_step_norm(None);
        let error = run(&p, &mut classical(), &mut y, &phase).unwrap_err();
        assert_eq!(error, Error::diverged(1), "{}", T::NAME);
        let message = error.to_string();
        assert!(message.contains("iteration 1 ") && message.contains("lower learning_rate"), "{message}");
    }
    check::<f32>();
    check::<f64>();
    // Somewhat later, where every step throws the points further: by then their squares are not finite.
    let p = joint::<f32>(30, 3, 1);
    let mut y = cloud::<f32, 2>(30, 1.0, 1);
    let quiet = Phase::default().iterations(4).learning_rate(1.0);
    let mut rule = classical();
    run(&p, &mut rule, &mut y, &quiet).unwrap();
    let loud = quiet.learning_rate(1e25).max_step_norm(None);
    assert_eq!(run(&p, &mut rule, &mut y, &loud).unwrap_err(), Error::diverged(1));
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let p = joint::<f64>(20, 3, 1);
    let phase = Phase::default();
    let error = run(&p, &mut classical(), &mut cloud(19, 1.0, 1), &phase).unwrap_err();
    assert_eq!(error, shape("embedding", 20, 19));
    let mut rule = classical();
    tsne_core::Optimizer::reset(&mut rule, 7).unwrap();
    let error = run(&p, &mut rule, &mut cloud(20, 1.0, 1), &phase).unwrap_err();
    assert_eq!(error, shape("optimizer state", 20, 7));

    let mut repulsion = Exact::<f64, 2>::new();
    let mut objective = Joint::new(&p, Kernel::CAUCHY, &mut repulsion).unwrap();
    let y = cloud::<f64, 2>(20, 1.0, 1);
    let mut gradient = vec![[0.0; 2]; 21];
    let cx = Context::new();
    assert_eq!(objective.evaluate(&y, 1.0, false, &mut gradient, cx).unwrap_err(), shape("gradient", 20, 21));
    let gradient = &mut gradient[..20];
    assert_eq!(objective.evaluate(&y[1..], 1.0, false, gradient, cx).unwrap_err(), shape("embedding", 20, 19));
    assert_eq!(Descent::new().kl_divergence(&mut objective, &y[1..], cx).unwrap_err(), shape("embedding", 20, 19));

    let mut out = vec![[0.0; 2]; 20];
    assert_eq!(Exact::new().repulse(Kernel::CAUCHY, &y[1..], &mut out, cx).unwrap_err(), shape("force", 19, 20));
    let reference = ExactReference::new(Kernel::CAUCHY, &y).unwrap();
    let mut z = vec![0.0; 20];
    assert_eq!(reference.repulse(&y, &mut out[1..], &mut z, cx).unwrap_err(), shape("force", 20, 19));
    assert_eq!(reference.repulse(&y, &mut out, &mut z[1..], cx).unwrap_err(), shape("z", 20, 19));

    let attraction = |y: &[[f64; 2]], r: &[[f64; 2]], out: &mut [[f64; 2]]| attract(&p, Kernel::CAUCHY, y, r, out);
    assert_eq!(attraction(&y[1..], &y, &mut out).unwrap_err(), shape("embedding", 20, 19));
    assert_eq!(attraction(&y, &y[1..], &mut out).unwrap_err(), shape("reference embedding", 20, 19));
    assert_eq!(attraction(&y, &y, &mut out[1..]).unwrap_err(), shape("attraction", 20, 19));
    assert_eq!(
        kl_divergence(&p, Kernel::CAUCHY, &y[1..], 1.0, Context::new()).unwrap_err(),
        shape("embedding", 20, 19)
    );
    for z in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = kl_divergence(&p, Kernel::CAUCHY, &y, z, Context::new()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("z is {z}, but must be positive")), "{error}");
    }
}

#[test]
fn affinities_of_the_other_kind_are_refused() {
    let mut repulsion = Exact::<f32, 2>::new();
    let new_points = conditional::<f32>(5, 20, 3, 1);
    let error = Joint::new(&new_points, Kernel::CAUCHY, &mut repulsion).unwrap_err();
    assert!(error.to_string().contains("joint affinities"), "{error}");
    let y = cloud::<f32, 2>(20, 1.0, 1);
    let reference = ExactReference::new(Kernel::CAUCHY, &y).unwrap();
    let error = Conditional::new(&joint(20, 3, 1), Kernel::CAUCHY, &y, &reference).unwrap_err();
    assert!(error.to_string().contains("conditional affinities"), "{error}");
    let error = Conditional::new(&new_points, Kernel::CAUCHY, &y[1..], &reference).unwrap_err();
    assert_eq!(error, shape("reference embedding", 20, 19));
}

#[test]
fn positions_that_are_not_finite_are_refused() {
    let nowhere = Error::non_finite("embedding", 7, 1);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut y = cloud::<f64, 2>(20, 1.0, 1);
        let good = y.clone();
        y[7][1] = bad;
        let p = joint::<f64>(20, 3, 1);
        assert_eq!(run(&p, &mut classical(), &mut y, &Phase::default()).unwrap_err(), nowhere);
        let (mut out, mut z) = (vec![[0.0; 2]; 20], vec![0.0; 20]);
        assert_eq!(Exact::new().repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap_err(), nowhere);
        assert_eq!(ExactReference::new(Kernel::CAUCHY, &y).unwrap_err(), nowhere);
        let reference = ExactReference::new(Kernel::CAUCHY, &good).unwrap();
        assert_eq!(reference.repulse(&y, &mut out, &mut z, Context::new()).unwrap_err(), nowhere);
        let new_points = conditional(5, 20, 3, 1);
        assert_eq!(Conditional::new(&new_points, Kernel::CAUCHY, &y, &reference).unwrap_err(), nowhere);
    }
}

#[test]
fn repulsions_can_be_cancelled() {
    let token = CancelToken::new();
    token.cancel();
    let cx = Context::new().with_cancel(&token);
    let y = cloud::<f32, 2>(20, 1.0, 1);
    let (mut out, mut z) = (vec![[0.0; 2]; 20], vec![0.0; 20]);
    assert_eq!(Exact::new().repulse(kernel(0.5), &y, &mut out, cx).unwrap_err(), Error::Cancelled);
    let reference = ExactReference::new(kernel(2.0), &y).unwrap();
    assert_eq!(reference.repulse(&y, &mut out, &mut z, cx).unwrap_err(), Error::Cancelled);
}

#[test]
fn coordinates_whose_differences_overflow_are_refused() {
    use tsne_core::{Context, Error, Kernel};
    use tsne_optim::{Exact, ExactReference};
    let far = [[3e38f32, 0.0], [-3e38, 0.0]];
    let mut out = [[0.0f32; 2]; 2];
    let refused = |error: Error| matches!(&error, Error::Parameter { given, .. } if given.contains("3e38"));
    assert!(refused(Exact::new().repulse(Kernel::CAUCHY, &far, &mut out, Context::new()).unwrap_err()));
    let reference = ExactReference::new(Kernel::CAUCHY, &[[1e38f32, 0.0]]).unwrap();
    let mut z = [0.0; 2];
    assert!(refused(reference.repulse(&far, &mut out, &mut z, Context::new()).unwrap_err()));
    // The largest that are allowed give finite sums.
    let near = [[1.7e38f32, 0.0], [-1.7e38, 0.0]];
    let z = Exact::new().repulse(Kernel::CAUCHY, &near, &mut out, Context::new()).unwrap();
    assert!(z.is_finite() && out.as_flattened().iter().all(|f| f.is_finite()));
}

/// A repulsion whose normalizer is what it is told.
struct Normalizer(f64);

impl Repulsion<f64, 2> for Normalizer {
    fn repulse(&mut self, _: Kernel, _: &[[f64; 2]], out: &mut [[f64; 2]], _: Context<'_>) -> Result<f64> {
        out.fill([1.0, 2.0]);
        Ok(self.0)
    }
}

impl ReferenceRepulsion<f64, 2> for Normalizer {
    fn repulse(&self, _: &[[f64; 2]], out: &mut [[f64; 2]], z: &mut [f64], _: Context<'_>) -> Result<()> {
        out.fill([1.0, 2.0]);
        z.fill(1.0);
        z[3] = self.0;
        Ok(())
    }
}

#[test]
fn normalizers_that_are_no_sum_of_weights_are_refused() {
    let (p, y) = (joint::<f64>(20, 3, 1), cloud::<f64, 2>(20, 1.0, 1));
    let new = conditional::<f64>(20, 20, 3, 1);
    let mut gradient = vec![[0.0; 2]; 20];
    for z in [f64::NAN, -1.0, f64::INFINITY] {
        let mut repulsion = Normalizer(z);
        let mut objective = Conditional::new(&new, Kernel::CAUCHY, &y, &repulsion).unwrap();
        let error = objective.evaluate(&y, 1.0, false, &mut gradient, Context::new()).unwrap_err();
        assert!(error.to_string().contains(&format!("point 3 is {z}")), "{error}");
        let mut objective = Joint::new(&p, Kernel::CAUCHY, &mut repulsion).unwrap();
        let error = objective.evaluate(&y, 1.0, false, &mut gradient, Context::new()).unwrap_err();
        assert!(error.to_string().contains(&format!("the normalizer is {z}")), "{error}");
    }
    // Where all weights underflow there is no repulsion.
    let mut nothing = Normalizer(0.0);
    let mut objective = Joint::new(&p, Kernel::CAUCHY, &mut nothing).unwrap();
    objective.evaluate(&y, 1.0, false, &mut gradient, Context::new()).unwrap();
    assert!(gradient.as_flattened().iter().all(|g| g.is_finite()));
}
