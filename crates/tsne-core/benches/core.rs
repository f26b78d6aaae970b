//! What every iteration of the toolkit stands on: ordered sums, and gathering points by index.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tsne_core::simd::{Task, dispatch, gather};
use tsne_core::{Scalar, blocks, random};

const N: usize = 1_000_000;
const LANES: usize = 8;

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

/// The sum of all gathered coordinates: one vector of indices after the other on one thread.
struct Gather<'a, T> {
    points: &'a [[T; 2]],
    indices: &'a [[u32; LANES]],
}

impl<T: Scalar> Task for Gather<'_, T> {
    type Output = [[T; 2]; LANES];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut sums = [[T::ZERO; 2]; LANES];
        for indices in self.indices {
            let Some(found) = gather(self.points, indices) else { continue };
            for l in 0..LANES {
                for c in 0..2 {
                    sums[l][c] += found[l][c];
                }
            }
        }
        sums
    }
}

fn gathers<T: Scalar>(c: &mut Criterion) {
    let n = 10_000u64;
    let points: Vec<[T; 2]> = values(2 * n as usize).as_chunks().0.to_vec();
    // Near: neighbors in memory, as after sorting along a curve. Far: anywhere.
    let near = |i: u64| (i / 100 + random::mix(i) % 100) % n;
    let far = |i: u64| random::mix(i) % n;
    let mut group = c.benchmark_group("gather");
    for (name, index) in [("near", &near as &dyn Fn(u64) -> u64), ("far", &far)] {
        let indices: Vec<u32> = (0..N as u64).map(|i| index(i) as u32).collect();
        let indices = indices.as_chunks().0;
        group.throughput(Throughput::Elements(N as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{}/n{n}/{name}", T::NAME)), |b| {
            b.iter(|| dispatch(Gather { points: black_box(&points), indices }))
        });
    }
}

fn benches(c: &mut Criterion) {
    sums::<f32>(c);
    sums::<f64>(c);
    gathers::<f32>(c);
    gathers::<f64>(c);
}

criterion_group!(all, benches);
criterion_main!(all);
