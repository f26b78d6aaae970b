//! Approximate neighbors against exact ones (which have their own oracle): every distance has the bits of the exact
//! search, and enough of the true neighbors are found.

use crate::common::{cloud, in_pool, normal};
use proptest::prelude::*;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne_affinity::{ApproximateSearch, AutoSearch, ExactSearch, Metric, NeighborDescent};
use tsne_core::{
    CancelToken, Context, Error, KnnGraph, NeighborSearch, Points, Progress, Rows, Scalar, SparseRows, Stage, random,
};

fn k(k: usize) -> NonZeroUsize {
    NonZeroUsize::new(k).unwrap()
}

/// The search that is approximate however few the points.
fn approximate(metric: Metric) -> ApproximateSearch {
    ApproximateSearch::new(metric).with_exact_up_to(0)
}

/// Ten normal clusters, six standard deviations apart in each column.
fn blobs<T: Scalar>(n: usize, d: usize) -> Vec<T> {
    let at = |i: usize| 6.0 * random::unit(random::element_seed(9, 9, i as u64));
    (0..n * d).map(|i| T::from_f64(normal(5, i as u64) + at((i / d % 10) * d + i % d))).collect()
}

/// A rolled-up sheet in three columns, with zeros in all others.
fn swiss_roll<T: Scalar>(n: usize, d: usize) -> Vec<T> {
    let mut x = vec![T::ZERO; n * d];
    for (i, row) in x.chunks_exact_mut(d).enumerate() {
        let unit = |stage| random::unit(random::element_seed(3, stage, i as u64));
        let angle = 4.7 * (1.0 + 2.0 * unit(0));
        row[0] = T::from_f64(angle * angle.cos());
        row[1] = T::from_f64(21.0 * unit(1));
        row[2] = T::from_f64(angle * angle.sin());
    }
    x
}

fn uniform<T: Scalar>(n: usize, d: usize) -> Vec<T> {
    (0..n * d).map(|i| T::from_f64(random::unit(random::element_seed(4, 4, i as u64)))).collect()
}

/// Rows of `n` points, of which every twenty are the same.
fn duplicated<T: Scalar>(n: usize, d: usize) -> Vec<T> {
    let some: Vec<T> = cloud(6, n.div_ceil(20), d);
    (0..n).flat_map(|i| some[i % (some.len() / d) * d..][..d].to_vec()).collect()
}

/// Checks each row of `found`: distinct points, ascending, none of them the row itself where rows are points, each at
/// its distance in `all`, the graph of all exact distances. Returns the recall by distance.
#[track_caller]
fn check<T: Scalar>(found: &KnnGraph<T>, all: &KnnGraph<T>, own: bool) -> f64 {
    let mut recalled = 0;
    for i in 0..found.n() {
        let (points, lengths) = found.row(i);
        let mut truth = vec![None; all.n_reference()];
        all.row(i).0.iter().zip(all.row(i).1).for_each(|(&j, &d)| truth[j as usize] = Some(d));
        for (&j, &d) in points.iter().zip(lengths) {
            assert!(!own || j as usize != i, "a point is its own neighbor");
            // Taken out: a second time it is not there.
            let exact = truth[j as usize].take();
            assert_eq!(Some(d.bits()), exact.map(Scalar::bits), "row {i}, point {j}");
        }
        let pairs: Vec<_> = lengths.iter().zip(points).collect();
        assert!(pairs.windows(2).all(|w| w[0].0.total_cmp(w[1].0).then(w[0].1.cmp(w[1].1)).is_lt()), "row {i}");
        let kth = all.row(i).1[found.k() - 1];
        recalled += lengths.iter().filter(|&&d| d <= kth).count();
    }
    f64::from(u32::try_from(recalled).unwrap()) / f64::from(u32::try_from(found.n() * found.k()).unwrap())
}

/// The recall of the neighbors of all points.
#[track_caller]
fn recall<'a, T: Scalar>(search: &ApproximateSearch, points: impl Into<Points<'a, T>>, neighbors: usize) -> f64 {
    let points = points.into();
    let exact = ExactSearch::new(search.metric.clone()).build(points, Context::new()).unwrap();
    let all = exact.knn_graph(k(points.n() - 1), Context::new()).unwrap();
    let found = search.build(points, Context::new()).unwrap().knn_graph(k(neighbors), Context::new()).unwrap();
    assert_eq!((found.n(), found.k(), found.n_reference()), (points.n(), neighbors, points.n()));
    check(&found, &all, true)
}

