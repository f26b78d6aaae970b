//! Each metric against its textbook formula and values computed by hand; names, parameters and errors.
#![allow(clippy::unwrap_used)]

use crate::common::in_pool;
use crate::common::metrics::{all, close, data, definite, textbook};
use std::num::NonZeroUsize;
use tsne_affinity::{BruteForceSearch, DistanceFunction, ExactSearch, KdTreeSearch, Metric, VpTreeSearch};
use tsne_core::{CancelToken, Context, Error, KnnGraph, NeighborSearch, Rows, Scalar, SparseRows};

fn k(k: usize) -> NonZeroUsize {
    NonZeroUsize::new(k).unwrap()
}

fn graph<T: Scalar>(search: &dyn NeighborSearch<T>, x: &[T], d: usize, neighbors: usize) -> KnnGraph<T> {
    let index = search.build(Rows::new(x, x.len() / d, d).unwrap().into(), Context::new()).unwrap();
    index.knn_graph(k(neighbors), Context::new()).unwrap()
}

fn wide<T: Scalar>(row: &[T]) -> Vec<f64> {
    row.iter().map(|v| v.to_f64()).collect()
}

/// The searches that take dense rows of `d` columns under a metric.
fn searches<T: Scalar>(metric: &Metric, d: usize) -> Vec<Box<dyn NeighborSearch<T>>> {
    let metric = || metric.clone();
    let mut all: Vec<Box<dyn NeighborSearch<T>>> =
        vec![Box::new(BruteForceSearch::new(metric())), Box::new(ExactSearch::new(metric()))];
    if metric().is_metric() {
        all.push(Box::new(VpTreeSearch::new(metric())));
    }
    let mapped = ["euclidean", "sqeuclidean", "minkowski:p=2", "seuclidean", "mahalanobis", "cosine", "correlation"];
    if d < 10 && mapped.contains(&metric().to_string().as_str()) {
        all.push(Box::new(KdTreeSearch::new(metric())));
    }
    all
}

/// All pairs of a graph with `k = n - 1`, and of queries, against the textbook; every search the same bits.
#[track_caller]
fn check<T: Scalar>(metric: &Metric, x: &[T], d: usize) {
    let n = x.len() / d;
    let points = Rows::new(x, n, d).unwrap();
    let size = 2.0 * points.iter().map(|r| wide(r).iter().map(|v| v * v).sum::<f64>().sqrt()).fold(0.0, f64::max);
    let mut graphs = Vec::new();
    for search in searches::<T>(metric, d) {
        let index = search.build(points.into(), Context::new()).unwrap();
        assert_eq!(index.shape(), (n, d));
        let own = index.knn_graph(k(n - 1), Context::new()).unwrap();
        let new = index.knn(points.into(), k(n), Context::new()).unwrap();
        graphs.push((own, new));
    }
    for (own, new) in &graphs {
        assert!((own, new) == (&graphs[0].0, &graphs[0].1), "{metric}: searches differ");
    }
    for (own, graph) in [(true, &graphs[0].0), (false, &graphs[0].1)] {
        for i in 0..n {
            let (indices, distances) = graph.row(i);
            let mut seen: Vec<u32> = indices.to_vec();
            seen.sort_unstable();
            let expected: Vec<u32> = (0..n as u32).filter(|&j| !own || j as usize != i).collect();
            assert_eq!(seen, expected);
            let order: Vec<_> = distances.iter().zip(indices).collect();
            assert!(order.windows(2).all(|w| w[0].0.total_cmp(w[1].0).then(w[0].1.cmp(w[1].1)).is_lt()), "{metric}");
            for (&j, v) in indices.iter().zip(distances) {
                let (a, b) = (wide(points.row(i)), wide(points.row(j as usize)));
                let book = textbook(metric, &a, &b);
                assert!(
                    close::<T>(metric, d, size, v.to_f64(), book),
                    "{metric}: {v} is not {book}, of {a:?} and {b:?}"
                );
                // The definition is in f64 and knows rows of length 1 only as f64 does.
                if let Ok(defined) = metric.distance(&a, &b) {
                    assert!(close::<f64>(metric, d, size, defined, book), "{metric}: {defined} is not {book}");
                }
            }
        }
    }
}

