//! One call on a grid that is there, the first call that makes it, and the fixed reference.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{LAGRANGE, cast, cloud};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use tsne_core::{Context, Kernel};
use tsne_fft::{GridParams, GridReference, GridRepulsion, GridScalar, Interpolation};

fn id<T: GridScalar, const D: usize>(params: GridParams, n: usize, extent: f64) -> BenchmarkId {
    let scheme = if params.interpolation == Interpolation::BSpline { "bspline" } else { "lagrange" };
    BenchmarkId::from_parameter(format!("{scheme}/{}/d{D}/n{n}/extent{extent}", T::NAME))
}

/// A group that counts points.
fn per_point<'c>(c: &'c mut Criterion, name: &str, n: usize) -> BenchmarkGroup<'c, WallTime> {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(n as u64));
    group
}

fn call<T: GridScalar, const D: usize>(c: &mut Criterion, params: GridParams, n: usize, extent: f64) {
    let y = cast::<T, D>(&cloud(n, extent, 7));
    let mut out = vec![[T::ZERO; D]; n];
    let mut method = GridRepulsion::new(params).unwrap();
    per_point(c, "repulsion", n).bench_function(id::<T, D>(params, n, extent), |b| {
        b.iter(|| method.repulse(Kernel::CAUCHY, black_box(&y), &mut out, Context::new()).unwrap());
    });
}

fn first_call<T: GridScalar, const D: usize>(c: &mut Criterion, n: usize, extent: f64) {
    let params = GridParams::default();
    let y = cast::<T, D>(&cloud(n, extent, 7));
    let mut out = vec![[T::ZERO; D]; n];
    per_point(c, "first_call", n).bench_function(id::<T, D>(params, n, extent), |b| {
        b.iter(|| {
            let mut method = GridRepulsion::new(params).unwrap();
            method.repulse(Kernel::CAUCHY, black_box(&y), &mut out, Context::new()).unwrap()
        });
    });
}

fn reference<T: GridScalar, const D: usize>(c: &mut Criterion, n: usize, extent: f64) {
    let params = GridParams::default();
    let y = cast::<T, D>(&cloud(n, extent, 7));
    per_point(c, "reference_new", n).bench_function(id::<T, D>(params, n, extent), |b| {
        b.iter(|| GridReference::new(params, Kernel::CAUCHY, black_box(&y), Context::new()).unwrap());
    });
    let reference = GridReference::new(params, Kernel::CAUCHY, &y, Context::new()).unwrap();
    let queries = cast::<T, D>(&cloud(10_000, extent, 8));
    let mut out = vec![[T::ZERO; D]; queries.len()];
    let mut z = vec![T::ZERO; queries.len()];
    per_point(c, "reference_10k_queries", queries.len()).bench_function(id::<T, D>(params, n, extent), |b| {
        b.iter(|| reference.repulse(black_box(&queries), &mut out, &mut z, Context::new()).unwrap());
    });
}

fn benches(c: &mut Criterion) {
    let splines = GridParams::default();
    for extent in [100.0, 200.0] {
        call::<f32, 2>(c, splines, 10_000, extent);
        call::<f32, 2>(c, splines, 70_000, extent);
    }
    // Maps of schedules that converge further.
    for extent in [280.0, 486.0] {
        call::<f32, 2>(c, splines, 70_000, extent);
    }
    call::<f64, 2>(c, splines, 70_000, 100.0);
    call::<f32, 2>(c, LAGRANGE, 70_000, 100.0);
    for (n, extent) in [(10_000, 30.0), (20_000, 36.0), (70_000, 42.0)] {
        call::<f32, 3>(c, splines, n, extent);
    }
    // Beyond the largest grid: near pairs.
    call::<f32, 3>(c, splines, 10_000, 100.0);
    // Summed pair by pair, and by the grid from there on.
    for n in [255, 256] {
        call::<f32, 1>(c, splines, n, 30.0);
    }
    for n in [767, 768] {
        call::<f32, 2>(c, splines, n, 30.0);
    }
    for n in [4_095, 4_096] {
        call::<f32, 3>(c, splines, n, 30.0);
    }
    first_call::<f32, 2>(c, 70_000, 100.0);
    first_call::<f32, 2>(c, 70_000, 200.0);
    first_call::<f32, 3>(c, 10_000, 30.0);
    reference::<f32, 2>(c, 70_000, 100.0);
}

criterion_group! {
    name = repulsion;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = benches
}
criterion_main!(repulsion);