/// The calibration asks for 0.99 by two standard errors of a sample of 256 of 1,500 points; four standard errors the other
/// way would be a recall of 0.98 (the recalls of rows differ by 0.05 at most on these data: a standard error of 0.003).
#[test]
fn clusters_find_the_wanted_recall() {
    let n = 1500;
    for (d, x) in [
        (2, uniform::<f32>(n, 2)),
        (3, swiss_roll(n, 3)),
        (10, blobs(n, 10)),
        (50, blobs(n, 50)),
        (200, blobs(n, 200)),
        // Wide enough for principal components: many, fewer than there are columns for, and values that repeat.
        (300, blobs(n, 300)),
        (300, swiss_roll(n, 300)),
        (260, duplicated(n, 260)),
        (20, uniform(n, 20)),
        (10, duplicated(n, 10)),
    ] {
        let points = Rows::new(&x, n, d).unwrap();
        for (metric, neighbors) in [(Metric::Euclidean, 15), (Metric::Euclidean, 90), (Metric::Cosine, 15)] {
            let found = recall(&approximate(metric.clone()), points, neighbors);
            assert!(found >= 0.98, "{metric} in {d} columns, k = {neighbors}: {found}");
        }
    }
}

/// The clusters of wide rows are chosen by principal components: of a new point these are the same in every batch.
#[test]
fn new_wide_points_are_searched_each_for_itself() {
    let (n, m, d) = (1200, 70, 300);
    for scale in [1.0, 1e-30, 1e30] {
        let x: Vec<f32> = blobs::<f32>(n + m, d).iter().map(|v| v * scale).collect();
        let index = approximate(Metric::Euclidean);
        let index = index.build(Rows::new(&x[..n * d], n, d).unwrap().into(), Context::new()).unwrap();
        let knn = |rows: &[f32]| {
            index.knn(Rows::new(rows, rows.len() / d, d).unwrap().into(), k(20), Context::new()).unwrap()
        };
        let together = knn(&x[n * d..]);
        for i in 0..m {
            let alone = knn(&x[(n + i) * d..(n + i + 1) * d]);
            assert_eq!(alone.row(0), together.row(i), "{scale}: row {i}");
        }
    }
}

/// Were the search exact by accident, the tests above would say nothing: a low target must be missed.
#[test]
fn the_recall_follows_its_target() {
    let n = 3000;
    let x = uniform::<f32>(n, 8);
    let points = Rows::new(&x, n, 8).unwrap();
    let at = |recall_wanted| recall(&approximate(Metric::Euclidean).with_recall(recall_wanted), points, 15);
    let low = at(0.6);
    // One more cluster adds less than a quarter of the neighbors, and two standard errors are 0.03.
    assert!((0.57..0.9).contains(&low), "{low}");
    assert!(at(0.95) > low);
    // With certainty as target, all clusters are visited.
    assert_eq!(at(1.0).to_bits(), 1f64.to_bits());
}

/// Metrics that are a geometry after a map of the rows, in both scalars.
#[test]
fn mapped_metrics_have_the_distances_of_the_exact_search() {
    let x = uniform::<f64>(700, 12);
    let points = Rows::new(&x, 700, 12).unwrap();
    let y: Vec<f32> = x.iter().map(|&v| v as f32).collect();
    for metric in [Metric::SqEuclidean, Metric::Correlation, Metric::Hellinger, Metric::SEuclidean { variances: None }]
    {
        assert!(recall(&approximate(metric.clone()), points, 10) >= 0.98, "{metric}");
        assert!(recall(&approximate(metric.clone()), Rows::new(&y, 700, 12).unwrap(), 10) >= 0.98, "{metric}");
    }
}

/// The descent ends when a round changes 2.5 % of the entries or less: nine tenths of those that were missing are then
/// found, so that less than 1 % are missing; 0.95 leaves room for clusters that the trees cut badly.
#[test]
fn descent_finds_neighbors_under_any_metric() {
    let n = 1200;
    let function = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs().sqrt()).sum());
    for (d, x) in [
        (2, uniform::<f32>(n, 2)),
        (3, swiss_roll(n, 3)),
        (10, blobs(n, 10)),
        (100, blobs(n, 100)),
        (10, duplicated(n, 10)),
    ] {
        let points = Rows::new(&x, n, d).unwrap();
        for (metric, neighbors) in
            [(Metric::Manhattan, 15), (Metric::Manhattan, 90), (Metric::Chebyshev, 5), (function.clone(), 15)]
        {
            let found = recall(&approximate(metric.clone()), points, neighbors);
            assert!(found >= 0.95, "{metric} in {d} columns, k = {neighbors}: {found}");
        }
    }
}