#[test]
fn every_metric_is_its_textbook_formula() {
    for d in [2, 5, 19] {
        for metric in all(d) {
            for ties in [false, true] {
                check::<f64>(&metric, &data(&metric, 3, 60, d, ties), d);
                check::<f32>(&metric, &data(&metric, 4, 60, d, ties), d);
            }
        }
    }
}

/// More points than a tile of the scan and a leaf of the trees; `k` in the middle of ties.
#[test]
fn few_neighbors_of_many_points() {
    for (metric, d) in [
        (Metric::Manhattan, 3),
        (Metric::Hamming, 9),
        (Metric::Jaccard, 70),
        (Metric::Haversine, 2),
        (Metric::Canberra, 4),
        (Metric::SqEuclidean, 4),
        (Metric::Hellinger, 12),
        (Metric::SpearmanR, 6),
        (Metric::Mahalanobis { inverse_covariance: Some(definite(5).into()) }, 5),
    ] {
        let x = data::<f32>(&metric, 6, 1300, d, true);
        let graphs: Vec<_> = searches::<f32>(&metric, d).iter().map(|s| graph(&**s, &x, d, 25)).collect();
        assert!(graphs.iter().all(|g| *g == graphs[0]), "{metric}");
        let points = Rows::new(&x, 1300, d).unwrap();
        for i in [0, 1, 649, 650, 1299] {
            let mut book: Vec<f64> = (0..1300)
                .filter(|&j| j != i)
                .map(|j| textbook(&metric, &wide(points.row(i)), &wide(points.row(j))))
                .collect();
            book.sort_by(f64::total_cmp);
            for (v, e) in graphs[0].row(i).1.iter().zip(book) {
                assert!(close::<f32>(&metric, d, 100.0, v.to_f64(), e), "{metric}: {v} is not {e}");
            }
        }
    }
}

/// Values that follow from the formulas by hand.
#[test]
fn closed_forms() {
    let is = |metric: &Metric, a: &[f64], b: &[f64], expected: f64| {
        let found = metric.distance(a, b).unwrap();
        assert!(
            (found - expected).abs() <= 4.0 * f64::EPSILON * expected.max(1.0),
            "{metric}: {found} is not {expected}"
        );
    };
    let (a, b) = (&[1.0, 2.0, 0.0][..], &[4.0, -2.0, 0.0][..]);
    is(&Metric::Euclidean, a, b, 5.0);
    is(&Metric::SqEuclidean, a, b, 25.0);
    is(&Metric::Manhattan, a, b, 7.0);
    is(&Metric::Chebyshev, a, b, 4.0);
    is(&Metric::minkowski(3.0), a, b, 91f64.cbrt());
    is(&Metric::Minkowski { p: 1.0, weights: Some([2.0, 0.5, 7.0].into()) }, a, b, 8.0);
    is(&Metric::SEuclidean { variances: Some([9.0, 4.0, 1.0].into()) }, a, b, 5f64.sqrt());
    let form = [2.0, 0.5, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 1.0];
    // The difference (-3, 4): 2·9 + 16 - 12 = 22.
    is(&Metric::Mahalanobis { inverse_covariance: Some(form.into()) }, a, b, 22f64.sqrt());
    is(&Metric::Cosine, &[1.0, 0.0], &[1.0, 1.0], 1.0 - 0.5f64.sqrt());
    is(&Metric::Correlation, &[1.0, 2.0, 3.0], &[5.0, 4.0, 3.0], 2.0);
    is(&Metric::SpearmanR, &[1.0, 5.0, 100.0], &[0.1, 0.2, 0.3], 0.0);
    // One swap of neighbors among four: 1 - (1 - 6·2 / (4·15)) = 0.2.
    is(&Metric::SpearmanR, &[1.0, 2.0, 3.0, 4.0], &[10.0, 30.0, 20.0, 40.0], 0.2);
    is(&Metric::Hamming, a, b, 2.0 / 3.0);
    is(&Metric::Canberra, a, b, 3.0 / 5.0 + 1.0);
    is(&Metric::BrayCurtis, &[1.0, 2.0], &[3.0, 6.0], 0.5);
    is(&Metric::Dot, &[0.6, 0.8], &[1.0, 0.0], 0.4);
    // tt, tf, ft, ff = 1, 2, 1, 1.
    let (x, y) = (&[1.0, -3.0, 2.0, 0.0, 0.0][..], &[7.0, 0.0, 0.0, 0.5, 0.0][..]);
    is(&Metric::Jaccard, x, y, 3.0 / 4.0);
    is(&Metric::Dice, x, y, 3.0 / 5.0);
    is(&Metric::RogersTanimoto, x, y, 6.0 / 8.0);
    is(&Metric::SokalMichener, x, y, 6.0 / 8.0);
    is(&Metric::RussellRao, x, y, 4.0 / 5.0);
    is(&Metric::SokalSneath, x, y, 6.0 / 7.0);
    is(&Metric::Yule, x, y, 4.0 / 3.0);
    // From the pole to the equator, and a quarter around it.
    let right = std::f64::consts::FRAC_PI_2;
    is(&Metric::Haversine, &[right, 1.0], &[0.0, -2.0], right);
    is(&Metric::Haversine, &[0.0, 0.25], &[0.0, 0.25 + right], right);
    is(&Metric::Hellinger, &[2.0, 2.0, 0.0], &[0.0, 3.0, 0.0], (1.0 - 0.5f64.sqrt()).sqrt());
    is(&Metric::JensenShannon, &[1.0, 0.0], &[0.0, 5.0], 2f64.ln().sqrt());
    // With s added to each value, p = (1 + s) / (4 + 2 s) and q = 1 - p: (q - p) ln(q / p).
    let s = 1e-11;
    is(&Metric::SymmetricKl, &[1.0, 3.0], &[3.0, 1.0], 1.0 / (2.0 + s) * ((3.0 + s) / (1.0 + s)).ln());
}

