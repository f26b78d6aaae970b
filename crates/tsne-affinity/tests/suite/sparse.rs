//! Sparse rows give the distances of the same rows stored densely.
#![allow(clippy::unwrap_used)]

use crate::common::in_pool;
use crate::common::metrics::{all, data, textbook};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use tsne_affinity::{ApproximateSearch, AutoSearch, BruteForceSearch, ExactSearch, KdTreeSearch, Metric, VpTreeSearch};
use tsne_core::{Context, Error, KnnGraph, NeighborSearch, Rows, Scalar, SparseRows, random};

fn k(k: usize) -> NonZeroUsize {
    NonZeroUsize::new(k).unwrap()
}

/// Compressed rows of `x`; every seventh zero is stored.
fn compress<T: Scalar>(x: &[T], d: usize) -> (Vec<usize>, Vec<u32>, Vec<T>) {
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for (i, row) in x.chunks_exact(d).enumerate() {
        for (j, v) in row.iter().enumerate() {
            if *v != T::ZERO || (i * d + j).is_multiple_of(7) {
                columns.push(j as u32);
                values.push(*v);
            }
        }
        pointers.push(columns.len());
    }
    (pointers, columns, values)
}

/// Most rows stand there twice or more: the tree searches them as one.
#[test]
fn equal_sparse_rows_are_no_trouble() {
    let (n, d) = (600, 3);
    let x: Vec<f64> = data::<f64>(&Metric::Manhattan, 4, n, d, true);
    let (pointers, columns, values) = compress(&x, d);
    let points = SparseRows::new(&pointers, &columns, &values, d).unwrap();
    for metric in [Metric::Manhattan, Metric::Euclidean, Metric::Jaccard, Metric::RussellRao] {
        let run = |search: &dyn NeighborSearch<f64>| {
            let index = search.build(points.into(), Context::new()).unwrap();
            let own = index.knn_graph(k(40), Context::new()).unwrap();
            (own, index.knn(points.into(), k(40), Context::new()).unwrap())
        };
        let tree = run(&VpTreeSearch::new(metric.clone()));
        assert!(tree == run(&BruteForceSearch::new(metric.clone())), "{metric}");
        assert!(metric == Metric::RussellRao || tree.0.distances().iter().filter(|d| **d == 0.0).count() > n);
    }
}

fn check<T: Scalar>(metric: &Metric, n: usize, d: usize) {
    let cx = Context::new();
    let x = data::<T>(metric, 15, n, d, true);
    let points = Rows::new(&x, n, d).unwrap();
    let (pointers, columns, values) = compress(&x, d);
    let sparse = SparseRows::new(&pointers, &columns, &values, d).unwrap();
    let dense = BruteForceSearch::new(metric.clone()).build(points.into(), cx).unwrap();
    let index = ExactSearch::new(metric.clone()).build(sparse.into(), cx).unwrap();
    assert_eq!(index.shape(), (n, d));
    let compare = |a: &KnnGraph<T>, b: &KnnGraph<T>| {
        for (a, b) in a.distances().iter().zip(b.distances()) {
            // Both sums round each of d terms at most a few times; differences of directions are bounded by 2. The scaled
            // rows of the dense weighted forms carry errors of their coordinates, which are at most 10.
            let (a, b) = (a.to_f64(), b.to_f64());
            let rounding = (d as f64 + 16.0) * 4.0 * f64::EPSILON;
            let near = (a - b).abs() <= (rounding + T::EPSILON.to_f64()) * a.max(b) + 10.0 * rounding;
            // Hellinger's root of a sum that is zero but for rounding.
            assert!(near || (a * a - b * b).abs() <= 10.0 * rounding, "{metric}: {a} is not {b}");
        }
    };
    compare(&index.knn_graph(k(n - 1), cx).unwrap(), &dense.knn_graph(k(n - 1), cx).unwrap());
    let found = index.knn(sparse.into(), k(n), cx).unwrap();
    compare(&found, &dense.knn(points.into(), k(n), cx).unwrap());
    if metric.is_metric() {
        let tree = VpTreeSearch::new(metric.clone()).build(sparse.into(), cx).unwrap();
        assert_eq!(tree.knn_graph(k(7), cx).unwrap(), index.knn_graph(k(7), cx).unwrap());
        assert_eq!(tree.knn(sparse.into(), k(7), cx).unwrap(), index.knn(sparse.into(), k(7), cx).unwrap());
    }
    assert!(matches!(index.knn(points.into(), k(3), cx), Err(Error::Invalid { what: "queries", .. })));
    assert!(dense.knn(sparse.into(), k(3), cx).is_err());
}

#[test]
fn sparse_rows_equal_dense_rows() {
    for d in [2, 5, 40] {
        for metric in all(d).into_iter().filter(Metric::takes_sparse) {
            check::<f64>(&metric, 70, d);
            check::<f32>(&metric, 70, d);
        }
        check::<f64>(&Metric::SEuclidean { variances: None }, 70, d);
    }
}

