//! Parameters and warnings in documents.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};
use std::fmt::Debug;
use std::num::NonZeroUsize;
use tsne_affinity::{
    ApproximateSearch, AutoSearch, Calibration, ExactSearch, FixedSigma, Metric, NeighborDescent, PerplexityAffinity,
    Symmetrization, Uniform, Warning, calibrate_row,
};

/// The document of a value, from which the value comes back.
#[track_caller]
fn document<V: Serialize + DeserializeOwned + PartialEq + Debug>(value: &V) -> Value {
    let document = to_value(value).unwrap();
    assert_eq!(&from_value::<V>(document.clone()).unwrap(), value, "{document}");
    document
}

#[track_caller]
fn refused<V: DeserializeOwned + Debug>(document: Value, why: &str) {
    let error = from_value::<V>(document).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn a_metric_is_its_name_or_its_name_with_numbers() {
    assert_eq!(document(&Metric::Cosine), "cosine");
    assert_eq!(document(&Metric::SEuclidean { variances: None }), "seuclidean");
    assert_eq!(document(&Metric::minkowski(1.5)), "minkowski:p=1.5");
    assert_eq!(from_value::<Metric>(json!("l1")).unwrap(), Metric::Manhattan);
    let weighted = Metric::Minkowski { p: 3.0, weights: Some([1.0, 0.5].into()) };
    assert_eq!(document(&weighted), json!({"minkowski": {"p": 3.0, "weights": [1.0, 0.5]}}));
    let variances = Metric::SEuclidean { variances: Some([1.0, f64::INFINITY].into()) };
    assert_eq!(document(&variances), json!({"seuclidean": {"variances": [1.0, "inf"]}}));
    assert!(variances.check(2).is_err());
    document(&Metric::Mahalanobis { inverse_covariance: Some([1.0, 0.0, 0.0, 1.0].into()) });
    refused::<Metric>(json!("beeline"), "metric is \"beeline\", but must be one of euclidean");
    refused::<Metric>(json!({"minkowski": {"p": 3.0, "weight": [1.0]}}), "unknown field `weight`");
    refused::<Metric>(json!({"cosine": {}}), "unknown variant `cosine`");
    let own = to_value(Metric::function(|_, _| 0.0)).unwrap_err();
    assert!(own.to_string().starts_with("metric is code of your own"), "{own}");
}

#[test]
fn models_are_read_with_the_checks_of_their_constructors() {
    let k = NonZeroUsize::new(20).unwrap();
    let model = PerplexityAffinity::multiscale(&[30.0, 5.0]).unwrap();
    let model = model.with_neighbors(k).with_symmetrization(Symmetrization::None);
    let expected =
        json!({"perplexities": [5.0, 30.0], "k_neighbors": 20, "multiscale": true, "symmetrization": "none"});
    assert_eq!(document(&model), expected);
    let short: PerplexityAffinity = from_value(json!({"perplexities": [50, 5]})).unwrap();
    assert_eq!(short, PerplexityAffinity::mixture(&[5.0, 50.0]).unwrap());
    refused::<PerplexityAffinity>(json!({"perplexities": []}), "perplexities is empty");
    refused::<PerplexityAffinity>(json!({"perplexities": ["NaN"]}), "NaN");
    refused::<PerplexityAffinity>(json!({"perplexities": [5.0], "k_neighbors": 0}), "nonzero");
    refused::<PerplexityAffinity>(json!({"perplexity": 5.0}), "unknown field `perplexity`");
    let fixed = FixedSigma::new(2.0).unwrap().with_neighbors(k).with_symmetrization(Symmetrization::Max);
    assert_eq!(document(&fixed), json!({"sigma": 2.0, "k_neighbors": 20, "symmetrization": "max"}));
    assert_eq!(from_value::<FixedSigma>(json!({"sigma": 2})).unwrap(), FixedSigma::new(2.0).unwrap());
    refused::<FixedSigma>(json!({"sigma": 0.0}), "sigma is 0, but must be positive");
    refused::<FixedSigma>(json!({}), "missing field `sigma`");
    document(&Uniform::new(k).with_symmetrization(Symmetrization::Mean));
    assert_eq!(from_value::<Uniform>(json!({})).unwrap(), Uniform::default());
    refused::<Uniform>(json!({"symmetrization": "both"}), "one of mean, max and none");
}

#[test]
fn searches_come_back_and_may_be_some_fields_only() {
    document(&ExactSearch::new(Metric::Cosine));
    document(&AutoSearch::new(Metric::Manhattan, 7));
    document(&ApproximateSearch::new(Metric::Dot).with_seed(3).with_recall(0.9).with_clusters(Some(5)));
    let some = json!({"metric": "l1", "descent": {"trees": 4}});
    let mut expected = ApproximateSearch::new(Metric::Manhattan);
    expected.descent = NeighborDescent::default().with_trees(4);
    assert_eq!(from_value::<ApproximateSearch>(some).unwrap(), expected);
    refused::<ApproximateSearch>(json!({"descent": {"tree": 4}}), "unknown field `tree`");
}

#[test]
fn warnings_and_calibrations_come_back() {
    let warning = Warning::PerplexityClamped { given: 30.0, effective: 3.0, n: 10 };
    assert_eq!(document(&warning), json!({"perplexity_clamped": {"given": 30.0, "effective": 3.0, "n": 10}}));
    document(&Warning::NeighborsInExcess { k: 90, needed: 9 });
    // All the weight on the nearest: an infinite precision.
    let calibration: Calibration = calibrate_row(&[1.0, 1e9], 1.0, &mut [0.0; 2]).unwrap();
    document(&calibration);
    let infinite = json!({"precision": "inf", "perplexity": 1.0, "converged": true});
    assert_eq!(document(&from_value::<Calibration>(infinite.clone()).unwrap()), infinite);
}