/// Near distributions: `JS² -> Σ (δp)² / 8p`, half of whose digits a difference of entropies would lose.
#[test]
fn near_distributions_keep_their_digits() {
    let step = 1e-7;
    let x = [0.5f64, 0.5, 0.5 + step, 0.5 - step];
    let found = graph(&BruteForceSearch::new(Metric::JensenShannon), &x, 2, 1).row(0).1[0];
    let expected = (2.0 * step * step / (8.0 * 0.5)).sqrt();
    // The next term is smaller by step²; the step itself is known to 2^-53 / step.
    assert!((found / expected - 1.0).abs() < 1e-8, "{found} is not {expected}");
}

/// Rows of zeros, constant rows, equal rows.
#[test]
fn edges() {
    let zero = [0.0; 3];
    let some = [1.0, 0.0, 2.0];
    for (metric, both, one) in [
        (Metric::Cosine, 0.0, 1.0),
        (Metric::Correlation, 0.0, 1.0),
        (Metric::SpearmanR, 0.0, 1.0),
        (Metric::Hellinger, 0.0, 1.0),
        (Metric::JensenShannon, 0.0, 2f64.ln().sqrt()),
        (Metric::Jaccard, 0.0, 1.0),
        (Metric::Dice, 0.0, 1.0),
        (Metric::SokalSneath, 0.0, 1.0),
        (Metric::RussellRao, 1.0, 1.0),
        (Metric::Yule, 0.0, 0.0),
        (Metric::Canberra, 0.0, 2.0),
        (Metric::BrayCurtis, 0.0, 1.0),
    ] {
        let x = [zero, zero, some].concat();
        let found = graph(&BruteForceSearch::new(metric.clone()), &x, 3, 2);
        let (indices, distances) = found.row(0);
        assert_eq!(indices, [1, 2], "{metric}");
        assert!((distances[0] - both).abs() < 1e-15 && (distances[1] - one).abs() < 1e-15, "{metric}: {distances:?}");
        assert!((metric.distance(&zero, &some).unwrap() - one).abs() < 1e-15);
    }
    // The mean of a constant row is not exactly its value.
    let x = [[0.1; 3], [0.7; 3], [1.0, 2.0, 4.0]].concat();
    assert_eq!(graph(&ExactSearch::new(Metric::Correlation), &x, 3, 2).row(0), (&[1, 2][..], &[0.0, 1.0][..]));
}

/// Large powers and large values: no term may leave the range.
#[test]
fn minkowski_of_large_powers() {
    let x = [0.0f64, 0.0, 3e200, 4e200, 1e-200, 0.0];
    for p in [1.0, 7.0, 300.0, 1e6] {
        let found = graph(&BruteForceSearch::new(Metric::minkowski(p)), &x, 2, 2);
        let (indices, distances) = found.row(0);
        assert_eq!(indices, [2, 1]);
        let expected = 4e200 * (1.0 + 0.75f64.powf(p)).powf(1.0 / p);
        assert!((distances[0] / 1e-200 - 1.0).abs() < 1e-14 && (distances[1] / expected - 1.0).abs() < 1e-14, "{p}");
    }
}

