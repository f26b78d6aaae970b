//! What only the whole has: initialization, a fit, new points.

use std::hint::black_box;

use tsne::{Context, NegativeGradientMethod, Preset, Rows, Tsne, initialization};
use tsne_benches::mixture;

use crate::{Work, Workload};

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { name: "tsne/pca", set_up: pca },
    Workload { name: "tsne/fit", set_up: fit },
    Workload { name: "tsne/transform", set_up: transform },
];

const D: usize = 20;

fn pca() -> tsne::Result<Work> {
    let (n, d) = (2_000, 50);
    let x = mixture(n, d);
    Ok(Box::new(move || {
        black_box(initialization::pca::<f32, 2>(Rows::new(&x, n, d)?, 0, Context::new())?);
        Ok(())
    }))
}

/// The recommended schedule, cut short.
fn tiny() -> tsne::Result<Tsne<f32, 2>> {
    Tsne::preset(Preset::Recommended)
        .negative_gradient_method(NegativeGradientMethod::BarnesHut)
        .early_exaggeration_iter(5)
        .n_iter(10)
        .n_jobs(1)
        .build()
}

fn fit() -> tsne::Result<Work> {
    let n = 500;
    let x = mixture(n, D);
    let tsne = tiny()?;
    Ok(Box::new(move || {
        black_box(tsne.fit(Rows::new(&x, n, D)?)?);
        Ok(())
    }))
}

fn transform() -> tsne::Result<Work> {
    let (n, new) = (500, 50);
    let x = mixture(n + new, D);
    let (fitted, rest) = x.split_at(n * D);
    let embedding = tiny()?.fit(Rows::new(fitted, n, D)?)?;
    let rest = rest.to_vec();
    Ok(Box::new(move || {
        black_box(embedding.transform(Rows::new(&rest, new, D)?)?);
        Ok(())
    }))
}
