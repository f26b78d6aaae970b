//! Neighbors against the oracle of all distances.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::common::{cloud, distance, in_pool, nearest, normal};
use proptest::prelude::*;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne_affinity::{BruteForceSearch, ExactSearch, KdTreeSearch, Metric};
use tsne_core::{CancelToken, Context, Error, KnnGraph, NeighborSearch, Progress, Rows, Scalar, Stage};

fn k(k: usize) -> NonZeroUsize {
    NonZeroUsize::new(k).unwrap()
}

/// All searches that can take `d` columns.
fn searches<T: Scalar>(d: usize, metric: Metric) -> Vec<Box<dyn NeighborSearch<T>>> {
    let mut all: Vec<Box<dyn NeighborSearch<T>>> =
        vec![Box::new(BruteForceSearch::new(metric.clone())), Box::new(ExactSearch::new(metric.clone()))];
    if d <= 9 {
        all.push(Box::new(KdTreeSearch::new(metric)));
    }
    all
}

/// The error of a distance: both sums of `d` squares are within `d 2^-53`, the result is rounded to `T`. The oracle's
/// cosine cancels, which leaves an absolute error of `d 2^-52`.
fn tolerance<T: Scalar>(d: usize, metric: Metric, distance: f64) -> f64 {
    let relative = (d as f64 + 4.0) * f64::EPSILON + T::EPSILON.to_f64();
    let absolute = if metric == Metric::Cosine { (d as f64 + 4.0) * f64::EPSILON } else { 0.0 };
    relative * distance + absolute
}

/// One row: the distances of the oracle, and each index at its own distance.
#[track_caller]
fn check_row<T: Scalar>(
    points: Rows<'_, T>,
    query: &[T],
    own: Option<usize>,
    found: (&[u32], &[T]),
    metric: Metric,
    bitwise: bool,
) {
    let expected = nearest(points, query, own, found.0.len(), metric.clone());
    let mut seen = std::collections::BTreeSet::new();
    for ((&j, &d), &(e, ej)) in found.0.iter().zip(found.1).zip(&expected) {
        let bound = tolerance::<T>(points.d(), metric.clone(), e.to_f64());
        assert!((d.to_f64() - e.to_f64()).abs() <= bound, "{d} is not {e}");
        let at_j = distance(query, points.row(j as usize), metric.clone());
        assert!((d.to_f64() - at_j).abs() <= bound, "point {j} is at {at_j}, not {d}");
        assert!(Some(j as usize) != own, "a point is its own neighbor");
        assert!(seen.insert(j), "point {j} appears twice");
        if bitwise {
            assert_eq!((j, d.bits()), (ej, e.bits()));
        }
    }
    let order: Vec<_> = found.1.iter().zip(found.0).collect();
    assert!(order.windows(2).all(|w| w[0].0.total_cmp(w[1].0).then(w[0].1.cmp(w[1].1)).is_lt()));
}

/// All searches on `x`, the graph and the queries (some of the points, and others).
/// `bitwise` for data whose distances are computed without rounding.
#[track_caller]
fn check<T: Scalar>(x: &[T], n: usize, d: usize, neighbors: usize, metric: Metric, bitwise: bool) {
    let points = Rows::new(x, n, d).unwrap();
    for search in searches::<T>(d, metric.clone()) {
        let index = search.build(points.into(), Context::new()).unwrap();
        assert_eq!(index.shape(), (n, d));
        let graph = index.knn_graph(k(neighbors), Context::new()).unwrap();
        assert_eq!((graph.n(), graph.k(), graph.n_reference()), (n, neighbors, n));
        for i in 0..n {
            check_row(points, points.row(i), Some(i), graph.row(i), metric.clone(), bitwise);
        }
        let queries: Vec<T> =
            x.iter().take(10 * d).copied().chain(x.iter().skip(1).step_by(3).take(10 * d).copied()).collect();
        let m = queries.len() / d;
        let queries = Rows::new(&queries[..m * d], m, d).unwrap();
        let graph = index.knn(queries.into(), k(neighbors), Context::new()).unwrap();
        for i in 0..m {
            check_row(points, queries.row(i), None, graph.row(i), metric.clone(), bitwise);
        }
    }
}

#[test]
fn random_clouds_of_all_dimensions() {
    for d in [1, 2, 3, 4, 5, 7, 8, 9, 10, 17, 50, 300] {
        for metric in [Metric::Euclidean, Metric::Cosine] {
            if d == 1 && metric == Metric::Cosine {
                continue; // Only the values 0 and 2: see `cosine_in_one_dimension`.
            }
            check::<f32>(&cloud(d as u64, 333, d), 333, d, 12, metric.clone(), false);
            check::<f64>(&cloud(d as u64, 333, d), 333, d, 12, metric, false);
        }
    }
}