#[test]
fn parameters_come_from_the_data() {
    let x = data::<f64>(&Metric::Euclidean, 12, 50, 3, false);
    let points = Rows::new(&x, 50, 3).unwrap();
    let mean = |j: usize| points.iter().map(|r| r[j]).sum::<f64>() / 50.0;
    let covariance =
        |i: usize, j: usize| points.iter().map(|r| (r[i] - mean(i)) * (r[j] - mean(j))).sum::<f64>() / 49.0;
    let Metric::SEuclidean { variances: Some(v) } = Metric::SEuclidean { variances: None }.resolve(points).unwrap()
    else {
        unreachable!()
    };
    // Sums of 50 terms in another order.
    (0..3).for_each(|j| assert!((v[j] / covariance(j, j) - 1.0).abs() < 1e-13));
    let none = Metric::Mahalanobis { inverse_covariance: None };
    let Metric::Mahalanobis { inverse_covariance: Some(m) } = none.resolve(points).unwrap() else { unreachable!() };
    for i in 0..3 {
        for j in 0..3 {
            let product: f64 = (0..3).map(|l| covariance(i, l) * m[l * 3 + j]).sum();
            // The covariance is well conditioned: three nearly independent columns.
            assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
        }
    }
    for metric in [none, Metric::SEuclidean { variances: None }] {
        let resolved = metric.resolve(points).unwrap();
        assert_eq!(
            graph(&ExactSearch::new(metric.clone()), &x, 3, 9),
            graph(&BruteForceSearch::new(resolved), &x, 3, 9)
        );
        assert!(metric.distance(&[1.0], &[2.0]).unwrap_err().to_string().contains("resolve"));
    }
    let metric = Metric::Mahalanobis { inverse_covariance: None };
    let flat: Vec<f64> = (0..20).flat_map(|i| [f64::from(i), 2.0 * f64::from(i)]).collect();
    let error = metric.resolve(Rows::new(&flat, 20, 2).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Numerical { .. }) && error.to_string().contains("PCA"), "{error}");
    let error = Metric::SEuclidean { variances: None }.resolve(Rows::new(&[1.0, 1.0], 2, 1).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Parameter { name: "variances", .. }), "{error}");
    let one = Metric::SEuclidean { variances: None }.resolve(Rows::new(&[1.0, 1.0], 1, 2).unwrap());
    assert_eq!(one, Err(Error::too_few_points(1, 2)));
    // Known to be singular before there is room for a matrix, which would take 320 GB here.
    let wide = vec![1.0f32; 400_000];
    let error = metric.resolve(Rows::new(&wide, 2, 200_000).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Numerical { .. }) && error.to_string().contains("2 points in 200000"), "{error}");
    let square = [1.0, 0.0, 0.0, 1.0];
    assert!(matches!(metric.resolve(Rows::new(&square, 2, 2).unwrap()), Err(Error::Numerical { .. })));
    let none: [f64; 0] = [];
    for metric in [metric.clone(), Metric::SEuclidean { variances: None }, Metric::Euclidean] {
        let error = metric.resolve(Rows::new(&none, 2, 0).unwrap()).unwrap_err();
        assert!(matches!(error, Error::Parameter { name: "d", .. }), "{error}");
    }
    // Squares that overflow are not called constant or dependent columns.
    let huge = [0.0, 0.0, 1.0, 1e200, 3.0, 3e200];
    let points = Rows::new(&huge, 3, 2).unwrap();
    let (pointers, columns) = ([0, 2, 4, 6], [0, 1, 0, 1, 0, 1]);
    let sparse = SparseRows::new(&pointers, &columns, &huge, 2).unwrap();
    let variances = Metric::SEuclidean { variances: None };
    for error in [metric.resolve(points), variances.resolve(points), variances.resolve(sparse)] {
        let text = error.unwrap_err().to_string();
        assert!(text.contains("column 1 overflow") && text.contains("divide the data"), "{text}");
    }
}

