//! The vantage-point tree against brute force, bit for bit, where ties, duplicates and rounding are worst.
#![allow(clippy::unwrap_used)]

use crate::common::metrics::{data, textbook};
use crate::common::{cloud, in_pool};
use proptest::prelude::*;
use std::num::NonZeroUsize;
use tsne_affinity::{AutoSearch, BruteForceSearch, ExactSearch, Metric, VpTreeSearch};
use tsne_core::{CancelToken, Context, Error, NeighborSearch, Rows, Scalar};

fn k(k: usize) -> NonZeroUsize {
    NonZeroUsize::new(k).unwrap()
}

#[track_caller]
fn check<T: Scalar>(metric: &Metric, x: &[T], d: usize, neighbors: usize) {
    let cx = Context::new();
    let points = Rows::new(x, x.len() / d, d).unwrap();
    let tree = VpTreeSearch::new(metric.clone()).build(points.into(), cx).unwrap();
    let all = BruteForceSearch::new(metric.clone()).build(points.into(), cx).unwrap();
    assert_eq!(tree.knn_graph(k(neighbors), cx).unwrap(), all.knn_graph(k(neighbors), cx).unwrap(), "{metric}");
    let queries = Rows::new(&x[1..1 + (x.len() - 1) / d / 3 * d], (x.len() - 1) / d / 3, d).unwrap();
    // Shifted by a column: other points, but near. Not for latitudes.
    if *metric != Metric::Haversine {
        let (found, expected) = (tree.knn(queries.into(), k(neighbors), cx), all.knn(queries.into(), k(neighbors), cx));
        assert_eq!(found.unwrap(), expected.unwrap(), "{metric}");
    }
}

fn metrics() -> Vec<Metric> {
    let more = Metric::minkowski(1.3);
    let function =
        Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| f64::from((*a as f32 - *b as f32).abs())).sum());
    vec![Metric::Euclidean, Metric::Manhattan, Metric::Chebyshev, Metric::Canberra, Metric::Hamming, more, function]
}

#[test]
fn equals_brute_force_with_ties_and_duplicates() {
    for metric in metrics() {
        for d in [1, 3] {
            check::<f32>(&metric, &data(&metric, 1, 900, d, true), d, 20);
            check::<f64>(&metric, &data(&metric, 2, 900, d, false), d, 20);
        }
        check::<f64>(&metric, &[2.5; 300], 2, 30);
        check::<f32>(&metric, &cloud(1, 40, 2), 2, 39);
    }
    for metric in [Metric::Jaccard, Metric::RogersTanimoto, Metric::SokalSneath, Metric::RussellRao] {
        check::<f32>(&metric, &data(&metric, 3, 700, 12, true), 12, 15);
    }
    for metric in [Metric::Hellinger, Metric::JensenShannon] {
        check::<f64>(&metric, &data(&metric, 3, 700, 4, false), 4, 15);
        check::<f64>(&metric, &data(&metric, 3, 700, 4, true), 4, 15);
    }
}

/// The tree, the exact search and all pairs around the numbers of columns at which routes change.
#[test]
fn routes_of_the_exact_search_give_one_graph() {
    for d in 4..=8 {
        for metric in [Metric::Manhattan, Metric::SymmetricKl, Metric::Canberra] {
            let x = data::<f32>(&metric, 21, 500, d, false);
            let points = Rows::new(&x, 500, d).unwrap();
            let run = |search: &dyn NeighborSearch<f32>| {
                search.build(points.into(), Context::new()).unwrap().knn_graph(k(9), Context::new()).unwrap()
            };
            let all = run(&BruteForceSearch::new(metric.clone()));
            assert_eq!(run(&ExactSearch::new(metric.clone())), all, "{metric}, {d} columns");
            assert_eq!(run(&AutoSearch::new(metric.clone(), 1)), all, "{metric}, {d} columns");
            if metric.is_metric() {
                assert_eq!(run(&VpTreeSearch::new(metric.clone())), all, "{metric}, {d} columns");
            }
        }
    }
}

/// A hundred thousand points at 50 places: quadratic work in the duplicates would not end.
#[test]
fn many_duplicates() {
    let (n, places) = (100_000, 50);
    let some: Vec<f32> = (0..places as u16).flat_map(|i| [0.02 * f32::from(i), 0.1 * f32::from(i)]).collect();
    let x: Vec<f32> = (0..n).flat_map(|i| some[i % places * 2..][..2].to_vec()).collect();
    let points = Rows::new(&x, n, 2).unwrap();
    for metric in [Metric::Haversine, Metric::Manhattan] {
        let index = ExactSearch::new(metric).build(points.into(), Context::new()).unwrap();
        let own = index.knn_graph(k(90), Context::new()).unwrap();
        let new = index.knn(Rows::new(&some, places, 2).unwrap().into(), k(90), Context::new()).unwrap();
        for i in [0, 77, n - 1] {
            let copies = |own: bool| (0..n).filter(move |&j| (!own || j != i) && j % places == i % places);
            let first = |own| copies(own).map(|j| j as u32).take(90).collect::<Vec<_>>();
            assert_eq!((own.row(i).0, new.row(i % places).0), (&first(true)[..], &first(false)[..]));
            assert!(own.row(i).1.iter().all(|&d| d == 0.0));
        }
    }
}