/// Enough points that buffers of candidates fill several times, across tiles of points and of queries.
#[test]
fn several_tiles() {
    check::<f32>(&cloud(5, 2600, 12), 2600, 12, 90, Metric::Euclidean, false);
    check::<f64>(&cloud(6, 1500, 3), 1500, 3, 200, Metric::Euclidean, false);
}

/// Small integers: squares and sums are exact, so that every tie is one and indices must agree.
#[test]
fn lattices_break_ties_by_index() {
    for d in [1usize, 2, 3, 6, 12, 40] {
        let x: Vec<f32> = (0..700 * d).map(|i| (tsne_core::random::mix(i as u64) % 3) as f32).collect();
        check::<f32>(&x, 700, d, 25, Metric::Euclidean, true);
        let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        check::<f64>(&x, 700, d, 25, Metric::Euclidean, true);
    }
}

#[test]
fn duplicates() {
    // A block of 200 equal points among others, a pair here and there.
    for d in [2, 20] {
        let mut x = cloud::<f32>(3, 500, d);
        for i in 100..300 {
            x.copy_within(0..d, i * d);
        }
        for i in (300..400).step_by(2) {
            x.copy_within(i * d..(i + 1) * d, (i + 1) * d);
        }
        check::<f32>(&x, 500, d, 30, Metric::Euclidean, false);
        check::<f32>(&x, 500, d, 30, Metric::Cosine, false);
        check::<f32>(&vec![1.5; 60 * d], 60, d, 30, Metric::Euclidean, true);
    }
}

/// A hundred thousand points at 50 places: quadratic work in the duplicates would not end.
#[test]
fn many_duplicates() {
    let (n, d, places) = (100_000, 20, 50);
    let x: Vec<f32> =
        (0..n).flat_map(|i| (0..d).map(move |c| normal(1, ((i % places) * d + c) as u64) as f32)).collect();
    let points = Rows::new(&x, n, d).unwrap();
    for d_used in [3, d] {
        let points = Rows::with_stride(&x, n, d_used, d).unwrap();
        let index = ExactSearch::default().build(points.into(), Context::new()).unwrap();
        let graph = index.knn_graph(k(90), Context::new()).unwrap();
        for i in [0, 77, n - 1] {
            let expected: Vec<u32> =
                (0..n).filter(|&j| j != i && j % places == i % places).map(|j| j as u32).take(90).collect();
            assert_eq!(graph.row(i).0, expected);
            assert!(graph.row(i).1.iter().all(|&d| d == 0.0));
        }
    }
    assert_eq!(points.n(), n);
}

#[test]
fn offsets_scales_and_constant_columns() {
    for d in [3, 24] {
        let base = cloud::<f64>(9, 400, d);
        let offset: Vec<f64> = base.iter().map(|v| 1e6 + 1e-3 * v).collect();
        check::<f64>(&offset, 400, d, 15, Metric::Euclidean, false);
        let offset: Vec<f32> = base.iter().map(|v| (1e6 + v) as f32).collect();
        check::<f32>(&offset, 400, d, 15, Metric::Euclidean, false);
        for scale in [1e-8, 1e8] {
            let scaled: Vec<f32> = base.iter().map(|v| (v * scale) as f32).collect();
            check::<f32>(&scaled, 400, d, 15, Metric::Euclidean, false);
            check::<f32>(&scaled, 400, d, 15, Metric::Cosine, false);
        }
        let constant: Vec<f32> =
            base.iter().enumerate().map(|(i, &v)| if i % d < d - 1 { 7.0 } else { v as f32 }).collect();
        check::<f32>(&constant, 400, d, 15, Metric::Euclidean, false);
    }
}

/// Where squares overflow or underflow, distances do not.
#[test]
fn extreme_scales() {
    for d in [3, 12] {
        let base = cloud::<f64>(4, 120, d);
        let expected = ExactSearch::default().build(Rows::new(&base, 120, d).unwrap().into(), Context::new()).unwrap();
        let expected = expected.knn_graph(k(7), Context::new()).unwrap();
        for exponent in [-900, 900] {
            let factor = 2f64.powi(exponent);
            let scaled: Vec<f64> = base.iter().map(|v| v * factor).collect();
            for search in searches::<f64>(d, Metric::Euclidean) {
                let index = search.build(Rows::new(&scaled, 120, d).unwrap().into(), Context::new()).unwrap();
                let graph = index.knn_graph(k(7), Context::new()).unwrap();
                // A power of two changes no digit.
                assert_eq!(graph.indices(), expected.indices());
                assert!(graph.distances().iter().zip(expected.distances()).all(|(a, b)| *a == b * factor));
            }
        }
    }
    let x = [f32::MAX, 0.0, -f32::MAX, 1.0];
    let error =
        ExactSearch::default().build(Rows::new(&x, 4, 1).unwrap().into(), Context::new()).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
}

