//! What every iteration of the toolkit stands on: ordered sums.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tsne_core::{Scalar, blocks, random};

const N: usize = 1_000_000;

fn values<T: Scalar>(n: usize) -> Vec<T> {
    (0..n as u64).map(|i| T::from_f64(random::unit(random::element_seed(1, 0, i)))).collect()
}

fn sums<T: Scalar>(c: &mut Criterion) {
    let x = values::<T>(N);
    let mut partials = Vec::new();
    let mut group = c.benchmark_group("blocks_sum");
    group.throughput(Throughput::Elements(N as u64));
    group.bench_function(BenchmarkId::from_parameter(format!("{}/n{N}", T::NAME)), |b| {
        b.iter(|| blocks::sum(&mut partials, x.len(), |range| x[range].iter().map(|v| v.to_f64()).sum()))
    });
}

fn benches(c: &mut Criterion) {
    sums::<f32>(c);
    sums::<f64>(c);
}

criterion_group!(all, benches);
criterion_main!(all);