/// 5,000 rows of five values in 500 columns: the automatic search is the exact one, of new rows as well.
#[test]
fn sparse_rows_are_searched_exactly_where_that_is_fast() {
    let (n, d) = (5000usize, 500u64);
    let pick = |i: usize, j: u64| random::element_seed(3, j, i as u64);
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        let own: BTreeSet<u32> = (0..5).map(|j| (pick(i, j) % d) as u32).collect();
        values.extend(own.iter().map(|&c| random::unit(pick(i, u64::from(c) + 9)) as f32));
        columns.extend(own);
        pointers.push(columns.len());
    }
    let points = SparseRows::new(&pointers, &columns, &values, d as usize).unwrap();
    let (auto, exact) = (AutoSearch::new(Metric::Cosine, 1), ExactSearch::new(Metric::Cosine));
    let run = |search: &dyn NeighborSearch<f32>| {
        let index = search.build(points.into(), Context::new()).unwrap();
        (index.knn_graph(k(15), Context::new()).unwrap(), index.knn(points.into(), k(15), Context::new()).unwrap())
    };
    assert!(run(&auto) == run(&exact));
}

/// 5,000 rows of two values in a million columns: nearly all points tie, and the automatic search is the approximate one.
#[test]
fn sparse_rows_that_share_nothing_are_searched_approximately() {
    let (n, d) = (5000usize, 1_000_000u64);
    let pick = |i: usize, j: u64| (random::element_seed(4, j, i as u64) % (d / 2)) as u32;
    let columns: Vec<u32> = (0..n).flat_map(|i| [pick(i, 0), (d / 2) as u32 + pick(i, 1)]).collect();
    let values: Vec<f32> = (0..2 * n).map(|at| 1.0 + (at % 7) as f32).collect();
    let pointers: Vec<usize> = (0..=n).map(|i| 2 * i).collect();
    let points = SparseRows::new(&pointers, &columns, &values, d as usize).unwrap();
    let run = |search: &dyn NeighborSearch<f32>| {
        search.build(points.into(), Context::new()).unwrap().knn_graph(k(5), Context::new()).unwrap()
    };
    let auto = run(&AutoSearch::new(Metric::Cosine, 1));
    assert!(auto == run(&ApproximateSearch::new(Metric::Cosine).with_seed(1)));
    // Of so many ties it finds others than the first.
    assert!(auto != run(&ExactSearch::new(Metric::Cosine)));
}

/// A million columns, of which a row has three.
#[test]
fn wide_rows_stay_sparse() {
    let d = 1_000_000;
    let n = 200usize;
    let pointers: Vec<usize> = (0..=n).map(|i| 3 * i).collect();
    let columns: Vec<u32> = (0..n as u32).flat_map(|i| [i / 2, 1000 + i % 5, 999_999]).collect();
    let values: Vec<f32> = (0..n).flat_map(|i| [1.0, (i % 3) as f32, 2.0]).collect();
    let sparse = SparseRows::new(&pointers, &columns, &values, d).unwrap();
    let row = |i: usize| {
        // The columns that occur; the others are 0 everywhere.
        let mut out = vec![0.0; 106];
        out[i / 2] = 1.0;
        out[100 + i % 5] = (i % 3) as f64;
        out[105] = 2.0;
        out
    };
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Jaccard, Metric::Canberra] {
        let index = BruteForceSearch::new(metric.clone()).build(sparse.into(), Context::new()).unwrap();
        let graph = index.knn_graph(k(n - 1), Context::new()).unwrap();
        for i in 0..n {
            for (&j, v) in graph.row(i).0.iter().zip(graph.row(i).1) {
                let expected = textbook(&metric, &row(i), &row(j as usize));
                // The textbook's Euclidean distance cancels to about 1e-15 of a square, its root to 1e-7.
                assert!((f64::from(*v) - expected).abs() < 2e-7 * (1.0 + expected), "{metric}: {v} is not {expected}");
            }
        }
    }
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let d = 30;
    for metric in [Metric::Euclidean, Metric::Correlation, Metric::Jaccard, Metric::SEuclidean { variances: None }] {
        let x = data::<f32>(&metric, 5, 400, d, false);
        let (pointers, columns, values) = compress(&x, d);
        let sparse = SparseRows::new(&pointers, &columns, &values, d).unwrap();
        let run = |threads| {
            in_pool(threads, || {
                let index = ExactSearch::new(metric.clone()).build(sparse.into(), Context::new()).unwrap();
                index.knn_graph(k(11), Context::new()).unwrap()
            })
        };
        let one = run(1);
        assert!(run(2) == one && run(7) == one, "{metric}");
    }
}

#[test]
fn metrics_of_dense_rows_say_so() {
    let cx = Context::new();
    let sparse = SparseRows::new(&[0, 1, 2], &[0, 1], &[1.0f64, 1.0], 2).unwrap();
    let function = Metric::function(|_, _| 1.0);
    let dense_only = all(2).into_iter().filter(|m| !m.takes_sparse());
    for metric in dense_only.chain([function, Metric::Precomputed, Metric::Mahalanobis { inverse_covariance: None }]) {
        let error = ExactSearch::new(metric.clone()).build(sparse.into(), cx).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("dense rows") && error.to_string().contains("sparse"), "{metric}: {error}");
    }
    let error = KdTreeSearch::default().build(sparse.into(), cx).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("KdTreeSearch"), "{error}");
    let nan = SparseRows::new(&[0, 1, 2], &[0, 1], &[1.0f64, f64::NAN], 2).unwrap();
    let error = ExactSearch::default().build(nan.into(), cx).map(|_| ()).unwrap_err();
    assert_eq!(error, Error::non_finite("data", 1, 1));
}