/// Distances that are few multiples of the least number tie though their squares do not.
#[test]
fn distances_below_the_normal_numbers() {
    for d in [2, 3, 12] {
        let x: Vec<f32> = cloud::<f64>(21, 300, d).iter().map(|v| (v * 5e-44) as f32).collect();
        let points = Rows::new(&x, 300, d).unwrap();
        let index = ExactSearch::default().build(points.into(), Context::new()).unwrap();
        let graph = index.knn_graph(k(15), Context::new()).unwrap();
        for i in 0..300 {
            let found = graph.row(i).1.iter().copied().zip(graph.row(i).0.iter().copied());
            assert!(found.eq(nearest(points, points.row(i), Some(i), 15, Metric::Euclidean)), "{d} columns, row {i}");
        }
        let x: Vec<f64> = cloud::<f64>(21, 300, d).iter().map(|v| v * 2f64.powi(-1070)).collect();
        let index = ExactSearch::default().build(Rows::new(&x, 300, d).unwrap().into(), Context::new()).unwrap();
        let graph = index.knn_graph(k(15), Context::new()).unwrap();
        let scan = BruteForceSearch::new(Metric::Euclidean)
            .build(Rows::new(&x, 300, d).unwrap().into(), Context::new())
            .unwrap();
        // The same points in units in which nothing underflows; ties of rounded distances are by index.
        let wide: Vec<f64> = x.iter().map(|v| v * 2f64.powi(1000)).collect();
        let points = Rows::new(&wide, 300, d).unwrap();
        for i in 0..300 {
            let least = |j: usize| {
                (distance(points.row(i), points.row(j), Metric::Euclidean) * 2f64.powi(74)).round_ties_even()
            };
            let mut expected: Vec<(f64, u32)> = (0..300).filter(|&j| j != i).map(|j| (least(j), j as u32)).collect();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let expected: Vec<u32> = expected[..15].iter().map(|(_, j)| *j).collect();
            assert_eq!(graph.row(i).0, expected, "{d} columns, row {i}");
        }
        assert_eq!(graph, scan.knn_graph(k(15), Context::new()).unwrap());
    }
}

/// Two clusters whose distance is far beyond what `f32` resolves within them, and one far point.
#[test]
fn far_clusters_are_told_apart() {
    let (n, d) = (1800, 16);
    let mut x = cloud::<f64>(12, n, d);
    for i in 0..n / 2 {
        x[i * d] += 1e7;
    }
    x[n * d - 1] = 1e12;
    check::<f64>(&x, n, d, 20, Metric::Euclidean, false);
}

/// Queries far outside of the data: all points are at almost the same distance.
#[test]
fn far_queries() {
    for d in [2, 12] {
        let x = cloud::<f64>(8, 1500, d);
        let points = Rows::new(&x, 1500, d).unwrap();
        for far in [1e3, 1e9, 1e16, 1e100] {
            let query = vec![far; d];
            for search in searches::<f64>(d, Metric::Euclidean) {
                let index = search.build(points.into(), Context::new()).unwrap();
                let graph = index.knn(Rows::new(&query, 1, d).unwrap().into(), k(9), Context::new()).unwrap();
                check_row(points, &query, None, graph.row(0), Metric::Euclidean, false);
            }
        }
    }
}

/// Queries whose squares overflow beside the data are refused, with what was given; up to there distances are right.
#[test]
fn queries_beyond_all_squares() {
    let cx = Context::new();
    for d in [2, 12] {
        let x = cloud::<f64>(8, 300, d);
        let tiny: Vec<f64> = x.iter().map(|v| v * 2f64.powi(-500)).collect();
        for (x, near, far) in [(&x, 1e150, 1e200), (&tiny, 1.0, 1e10)] {
            let points = Rows::new(x, 300, d).unwrap();
            for search in searches::<f64>(d, Metric::Euclidean) {
                let index = search.build(points.into(), cx).unwrap();
                let ask = |value: f64| index.knn(Rows::new(&vec![value; d], 1, d).unwrap().into(), k(3), cx);
                let found = ask(near).unwrap();
                // All points are at the distance of the origin, to the last digits.
                let expected = near * (d as f64).sqrt();
                assert!(found.distances().iter().all(|v| (v / expected - 1.0).abs() < 1e-14));
                let error = ask(far).unwrap_err().to_string();
                assert!(
                    error.contains(&format!("invalid data: values up to {far:e}")) && error.contains("one scale"),
                    "{error}"
                );
            }
        }
    }
    let error = ExactSearch::new(Metric::SqEuclidean).build(Rows::new(&[0.0, 1e160], 2, 1).unwrap().into(), cx);
    assert!(error.map(|_| ()).unwrap_err().to_string().contains("divide the data"));
}