/// Three in four values are zero.
fn sparse(n: usize, d: usize) -> (Vec<usize>, Vec<u32>, Vec<f64>) {
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        for c in 0..d {
            if random::element_seed(8, i as u64, c as u64).is_multiple_of(4) {
                columns.push(c as u32);
                values.push(
                    1.0 + random::unit(random::element_seed(i as u64 % 12, 2, c as u64)) * 4.0
                        + 0.1 * normal(7, (i * d + c) as u64),
                );
            }
        }
        pointers.push(columns.len());
    }
    (pointers, columns, values)
}

#[test]
fn sparse_points_are_searched_as_they_are() {
    let (n, d) = (1000, 16);
    let (pointers, columns, values) = sparse(n, d);
    let points = SparseRows::new(&pointers, &columns, &values, d).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
        let found = recall(&approximate(metric.clone()), points, 20);
        assert!(found >= 0.95, "{metric}: {found}");
    }
}

#[test]
fn new_points_are_independent_of_each_other() {
    let (n, d, m) = (1500, 8, 40);
    let x = blobs::<f32>(n + m, d);
    let (x, new) = x.split_at(n * d);
    let (points, queries) = (Rows::new(x, n, d).unwrap(), Rows::new(new, m, d).unwrap());
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
        let index = approximate(metric.clone()).build(points.into(), Context::new()).unwrap();
        let batch = index.knn(queries.into(), k(15), Context::new()).unwrap();
        for i in 0..m {
            let one = Rows::new(queries.row(i), 1, d).unwrap();
            let alone = index.knn(one.into(), k(15), Context::new()).unwrap();
            assert_eq!(alone.row(0), batch.row(i), "{metric}");
        }
        let exact = ExactSearch::new(metric.clone()).build(points.into(), Context::new()).unwrap();
        let all = exact.knn(queries.into(), k(n), Context::new()).unwrap();
        let found = check(&batch, &all, false);
        assert!(found >= 0.95, "{metric}: {found}");
        // What was asked before does not matter.
        index.knn_graph(k(40), Context::new()).unwrap();
        assert_eq!(index.knn(queries.into(), k(15), Context::new()).unwrap(), batch);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (n, d) = (1500, 10);
    let x = blobs::<f32>(n, d);
    let points = Rows::new(&x, n, d).unwrap();
    let queries = Rows::new(&x[7 * d..107 * d], 100, d).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
        let run = |threads| {
            in_pool(threads, || {
                let index = approximate(metric.clone()).build(points.into(), Context::new()).unwrap();
                let own = index.knn_graph(k(20), Context::new()).unwrap();
                (own, index.knn(queries.into(), k(20), Context::new()).unwrap())
            })
        };
        let one = run(1);
        assert_eq!(one, run(2), "{metric}");
        assert_eq!(one, run(7), "{metric}");
    }
}

#[test]
fn the_seed_decides() {
    let (n, d) = (1000, 10);
    let x = uniform::<f64>(n, d);
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let run = |seed| {
            let descent = NeighborDescent::default().with_trees(1).with_rounds(0);
            let search = approximate(metric.clone()).with_seed(seed).with_recall(0.5).with_descent(descent);
            let index = search.build(Rows::new(&x, n, d).unwrap().into(), Context::new()).unwrap();
            index.knn_graph(k(10), Context::new()).unwrap()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2), "{metric}");
    }
}

#[test]
fn equal_points_and_large_k_are_no_trouble() {
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
        let constant = vec![1.5f32; 600 * 3];
        let points = Rows::new(&constant, 600, 3).unwrap();
        for neighbors in [1, 30, 599] {
            let found = recall(&approximate(metric.clone()), points, neighbors);
            assert_eq!(found.to_bits(), 1f64.to_bits(), "{metric}, k = {neighbors}");
        }
        let x = blobs::<f64>(150, 4);
        for neighbors in [18, 19, 75, 149] {
            let found = recall(&approximate(metric.clone()), Rows::new(&x, 150, 4).unwrap(), neighbors);
            assert!(found >= 0.95, "{metric}, k = {neighbors}: {found}");
        }
    }
}

