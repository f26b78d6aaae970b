//! No allocation after the first call at a size, counted by the allocator: alone in its binary.

mod common;

use common::{blobs, cast, duplicates};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use tsne_bh::BarnesHut;
use tsne_core::{Context, Kernel};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_second_call_at_the_same_size_does_not_allocate() {
    // One thread: with more, the queues of the pool itself may grow when tasks are stolen.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let n = 40_000;
        let first: Vec<[f32; 2]> = cast(&blobs(n, 50.0, 1));
        // Other trees of other depths.
        let others: [Vec<[f32; 2]>; 3] =
            [cast(&duplicates(n, 1e-4, 2)), vec![[1.0, 2.0]; n], cast(&blobs(n, 200.0, 3))];
        let mut out = vec![[0.0; 2]; n];
        let mut method = BarnesHut::new(0.5).unwrap();
        method.repulse(Kernel::CAUCHY, &first, &mut out, Context::new()).unwrap();
        // The fewest of three: the test harness has a thread of its own that allocates now and then.
        let count = |y: &Vec<[f32; 2]>, method: &mut BarnesHut<f32, 2>, out: &mut [[f32; 2]]| {
            let counts = (0..3).map(|_| {
                let region = Region::new(ALLOCATOR);
                method.repulse(Kernel::CAUCHY, y, out, Context::new()).unwrap();
                let change = region.change();
                change.allocations + change.reallocations
            });
            counts.min()
        };
        for y in &others {
            assert_eq!(count(y, &mut method, &mut out), Some(0));
        }
    });
}
