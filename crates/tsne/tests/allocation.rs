//! What stays allocated: nothing after a fit, and no more after many iterations than after few; and no allocation at all after the
//! first iteration of a descent at a fixed grid size. Counted by the allocator: alone in its binary.
//!
//! `TSNE_TEST_FITS=100`, `TSNE_TEST_POINTS=10000` and `TSNE_TEST_ITERATIONS=10000` make it a long run.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod common;

use common::blobs;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::time::Duration;
use tsne::affinity::{ExactSearch, PerplexityAffinity, affinities};
use tsne::bh::BarnesHut;
use tsne::core::Repulsion;
use tsne::fft::GridRepulsion;
use tsne::optim::{Descent, Exact, Joint, MomentumGains, Phase};
use tsne::{Context, GridParams, Interpolation, Kernel, Momentum, Preset, Rows, Tsne};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A size of the run: another one where it is asked for.
fn size(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Bytes that are allocated and not given back: the fewest within 20 ms, since the threads of a pool that a fit had for itself end
/// after it, and what they kept for matrix products (4 MiB each, of `private-gemm-x86`) with them.
fn live() -> usize {
    let counts = (0..20).map(|_| {
        std::thread::sleep(Duration::from_millis(1));
        let stats = ALLOCATOR.stats();
        stats.bytes_allocated - stats.bytes_deallocated
    });
    counts.min().unwrap_or(0)
}

/// What the queues of the pool may have thrown away and not yet given back: bags of 2 KiB, of which three were seen.
const GARBAGE: usize = 8 << 10;

fn fewest(bytes: &[usize]) -> usize {
    bytes.iter().copied().min().unwrap()
}

/// One after the other: the counts are of the whole process. On one thread: with more, the queues of the pool itself may grow when
/// tasks are stolen.
#[test]
fn nothing_is_left_allocated() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        fits_leave_nothing_behind();
        iterations_leave_nothing_behind();
    });
    iterations_after_the_first_do_not_allocate();
}

fn fits_leave_nothing_behind() {
    let (n, d) = (size("TSNE_TEST_POINTS", 1_000), 8);
    let (x, _) = blobs::<f32>(n, d, 1);
    let x = Rows::new(&x, n, d).unwrap();
    let fit = |preset| {
        let fit =
            Tsne::<f32, 2>::preset(preset).n_iter(20).early_exaggeration_iter(20).build().unwrap().fit(x).unwrap();
        let placed = fit.transform(x).unwrap();
        assert!(fit.kl_divergence().is_finite() && placed.positions().len() == n);
    };
    for preset in [Preset::Recommended, Preset::OpenTsne, Preset::Documented] {
        let fits = size("TSNE_TEST_FITS", 9).max(9);
        let after: Vec<usize> = (0..fits)
            .map(|_| {
                fit(preset);
                live()
            })
            .collect();
        // What is kept for all fits to come, the plans of transforms, is there after the first three. Of what then stays, the smallest array
        // of the points has 4,000 bytes, and three times as much would be left by three fits.
        let half = (fits - 3) / 2;
        assert!(fewest(&after[fits - half..]) <= fewest(&after[3..fits - half]) + GARBAGE, "{preset}: {after:?} bytes");
    }
}

fn iterations_leave_nothing_behind() {
    let (n, d) = (size("TSNE_TEST_POINTS", 1_000), 8);
    let (x, _) = blobs::<f32>(n, d, 1);
    let x = Rows::new(&x, n, d).unwrap();
    let mut embedding = Tsne::<f32, 2>::builder().build().unwrap().fit(x).unwrap();
    // The grid follows the map: one that hardly moves keeps its grid.
    let iterations = size("TSNE_TEST_ITERATIONS", 4_000) / 4;
    let params = embedding.params().n_iter(iterations).learning_rate(1e-6);
    let after = [(); 4].map(|()| {
        embedding.optimize(params.clone()).unwrap();
        live()
    });
    // A number that is kept of each iteration would be twice as much as the garbage.
    assert!(fewest(&after[2..]) <= fewest(&after[..2]) + GARBAGE, "{after:?} bytes after each {iterations} iterations");
}

fn iterations_after_the_first_do_not_allocate() {
    let n = 5_000;
    let (x, _) = blobs::<f32>(n, 8, 1);
    let x = Rows::new(&x, n, 8).unwrap();
    let model = PerplexityAffinity::new(10.0).unwrap();
    let p = affinities(x, &ExactSearch::default(), &model, Context::new()).unwrap();
    // One thread: with more, the queues of the pool itself may grow when tasks are stolen.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let lagrange = GridParams::default().with_interpolation(Interpolation::Lagrange);
        let repulsions: [(&str, Box<dyn Repulsion<f32, 2>>); 4] = [
            ("exact", Box::new(Exact::new())),
            ("tree", Box::new(BarnesHut::new(0.5).unwrap())),
            ("grid", Box::new(GridRepulsion::new(GridParams::default()).unwrap())),
            ("Lagrange grid", Box::new(GridRepulsion::new(lagrange).unwrap())),
        ];
        for (name, mut repulsion) in repulsions {
            // A map of extent 40 that hardly moves: the grid keeps its size.
            let mut y: Vec<[f32; 2]> =
                (0..n).map(|i| [(i % 71) as f32 * 40.0 / 71.0, (i % 97) as f32 * 40.0 / 97.0]).collect();
            let mut objective = Joint::new(&p, Kernel::CAUCHY, &mut *repulsion).unwrap();
            let mut optimizer = MomentumGains::new(Momentum::Nesterov);
            let mut descent = Descent::new();
            let phase =
                Phase::default().iterations(1).learning_rate(1e-3).max_grad_norm(Some(1e9)).min_grad_norm(Some(0.0));
            let mut run = |iterations: usize| {
                let phase = phase.iterations(iterations);
                descent.run(&mut objective, &mut optimizer, &mut y, &phase, None, Context::new()).unwrap();
            };
            run(1);
            // The fewest of three: the test harness has a thread of its own that allocates now and then.
            let counts = (0..3).map(|_| {
                let region = Region::new(ALLOCATOR);
                run(5);
                let change = region.change();
                change.allocations + change.reallocations
            });
            assert_eq!(counts.min(), Some(0), "{name}");
        }
    });
}