/// Directions do not depend on the scale, however large the values, until a length is no number.
#[test]
fn directions_of_large_values() {
    let cx = Context::new();
    for d in [2, 12] {
        let x = cloud::<f64>(6, 200, d);
        let expected = ExactSearch::new(Metric::Cosine).build(Rows::new(&x, 200, d).unwrap().into(), cx).unwrap();
        let expected = expected.knn_graph(k(5), cx).unwrap();
        // The largest of 2,400 normal numbers is below 2^3.
        let large: Vec<f64> = x.iter().map(|v| v * 2f64.powi(1018)).collect();
        let single: Vec<f32> = x.iter().map(|&v| (v * 2f64.powi(124)) as f32).collect();
        for search in searches::<f64>(d, Metric::Cosine) {
            let index = search.build(Rows::new(&large, 200, d).unwrap().into(), cx).unwrap();
            assert_eq!(index.knn_graph(k(5), cx).unwrap(), expected);
            let ask = |value: f64| index.knn(Rows::new(&vec![value; d], 1, d).unwrap().into(), k(5), cx);
            // A power of two changes no digit.
            assert_eq!(ask(2f64.powi(1020)).unwrap(), ask(1.0).unwrap());
            let error = ask(f64::MAX).unwrap_err().to_string();
            assert!(error.contains("divide the data"), "{error}");
        }
        for search in searches::<f32>(d, Metric::Cosine) {
            assert!(single.iter().all(|v| v.is_finite()) && single.iter().any(|v| *v > f32::MAX / 8.0));
            let index = search.build(Rows::new(&single, 200, d).unwrap().into(), cx).unwrap();
            assert!(index.knn_graph(k(5), cx).is_ok());
        }
    }
}

#[test]
fn cosine_of_zero_rows() {
    for d in [2, 12] {
        let mut x = cloud::<f32>(2, 50, d);
        for i in [4, 17, 30] {
            x[i * d..(i + 1) * d].fill(0.0);
        }
        for search in searches::<f32>(d, Metric::Cosine) {
            let index = search.build(Rows::new(&x, 50, d).unwrap().into(), Context::new()).unwrap();
            let graph = index.knn_graph(k(4), Context::new()).unwrap();
            assert_eq!(graph.row(17), (&[4, 30, 0, 1][..], &[0.0, 0.0, 1.0, 1.0][..]));
        }
        check::<f32>(&x, 50, d, 49, Metric::Cosine, false);
    }
}

/// In one dimension there are two directions; the distances are exactly 0 and 2.
#[test]
fn cosine_in_one_dimension() {
    let x: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 1.0 + f64::from(i) } else { -0.5 - f64::from(i) }).collect();
    for search in searches::<f64>(1, Metric::Cosine) {
        let graph = search.build(Rows::new(&x, 40, 1).unwrap().into(), Context::new()).unwrap();
        let graph = graph.knn_graph(k(25), Context::new()).unwrap();
        let (indices, distances) = graph.row(0);
        assert_eq!(indices[..19], (1..20).map(|i| 2 * i).collect::<Vec<u32>>());
        assert!(distances[..19].iter().all(|&d| d == 0.0) && distances[19..].iter().all(|&d| d == 2.0));
    }
}

#[test]
fn methods_agree_in_every_bit() {
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let x = cloud::<f32>(21, 3000, 6);
        let points = Rows::new(&x, 3000, 6).unwrap();
        let graphs: Vec<KnnGraph<f32>> = searches::<f32>(6, metric)
            .iter()
            .map(|s| s.build(points.into(), Context::new()).unwrap().knn_graph(k(40), Context::new()).unwrap())
            .collect();
        assert!(graphs.iter().all(|g| *g == graphs[0]));
    }
}

