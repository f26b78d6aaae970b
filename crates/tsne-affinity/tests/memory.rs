//! Memory by the columns that occur, and by the members of a team, counted by the allocator: alone in its binary.
#![allow(clippy::unwrap_used)]

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tsne_affinity::{
    ApproximateSearch, AutoSearch, BruteForceSearch, Context, Error, Metric, NeighborSearch, Rows, SparseRows,
    VpTreeSearch,
};
use tsne_core::{ThreadTeam, random};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// All that is ever allocated for 200 rows of three values, by any search: one array as long as the columns would be 4 GiB of
/// bytes.
const MOST: usize = 64 << 20;

/// One test at a time: the allocator counts for all.
static ALONE: Mutex<()> = Mutex::new(());

/// 200 rows that store three of the most columns there can be: every metric of sparse rows, by every search that serves it.
#[test]
fn memory_is_that_of_the_columns_that_occur() {
    let _alone = ALONE.lock().unwrap();
    let (n, d) = (200usize, u32::MAX as usize);
    let pointers: Vec<usize> = (0..=n).map(|i| 3 * i).collect();
    let columns: Vec<u32> = (0..n as u32).flat_map(|i| [i / 2, 1_000_000 + i % 5, u32::MAX - 1]).collect();
    let values: Vec<f32> = (0..n).flat_map(|i| [0.1, 0.1 * (i % 3) as f32, 0.2 + 1e-3 * i as f32]).collect();
    let rows = SparseRows::new(&pointers, &columns, &values, d).unwrap();
    let names = "l2 sqeuclidean l1 linf minkowski:p=1.5 minkowski:p=2 minkowski:p=1 cosine correlation hamming jaccard dice \
        rogerstanimoto russellrao sokalmichener sokalsneath yule canberra braycurtis hellinger dot";
    let mut served = 0;
    for metric in names.split_whitespace().map(|name| name.parse::<Metric>().unwrap()) {
        assert!(metric.takes_sparse());
        let mut searches: Vec<Box<dyn NeighborSearch<f32>>> = vec![
            Box::new(BruteForceSearch::new(metric.clone())),
            Box::new(AutoSearch::new(metric.clone(), 1)),
            Box::new(ApproximateSearch::new(metric.clone()).with_exact_up_to(0)),
        ];
        if metric.is_metric() {
            searches.push(Box::new(VpTreeSearch::new(metric.clone())));
        }
        for search in searches {
            let region = Region::new(ALLOCATOR);
            let index = search.build(rows.into(), Context::new()).unwrap();
            let k = NonZeroUsize::new(4).unwrap();
            assert_eq!(index.knn_graph(k, Context::new()).unwrap().n(), n);
            assert_eq!(index.knn(rows.into(), k, Context::new()).unwrap().n(), n);
            let bytes = region.change().bytes_allocated;
            assert!(bytes < MOST, "{search:?}: {bytes} bytes");
            served += 1;
        }
    }
    assert!(served >= 21 * 3);
    // Metrics with parameters from the data: an error before anything of that width is made.
    for metric in [Metric::SEuclidean { variances: None }, Metric::Mahalanobis { inverse_covariance: None }] {
        let region = Region::new(ALLOCATOR);
        let error = BruteForceSearch::new(metric.clone()).build(rows.into(), Context::new()).map(|_| ()).unwrap_err();
        assert!(
            matches!(error, Error::Parameter { name: "variances", .. } | Error::Invalid { what: "points", .. }),
            "{error}"
        );
        assert!(region.change().bytes_allocated < MOST, "{metric}");
    }
}

/// The most bytes that are alive at a time while `f` runs, besides those before.
fn peak(f: impl FnOnce()) -> usize {
    let live = || {
        let stats = ALLOCATOR.stats();
        stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
    };
    let (before, done) = (live(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let peak = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(live());
                std::thread::sleep(std::time::Duration::from_micros(100));
            }
            peak
        });
        f();
        done.store(true, Ordering::Relaxed);
        peak.join().unwrap() - before
    })
}

/// The rows of clusters are copied twice by one process: as they are, and for the products. Of the members of a team each has its
/// part of the rows, and two copies of those that come by; two more may wait in the channels of members that are behind. That is 2.5 times
/// what one process has, for all four of them, where each with a copy of all would have 4 times as much. Besides, some 8 MB of each for what
/// its thread compares at a time. Few clusters: their order for all rows is no small part else.
#[test]
fn the_rows_of_a_team_are_not_those_of_each() {
    let _alone = ALONE.lock().unwrap();
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
    assert!(four < 2 * one + one / 2 + 4 * (8 << 20), "{four} bytes of four, {one} of one");
}