/// The sum of two finite numbers may overflow, the quotients do not.
#[test]
fn quotients_of_values_near_the_range() {
    let cx = Context::new();
    let large = f64::MAX;
    for (metric, a, b, expected) in [
        (Metric::BrayCurtis, 1.7e308, 1.6e308, 0.1 / 3.3),
        (Metric::Canberra, 1.7e308, 1.6e308, 0.1 / 3.3),
        (Metric::BrayCurtis, 1.7e308, -1.6e308, 33.0),
        (Metric::Canberra, 1.7e308, -1.6e308, 1.0),
        (Metric::Canberra, large, large, 0.0),
        (Metric::Canberra, 5e-324, 0.0, 1.0),
    ] {
        let x = [a, b];
        let dense = ExactSearch::new(metric.clone()).build(Rows::new(&x, 2, 1).unwrap().into(), cx).unwrap();
        let sparse = SparseRows::new(&[0, 1, 2], &[0, 0], &x, 1).unwrap();
        let sparse = ExactSearch::new(metric.clone()).build(sparse.into(), cx).unwrap();
        for found in [
            metric.distance(&[a], &[b]).unwrap(),
            dense.knn_graph(k(1), cx).unwrap().distances()[0],
            sparse.knn_graph(k(1), cx).unwrap().distances()[1],
        ] {
            // 1.7e308 - 1.6e308 magnifies the rounding of its terms by 33.
            assert!((found - expected).abs() <= 1e-14 * expected, "{metric}: {found} is not {expected}");
        }
    }
    // Too many such columns are an error, not a distance of 0.
    let (a, b) = ([1.7e308; 3], [1.6e308; 3]);
    assert!(matches!(Metric::BrayCurtis.distance(&a, &b), Err(Error::Invalid { what: "distance", .. })));
    let x = [a, b].concat();
    let index = ExactSearch::new(Metric::BrayCurtis).build(Rows::new(&x, 2, 3).unwrap().into(), cx).unwrap();
    assert!(matches!(index.knn_graph(k(1), cx), Err(Error::Invalid { what: "distance", .. })));
}

/// Of several pairs without a distance one of the first block is named, whichever thread meets which first.
#[test]
fn the_same_bad_pair_is_named() {
    let bad = Metric::function(|a, b| if a[0].min(b[0]) >= 700.0 { f64::NAN } else { (a[0] - b[0]).abs() });
    let x: Vec<f64> = (0..900).map(f64::from).collect();
    let index = BruteForceSearch::new(bad).build(Rows::new(&x, 900, 1).unwrap().into(), Context::new()).unwrap();
    for threads in [1, 2, 7] {
        let error = in_pool(threads, || index.knn_graph(k(3), Context::new()).unwrap_err().to_string());
        assert!(error.contains("from row 700 to point 701 it is NaN"), "{error}");
    }
}

#[test]
fn every_name_parses() {
    let minkowski = Metric::minkowski(2.0);
    let seuclidean = Metric::SEuclidean { variances: None };
    for (names, metric) in [
        ("euclidean l2", Metric::Euclidean),
        ("sqeuclidean", Metric::SqEuclidean),
        ("manhattan l1 taxicab cityblock", Metric::Manhattan),
        ("chebyshev linfinity linfty linf infinity", Metric::Chebyshev),
        ("minkowski p minkowski:p=2 p:p=2.0", minkowski),
        ("minkowski:p=1.5", Metric::minkowski(1.5)),
        ("seuclidean standardised_euclidean", seuclidean),
        ("mahalanobis", Metric::Mahalanobis { inverse_covariance: None }),
        ("cosine", Metric::Cosine),
        ("correlation", Metric::Correlation),
        ("hamming matching", Metric::Hamming),
        ("jaccard", Metric::Jaccard),
        ("dice", Metric::Dice),
        ("rogerstanimoto", Metric::RogersTanimoto),
        ("russellrao", Metric::RussellRao),
        ("sokalmichener", Metric::SokalMichener),
        ("sokalsneath", Metric::SokalSneath),
        ("yule", Metric::Yule),
        ("canberra", Metric::Canberra),
        ("braycurtis", Metric::BrayCurtis),
        ("haversine", Metric::Haversine),
        ("hellinger", Metric::Hellinger),
        ("dot ip", Metric::Dot),
        ("jensenshannon jensen-shannon jensen_shannon", Metric::JensenShannon),
        ("symmetric-kl symmetric_kl symmetric_kullback_liebler", Metric::SymmetricKl),
        ("spearmanr", Metric::SpearmanR),
        ("precomputed", Metric::Precomputed),
    ] {
        for name in names.split(' ') {
            assert_eq!(name.parse::<Metric>().unwrap(), metric, "{name}");
        }
        assert_eq!(metric.to_string().parse::<Metric>().unwrap(), metric);
    }
    for wrong in ["", "Euclidian", "euclidean:p=2", "minkowski:", "minkowski:w=2", "function"] {
        let error = wrong.parse::<Metric>().unwrap_err();
        assert!(matches!(error, Error::Parameter { name: "metric", .. }));
        assert!(
            error.to_string().contains(&format!("{wrong:?}")) && error.to_string().contains("cityblock"),
            "{error}"
        );
    }
    for wrong in ["minkowski:p=x", "minkowski:p=0.5", "minkowski:p=nan", "minkowski:p=inf"] {
        assert!(matches!(wrong.parse::<Metric>(), Err(Error::Parameter { name: "p", .. })), "{wrong}");
    }
}

