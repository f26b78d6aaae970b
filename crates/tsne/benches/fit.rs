//! Whole fits of small data, and the initialization.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tsne::core::random;
use tsne::{Context, Preset, Rows, Tsne, initialization};

fn blobs(n: usize, d: usize) -> Vec<f32> {
    let uniform = |stage: u64, index: usize| random::unit(random::element_seed(1, stage, index as u64)) - 0.5;
    (0..n * d).map(|at| (6.0 * uniform(1, (at / d % 10) * d + at % d) + uniform(2, at)) as f32).collect()
}

fn fit(c: &mut Criterion) {
    let mut group = c.benchmark_group("fit");
    group.sample_size(10);
    for n in [500, 2_000] {
        let x = blobs(n, 20);
        let tsne = Tsne::preset(Preset::Recommended).build().unwrap();
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(BenchmarkId::new("recommended", format!("f32/n{n}/d20")), &x, |b, x| {
            b.iter(|| tsne.fit(Rows::new(x, n, 20).unwrap()).unwrap());
        });
    }
    group.finish();
}

fn pca(c: &mut Criterion) {
    let mut group = c.benchmark_group("pca");
    group.sample_size(10);
    for d in [50, 300] {
        let x = blobs(10_000, d);
        group.bench_with_input(BenchmarkId::from_parameter(format!("f32/n10000/d{d}")), &x, |b, x| {
            b.iter(|| initialization::pca::<f32, 2>(Rows::new(x, 10_000, d).unwrap(), 0, Context::new()).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, fit, pca);
criterion_main!(benches);
