//! Building an index, searching it, calibration and symmetrization, apart from each other.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Duration;
use tsne_affinity::{
    ApproximateSearch, BruteForceSearch, KdTreeSearch, Metric, PerplexityAffinity, VpTreeSearch, calibrate_row,
    symmetrize,
};
use tsne_core::{AffinityModel, Context, KnnGraph, NeighborSearch, Rows, Scalar, SparseRows, random};

const N: usize = 10_000;

/// Normal numbers from a fixed seed.
fn cloud<T: Scalar>(n: usize, d: usize) -> Vec<T> {
    let unit = |stage, i: usize| random::unit(random::element_seed(7, stage, i as u64));
    let normal = |i| (-2.0 * unit(0, i).max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * unit(1, i)).cos();
    (0..n * d).map(|i| T::from_f64(normal(i))).collect()
}

/// A group that counts points.
fn per_point(c: &mut Criterion, name: impl Into<String>, n: usize) -> BenchmarkGroup<'_, WallTime> {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(n as u64));
    group
}

fn graph<T: Scalar>(search: &dyn NeighborSearch<T>, x: &[T], d: usize, k: usize) -> KnnGraph<T> {
    let index = search.build(Rows::new(x, x.len() / d, d).unwrap().into(), Context::new()).unwrap();
    index.knn_graph(NonZeroUsize::new(k).unwrap(), Context::new()).unwrap()
}

fn neighbors<T: Scalar>(c: &mut Criterion) {
    let searches: [(&str, &dyn NeighborSearch<T>, usize); 3] = [
        ("kd_tree", &KdTreeSearch::default(), 3),
        ("kd_tree", &KdTreeSearch::default(), 8),
        ("brute_force", &BruteForceSearch::default(), 50),
    ];
    for (name, search, d) in searches {
        let x = cloud::<T>(N, d);
        let points = Rows::new(&x, N, d).unwrap();
        let id = format!("{}/n{N}/d{d}", T::NAME);
        per_point(c, format!("{name}_build"), N).bench_function(BenchmarkId::from_parameter(&id), |b| {
            b.iter(|| search.build(points.into(), Context::new()).is_ok())
        });
        let index = search.build(points.into(), Context::new()).unwrap();
        let k = NonZeroUsize::new(90).unwrap();
        per_point(c, format!("{name}_graph"), N).bench_function(BenchmarkId::from_parameter(&id), |b| {
            b.iter(|| index.knn_graph(k, Context::new()).unwrap())
        });
    }
}

/// Clusters and matrix products, and the descent on the graph for a metric without them; at a size where they search.
fn approximate(c: &mut Criterion) {
    for (metric, d) in
        [(Metric::Euclidean, 50), (Metric::Euclidean, 300), (Metric::Cosine, 50), (Metric::Manhattan, 50)]
    {
        let search = ApproximateSearch::new(metric.clone());
        let x = cloud::<f32>(2 * N, d);
        let mut group = per_point(c, "approximate_graph", 2 * N);
        group.sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(format!("f32/n{}/{metric}_d{d}", 2 * N)), |b| {
            b.iter(|| graph::<f32>(&search, &x, d, 90));
        });
    }
}

/// Metrics without a fast engine: all pairs against the vantage-point tree.
fn metrics(c: &mut Criterion) {
    for (metric, d) in [
        (Metric::Haversine, 2),
        (Metric::Manhattan, 2),
        (Metric::Manhattan, 4),
        (Metric::Manhattan, 6),
        (Metric::Manhattan, 8),
        (Metric::Manhattan, 12),
        (Metric::Canberra, 6),
        (Metric::Manhattan, 50),
    ] {
        let mut x = cloud::<f32>(N, d);
        if metric == Metric::Haversine {
            x.iter_mut().for_each(|v| *v = v.clamp(-3.0, 3.0) / 2.0);
        }
        let points = Rows::new(&x, N, d).unwrap().into();
        let id = format!("f32/n{N}/{metric}_d{d}");
        let searches: [(&str, &dyn NeighborSearch<f32>); 2] =
            [("scan", &BruteForceSearch::new(metric.clone())), ("vp_tree", &VpTreeSearch::new(metric.clone()))];
        for (name, search) in searches {
            per_point(c, format!("{name}_build"), N).bench_function(BenchmarkId::from_parameter(&id), |b| {
                b.iter(|| search.build(points, Context::new()).is_ok())
            });
            let index = search.build(points, Context::new()).unwrap();
            let k = NonZeroUsize::new(90).unwrap();
            per_point(c, format!("{name}_graph"), N).bench_function(BenchmarkId::from_parameter(&id), |b| {
                b.iter(|| index.knn_graph(k, Context::new()).unwrap())
            });
        }
    }
}

/// Sparse rows of some 40 values in 2,000 columns: by the columns that rows share, and pair by pair.
fn sparse(c: &mut Criterion) {
    let (n, d) = (5000, 2000);
    let unit = |stage, i: usize| random::unit(random::element_seed(11, stage, i as u64));
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        for j in (0..d).filter(|j| unit(0, i * d + j) < 0.02) {
            columns.push(j as u32);
            values.push(unit(1, i * d + j) as f32);
        }
        pointers.push(columns.len());
    }
    let points = SparseRows::new(&pointers, &columns, &values, d).unwrap().into();
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Jaccard, Metric::Chebyshev] {
        let search = BruteForceSearch::new(metric.clone());
        let id = format!("f32/n{n}/{metric}_d{d}");
        per_point(c, "sparse_build", n).bench_function(BenchmarkId::from_parameter(&id), |b| {
            b.iter(|| search.build(points, Context::new()).is_ok())
        });
        let index = search.build(points, Context::new()).unwrap();
        let k = NonZeroUsize::new(90).unwrap();
        per_point(c, "sparse_graph", n).bench_function(BenchmarkId::from_parameter(&id), |b| {
            b.iter(|| index.knn_graph(k, Context::new()).unwrap())
        });
    }
}

/// A caller's function over all pairs, beside the same metric by name (`scan_graph`).
fn function(c: &mut Criterion) {
    let d = 50;
    let x = cloud::<f32>(N, d);
    let metric = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum());
    per_point(c, "function_graph", N).bench_function(BenchmarkId::from_parameter(format!("f32/n{N}/d{d}")), |b| {
        b.iter(|| graph::<f32>(&BruteForceSearch::new(metric.clone()), &x, d, 90));
    });
}

fn weights<T: Scalar>(c: &mut Criterion) {
    let x = cloud::<T>(N, 8);
    let graph = graph(&BruteForceSearch::default(), &x, 8, 90);
    let id = format!("{}/n{N}/k90", T::NAME);
    let model = PerplexityAffinity::new(30.0).unwrap();
    let mut out = vec![T::ZERO; 90];
    c.benchmark_group("calibration_row").bench_function(BenchmarkId::from_parameter(format!("{}/k90", T::NAME)), |b| {
        b.iter(|| calibrate_row(black_box(graph.row(17).1), 30.0, &mut out).unwrap());
    });
    per_point(c, "calibration", N).bench_function(BenchmarkId::from_parameter(&id), |b| {
        b.iter(|| model.conditional(&graph, Context::new()).unwrap());
    });
    let conditional = vec![T::from_f64(1.0 / 90.0); N * 90];
    per_point(c, "symmetrization", N).bench_function(BenchmarkId::from_parameter(&id), |b| {
        b.iter(|| symmetrize(&graph, &conditional, Context::new()).unwrap());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    targets = neighbors::<f32>, neighbors::<f64>, approximate, metrics, sparse, function, weights::<f32>, weights::<f64>
}
criterion_main!(benches);