/// The error of building every search, which must be one.
#[track_caller]
fn build_error(metric: &Metric, x: &[f64], d: usize) -> Error {
    let points = Rows::new(x, x.len() / d, d).unwrap();
    let errors: Vec<Error> = [
        Box::new(BruteForceSearch::new(metric.clone())) as Box<dyn NeighborSearch<f64>>,
        Box::new(ExactSearch::new(metric.clone())),
    ]
    .iter()
    .map(|search| search.build(points.into(), Context::new()).map(|_| ()).unwrap_err())
    .collect();
    assert_eq!(errors[0], errors[1]);
    errors[0].clone()
}

#[test]
fn errors_say_what_to_do() {
    let x = [0.5, -0.5, 0.25, 3.0, 1.0, 0.0];
    let weights = |w: &[f64]| Metric::Minkowski { p: 2.0, weights: Some(w.into()) };
    for (metric, d, words) in [
        (Metric::minkowski(0.5), 2, "at least 1"),
        (Metric::minkowski(f64::INFINITY), 2, "chebyshev"),
        (weights(&[1.0]), 2, "weights has length 1"),
        (weights(&[1.0, 0.0]), 2, "0 for column 1"),
        (Metric::SEuclidean { variances: Some([f64::NAN, 1.0].into()) }, 2, "NaN for column 0"),
        (Metric::Mahalanobis { inverse_covariance: Some([1.0; 3].into()) }, 2, "has length 3, but 4"),
        (Metric::Mahalanobis { inverse_covariance: Some([1.0, 2.0, 3.0, 4.0].into()) }, 2, "symmetric"),
        (Metric::Mahalanobis { inverse_covariance: Some([1.0, 2.0, 2.0, 1.0].into()) }, 2, "not positive definite"),
        (Metric::Haversine, 3, "latitude and longitude"),
        (Metric::Haversine, 2, ""),
        (Metric::Hellinger, 2, "row 0 has the value -0.5"),
        (Metric::JensenShannon, 2, "no value may be negative"),
        (Metric::SymmetricKl, 2, "row 0"),
        (Metric::Dot, 2, "row 1 has length 3.01"),
    ] {
        if words.is_empty() {
            // Degrees.
            let error = build_error(&metric, &[0.1, 0.2, 51.5, -0.1], d);
            assert!(error.to_string().contains("row 1 has the latitude 51.5"), "{error}");
            continue;
        }
        let error = build_error(&metric, &x, d);
        assert!(error.to_string().contains(words), "{metric}: {error}");
    }
    let cx = Context::new();
    let points = Rows::new(&x, 3, 2).unwrap();
    for metric in [Metric::Manhattan, Metric::Function(DistanceFunction::new(|_, _| 1.0))] {
        let error =
            NeighborSearch::<f64>::build(&KdTreeSearch::new(metric), points.into(), cx).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("VpTreeSearch"), "{error}");
    }
    // Rows that differ while their sum vanishes.
    let opposite = [1.0, -1.0, -1.0, 1.0, 5.0, 5.0];
    let index =
        BruteForceSearch::new(Metric::BrayCurtis).build(Rows::new(&opposite, 3, 2).unwrap().into(), cx).unwrap();
    let error = index.knn_graph(k(1), cx).unwrap_err();
    assert!(error.to_string().contains("from row 0 to point 1 it is inf"), "{error}");
    assert!(Metric::BrayCurtis.distance(&opposite[..2], &opposite[2..4]).is_err());
    // Queries are checked as points are.
    let good = [0.5, 0.5, 0.25, 0.75];
    for metric in [Metric::Hellinger, Metric::JensenShannon, Metric::Dot] {
        let index = ExactSearch::new(metric).build(Rows::new(&good, 2, 2).unwrap().into(), cx).unwrap();
        let bad = Rows::new(&[0.5, 0.5, -3.0, 0.0], 2, 2).unwrap();
        assert!(index.knn(bad.into(), k(1), cx).unwrap_err().to_string().contains("row 1"));
        let nan = Rows::new(&[f64::NAN, 0.5], 1, 2).unwrap();
        assert!(matches!(index.knn(nan.into(), k(1), cx), Err(Error::NonFinite { row: 0, column: 0, .. })));
        let long = Rows::new(&good, 1, 4).unwrap();
        assert!(matches!(index.knn(long.into(), k(1), cx), Err(Error::Shape { .. })));
        assert!(matches!(index.knn(Rows::new(&good, 2, 2).unwrap().into(), k(3), cx), Err(Error::Parameter { .. })));
        assert!(matches!(index.knn_graph(k(2), cx), Err(Error::Parameter { name: "k", .. })));
    }
    assert!(matches!(Metric::Cosine.distance(&[1.0], &[1.0, 2.0]), Err(Error::Shape { .. })));
    assert!(matches!(Metric::Cosine.distance(&[1.0], &[f64::NAN]), Err(Error::NonFinite { row: 1, .. })));
    // Squares of these would overflow f32, lengths would not.
    let large = [0.0f32, 0.0, 1e20, 0.0];
    let large = Rows::new(&large, 2, 2).unwrap();
    assert!(ExactSearch::new(Metric::Euclidean).build(large.into(), cx).is_ok());
    let error = ExactSearch::new(Metric::SqEuclidean).build(large.into(), cx).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("overflow f32"), "{error}");
}

