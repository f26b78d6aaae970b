//! The most memory at a time, counted by the allocator: that of a fit is bounded by its plan, and the rows of a team are there once.
//! Alone in its binary.
#![allow(unsafe_code, reason = "an allocator cannot be written without")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod common;

use common::blobs;
use std::alloc::{GlobalAlloc, Layout, System};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tsne::affinity::{ApproximateSearch, Uniform};
use tsne::core::{ThreadTeam, random};
use tsne::plan::DataShape;
use tsne::{Context, Dataset, Float, Metric, NeighborSearch, Preset, Rows, Tsne, TsneBuilder};

/// One test at a time: the allocator counts for all.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The system's memory, counted.
struct Counting;

/// Bytes that are alive, and the most that were since it was set.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// What `memory::filled` asks for to see whether there is room, and gives back as it is: nobody writes it, so it takes no memory, and
/// several members of a team may do so at a time.
const PROBE: usize = 33 << 20;

impl Counting {
    fn taken(layout: Layout) {
        if layout.size() != PROBE || layout.align() > 1 {
            Self::more(layout.size());
        }
    }

    fn more(bytes: usize) {
        let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
        MOST.fetch_max(live, Relaxed);
    }

    fn given_back(layout: Layout) {
        if layout.size() != PROBE || layout.align() > 1 {
            LIVE.fetch_sub(layout.size(), Relaxed);
        }
    }
}

// SAFETY: each method returns what the system's own returns for the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::taken(layout);
        // SAFETY: the caller keeps the rules of this method, which are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::taken(layout);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // What grows is there once: large arrays move by their pages.
        match size.checked_sub(layout.size()) {
            Some(more) => Self::more(more),
            None => _ = LIVE.fetch_sub(layout.size() - size, Relaxed),
        }
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        Self::given_back(layout);
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

/// The most bytes that are alive at a time while `f` runs, besides those before.
fn peak<R>(f: impl FnOnce() -> R) -> usize {
    let before = LIVE.load(Relaxed);
    MOST.store(before, Relaxed);
    f();
    MOST.load(Relaxed) - before
}

/// What does not grow with the input: for each of four threads (two of the pool, as many of one that ends) 4 MiB for products of
/// matrices, which is this library's share of the largest cache, and 4 MiB for all else.
const CONSTANT: u64 = (4 * 4 + 4) << 20;

/// `n` rows that store as many values each, in as many columns as there can be.
fn sparse<T: Float>(n: usize, stored: usize) -> Dataset<'static, T> {
    let d = u32::MAX as usize;
    let step = (d / stored) as u32;
    let pointers = (0..=n).map(|i| i * stored).collect();
    let columns = (0..n).flat_map(|i| (0..stored as u32).map(move |c| c * step + (i % 10) as u32 * c)).collect();
    let values = (0..n * stored).map(|at| T::from_f64(1.0 + (at % 13) as f64)).collect();
    Dataset::sparse(pointers, columns, values, d).unwrap()
}

/// The plan counts what is written: of joining the lists, 1.5 times as many entries of the result, and those of a part once more. It asks, for
/// the result and for the rows that it is made of, for the case that no pair is mutual: twice the entries of the lists each, of which
/// the end is never written and takes no memory, but is counted here.
fn check<T: Float, const D: usize>(
    what: &str,
    builder: TsneBuilder<T, D>,
    data: Dataset<'static, T>,
    shape: DataShape,
) {
    let tsne = builder.n_iter(4).early_exaggeration_iter(4).build().unwrap();
    let plan = tsne.plan(shape, None).unwrap();
    let (own, listed) = (shape.bytes(size_of::<T>()), (shape.n * plan.k * (4 + size_of::<T>())) as u64);
    let bytes = own + peak(|| tsne.fit(data).unwrap()) as u64;
    let (planned, room) = (plan.peak().bytes, 5 * listed / 2);
    assert!(bytes <= planned + room + CONSTANT, "{what}: {bytes} bytes, planned {planned} with room for {room}");
    // And the plan is not that of something else: half of it is there.
    assert!(bytes >= planned / 2, "{what}: {bytes} bytes, planned {planned}");
}

fn presets<T: Float, const D: usize>() {
    let (n, d) = (8_000, 12);
    for preset in [Preset::Recommended, Preset::OpenTsne, Preset::Documented] {
        let data = Dataset::dense(blobs::<T>(n, d, 1).0, n, d).unwrap();
        let what = format!("{preset}, {D} dimensions, {} bytes a number", size_of::<T>());
        check(&what, Tsne::<T, D>::preset(preset), data, DataShape::dense(n, d));
    }
}

#[test]
fn a_fit_takes_what_is_planned() {
    let _alone = alone();
    presets::<f32, 1>();
    presets::<f32, 2>();
    presets::<f64, 2>();
    presets::<f64, 3>();
}

/// Where the data are nearly all of it: a copy of 128 MB that is not planned would be seen.
#[test]
fn a_fit_has_the_copies_of_wide_data_that_are_planned() {
    let _alone = alone();
    let (n, d) = (2_000, 8_000);
    let (x, _) = blobs(n, d, 1);
    for (what, builder) in [
        ("kept", Tsne::<f64, 2>::builder()),
        ("given back", Tsne::builder().keep_data(false)),
        ("from components", Tsne::builder().initialization("pca")),
        ("another metric", Tsne::builder().metric("cosine")),
    ] {
        let builder = builder.affinities(Uniform::new(NonZeroUsize::new(5).unwrap()));
        check(what, builder, Dataset::dense(x.clone(), n, d).unwrap(), DataShape::dense(n, d));
    }
}

/// Columns cost nothing: all 4 billion are there.
#[test]
fn a_fit_of_sparse_points_takes_what_is_planned() {
    let _alone = alone();
    let (n, stored) = (3_000, 20);
    let shape = DataShape::sparse(n, u32::MAX as usize, n * stored);
    check("sparse", Tsne::<f32, 2>::builder(), sparse(n, stored), shape);
}

/// The rows of clusters are copied twice by one process: as they are, and for the products. Of the members of a team each has its
/// part of the rows, and as many of others at the most, of which there is a copy in messages or for the products; one more may wait
/// in the channels of members that are behind. That is twice what one process has, for all four of them, where each with a copy of
/// all would have 4 times as much. Few clusters: their order for all rows is no small part else.
#[test]
fn the_rows_of_a_team_are_not_those_of_each() {
    let _alone = alone();
    let (n, d, k) = (30_000usize, 200usize, NonZeroUsize::new(5).unwrap());
    let unit = |i: usize| random::unit(random::element_seed(3, 1, i as u64)) as f32;
    // Twenty groups.
    let x: Vec<f32> = (0..n * d).map(|i| unit(i) + 10.0 * unit(n * d + (i / d % 20) * d + i % d)).collect();
    let rows = Rows::new(&x, n, d).unwrap();
    let search = ApproximateSearch::new(Metric::Euclidean).with_clusters(Some(40));
    let search = |cx: Context<'_>| search.build(rows.into(), cx)?.knn_graph(k, cx).map(drop);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let one = peak(|| pool.install(|| search(Context::new())).unwrap());
    let copy = n * d * 4;
    assert!(one >= 2 * copy, "{one}");
    let four = peak(|| {
        let found = ThreadTeam::run(4, 1, |team| search(Context::new().with_team(team))).unwrap();
        assert!(found.iter().all(Result::is_ok), "{found:?}");
    });
    assert!(four < 2 * one, "{four} bytes of four, {one} of one");
}
