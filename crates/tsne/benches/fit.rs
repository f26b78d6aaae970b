//! Whole fits of small data, the initialization, and the measures of a map.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tsne::core::random;
use tsne::metrics::{Comparison, label_agreement};
use tsne::{Context, Embedding, Kernel, Preset, Rows, TransformParams, Tsne, initialization};

fn blobs(n: usize, d: usize) -> Vec<f32> {
    let uniform = |stage: u64, index: usize| random::unit(random::element_seed(1, stage, index as u64)) - 0.5;
    (0..n * d).map(|at| (6.0 * uniform(1, (at / d % 10) * d + at % d) + uniform(2, at)) as f32).collect()
}

fn fit(c: &mut Criterion) {
    let mut group = c.benchmark_group("fit");
    group.sample_size(10);
    for n in [500, 2_000] {
        let x = blobs(n, 20);
        let tsne = Tsne::<_, 2>::builder().build().unwrap();
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(BenchmarkId::new("recommended", format!("f32/n{n}/d20")), &x, |b, x| {
            b.iter(|| tsne.fit(Rows::new(x, n, 20).unwrap()).unwrap());
        });
    }
    group.finish();
}

fn pca(c: &mut Criterion) {
    let mut group = c.benchmark_group("pca");
    group.sample_size(10).throughput(Throughput::Elements(10_000));
    for d in [50, 300] {
        let x = blobs(10_000, d);
        group.bench_with_input(BenchmarkId::from_parameter(format!("f32/n10000/d{d}")), &x, |b, x| {
            b.iter(|| initialization::pca::<f32, 2>(Rows::new(x, 10_000, d).unwrap(), 0, Context::new()).unwrap());
        });
    }
    group.finish();
}

fn spectral(c: &mut Criterion) {
    let x = blobs(10_000, 20);
    let tsne = Tsne::<_, 2>::builder().build().unwrap();
    let index = tsne.affinities(Rows::new(&x, 10_000, 20).unwrap()).unwrap();
    let mut group = c.benchmark_group("spectral");
    group.sample_size(10).throughput(Throughput::Elements(10_000));
    group.bench_function("f32/n10000", |b| {
        b.iter(|| initialization::spectral::<f32, 2>(index.affinities(), 0, Context::new()).unwrap());
    });
    group.finish();
}

/// From groups, and of the points themselves.
fn coarse(c: &mut Criterion) {
    let mut group = c.benchmark_group("coarse");
    for n in [5_000, 20_000] {
        let x = blobs(n, 20);
        let rows = Rows::new(&x, n, 20).unwrap();
        let index = Tsne::<_, 2>::builder().build().unwrap().affinities(rows).unwrap();
        group.sample_size(10).throughput(Throughput::Elements(n as u64));
        group.bench_function(format!("f32/n{n}/d20"), |b| {
            b.iter(|| {
                let p = index.affinities();
                initialization::coarse::<f32, 2>(p, Some(rows.into()), Kernel::CAUCHY, 0, Context::new()).unwrap()
            });
        });
    }
    group.finish();
}

