//! What only the whole has: initialization, a fit, new points, measures.

use std::hint::black_box;
use std::sync::Arc;

use tsne::affinity::ApproximateSearch;
use tsne::core::{Affinities, AffinityKind, Kernel};
use tsne::metrics::Comparison;
use tsne::{
    Context, Embedding, Initialization, Metric, Neighbors, Preset, Rows, TransformParams, Tsne, initialization,
};
use tsne_benches::mixture;

use crate::{Work, Workload};

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { name: "tsne/pca", set_up: pca },
    Workload { name: "tsne/coarse", set_up: coarse },
    Workload { name: "tsne/fit", set_up: fit },
    Workload { name: "tsne/optimize-50", set_up: whole },
    Workload { name: "tsne/optimize-50x1", set_up: steps },
    Workload { name: "tsne/transform", set_up: transform },
    Workload { name: "tsne/new-point", set_up: new_points },
    Workload { name: "tsne/measures", set_up: measures },
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

/// Just more points than are mapped themselves: on a ring, each knows twenty. (A search for neighbors takes minutes under valgrind.)
fn coarse() -> tsne::Result<Work> {
    let n = 8_200;
    let angle = |i: usize| i as f32 / n as f32 * std::f32::consts::TAU;
    let x: Vec<f32> = (0..n).flat_map(|i| [angle(i).cos(), angle(i).sin()]).collect();
    let mut columns = Vec::new();
    for i in 0..n {
        let first = columns.len();
        columns.extend((1..=10).flat_map(|step| [(i + step) % n, (i + n - step) % n].map(|j| j as u32)));
        columns[first..].sort_unstable();
    }
    let weights = vec![1.0 / columns.len() as f32; columns.len()];
    let p = Affinities::from_parts((0..=n).map(|i| 20 * i).collect(), columns, weights, n, AffinityKind::Joint)?;
    Ok(Box::new(move || {
        let points = Some(Rows::new(&x, n, 2)?.into());
        black_box(initialization::coarse::<f32, 2>(&p, points, Kernel::CAUCHY, 0, Context::new())?);
        Ok(())
    }))
}

/// The schedule with exaggeration, cut short.
fn tiny() -> tsne::Result<Tsne<f32, 2>> {
    Tsne::<_, 2>::preset(Preset::Exaggerated)
        .negative_gradient_method("bh")
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

/// Fifty iterations by one call, and by fifty: at most 1.2 times as much.
fn whole() -> tsne::Result<Work> {
    let embedding = prepared()?;
    Ok(Box::new(move || {
        black_box(embedding.optimized(50)?);
        Ok(())
    }))
}

fn steps() -> tsne::Result<Work> {
    let embedding = prepared()?;
    Ok(Box::new(move || {
        let mut embedding = embedding.clone();
        for _ in 0..50 {
            embedding.optimize(1)?;
        }
        black_box(embedding);
        Ok(())
    }))
}

/// The smallest map of which steps may cost no more.
fn prepared() -> tsne::Result<Embedding<f32, 2>> {
    let n = 2_000;
    let x = mixture(n, D);
    Tsne::<f32, 2>::builder().initialization("pca").n_jobs(1).build()?.prepare_initial(Rows::new(&x, n, D)?)
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

/// Points that come one by one: the index of clusters and the grid are there. Nothing of it is as long as the map.
fn new_points() -> tsne::Result<Work> {
    let (n, new) = (2_000, 16);
    let x = mixture(n + new, D);
    let (fitted, rest) = x.split_at(n * D);
    let search = ApproximateSearch::new(Metric::Euclidean).with_exact_up_to(0);
    let builder = Tsne::<f32, 2>::builder().neighbors(Neighbors::Custom(Arc::new(search)));
    let builder = builder.perplexity(5.0).initialization(Initialization::Random).n_jobs(1);
    let embedding = builder.build()?.prepare_initial(Rows::new(fitted, n, D)?)?;
    let params = TransformParams::preset(Preset::Recommended).negative_gradient_method("fft");
    embedding.prepare_reference(&params, Context::new())?;
    let rest = rest.to_vec();
    Ok(Box::new(move || {
        for row in rest.chunks_exact(D) {
            black_box(embedding.transform_with(Rows::new(row, 1, D)?, &params, None, Context::new())?);
        }
        Ok(())
    }))
}

/// All points, so that neighbors are looked for and ranked in the data and in the map.
fn measures() -> tsne::Result<Work> {
    let n = 600;
    let x = mixture(n, D);
    let y: Vec<[f32; 2]> = x.chunks(D).map(|row| [row[0], row[1]]).collect();
    Ok(Box::new(move || {
        black_box(Comparison::new(Rows::new(&x, n, D)?, &y)?.measures(10)?);
        Ok(())
    }))
}
