//! Data far from the origin: what they have in common does not cost the digits in which they differ.

use crate::common::{bits, blobs};
use proptest::prelude::*;
use tsne::metrics::{self, label_agreement, neighbor_recall};
use tsne::{Context, Dataset, Embedding, Error, Metric, NewPoints, Points, Rows, Translation, Tsne, Warning};

fn short(perplexity: f64) -> Tsne<f32, 2> {
    Tsne::builder().perplexity(perplexity).n_iter(120).build().unwrap()
}

fn moved(x: &[f64], offset: f64) -> Vec<f64> {
    x.iter().map(|v| v + offset).collect()
}

/// Time stamps in two groups: rounded to `f32`, all of them would be one of two or three numbers.
#[test]
fn two_groups_of_time_stamps_stay_apart() {
    let n = 120;
    let value = |i: usize, c: usize| 1.7e9 + (i % 2 * 4000) as f64 + ((i * 7 + c * 3) % 23) as f64 * 0.5;
    let x: Vec<f64> = (0..3 * n).map(|at| value(at / 3, at % 3)).collect();
    let labels: Vec<usize> = (0..n).map(|i| i % 2).collect();
    let rows = Rows::new(&x, n, 3).unwrap();
    let data = Dataset::<f32>::from_f64(rows, &Metric::Euclidean).unwrap();
    let embedding = short(10.0).fit(data).unwrap();
    assert_eq!(label_agreement(embedding.positions(), &labels, 10).unwrap(), 1.0);
    assert!(!embedding.warnings().iter().any(|warning| matches!(warning, Warning::Offset { .. })));
    // The same, rounded as they are: the warning says what is wrong.
    let rounded: Vec<f32> = x.iter().map(|v| *v as f32).collect();
    let embedding = short(10.0).fit(Rows::new(&rounded, n, 3).unwrap()).unwrap();
    let warning = embedding.warnings().iter().find(|warning| matches!(warning, Warning::Offset { column: 0, .. }));
    assert!(warning.unwrap().to_string().contains("f32"), "{:?}", embedding.warnings());
}

/// The neighbors of points at any offset are those without: by the search, and by all measures that read coordinates.
#[test]
fn recall_does_not_depend_on_the_offset() {
    let (n, d) = (600, 8);
    let (x, _) = blobs::<f64>(n, d, 5);
    let near = Dataset::<f32>::from_f64(Rows::new(&x, n, d).unwrap(), &Metric::Euclidean).unwrap();
    assert_eq!(near.offset(), None);
    let map = short(20.0).fit(near.clone()).unwrap();
    let y = map.positions();
    let measures = |data: &Dataset<'_, f32>| {
        let points = data.points().unwrap();
        let recall = neighbor_recall(points, y, 10).unwrap();
        (recall, metrics::trustworthiness(points, y, 10).unwrap(), metrics::spearman(points, y, 300, 1).unwrap())
    };
    let without = measures(&near);
    for offset in [1e6, 1e7, 1e8] {
        let far = moved(&x, offset);
        let far = Dataset::<f32>::from_f64(Rows::new(&far, n, d).unwrap(), &Metric::Euclidean).unwrap();
        assert!(far.offset().unwrap().iter().all(|o| (o - offset).abs() < 10.0), "{:?}", far.offset());
        let with = measures(&far);
        // Rounded elsewhere in the last of 24 bits: ties of neighbors may turn out differently.
        assert!((with.0 - without.0).abs() <= 2.0 / (10.0 * n as f64), "{offset:e}: {with:?} {without:?}");
        assert!(
            (with.1 - without.1).abs() < 1e-5 && (with.2 - without.2).abs() < 1e-5,
            "{offset:e}: {with:?} {without:?}"
        );
    }
}

