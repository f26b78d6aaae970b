//! Neighbors by each engine, perplexities, the symmetric matrix.

use std::hint::black_box;
use std::num::NonZeroUsize;

use tsne::affinity::{
    ApproximateSearch, BruteForceSearch, KdTreeSearch, Metric, PerplexityAffinity, VpTreeSearch, symmetrize,
};
use tsne::{AffinityModel, Context, KnnGraph, NeighborSearch, Rows, SparseRows};
use tsne_benches::mixture;

use crate::{Work, Workload};

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { name: "affinity/exact-by-products", set_up: || neighbors(BruteForceSearch::default(), 800, 50) },
    Workload { name: "affinity/kd-tree", set_up: || neighbors(KdTreeSearch::default(), 3_000, 3) },
    Workload {
        name: "affinity/vp-tree-manhattan",
        set_up: || neighbors(VpTreeSearch::new(Metric::Manhattan), 1_500, 4),
    },
    // Just above the number of points up to which it compares all pairs.
    Workload {
        name: "affinity/approximate",
        set_up: || neighbors(ApproximateSearch::new(Metric::Euclidean), APPROXIMATE, 10),
    },
    Workload {
        name: "affinity/approximate-manhattan",
        set_up: || neighbors(ApproximateSearch::new(Metric::Manhattan), APPROXIMATE, 10),
    },
    Workload { name: "affinity/sparse", set_up: sparse },
    Workload { name: "affinity/calibration", set_up: calibration },
    Workload { name: "affinity/symmetrization", set_up: symmetrization },
];

const APPROXIMATE: usize = 4_500;
const K: usize = 30;

/// The index and the graph of all points.
fn neighbors(search: impl NeighborSearch<f32> + 'static, n: usize, d: usize) -> tsne::Result<Work> {
    let x = mixture(n, d);
    Ok(Box::new(move || {
        black_box(graph(&search, &x, d, K)?);
        Ok(())
    }))
}

fn graph(search: &dyn NeighborSearch<f32>, x: &[f32], d: usize, k: usize) -> tsne::Result<KnnGraph<f32>> {
    let index = search.build(Rows::new(x, x.len() / d, d)?.into(), Context::new())?;
    index.knn_graph(NonZeroUsize::MIN.saturating_add(k - 1), Context::new())
}

/// The graph of rows of twenty values, in columns of which each row shares some with most others.
fn sparse() -> tsne::Result<Work> {
    const ENTRIES: usize = 20;
    const COLUMNS: u32 = 1_000;
    let n = 1_000;
    let values = mixture(n, ENTRIES);
    // Steps of 1 to 49 from one column of a row to the next: twenty of them stay below 1,000.
    let step = |at: usize| 1 + (at as u32).wrapping_mul(2_654_435_761) % (COLUMNS / ENTRIES as u32 - 1);
    let columns: Vec<u32> = (0..n)
        .flat_map(|i| {
            (0..ENTRIES).scan(0, move |column, j| {
                *column += step(i * ENTRIES + j);
                Some(*column)
            })
        })
        .collect();
    let pointers: Vec<usize> = (0..=n).map(|i| i * ENTRIES).collect();
    Ok(Box::new(move || {
        let rows = SparseRows::new(&pointers, &columns, &values, COLUMNS as usize)?;
        let index = BruteForceSearch::default().build(rows.into(), Context::new())?;
        black_box(index.knn_graph(NonZeroUsize::MIN.saturating_add(K - 1), Context::new())?);
        Ok(())
    }))
}

/// 90 neighbors of each of 1,000 points.
fn ninety() -> tsne::Result<KnnGraph<f32>> {
    graph(&KdTreeSearch::default(), &mixture(1_000, 3), 3, 90)
}

fn calibration() -> tsne::Result<Work> {
    let graph = ninety()?;
    let model = PerplexityAffinity::new(30.0)?;
    Ok(Box::new(move || {
        black_box(model.conditional(&graph, Context::new())?);
        Ok(())
    }))
}

fn symmetrization() -> tsne::Result<Work> {
    let graph = ninety()?;
    let conditional = vec![1.0 / 90.0; 1_000 * 90];
    Ok(Box::new(move || {
        black_box(symmetrize(&graph, &conditional, Context::new())?);
        Ok(())
    }))
}
