//! Memory by the columns that occur, counted by the allocator: alone in its binary.
#![allow(clippy::unwrap_used)]

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::num::NonZeroUsize;
use tsne_affinity::{
    ApproximateSearch, AutoSearch, BruteForceSearch, Context, Error, Metric, NeighborSearch, SparseRows, VpTreeSearch,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// All that is ever allocated for 200 rows of three values, by any search: one array as long as the columns would be 4 GiB of
/// bytes.
const MOST: usize = 64 << 20;

/// 200 rows that store three of the most columns there can be: every metric of sparse rows, by every search that serves it.
#[test]
fn memory_is_that_of_the_columns_that_occur() {
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
