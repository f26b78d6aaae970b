//! Measures of known maps.

use crate::common::{Directory, clusters, text};
use serde_json::Value;

#[track_caller]
fn number(report: &Value, key: &str) -> f64 {
    report[key].as_f64().unwrap_or_else(|| unreachable!("{key}: {report}"))
}

#[test]
fn a_map_that_is_its_data_is_perfect() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(120, 2), 2, ","));
    directory.write("labels.txt", (0..120).map(|i| format!("{}\n", i % 3)).collect::<String>());
    let report = directory.json("score x.csv x.csv --labels labels.txt --k 7");
    for key in ["trustworthiness", "continuity", "neighbor_recall", "spearman"] {
        assert!((number(&report, key) - 1.0).abs() < 1e-12, "{key}: {report}");
    }
    assert_eq!(
        (report["n"].as_u64(), report["d"].as_u64(), report["components"].as_u64()),
        (Some(120), Some(2), Some(2))
    );
    assert_eq!((report["k"].as_u64(), report["sample"].as_u64()), (Some(7), Some(120)));
    // 2 KL + ln(n) perplexity / n.
    let pbic = 2.0 * number(&report, "kl_divergence") + 120f64.ln() * 30.0 / 120.0;
    assert!((number(&report, "pbic") - pbic).abs() < 1e-12 * pbic, "{report}");
}

#[test]
fn equal_distances_have_no_divergence_and_no_order() {
    let directory = Directory::new();
    // The corners of a regular tetrahedron: all p and all q are 1 / 12. Rounding leaves an error of the sums.
    directory.write("x.csv", "1,0,0,0\n0,1,0,0\n0,0,1,0\n0,0,0,1\n");
    directory.write("y.csv", "1,1,1\n1,-1,-1\n-1,1,-1\n-1,-1,1\n");
    let output = directory.tsne("score x.csv y.csv --k 1 --json");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(number(&report, "kl_divergence").abs() < 1e-6, "{report}");
    assert_eq!(number(&report, "perplexity"), 1.0);
    assert!(report["spearman"].is_null() && stderr.contains("equal"), "{stderr}");
    assert!(report["label_agreement"].is_null());
}

#[test]
fn the_divergence_is_that_of_embed() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(150, 5), 5, ","));
    directory.write("labels.txt", (0..150).map(|i| format!("{}\n", i % 3)).collect::<String>());
    let flags = "--labels labels.txt --perplexity 9 --metric manhattan --dof 0.7";
    let embedded = directory.json(&format!("embed x.csv -o y.npy --exact-kl --n-iter 30 {flags}"));
    let scored = directory.json(&format!("score x.csv y.npy {flags}"));
    for key in ["kl_divergence", "extent", "label_agreement"] {
        // The same sums over the same numbers.
        let (a, b) = (number(&embedded, key), number(&scored, key));
        assert!((a - b).abs() <= 1e-12 * a.abs(), "{key}: {a} {b}");
    }
    let other = directory.json(&format!("score x.csv y.npy {}", flags.replace("0.7", "1")));
    assert!(number(&other, "kl_divergence") != number(&scored, "kl_divergence"));
}

#[test]
fn distances_measure_as_their_points() {
    let directory = Directory::new();
    let values = clusters(60, 3);
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let matrix: Vec<f64> =
        values.chunks(3).flat_map(|a| values.chunks(3).map(|b| distance(a, b)).collect::<Vec<_>>()).collect();
    directory.write("x.csv", text(&values, 3, ","));
    directory.write("xx.csv", text(&matrix, 60, ","));
    directory.write("y.csv", text(&clusters(60, 2), 2, ","));
    let a = directory.json("score x.csv y.csv --float f64 --perplexity 6");
    let b = directory.json("score xx.csv y.csv --float f64 --perplexity 6 --metric precomputed");
    for key in ["kl_divergence", "trustworthiness", "continuity", "neighbor_recall", "spearman"] {
        let (a, b) = (number(&a, key), number(&b, key));
        assert!((a - b).abs() <= 1e-9, "{key}: {a} {b}");
    }
    // A sample draws rows and columns.
    let sampled = directory.json("score xx.csv y.csv --metric precomputed --sample 20");
    assert_eq!((sampled["sample"].as_u64(), sampled["spearman_sample"].as_u64()), (Some(20), Some(20)));
}

#[test]
fn every_key_and_what_is_left_out() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(60, 3), 3, ","));
    directory.write("y.csv", text(&clusters(60, 2), 2, ","));
    let report = directory.json("score x.csv y.csv --kl no --sample 30 --seed 5");
    let keys: Vec<&str> = report.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "n",
        "d",
        "input",
        "components",
        "extent",
        "kl_divergence",
        "perplexity",
        "pbic",
        "k",
        "trustworthiness",
        "continuity",
        "neighbor_recall",
        "label_agreement",
        "spearman",
        "sample",
        "spearman_sample",
        "seconds",
        "peak_memory_bytes",
        "seed",
        "version",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert!(report["kl_divergence"].is_null() && report["pbic"].is_null());
    assert_eq!((report["sample"].as_u64(), report["seed"].as_u64()), (Some(30), Some(5)));
    // Other points are drawn with another seed.
    let other = directory.json("score x.csv y.csv --kl no --sample 30 --seed 6");
    assert!(number(&report, "trustworthiness") != number(&other, "trustworthiness"));
    let words = directory.succeed("score x.csv y.csv");
    for word in ["KL divergence", "pBIC", "trustworthiness", "continuity", "neighbor recall", "Spearman", "extent"] {
        assert!(words.contains(word), "{word}: {words}");
    }
    assert_eq!(directory.succeed("score x.csv y.csv -q"), "");
}

#[test]
fn what_does_not_fit_is_an_error() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(60, 3), 3, ","));
    directory.write("y.csv", text(&clusters(59, 2), 2, ","));
    directory.write("z.csv", text(&clusters(60, 4), 4, ","));
    let check = |arguments: &str, words: &[&str]| {
        let output = directory.tsne(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        words.iter().for_each(|word| assert!(stderr.contains(word), "{word}: {stderr}"));
    };
    check("score x.csv none.npy", &["none.npy", "cannot open"]);
    check("score x.csv y.csv", &["y.csv", "59", "60"]);
    check("score x.csv z.csv", &["z.csv", "4 columns"]);
    check("score x.csv x.csv --k 0", &["k is 0"]);
    check("score x.csv x.csv --k 30", &["k is 30", "29"]);
    check("score x.csv x.csv --perplexity 0", &["perplexity is 0"]);
    check("score x.csv x.csv --dof 0", &["dof is 0"]);
    check("score x.csv x.csv --metric precomputed", &["x.csv", "60"]);
}