/// The part of the neighbors of `found` that are as near as those of `exact`.
fn part<T: Scalar>(found: &KnnGraph<T>, exact: &KnnGraph<T>) -> f64 {
    let rows = found.distances().chunks(found.k()).zip(exact.distances().chunks(exact.k()));
    let near = rows.map(|(found, exact)| found.iter().filter(|d| exact.last().is_some_and(|last| *d <= last)).count());
    near.sum::<usize>() as f64 / found.distances().len() as f64
}

/// Sites with many copies each: were the copies searched one by one, they would hide the other sites from the descent.
#[test]
fn copies_do_not_hide_other_points() {
    let (sites, copies, d) = (300, 8, 50);
    let some: Vec<f32> = cloud(2, sites, d);
    let x: Vec<f32> = (0..sites * copies).flat_map(|i| some[i % sites * d..][..d].to_vec()).collect();
    let points = Rows::new(&x, sites * copies, d).unwrap();
    // 36 sites are below an eighth of them: the descent has something to do.
    for neighbors in [5, 36] {
        let found = recall(&approximate(Metric::Manhattan), points, neighbors);
        assert!(found >= 0.95, "k = {neighbors}: {found}");
    }
    let new: Vec<f32> = cloud(3, 40, d);
    let queries = Rows::new(&new, 40, d).unwrap();
    for (copies, neighbors) in [(8, 36), (25, 90)] {
        let x: Vec<f32> = (0..sites * copies).flat_map(|i| some[i % sites * d..][..d].to_vec()).collect();
        let points = Rows::new(&x, sites * copies, d).unwrap();
        let run = |search: &dyn NeighborSearch<f32>| {
            let index = search.build(points.into(), Context::new()).unwrap();
            let new = index.knn(queries.into(), k(neighbors), Context::new()).unwrap();
            (index.knn_graph(k(neighbors), Context::new()).unwrap(), new)
        };
        let (found, exact) = (run(&approximate(Metric::Manhattan)), run(&ExactSearch::new(Metric::Manhattan)));
        let parts = (part(&found.0, &exact.0), part(&found.1, &exact.1));
        assert!(parts.0.min(parts.1) >= 0.95, "{copies} copies: {parts:?}");
    }
}

/// Equal rows whose distance is not 0 are points of their own.
#[test]
fn equal_rows_need_not_be_near() {
    let sets: Vec<f32> =
        (0..400 * 6).map(|i| f32::from(u8::from(random::element_seed(1, 2, i).is_multiple_of(3)))).collect();
    let points = Rows::new(&sets, 400, 6).unwrap();
    let short: Vec<f32> = sets.iter().map(|v| v / 10.0).collect();
    recall(&approximate(Metric::RussellRao), points, 20);
    recall(&approximate(Metric::Dot), Rows::new(&short, 400, 6).unwrap(), 20);
}

#[test]
fn certainty_is_the_exact_search() {
    let x = uniform::<f32>(900, 9);
    let points = Rows::new(&x, 900, 9).unwrap();
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let run = |search: &dyn NeighborSearch<f32>| {
            search.build(points.into(), Context::new()).unwrap().knn_graph(k(7), Context::new()).unwrap()
        };
        let certain = approximate(metric.clone()).with_recall(1.0);
        assert_eq!(run(&certain), run(&ExactSearch::new(metric)));
    }
}

/// Of one neighbor 256 rows would tell little: a row has it or not.
#[test]
fn a_single_neighbor_has_the_wanted_recall() {
    let x = uniform::<f32>(6000, 10);
    let points = Rows::new(&x, 6000, 10).unwrap();
    let run = |search: &dyn NeighborSearch<f32>| {
        search.build(points.into(), Context::new()).unwrap().knn_graph(k(1), Context::new()).unwrap()
    };
    let found = part(&run(&approximate(Metric::Euclidean)), &run(&ExactSearch::new(Metric::Euclidean)));
    // Wanted are 0.99 by two standard errors of the sample; as many the other way is 0.0032 of 4,000 rows.
    assert!(found >= 0.986, "{found}");
}

/// Clusters much smaller than `k`: rows that find too few points visit all.
#[test]
fn rows_are_full_where_clusters_are_small() {
    let x = blobs::<f32>(800, 6);
    let search = approximate(Metric::Euclidean).with_clusters(Some(400)).with_recall(0.01);
    recall(&search, Rows::new(&x, 800, 6).unwrap(), 50);
}