#[test]
fn functions() {
    let x = data::<f32>(&Metric::Manhattan, 8, 700, 3, true);
    let manhattan = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum());
    // Sums of three small integers are exact in any order.
    let expected = graph(&BruteForceSearch::new(Metric::Manhattan), &x, 3, 12);
    assert_eq!(graph(&BruteForceSearch::new(manhattan.clone()), &x, 3, 12), expected);
    assert_eq!(graph(&ExactSearch::new(manhattan.clone()), &x, 3, 12), expected);
    assert_eq!(graph(&VpTreeSearch::new(manhattan.clone()), &x, 3, 12), expected);
    assert_eq!(manhattan, manhattan.clone());
    assert_ne!(manhattan, Metric::function(|_, _| 0.0));
    assert_eq!(manhattan.to_string(), "function");
    assert!(format!("{manhattan:?}").contains("DistanceFunction"));

    let cx = Context::new();
    let x: Vec<f64> = (0..100).map(f64::from).collect();
    let points = Rows::new(&x, 100, 1).unwrap();
    for (bad, shown) in [(f64::NAN, "NaN"), (-1.0, "-1"), (f64::INFINITY, "inf")] {
        let f = Metric::function(move |a, b| if (a[0], b[0]) == (40.0, 70.0) { bad } else { (a[0] - b[0]).abs() });
        for threads in [1, 2, 7] {
            let error = in_pool(threads, || {
                ExactSearch::new(f.clone()).build(points.into(), cx).unwrap().knn_graph(k(5), cx).unwrap_err()
            });
            assert!(matches!(error, Error::Invalid { what: "distance", .. }));
            assert!(error.to_string().contains(&format!("from row 40 to point 70 it is {shown}")), "{error}");
        }
        assert!(f.distance(&[40.0], &[70.0]).is_err());
    }
    // What a point is from itself does not matter.
    let f = Metric::function(|a, b| if a == b { f64::NAN } else { (a[0] - b[0]).abs() });
    assert_eq!(graph(&ExactSearch::new(f.clone()), &x, 1, 2).row(0), (&[1, 2][..], &[1.0, 2.0][..]));
    let far = Metric::function(|a, b| if a == b { 1e9 } else { (a[0] - b[0]).abs() });
    let expected = graph(&ExactSearch::new(Metric::Manhattan), &x, 1, 2);
    assert_eq!(graph(&VpTreeSearch::new(f), &x, 1, 2), expected);
    assert_eq!(graph(&VpTreeSearch::new(far), &x, 1, 2), expected);
    // -0 is 0: ties go by index.
    let f = Metric::function(|a, _| if a[0] > 0.0 { -0.0 } else { 0.0 });
    assert_eq!(graph(&ExactSearch::new(f), &x, 1, 3).row(50).0, [0, 1, 2]);
}

