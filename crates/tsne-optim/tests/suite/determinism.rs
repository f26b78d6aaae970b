//! A whole descent has the same bits on any number of threads.

use crate::oracle::{bits, cloud, conditional, joint, kernel};
use std::ops::ControlFlow;
use tsne_core::{Context, Iteration, Kernel, Observer, Repulsion, Scalar};
use tsne_optim::{
    Conditional, Descent, Exact, ExactReference, Joint, JointState, Momentum, MomentumGains, Objective, Part, Phase,
    PhaseState,
};

struct Every<'a>(&'a mut Vec<u64>);

impl<T: Scalar, const D: usize> Observer<T, D> for Every<'_> {
    fn wants(&self, _: usize) -> bool {
        true
    }
    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        self.0.push(iteration.kl_divergence.to_bits());
        ControlFlow::Continue(())
    }
}

/// The bits of the positions and of the divergences on the way.
fn descend<T: Scalar, const D: usize>(objective: &mut dyn Objective<T, D>, momentum: Momentum) -> (Vec<u64>, Vec<u64>) {
    let phase = Phase::default()
        .iterations(8)
        .exaggeration(4.0)
        .learning_rate(50.0)
        .max_grad_norm(Some(0.01))
        .min_grad_norm(Some(1e-12));
    let mut y = cloud::<T, D>(objective.n(), 1.0, 1);
    let mut divergences = Vec::new();
    let mut rule = MomentumGains::new(momentum);
    let mut every = Every(&mut divergences);
    Descent::new().run(objective, &mut rule, &mut y, &phase, Some(&mut every), Context::new()).unwrap();
    (bits(&y), divergences)
}

fn on_pools<R: PartialEq + std::fmt::Debug + Send>(f: impl Fn() -> R + Sync) {
    let on_pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&f);
    let one = on_pool(1);
    for threads in [2, 3, 8] {
        assert!(on_pool(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_fit() {
    fn check<T: Scalar, const D: usize>(momentum: Momentum, dof: f64) {
        let p = joint::<T>(2600, 5, 1);
        on_pools(|| {
            let mut repulsion = Exact::new();
            descend::<T, D>(&mut Joint::new(&p, kernel(dof), &mut repulsion).unwrap(), momentum)
        });
    }
    check::<f32, 2>(Momentum::Classical, 1.0);
    check::<f32, 3>(Momentum::Nesterov, 0.5);
    check::<f64, 2>(Momentum::Nesterov, 1.0);
    check::<f64, 1>(Momentum::Classical, 2.0);
}

#[test]
fn new_points() {
    fn check<T: Scalar>(momentum: Momentum) {
        let p = conditional::<T>(2600, 500, 10, 1);
        let reference = cloud::<T, 2>(500, 20.0, 2);
        let repulsion = ExactReference::new(kernel(1.0), &reference).unwrap();
        on_pools(|| descend(&mut Conditional::new(&p, kernel(1.0), &reference, &repulsion).unwrap(), momentum));
    }
    check::<f32>(Momentum::Nesterov);
    check::<f64>(Momentum::Classical);
}

/// A repulsion that costs little: all points are pushed out of the middle.
struct Outwards;

impl<T: Scalar, const D: usize> Repulsion<T, D> for Outwards {
    fn repulse(&mut self, _: Kernel, y: &[[T; D]], out: &mut [[T; D]], _: Context<'_>) -> tsne_core::Result<f64> {
        out.copy_from_slice(y);
        Ok(y.len() as f64)
    }
}

/// Where points are numbered anew: by the map from 8,192 of them on, by their affinities from 131,072 on.
#[test]
fn a_fit_whose_points_are_numbered_anew() {
    fn check<T: Scalar, const D: usize>(n: usize, iterations: usize) {
        let p = joint::<T>(n, 4, 1);
        let phase = Phase::default().iterations(iterations).exaggeration(4.0).learning_rate(n as f64 / 4.0);
        let descend = |length: usize| {
            let (mut descent, mut rule) = (Descent::new(), MomentumGains::new(Momentum::Nesterov));
            let (mut y, mut state, mut kept) = (cloud::<T, D>(n, 1.0, 1), PhaseState::default(), JointState::default());
            while state.completed() < iterations {
                let mut repulsion = Outwards;
                let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap().with_state(kept);
                let part = Part::new(&phase, &mut state, length);
                descent.run_part(&mut objective, &mut rule, &mut y, part, None, Context::new()).unwrap();
                kept = objective.into_state();
            }
            let mut repulsion = Outwards;
            let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap().with_state(kept);
            (bits(&y), descent.kl_divergence(&mut objective, &y, Context::new()).unwrap().to_bits())
        };
        let whole = descend(iterations);
        on_pools(|| descend(iterations));
        on_pools(|| {
            let parts = descend(1);
            assert!(parts == whole, "{} D {D}, {n} points in parts", T::NAME);
        });
    }
    check::<f32, 2>(8_192, 34);
    check::<f64, 3>(8_200, 10);
    check::<f32, 2>(131_072, 10);
}