#[test]
fn small_data_are_searched_exactly() {
    let x = blobs::<f32>(500, 5);
    let points = Rows::new(&x, 500, 5).unwrap();
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let run = |search: &dyn NeighborSearch<f32>| {
            search.build(points.into(), Context::new()).unwrap().knn_graph(k(10), Context::new()).unwrap()
        };
        let exact = run(&ExactSearch::new(metric.clone()));
        assert_eq!(run(&ApproximateSearch::new(metric.clone())), exact);
        assert_eq!(run(&AutoSearch::new(metric.clone(), 3)), exact);
    }
}

/// The first size and width at which the automatic choice is the approximate search with its seed.
#[test]
fn larger_data_are_searched_approximately() {
    let (n, d) = (4097, 7);
    let x = blobs::<f32>(n, d);
    let run = |search: &dyn NeighborSearch<f32>| {
        let index = search.build(Rows::new(&x, n, d).unwrap().into(), Context::new()).unwrap();
        index.knn_graph(k(3), Context::new()).unwrap()
    };
    let auto = run(&AutoSearch::new(Metric::Manhattan, 3));
    assert_eq!(auto, run(&ApproximateSearch::new(Metric::Manhattan).with_seed(3)));
}

#[test]
fn cancels_and_reports() {
    struct Last(AtomicUsize);
    impl Progress for Last {
        fn advance(&self, stage: Stage, done: usize, total: usize) {
            assert_eq!((stage, total), (Stage::Neighbors, 900));
            assert!(done <= total);
            self.0.fetch_max(done, Ordering::Relaxed);
        }
    }
    let x = blobs::<f32>(900, 5);
    let points = Rows::new(&x, 900, 5).unwrap();
    let token = CancelToken::new();
    token.cancel();
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let index = approximate(metric.clone()).build(points.into(), Context::new()).unwrap();
        let cancelled = Context::new().with_cancel(&token);
        assert_eq!(index.knn_graph(k(5), cancelled), Err(Error::Cancelled));
        assert_eq!(index.knn(points.into(), k(5), cancelled), Err(Error::Cancelled));
        // The index survives.
        let last = Last(AtomicUsize::new(0));
        index.knn_graph(k(5), Context::new().with_progress(&last)).unwrap();
        assert_eq!(last.0.into_inner(), 900);
        assert!(approximate(metric).build(Points::<f32>::from(points), cancelled).is_err());
    }
}

