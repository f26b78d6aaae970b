//! No allocation after the first call at a size, counted by the allocator: alone in its binary.
#![allow(unsafe_code)]

mod common;

use common::{blobs, cast, duplicates};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne_bh::BarnesHut;
use tsne_core::{Context, Kernel, Repulsion};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for y in &others {
            method.repulse(Kernel::CAUCHY, y, &mut out, Context::new()).unwrap();
        }
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
    });
}