/// New points with all stages, the repulsion of the map prepared before; and that preparation alone.
fn transform(c: &mut Criterion) {
    let x = blobs(12_000, 20);
    let (fitted, new) = x.split_at(10_000 * 20);
    let tsne = Tsne::<_, 2>::builder().build().unwrap();
    let embedding = tsne.fit(Rows::new(fitted, 10_000, 20).unwrap()).unwrap();
    let mut group = c.benchmark_group("transform");
    group.sample_size(10).throughput(Throughput::Elements(2_000));
    let new = Rows::new(new, 2_000, 20).unwrap();
    group.bench_function("f32/n10000/m2000", |b| b.iter(|| embedding.transform(new).unwrap()));
    group.finish();
    single(c);
    let mut group = c.benchmark_group("prepare_reference");
    group.sample_size(10).throughput(Throughput::Elements(10_000));
    for method in ["bh", "fft"] {
        let params = TransformParams::preset(Preset::Recommended).negative_gradient_method(method);
        let other = TransformParams::preset(Preset::Recommended).negative_gradient_method("exact");
        group.bench_function(format!("f32/n10000/{method}"), |b| {
            // Another method in between: the one prepared last is kept.
            b.iter_batched(
                || embedding.prepare_reference(&other, Context::new()).unwrap(),
                |()| embedding.prepare_reference(&params, Context::new()).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// New points that come one by one into a map of which index and repulsion are there; and what the first of them takes.
fn single(c: &mut Criterion) {
    let (n, d) = (20_000, 20);
    let x = blobs(n + 1_000, d);
    let (fitted, new) = x.split_at(n * d);
    let tsne = Tsne::<_, 2>::builder().n_iter(50).build().unwrap();
    let embedding = tsne.fit(Rows::new(fitted, n, d).unwrap()).unwrap();
    let path = std::env::temp_dir().join(format!("bench-single-{}.tsne", std::process::id()));
    embedding.save(&path).unwrap();
    let mut rows = new.chunks_exact(d).cycle();
    let mut group = c.benchmark_group("new-point");
    group.sample_size(10).throughput(Throughput::Elements(1));
    group.bench_function("later/f32/n20000", |b| {
        b.iter(|| embedding.transform(Rows::new(rows.next().unwrap(), 1, d).unwrap()).unwrap());
    });
    group.bench_function("first/f32/n20000", |b| {
        b.iter_batched(
            || Embedding::<f32, 2>::load(&path).unwrap(),
            |loaded| loaded.transform(Rows::new(&new[..d], 1, d).unwrap()).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    std::fs::remove_file(&path).unwrap();
}

/// A model written to a file and read back.
fn store(c: &mut Criterion) {
    let x = blobs(10_000, 50);
    let tsne = Tsne::<_, 2>::builder().n_iter(10).build().unwrap();
    let embedding = tsne.fit(Rows::new(&x, 10_000, 50).unwrap()).unwrap();
    let path = std::env::temp_dir().join(format!("bench-{}.tsne", std::process::id()));
    let mut group = c.benchmark_group("store");
    group.sample_size(10).throughput(Throughput::Elements(10_000));
    group.bench_function("save/f32/n10000/d50", |b| b.iter(|| embedding.save(&path).unwrap()));
    group.bench_function("load/f32/n10000/d50", |b| b.iter(|| Embedding::<f32, 2>::load(&path).unwrap()));
    group.finish();
    std::fs::remove_file(&path).unwrap();
}

/// Two of the columns are the map: a few of its neighbors are near in the data.
fn measures(c: &mut Criterion) {
    let (n, d, k) = (5_000, 20, 10);
    let x = blobs(n, d);
    let y: Vec<[f32; 2]> = x.chunks(d).map(|row| [row[0], row[1]]).collect();
    let labels: Vec<usize> = (0..n).map(|i| i % 10).collect();
    let all = Comparison::new(Rows::new(&x, n, d).unwrap(), &y).unwrap();
    let mut group = c.benchmark_group("measures");
    group.sample_size(10).throughput(Throughput::Elements(n as u64));
    group.bench_function("trustworthiness/f32/n5000/d20", |b| b.iter(|| all.trustworthiness(k).unwrap()));
    group.bench_function("continuity/f32/n5000/d20", |b| b.iter(|| all.continuity(k).unwrap()));
    group.bench_function("neighbor_recall/f32/n5000/d20", |b| b.iter(|| all.neighbor_recall(k).unwrap()));
    group.bench_function("measures/f32/n5000/d20", |b| b.iter(|| all.measures(k).unwrap()));
    group.bench_function("measures/f32/n5000/d20/sample500", |b| b.iter(|| all.sample(500, 0).measures(k).unwrap()));
    group.bench_function("label_agreement/f32/n5000", |b| b.iter(|| label_agreement(&y, &labels, k).unwrap()));
    group.finish();
}

criterion_group!(benches, fit, pca, spectral, coarse, transform, store, measures);
criterion_main!(benches);
