//! Every message names the value given, what is allowed, and what to do.

use tsne_core::Error;

#[track_caller]
fn says(error: &Error, words: &[&str]) {
    let message = error.to_string();
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
    assert!(!message.ends_with('.') && !message.contains('\n'), "one clause for `error: ...`: {message}");
}

#[test]
fn messages() {
    says(&Error::parameter("perplexity", 0.5, "above 1"), &["perplexity is 0.5", "must be above 1"]);
    says(&Error::shape("embedding", 100, 99), &["embedding", "length 99", "100", "check"]);
    says(&Error::non_finite("data", 3, 17), &["data", "row 3", "column 17", "counted from 0", "remove or replace"]);
    says(&Error::too_few_points(2, 4), &["2 points", "at least 4"]);
    says(&Error::capacity("the grid", 5000, 4096), &["the grid", "5000", "4096", "coarser"]);
    says(&Error::invalid("affinities", "row 3 is missing"), &["invalid affinities: row 3 is missing"]);
    says(&Error::diverged(12), &["iteration 12", "lower learning_rate", "max_step_norm"]);
    says(&Error::numerical("calibration", "no bracket for row 3"), &["calibration failed: no bracket for row 3"]);
    says(&Error::Cancelled, &["cancelled"]);
}

#[test]
fn errors_are_values_and_errors() {
    let error = Error::parameter("k", 0, "at least 1");
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(error.clone());
    assert_eq!(boxed.downcast_ref::<Error>(), Some(&error));
    assert!(boxed.source().is_none());
    assert_eq!(error, Error::parameter("k", 0, "at least 1"));
    assert_ne!(error, Error::Cancelled);
}
