//! The demonstration: its files, its quality, its report, and that they do not depend on the number of threads.

use crate::common::{Directory, read_npy};
use serde_json::Value;

/// The KL divergence that the issue of this tool demands of the digits.
const KL: f64 = 0.745;

/// The label agreement that the issue of this tool demands of the digits.
const AGREEMENT: f64 = 0.97;

#[test]
fn files_and_quality() {
    let directory = Directory::new();
    let report = directory.json("demo --exact-kl");
    assert_eq!(directory.files(), ["digits.npy", "digits.png"]);
    assert_eq!((report["n"].as_u64(), report["d"].as_u64()), (Some(1797), Some(64)));
    assert!(report["kl_divergence"].as_f64().unwrap() <= KL, "{report}");
    assert!(report["label_agreement"].as_f64().unwrap() >= AGREEMENT, "{report}");
    let (shape, y) = read_npy(&directory.read("digits.npy"));
    assert_eq!(shape, [1797, 2]);
    let side = |c: usize| {
        let values = || y.iter().skip(c).step_by(2).map(|&y| f64::from(y));
        values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
    };
    // The parser of the test may err by a unit in the last place.
    let extent = report["extent"].as_f64().unwrap();
    assert!((extent - side(0).max(side(1))).abs() <= f64::EPSILON * extent, "{extent}");

    // The divergence with Z from the repulsion in use is within 5e-4 of the exact one. Other numbers of threads and an
    // existing file change nothing.
    let mut pictures = Vec::new();
    for threads in [1, 2, 3] {
        let other = Directory::new();
        other.write("digits.npy", "old");
        let again = other.json(&format!("demo --threads {threads}"));
        let difference = again["kl_divergence"].as_f64().unwrap() - report["kl_divergence"].as_f64().unwrap();
        assert!(difference.abs() <= 5e-4, "{difference}");
        assert!(directory.read("digits.npy") == other.read("digits.npy"), "{threads} threads");
        // The caption shows the divergence, so pictures are compared among runs with the same definition of Z.
        pictures.push(other.read("digits.png"));
    }
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
}

#[test]
fn every_key_of_the_report() {
    let directory = Directory::new();
    let report = directory.json("demo --n-iter 3 --early-exaggeration-iter 2 --seed 18446744073709551615");
    let keys: Vec<&str> = report.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "n",
        "d",
        "input",
        "decided",
        "warnings",
        "iterations",
        "remaining",
        "kl_divergence",
        "label_agreement",
        "force_error",
        "extent",
        "ms_per_iteration",
        "seconds",
        "peak_memory_bytes",
        "history",
        "seed",
        "version",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(report["iterations"].as_u64(), Some(5));
    assert_eq!(report["history"].as_array().map(Vec::len), Some(0));
    assert_eq!((report["remaining"].as_u64(), &report["warnings"]), (Some(0), &serde_json::json!([])));
    let decided = &report["decided"];
    assert_eq!((&decided["preset"], &decided["repulsion"]), (&"recommended".into(), &"exact".into()));
    assert_eq!((&decided["affinities"], &decided["perplexities"]), (&"perplexity".into(), &serde_json::json!([30.0])));
    assert_eq!((&decided["finish"], &decided["momentum"]), (&"completed".into(), &"nesterov".into()));
    // Each point is a neighbor of others than its own 90, too.
    assert!((90.0..180.0).contains(&decided["affinities_per_point"].as_f64().unwrap()));
    assert_eq!(report["seed"].as_u64(), Some(u64::MAX));
    assert_eq!(report["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));
    assert!(report["label_agreement"].is_f64() && report["kl_divergence"].is_f64() && report["extent"].is_f64());
    assert!(report["force_error"].is_null());
    let measured = directory.json("demo --n-iter 30 --method bh --force-tolerance 0.05 --force-error");
    let error = |key| measured["force_error"][key].as_f64().unwrap();
    assert!(error("relative_rms") <= 0.05 && error("worst") >= error("relative_rms"), "{measured}");
    // The threshold that follows is larger than the default one of 0.5.
    let plain = directory.json("demo --n-iter 30 --method bh --force-error");
    assert!(error("relative_rms") > plain["force_error"]["relative_rms"].as_f64().unwrap(), "{measured}, {plain}");
    assert!(error("samples") == 1_000.0 && measured["force_error"]["z_relative"].is_null(), "{measured}");
    let number = |value: &Value| value.as_f64().filter(|seconds| *seconds >= 0.0).unwrap();
    let seconds = &report["seconds"];
    let stages = ["read", "neighbors", "affinities", "initialization", "optimization"].map(|key| number(&seconds[key]));
    assert!(number(&seconds["total"]) >= stages.iter().sum(), "{seconds}");
    let ms = &report["ms_per_iteration"];
    let [early, late, mean] = ["early", "late", "mean"].map(|key| number(&ms[key]));
    assert!((5.0 * mean - (2.0 * early + 3.0 * late)).abs() <= 1e-9 * mean, "{ms}");
    // The points alone take 460 KB; a tebibyte would be a wrong unit.
    if cfg!(target_os = "linux") {
        assert!((460_032..1 << 40).contains(&report["peak_memory_bytes"].as_u64().unwrap()));
    } else {
        assert!(report["peak_memory_bytes"].is_null());
    }

    let report = directory.json("demo --n-iter 0 --early-exaggeration-iter 0");
    assert!(report["ms_per_iteration"].as_object().unwrap().values().all(Value::is_null), "{report}");
}

#[test]
fn text_and_silence() {
    let directory = Directory::new();
    let text = directory.succeed("demo --n-iter 2 --early-exaggeration-iter 2");
    for word in ["1797 points x 64 columns; header no", "KL divergence", "label agreement", "digits.npy", "digits.png"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    // It begins with what it does and ends with what there is to look at.
    assert!(text.lines().next().unwrap().contains("1,797 handwritten digits"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(std::path::Path::new(last.rsplit(": ").next().unwrap()).ends_with("digits.png"), "{text}");
    assert_eq!(directory.succeed("demo --n-iter 2 --early-exaggeration-iter 2 --quiet"), "");
    assert!(directory.succeed("--version").starts_with("tsne "));
    assert!(directory.succeed("help").contains("embed"));
}