/// Equal points are searched as one, but an error names the points of the caller.
#[test]
fn errors_name_points_where_others_are_equal() {
    let mut x = vec![0.0f64; 60];
    x.extend((0..38).map(f64::from));
    x.extend([1.7e308, -1.7e308]);
    let build = VpTreeSearch::new(Metric::Manhattan).build(Rows::new(&x, 100, 1).unwrap().into(), Context::new());
    let found = build.and_then(|index| index.knn_graph(k(99), Context::new()));
    let error = found.unwrap_err().to_string();
    assert!(
        error.contains("row 98 to point 99 it is inf") || error.contains("row 99 to point 98 it is inf"),
        "{error}"
    );
}

/// Opposite places lose half of the digits of their distance, on lines of longitude where bounds are tight.
#[test]
fn haversine_of_near_and_opposite_places() {
    let mut x = data::<f64>(&Metric::Haversine, 9, 600, 2, false);
    for i in 0..100 {
        let (latitude, longitude) = (x[2 * i], x[2 * i + 1]);
        let off = 1e-9 * i as f64;
        x[600 + 2 * i] = -latitude + off;
        x[600 + 2 * i + 1] = longitude + std::f64::consts::PI;
        x[400 + 2 * i] = latitude - off;
        x[400 + 2 * i + 1] = longitude;
    }
    check(&Metric::Haversine, &x, 2, 12);
    check(&Metric::Haversine, &x, 2, 590);
    let narrow: Vec<f32> = x.iter().map(|&v| v as f32).collect();
    check(&Metric::Haversine, &narrow, 2, 12);
}

/// All on a line: every bound of the triangle inequality is an equality, off by rounding only.
#[test]
fn tight_bounds() {
    let x: Vec<f32> = (0..1200).map(|i| (i * 7919 % 1200) as f32 * 0.1).collect();
    for metric in metrics() {
        check(&metric, &x, 1, 17);
        let far: Vec<f32> = x.iter().map(|v| v * 1e-3 + 1e4).collect();
        check(&metric, &far, 1, 17);
        let tiny: Vec<f32> = x.iter().map(|v| v * 1e-43).collect();
        if metric != Metric::Canberra {
            check(&metric, &tiny, 1, 17);
        }
    }
}

#[test]
fn every_metric_has_the_triangle_inequality() {
    let promised = crate::common::metrics::all(4).into_iter().chain([Metric::Haversine]).filter(Metric::is_metric);
    for metric in promised {
        let d = if metric == Metric::Haversine { 2 } else { 4 };
        for ties in [false, true] {
            let x = data::<f64>(&metric, 5, 40, d, ties);
            let row = |i: usize| &x[i * d..(i + 1) * d];
            let matrix: Vec<f64> = (0..40 * 40).map(|p| textbook(&metric, row(p / 40), row(p % 40))).collect();
            let at = |i: usize, j: usize| matrix[i * 40 + j];
            for i in 0..40 {
                for j in 0..40 {
                    for l in 0..40 {
                        // The textbook's roots lose half of their digits near zero.
                        assert!(at(i, j) <= at(i, l) + at(l, j) + 1e-6, "{metric}: {i} {j} {l}");
                    }
                }
            }
        }
    }
}

#[test]
fn metrics_without_the_inequality_are_errors() {
    let cx = Context::new();
    let x = [0.25, 0.5, 0.5, 0.25];
    for metric in crate::common::metrics::all(2).into_iter().filter(|m| !m.is_metric()) {
        let search = VpTreeSearch::new(metric.clone());
        let error =
            NeighborSearch::<f64>::build(&search, Rows::new(&x, 2, 2).unwrap().into(), cx).map(|_| ()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&metric.to_string()) && text.contains("BruteForceSearch"), "{text}");
    }
    let search = VpTreeSearch::new(Metric::Manhattan);
    let index = search.build(Rows::new(&x, 4, 1).unwrap().into(), cx).unwrap();
    assert_eq!(index.shape(), (4, 1));
    assert!(matches!(index.knn_graph(k(4), cx), Err(Error::Parameter { name: "k", .. })));
    let one = search.build(Rows::new(&x[..1], 1, 1).unwrap().into(), cx).unwrap();
    assert!(matches!(one.knn_graph(k(1), cx), Err(Error::TooFewPoints { .. })));
    // A pair whose distance is no number is met while building, or while searching.
    let bad = VpTreeSearch::new(Metric::function(|_, _| f64::NAN));
    let x = cloud::<f64>(1, 100, 1);
    let error = bad.build(Rows::new(&x, 100, 1).unwrap().into(), cx).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Invalid { what: "distance", .. }));
    let token = CancelToken::new();
    token.cancel();
    let cancelled = search.build(Rows::new(&x, 100, 1).unwrap().into(), cx.with_cancel(&token)).map(|_| ());
    assert_eq!(cancelled, Err(Error::Cancelled));
}

#[test]
fn same_bits_for_any_number_of_threads() {
    // Above the size from which subtrees are tasks.
    let x = cloud::<f32>(3, 9000, 2);
    let run = |threads| {
        in_pool(threads, || {
            let points = Rows::new(&x, 9000, 2).unwrap().into();
            let index = VpTreeSearch::new(Metric::Manhattan).build(points, Context::new()).unwrap();
            index.knn_graph(k(5), Context::new()).unwrap()
        })
    };
    let one = run(1);
    assert!(run(2) == one && run(7) == one);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_lattice(n in 2usize..120, d in 1usize..4, seed in 0u64..1000, neighbors in 1usize..40) {
        for metric in metrics() {
            let x = data::<f32>(&metric, seed, n, d, true);
            check(&metric, &x, d, neighbors.min(n - 1));
        }
    }
}
