//! No allocation after the first call at a fixed size, counted by the allocator: alone in its binary.
#![allow(clippy::unwrap_used)]

mod common;

use common::{LAGRANGE, cast, cloud};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use tsne_core::{Context, Kernel};
use tsne_fft::{GridParams, GridRepulsion, GridScalar};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A map whose sides are those of every other one of the same extent.
fn map<T: GridScalar, const D: usize>(n: usize, extent: f64, seed: u64) -> Vec<[T; D]> {
    let mut y = cloud::<D>(n, 0.9 * extent, seed);
    y[0] = [-0.5 * extent; D];
    y[1] = [0.5 * extent; D];
    for point in &mut y[2..] {
        *point = point.map(|v| v.clamp(-0.5 * extent, 0.5 * extent));
    }
    cast(&y)
}

fn check<T: GridScalar, const D: usize>(params: GridParams, n: usize, extent: f64) {
    let maps: Vec<Vec<[T; D]>> = (0..4).map(|seed| map(n, extent, seed)).collect();
    let mut out = vec![[T::ZERO; D]; n];
    let mut method = GridRepulsion::new(params).unwrap();
    let mut counts = Vec::with_capacity(maps.len());
    for y in &maps {
        let region = Region::new(ALLOCATOR);
        method.repulse(Kernel::CAUCHY, y, &mut out, Context::new()).unwrap();
        let change = region.change();
        counts.push(change.allocations + change.reallocations);
    }
    // The fewest of three: the test harness has a thread of its own that allocates now and then.
    let later = counts[1..].iter().min();
    assert_eq!(later, Some(&0), "{D}-D {} {:?} {n} points, extent {extent}", T::NAME, params.interpolation);
    // The counter counts: the first call makes plans and buffers.
    assert!(counts[0] > 0);
}

#[test]
fn later_calls_on_the_same_grid_do_not_allocate() {
    // One thread: with more, the queues of the pool itself may grow when tasks are stolen.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        for params in [GridParams::default(), LAGRANGE] {
            check::<f32, 1>(params, 20_000, 100.0);
            check::<f32, 2>(params, 20_000, 1e-4);
            check::<f32, 2>(params, 20_000, 100.0);
            check::<f64, 2>(params, 20_000, 100.0);
            check::<f32, 3>(params, 20_000, 20.0);
        }
        // Direct sums, and near pairs beside a coarsened grid.
        check::<f32, 2>(GridParams::default(), 100, 50.0);
        check::<f32, 2>(GridParams::default(), 5_000, 1e4);
    });
}
