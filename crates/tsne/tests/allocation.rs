//! No allocation after the first iteration of a descent at a fixed grid size, counted by the allocator: alone in its
//! binary.

mod common;

use common::blobs;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use tsne::affinity::{ExactSearch, PerplexityAffinity, affinities};
use tsne::bh::BarnesHut;
use tsne::core::Repulsion;
use tsne::fft::GridRepulsion;
use tsne::optim::{Descent, Exact, Joint, MomentumGains, Phase};
use tsne::{Context, GridParams, Interpolation, Kernel, Momentum, Rows};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
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