#[test]
fn same_bits_for_any_number_of_threads() {
    fn run<T: Scalar>(d: usize, threads: usize) -> Vec<KnnGraph<T>> {
        let mut x = cloud::<T>(31, 1400, d);
        x.copy_within(0..20 * d, 300 * d);
        in_pool(threads, || {
            let points = Rows::new(&x, 1400, d).unwrap();
            let all = searches::<T>(d, Metric::Euclidean);
            all.iter()
                .map(|s| s.build(points.into(), Context::new()).unwrap().knn_graph(k(30), Context::new()).unwrap())
                .collect()
        })
    }
    for d in [4, 30] {
        let (narrow, wide) = (run::<f32>(d, 1), run::<f64>(d, 1));
        for threads in [2, 3, 8] {
            assert_eq!(run::<f32>(d, threads), narrow);
            assert_eq!(run::<f64>(d, threads), wide);
        }
    }
}

#[test]
fn errors_name_what_is_wrong() {
    let cx = Context::new();
    let x = cloud::<f32>(1, 20, 12);
    let points = Rows::new(&x, 20, 12).unwrap();
    let kd = NeighborSearch::<f32>::build(&KdTreeSearch::default(), points.into(), cx).map(|_| ()).unwrap_err();
    assert!(kd.to_string().contains("12") && kd.to_string().contains("BruteForceSearch"), "{kd}");
    let index = ExactSearch::default().build(points.into(), cx).unwrap();
    assert!(matches!(index.knn_graph(k(20), cx), Err(Error::Parameter { name: "k", .. })));
    assert!(matches!(index.knn(points.into(), k(21), cx), Err(Error::Parameter { name: "k", .. })));
    assert!(index.knn(points.into(), k(20), cx).is_ok());
    let narrow = Rows::new(&x, 40, 6).unwrap();
    assert!(matches!(index.knn(narrow.into(), k(3), cx), Err(Error::Shape { .. })));
    assert!(matches!(index.knn_graph(NonZeroUsize::MAX, cx), Err(Error::Parameter { .. })));
    let one = ExactSearch::default().build(Rows::new(&x[..12], 1, 12).unwrap().into(), cx).unwrap();
    assert!(matches!(one.knn_graph(k(1), cx), Err(Error::TooFewPoints { n: 1, needed: 2, .. })));
    for d in [3, 12] {
        let mut x = x.clone();
        x[5] = f32::NAN;
        let points = Rows::new(&x[..20 * d], 20, d).unwrap();
        for search in searches::<f32>(d, Metric::Euclidean) {
            let error = search.build(points.into(), cx).map(|_| ()).unwrap_err();
            assert_eq!(error, Error::non_finite("data", 5 / d, 5 % d));
        }
    }
    let none: [f32; 0] = [];
    for search in searches::<f32>(3, Metric::Euclidean) {
        assert!(search.build(Rows::new(&none, 0, 3).unwrap().into(), cx).is_err());
        assert!(search.build(Rows::new(&none, 4, 0).unwrap().into(), cx).is_err());
    }
}

#[test]
fn cancels_and_reports() {
    struct Last(AtomicUsize, usize);
    impl Progress for Last {
        fn advance(&self, stage: Stage, done: usize, total: usize) {
            assert_eq!((stage, total), (Stage::Neighbors, self.1));
            self.0.fetch_max(done, Ordering::Relaxed);
        }
    }
    let token = CancelToken::new();
    for d in [3, 20] {
        let x = cloud::<f32>(1, 600, d);
        let points = Rows::new(&x, 600, d).unwrap();
        let index = ExactSearch::default().build(points.into(), Context::new()).unwrap();
        let last = Last(AtomicUsize::new(0), 600);
        index.knn_graph(k(5), Context::new().with_progress(&last)).unwrap();
        assert_eq!(last.0.into_inner(), 600);
    }
    token.cancel();
    let x = cloud::<f32>(1, 600, 20);
    let index = ExactSearch::default().build(Rows::new(&x, 600, 20).unwrap().into(), Context::new()).unwrap();
    assert_eq!(index.knn_graph(k(5), Context::new().with_cancel(&token)), Err(Error::Cancelled));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Few distinct values in few columns, scaled and shifted: ties, duplicates and constant columns abound.
    #[test]
    fn clouds(
        cells in prop::collection::vec(-3i8..4, 60..240),
        d in 1usize..12,
        exponent in -20i32..20,
        shift in -1000i32..1000,
        neighbors in 1usize..20,
    ) {
        let n = cells.len() / d;
        prop_assume!(n > 2);
        let x: Vec<f64> = cells[..n * d].iter().map(|&c| (f64::from(c) + f64::from(shift)) * 2f64.powi(exponent)).collect();
        // Exact in f64: small integers times a power of two.
        check::<f64>(&x, n, d, neighbors.min(n - 1), Metric::Euclidean, true);
        let x: Vec<f32> = x.iter().map(|&v| v as f32).collect();
        check::<f32>(&x, n, d, neighbors.min(n - 1), Metric::Euclidean, true);
    }
}