/// Whole numbers, which no rounding touches: the affinities are the same to the bit, whatever the (whole) offset, by every metric
/// that does not mind.
#[test]
fn metrics_that_do_not_mind_give_the_same_affinities() {
    let (n, d) = (90, 4);
    let x: Vec<f64> = (0..n * d).map(|at| ((at * at + 3 * (at / 7)) % 37) as f64).collect();
    let far = moved(&x, 1_700_000_000.0);
    let metrics = [
        Metric::Euclidean,
        Metric::SqEuclidean,
        Metric::Manhattan,
        Metric::Chebyshev,
        Metric::minkowski(3.0),
        Metric::SEuclidean { variances: None },
        Metric::Mahalanobis { inverse_covariance: None },
        Metric::Hamming,
        Metric::Correlation,
        Metric::SpearmanR,
    ];
    for metric in metrics {
        assert_ne!(metric.translation(), Translation::None, "{metric}");
        let tsne = Tsne::<f32, 2>::builder().metric(metric.clone()).perplexity(10.0).build().unwrap();
        let weights = |x: &[f64]| {
            let data = Dataset::from_f64(Rows::new(x, n, d).unwrap(), &metric).unwrap();
            let index = tsne.affinities(data).unwrap();
            assert!(!index.warnings().iter().any(|w| matches!(w, Warning::Offset { .. })), "{metric}");
            (index.affinities().columns().to_vec(), index.affinities().weights().to_vec())
        };
        let (near, far) = (weights(&x), weights(&far));
        assert_eq!(near.0, far.0, "{metric}");
        let differ = near.1.iter().zip(&far.1).map(|(a, b)| (a - b).abs() / a.max(*b)).fold(0.0, f32::max);
        assert!(differ < 1e-4, "{metric}: {differ}");
    }
}

#[test]
fn metrics_that_mind_are_left_alone_and_say_so() {
    let (n, d) = (90, 4);
    let x: Vec<f64> = (0..n * d).map(|at| 1.7e9 + ((at * at) % 37) as f64).collect();
    for metric in [Metric::Cosine, Metric::Canberra, Metric::BrayCurtis, Metric::function(|a, b| (a[0] - b[0]).abs())] {
        let data = Dataset::<f32>::from_f64(Rows::new(&x, n, d).unwrap(), &metric).unwrap();
        assert_eq!(data.offset(), None, "{metric}");
        let tsne = Tsne::<f32, 2>::builder().metric(metric.clone()).perplexity(10.0).build().unwrap();
        let index = tsne.affinities(data).unwrap();
        assert!(
            index.warnings().iter().any(|w| matches!(w, Warning::Offset { .. })),
            "{metric}: {:?}",
            index.warnings()
        );
    }
}

/// In `f32` from the start: differences of neighbors are exact there, so an offset that rounds nothing changes nothing, neither
/// the affinities nor the principal components.
#[test]
fn an_offset_within_f32_changes_no_bit() {
    let (n, d) = (150, 5);
    let x: Vec<f32> = (0..n * d).map(|at| ((at * at + 5 * (at / 11)) % 64) as f32 * 0.25).collect();
    let pca = Tsne::<f32, 2>::builder().perplexity(10.0).initialization("pca").build().unwrap();
    for offset in [1_048_576.0f32, 2_097_152.0] {
        let far: Vec<f32> = x.iter().map(|v| v + offset).collect();
        let maps = [&x, &far].map(|x| pca.prepare_initial(Rows::new(x, n, d).unwrap()).unwrap());
        assert_eq!(maps[0].affinities(), maps[1].affinities());
        let largest = maps[0].positions().as_flattened().iter().fold(0.0f32, |a, v| a.max(v.abs()));
        for (a, b) in maps[0].positions().as_flattened().iter().zip(maps[1].positions().as_flattened()) {
            assert!((a - b).abs() <= 1e-5 * largest, "{a} {b}");
        }
    }
}

/// New points are moved as the fitted ones were; a saved model remembers.
#[test]
fn new_points_and_saved_models_know_the_offset() {
    let (n, d) = (200, 6);
    let (x, _) = blobs::<f64>(n, d, 9);
    let far = moved(&x, 1e8);
    let (fitted, new) = far.split_at(150 * d);
    let data = Dataset::<f32>::from_f64(Rows::new(fitted, 150, d).unwrap(), &Metric::Euclidean).unwrap();
    let embedding = short(15.0).fit(data).unwrap();
    let new = Rows::new(new, 50, d).unwrap();
    let placed = embedding.transform(NewPoints::from_f64(new)).unwrap();
    // The nearest fitted points, found in double precision.
    let mut kept = 0;
    let index = embedding.affinity_index().to_new(NewPoints::from_f64(new), None, Context::new()).unwrap();
    let graph = index.graph.unwrap();
    for i in 0..50 {
        let distance = |j: usize| -> f64 { (0..d).map(|c| (new.row(i)[c] - fitted[j * d + c]).powi(2)).sum() };
        let nearest = (0..150).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap();
        kept += usize::from(graph.row(i).0[0] as usize == nearest);
    }
    assert_eq!(kept, 50);

    let path = tempfile::tempdir().unwrap();
    let path = path.path().join("model");
    embedding.save(&path).unwrap();
    let loaded = Embedding::<f32, 2>::load(&path).unwrap();
    let again = loaded.transform(NewPoints::from_f64(new)).unwrap();
    assert_eq!(bits(again.positions()), bits(placed.positions()));
    // Points in f32 are moved, too, as good as they are.
    let narrow: Vec<f32> = (0..50 * d).map(|at| new.row(at / d)[at % d] as f32).collect();
    assert!(loaded.transform(Rows::new(&narrow, 50, d).unwrap()).is_ok());
    let wrong = loaded.transform(NewPoints::from_f64(Rows::new(&[0.0; 7], 1, 7).unwrap()));
    assert!(matches!(wrong.unwrap_err(), Error::Shape { .. }));
}

