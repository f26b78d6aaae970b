//! Building the tree, the whole repulsion, and new points against a reference, on maps as t-SNE makes them.
#![allow(missing_docs)]

use criterion::{Bencher, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tsne_bh::{BarnesHut, BarnesHutReference, DEFAULT_THETA, Tree};
use tsne_core::random::{element_seed, unit};
use tsne_core::{Context, Kernel};

/// 40 blobs of different widths; the radius of a map grows with the D-th root of its points.
fn map<const D: usize>(n: usize, seed: u64) -> Vec<[f32; D]> {
    let radius = (n as f64).powf(1.0 / D as f64) / 3.0;
    let normal = |stream: u64, i: usize| {
        let r = (-2.0 * (1.0 - unit(element_seed(seed, stream, i as u64))).ln()).sqrt();
        r * (std::f64::consts::TAU * unit(element_seed(seed, stream + 1, i as u64))).cos()
    };
    (0..n)
        .map(|i| {
            let width = radius * (0.02 + 0.1 * unit(element_seed(seed, 1, (i % 40) as u64)));
            std::array::from_fn(|a| {
                let stream = 10 * (a as u64 + 1);
                (0.5 * radius * normal(stream, i % 40) + width * normal(stream + 2, i)) as f32
            })
        })
        .collect()
}

fn bench<const D: usize>(c: &mut Criterion) {
    for n in [10_000, 70_000] {
        let id = format!("f32/n{n}/D{D}");
        let y = map::<D>(n, 1);
        let mut group = |name: &str, points: usize, run: &mut dyn FnMut(&mut Bencher<'_>)| {
            let mut group = c.benchmark_group(name);
            group.sample_size(20).throughput(Throughput::Elements(points as u64));
            group.bench_function(BenchmarkId::from_parameter(&id), run);
        };
        let mut tree = Tree::new();
        group("build", n, &mut |b| {
            b.iter(|| tree.build(black_box(&y), Context::new()));
        });
        let mut method = BarnesHut::<f32, D>::default();
        let mut out = vec![[0.0; D]; n];
        group("repulse", n, &mut |b| {
            b.iter(|| method.repulse(Kernel::CAUCHY, black_box(&y), &mut out, Context::new()));
        });
        let Ok(reference) = BarnesHutReference::new(Kernel::CAUCHY, &y, DEFAULT_THETA, Context::new()) else {
            continue;
        };
        let queries = map::<D>(1_000, 2);
        let (mut out, mut z) = (vec![[0.0; D]; queries.len()], vec![0.0; queries.len()]);
        group("reference_1000", queries.len(), &mut |b| {
            b.iter(|| reference.repulse(black_box(&queries), &mut out, &mut z, Context::new()));
        });
    }
}

criterion_group!(benches, bench::<2>, bench::<3>);
criterion_main!(benches);