/// A matrix of Manhattan distances gives the graph of the points.
#[test]
fn precomputed_distances() {
    let cx = Context::new();
    let (n, d) = (130, 4);
    let x = data::<f64>(&Metric::Manhattan, 2, n, d, true);
    let points = Rows::new(&x, n, d).unwrap();
    let l1 = |a: &[f64], b: &[f64]| Metric::Manhattan.distance(a, b).unwrap();
    let mut matrix: Vec<f64> = (0..n * n).map(|at| l1(points.row(at / n), points.row(at % n))).collect();
    (0..n).for_each(|i| matrix[i * n + i] = f64::NAN);
    let index = ExactSearch::new(Metric::Precomputed).build(Rows::new(&matrix, n, n).unwrap().into(), cx).unwrap();
    let direct = ExactSearch::new(Metric::Manhattan).build(points.into(), cx).unwrap();
    assert_eq!(index.shape(), (n, n));
    assert_eq!(index.knn_graph(k(17), cx).unwrap(), direct.knn_graph(k(17), cx).unwrap());
    let new = Rows::new(&x[5..5 + 20 * d], 20, d).unwrap();
    let mut between: Vec<f64> = (0..20 * n).map(|at| l1(new.row(at / n), points.row(at % n))).collect();
    let found = index.knn(Rows::new(&between, 20, n).unwrap().into(), k(9), cx).unwrap();
    assert_eq!(found, direct.knn(new.into(), k(9), cx).unwrap());

    between[3 * n + 2] = -1.0;
    let error = index.knn(Rows::new(&between, 20, n).unwrap().into(), k(9), cx).unwrap_err();
    assert!(error.to_string().contains("row 3, column 2 is -1"), "{error}");
    assert!(matches!(index.knn(points.into(), k(9), cx), Err(Error::Shape { .. })));
    assert!(matches!(build_error(&Metric::Precomputed, &x, d), Error::Shape { .. }));
    assert!(build_error(&Metric::Precomputed, &[0.0, f64::NAN, 1.0, 0.0], 2).to_string().contains("column 1 is NaN"));
    let tree = VpTreeSearch::new(Metric::Precomputed).build(Rows::new(&[0.0], 1, 1).unwrap().into(), cx);
    assert!(matches!(tree.map(|_| ()), Err(Error::Parameter { name: "metric", .. })));
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let d = 6;
    let f = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs().sqrt()).sum());
    let none = Metric::Mahalanobis { inverse_covariance: None };
    for metric in all(d).into_iter().chain([f, none, Metric::SEuclidean { variances: None }]) {
        let x = data::<f64>(&metric, 77, 300, d, false);
        let run = |threads| {
            in_pool(threads, || searches::<f64>(&metric, d).iter().map(|s| graph(&**s, &x, d, 8)).collect::<Vec<_>>())
        };
        let one = run(1);
        assert!(run(2) == one && run(7) == one, "{metric}");
    }
}

#[test]
fn the_scan_cancels() {
    let token = CancelToken::new();
    let cx = Context::new().with_cancel(&token);
    let x = data::<f64>(&Metric::Canberra, 1, 200, 12, false);
    let points = Rows::new(&x, 200, 12).unwrap();
    let search = ExactSearch::new(Metric::Canberra);
    let index = search.build(points.into(), cx).unwrap();
    let tree = VpTreeSearch::new(Metric::Canberra).build(points.into(), cx).unwrap();
    token.cancel();
    for index in [index, tree] {
        assert_eq!(index.knn_graph(k(3), cx), Err(Error::Cancelled));
        assert_eq!(index.knn(points.into(), k(3), cx), Err(Error::Cancelled));
    }
    assert!(matches!(NeighborSearch::<f64>::build(&search, points.into(), cx).map(|_| ()), Err(Error::Cancelled)));
}

#[test]
fn values_are_shared_between_threads() {
    fn auto<X: Send + Sync + Clone + std::fmt::Debug>() {}
    auto::<Metric>();
    auto::<DistanceFunction>();
    auto::<VpTreeSearch>();
    assert_eq!(Metric::default(), Metric::Euclidean);
}