#[test]
fn what_is_too_large_for_the_number_type_is_an_error() {
    let x = [0.0, 1.0, 2.0, 1e300];
    let error = Dataset::<f32>::from_f64(Rows::new(&x, 4, 1).unwrap(), &Metric::Euclidean).unwrap_err();
    assert!(error.to_string().contains("row 3") && error.to_string().contains("f32"), "{error}");
    assert!(Dataset::<f64>::from_f64(Rows::new(&x, 4, 1).unwrap(), &Metric::Euclidean).is_ok());
    let error = Dataset::<f32>::from_f64(Rows::new(&[0.0, f64::NAN], 2, 1).unwrap(), &Metric::Euclidean);
    assert!(matches!(error.unwrap_err(), Error::NonFinite { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the values and offsets: what is stored, and what was subtracted, is the data to the rounding of `f32` at the distance
    /// from the offset, and no worse than plain rounding.
    #[test]
    fn stored_values_and_offset_are_the_data(
        values in prop::collection::vec(-1e6f64..1e6, 6..60),
        exponents in prop::collection::vec(0i32..12, 3),
        signs in prop::collection::vec(any::<bool>(), 3),
    ) {
        let n = values.len() / 3;
        let offset = |c: usize| if signs[c] { 1.0 } else { -1.0 } * 10f64.powi(exponents[c]);
        let x: Vec<f64> = values[..3 * n].iter().enumerate().map(|(at, v)| v * 1e-3 + offset(at % 3)).collect();
        let rows = Rows::new(&x, n, 3).unwrap();
        let data = Dataset::<f32>::from_f64(rows, &Metric::Manhattan).unwrap();
        let zero = [0.0; 3];
        let moved = data.offset().unwrap_or(&zero);
        let Points::Dense(stored) = data.points().unwrap() else { unreachable!() };
        for i in 0..n {
            for c in 0..3 {
                let (given, stored) = (x[3 * i + c], f64::from(stored.row(i)[c]));
                let error = (stored + moved[c] - given).abs();
                // Half a unit in the last place, and the rounding of the sums in f64.
                let bound = 6e-8 * (given - moved[c]).abs() + 1e-15 * given.abs();
                prop_assert!(error <= bound, "{given} as {stored} + {}", moved[c]);
            }
        }
    }
}

/// Angles are from the origin, which was moved away: the fit would be of other data.
#[test]
fn data_moved_for_one_metric_are_refused_by_another_that_minds() {
    let (n, d) = (60, 5);
    let (x, _) = blobs::<f64>(n, d, 7);
    let far = moved(&x, 1e6);
    let rows = Rows::new(&far, n, d).unwrap();
    let data = |metric: &Metric| Dataset::<f32>::from_f64(rows, metric).unwrap();
    let fit = |data: Dataset<'static, f32>, metric: &Metric| {
        Tsne::<f32, 2>::builder().perplexity(5.0).n_iter(5).metric(metric.clone()).build().unwrap().fit(data).map(drop)
    };
    // Each column less its own number: angles and ranks are others.
    for metric in [Metric::Cosine, Metric::Correlation, Metric::Canberra] {
        let error = fit(data(&Metric::Euclidean), &metric).unwrap_err();
        assert!(matches!(error, Error::Parameter { name: "metric", .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(&metric.to_string()) && message.contains("from_f64"), "{message}");
        fit(data(&metric), &metric).unwrap();
    }
    fit(data(&Metric::Correlation), &Metric::Euclidean).unwrap();
    fit(data(&Metric::Euclidean), &Metric::Manhattan).unwrap();
}