/// Cancelled from within, at the first report of progress and at a later one: clusters, descent, and new points.
#[test]
fn cancels_while_it_runs() {
    struct Stop<'t> {
        token: &'t CancelToken,
        reports: AtomicUsize,
        at: usize,
    }
    impl Progress for Stop<'_> {
        fn advance(&self, _: Stage, _: usize, _: usize) {
            if self.reports.fetch_add(1, Ordering::Relaxed) == self.at {
                self.token.cancel();
            }
        }
    }
    let x = blobs::<f32>(3000, 5);
    let points = Rows::new(&x, 3000, 5).unwrap();
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let index = approximate(metric.clone()).build(points.into(), Context::new()).unwrap();
        for (at, own) in [(0, true), (1, true), (0, false), (1, false)] {
            let token = CancelToken::new();
            let stop = Stop { token: &token, reports: AtomicUsize::new(0), at };
            let cx = Context::new().with_cancel(&token).with_progress(&stop);
            // One thread: no task is under way when the token is cancelled.
            let found = in_pool(1, || if own { index.knn_graph(k(5), cx) } else { index.knn(points.into(), k(5), cx) });
            assert_eq!(found, Err(Error::Cancelled), "{metric}, own {own}, report {at}");
            assert_eq!(stop.reports.into_inner(), at + 1, "{metric}, own {own}: it went on");
        }
        // The index survives.
        assert_eq!(index.knn_graph(k(5), Context::new()).unwrap().n(), 3000);
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    let x = blobs::<f32>(300, 5);
    let points = Rows::new(&x, 300, 5).unwrap();
    let base = approximate(Metric::Manhattan);
    let descent = |descent| base.clone().with_descent(descent);
    for (search, name) in [
        (base.clone().with_recall(0.0), "recall is 0"),
        (base.clone().with_recall(1.1), "recall is 1.1"),
        (base.clone().with_recall(f64::NAN), "recall is NaN"),
        (base.clone().with_clusters(Some(0)), "clusters is 0"),
        (descent(NeighborDescent::default().with_trees(0)), "trees is 0"),
        (descent(NeighborDescent::default().with_leaf_size(1)), "leaf_size is 1"),
        (descent(NeighborDescent::default().with_max_candidates(0)), "max_candidates is 0"),
    ] {
        let message = search.build(Points::<f32>::from(points), Context::new()).err().unwrap().to_string();
        assert!(message.starts_with(name), "{message}");
    }
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let index = approximate(metric.clone()).build(Points::<f32>::from(points), Context::new()).unwrap();
        assert!(matches!(index.knn_graph(k(300), Context::new()), Err(Error::Parameter { name: "k", .. })));
        assert!(matches!(index.knn(points.into(), k(301), Context::new()), Err(Error::Parameter { name: "k", .. })));
        let wide = Rows::new(&x, 250, 6).unwrap();
        assert!(matches!(index.knn(wide.into(), k(3), Context::new()), Err(Error::Shape { .. })));
        let none = Rows::new(&x[..0], 0, 5).unwrap();
        assert_eq!(index.knn(none.into(), k(3), Context::new()).unwrap().n(), 0);
        assert!(approximate(metric).build(Points::<f32>::from(none), Context::new()).is_err());
    }
    // A function that returns no distance for one of the points is found wherever that point is measured.
    let nan = Metric::function(|a, b| if a[0] == 0.5 || b[0] == 0.5 { f64::NAN } else { (a[0] - b[0]).abs() });
    let mut bad = x.clone();
    bad[5 * 77] = 0.5;
    let index = approximate(nan).build(Rows::new(&bad, 300, 5).unwrap().into(), Context::new()).unwrap();
    assert!(matches!(index.knn_graph(k(3), Context::new()), Err(Error::Invalid { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Few distinct values: ties and duplicates abound. Every row is valid, whatever the settings.
    #[test]
    fn rows_are_valid(
        cells in prop::collection::vec(-3i8..4, 20..400),
        d in 1usize..6,
        neighbors in 1usize..40,
        clusters in prop::option::of(1usize..50),
        (trees, leaf_size, max_candidates, rounds) in (1usize..4, 2usize..20, 1usize..10, 0usize..4),
        seed in any::<u64>(),
    ) {
        let n = cells.len() / d;
        prop_assume!(n > 2);
        let x: Vec<f32> = cells[..n * d].iter().map(|&c| f32::from(c)).collect();
        let points = Rows::new(&x, n, d).unwrap();
        let descent = NeighborDescent::default()
            .with_trees(trees)
            .with_leaf_size(leaf_size)
            .with_max_candidates(max_candidates)
            .with_rounds(rounds);
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
            let search = approximate(metric).with_clusters(clusters).with_descent(descent).with_seed(seed).with_recall(0.5);
            recall(&search, points, neighbors.min(n - 1));
            let exact = ExactSearch::new(search.metric.clone()).build(points.into(), Context::new()).unwrap();
            let all = exact.knn(points.into(), k(n), Context::new()).unwrap();
            let index = search.build(points.into(), Context::new()).unwrap();
            check(&index.knn(points.into(), k(neighbors.min(n)), Context::new()).unwrap(), &all, false);
        }
    }
}

/// By the index of an approximate search, an exact one gives the graph of the exact search, where it gives any.
#[test]
fn an_index_of_clusters_can_search_without_a_miss() {
    let (n, m, d) = (1_500, 40, 20);
    for x in [blobs::<f32>(n + m, d), duplicated::<f32>(n + m, d)] {
        let (points, queries) = (Rows::new(&x[..n * d], n, d).unwrap(), Rows::new(&x[n * d..], m, d).unwrap());
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
            let cx = Context::new;
            let exact = ExactSearch::new(metric.clone()).build(points.into(), cx()).unwrap();
            let wanted = exact.knn(queries.into(), k(15), cx()).unwrap();
            assert_eq!(exact.knn_exact(queries.into(), k(15), cx()).unwrap().as_ref(), Some(&wanted), "{metric:?}");
            let index = approximate(metric.clone()).build(points.into(), cx()).unwrap();
            assert!(exact.is_exact() && !index.is_exact());
            let found = index.knn_exact(queries.into(), k(15), cx()).unwrap();
            match metric {
                Metric::Manhattan => assert_eq!(found, None),
                _ => assert_eq!(found, Some(wanted), "{metric:?}"),
            }
        }
    }
}
