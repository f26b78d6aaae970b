//! The parts of an iteration.

use std::hint::black_box;

use tsne::core::{AffinityKind, Step};
use tsne::optim::{Exact, Joint, Objective, attract};
use tsne::{Affinities, Context, Kernel, Momentum, MomentumGains, Optimizer};
use tsne_benches::{NoRepulsion, map};

use crate::{Work, Workload};

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { name: "optim/2d-attraction", set_up: attraction::<2> },
    Workload { name: "optim/3d-attraction", set_up: attraction::<3> },
    Workload { name: "optim/2d-attraction-renumbered", set_up: renumbered },
    Workload { name: "optim/2d-exact", set_up: || exact::<2>(1.0) },
    Workload { name: "optim/3d-exact", set_up: || exact::<3>(1.0) },
    Workload { name: "optim/2d-exact-dof0.5", set_up: || exact::<2>(0.5) },
    Workload { name: "optim/step-classical", set_up: || step(Momentum::Classical) },
    Workload { name: "optim/step-nesterov", set_up: || step(Momentum::Nesterov) },
];

/// `k` affinities of each of `n` points, within `3 k` of it.
fn band(n: usize, k: usize) -> tsne::Result<Affinities<f32>> {
    let mut columns = Vec::new();
    for i in 0..n {
        let mut row: Vec<u32> = (0..k).map(|j| ((i + 1 + 3 * j) % n) as u32).collect();
        row.sort_unstable();
        columns.extend(row);
    }
    let weights = vec![1.0 / (n * k) as f32; n * k];
    Affinities::from_parts((0..=n).map(|i| i * k).collect(), columns, weights, n, AffinityKind::Joint)
}

fn attraction<const D: usize>() -> tsne::Result<Work> {
    let p = band(5_000, 90)?;
    let y = map::<D>(p.n(), 50.0);
    let mut out = vec![[0.0; D]; y.len()];
    Ok(Box::new(move || {
        attract(&p, Kernel::CAUCHY, &y, &y, &mut out)?;
        black_box(&out);
        Ok(())
    }))
}

/// What a descent does: thirty-two evaluations, of which the eighth numbers the points anew, and the last tries another order.
fn renumbered() -> tsne::Result<Work> {
    let p = band(8_192, 90)?;
    let y = map::<2>(p.n(), 50.0);
    let mut gradient = vec![[0.0; 2]; y.len()];
    Ok(Box::new(move || {
        let mut none = NoRepulsion;
        let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut none)?;
        for _ in 0..32 {
            black_box(joint.evaluate(&y, 1.0, false, &mut gradient, Context::new())?);
        }
        Ok(())
    }))
}

fn exact<const D: usize>(dof: f64) -> tsne::Result<Work> {
    let y = map::<D>(1_000, 50.0);
    let mut out = vec![[0.0; D]; y.len()];
    let kernel = Kernel::new(dof)?;
    let mut exact = Exact::new();
    Ok(Box::new(move || {
        black_box(exact.repulse(kernel, &y, &mut out, Context::new())?);
        Ok(())
    }))
}

fn step(momentum: Momentum) -> tsne::Result<Work> {
    let mut y = map::<2>(50_000, 50.0);
    let gradient = map::<2>(y.len(), 1e-6);
    let mut rule = MomentumGains::new(momentum);
    rule.reset(y.len())?;
    let step = Step::new(1.0, 0.8).with_max_norm(5.0);
    Ok(Box::new(move || {
        rule.step(step, &gradient, &mut y, Context::new())?;
        black_box(&y);
        Ok(())
    }))
}
