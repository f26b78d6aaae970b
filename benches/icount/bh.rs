//! The tree and the walk of all points through it.

use std::hint::black_box;

use tsne::bh::{BarnesHut, Tree};
use tsne::{Context, Kernel};
use tsne_benches::map;

use crate::{Work, Workload};

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { name: "bh/2d-build", set_up: build::<2> },
    Workload { name: "bh/2d-repulse", set_up: || repulse::<2>(3_000) },
    Workload { name: "bh/3d-build", set_up: build::<3> },
    Workload { name: "bh/3d-repulse", set_up: || repulse::<3>(1_500) },
];

fn build<const D: usize>() -> tsne::Result<Work> {
    let y = map::<D>(20_000, 50.0);
    let mut tree = Tree::new();
    Ok(Box::new(move || tree.build(black_box(&y), Context::new())))
}

fn repulse<const D: usize>(n: usize) -> tsne::Result<Work> {
    let y = map::<D>(n, 50.0);
    let mut method = BarnesHut::<f32, D>::default();
    let mut out = vec![[0.0; D]; n];
    Ok(Box::new(move || {
        black_box(method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new())?);
        Ok(())
    }))
}
