//! A whole descent has the same bits on any number of threads.

use crate::oracle::{bits, cloud, conditional, joint, kernel};
use std::ops::ControlFlow;
use tsne_core::{Context, Iteration, Observer, Scalar};
use tsne_optim::{Conditional, Descent, Exact, ExactReference, Joint, Momentum, MomentumGains, Objective, Phase};

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
