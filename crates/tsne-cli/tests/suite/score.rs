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
        "map",
        "components",
        "extent",
        "kl_divergence",
        "perplexity",
        "pbic",
        "k",
        "trustworthiness",
        "continuity",
        "neighbor_recall",
        "standard_errors",
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
    check("score x.csv x.csv x.csv", &["given twice"]);
    check("score x.csv x.csv --per-point q.npy", &["q.npy", ".csv"]);
    check("score x.csv x.csv --per-point x.csv", &["x.csv", "overwritten"]);
}

/// A table of numbers by the names of its columns; what is missing is NaN.
fn table(bytes: &[u8]) -> (Vec<String>, Vec<Vec<f64>>) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let number = |text: &str| text.parse().unwrap_or(f64::NAN);
    let column = |c: usize| rows.iter().map(|row| number(row[c])).collect();
    let columns = (0..names.len()).map(column).collect();
    (names, columns)
}

const MEASURES: [&str; 5] = ["neighbor_recall", "trust", "continuity", "kin_distance", "kl_share"];

#[test]
fn the_measures_of_the_points_are_those_of_the_map() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(200, 4), 4, ","));
    directory.write("y.csv", text(&clusters(400, 2)[..400], 2, ","));
    let report = directory.json("score x.csv y.csv --perplexity 8 --k 6 --per-point q.csv");
    let (names, columns) = table(&directory.read("q.csv"));
    assert_eq!(names[0], "id");
    assert_eq!(names[1..], MEASURES);
    assert_eq!(columns[0], (0..200).map(f64::from).collect::<Vec<_>>());
    let mean = |c: usize| columns[c].iter().sum::<f64>() / 200.0;
    // Means of 200 numbers below 1, and the sum of 200 shares.
    for (c, key) in [(1, "neighbor_recall"), (2, "trustworthiness"), (3, "continuity")] {
        assert!((mean(c) - number(&report, key)).abs() < 1e-13, "{key}");
        assert_eq!(number(&report["standard_errors"], key), 0.0);
    }
    assert!((200.0 * mean(5) - number(&report, "kl_divergence")).abs() < 1e-12);
    assert!(columns[4].iter().all(|kin| *kin > 0.0));
    // Of a sample, others have only what costs nothing more.
    let sampled = directory.json("score x.csv y.csv --perplexity 8 --k 6 --per-point q.csv --sample 50");
    let (_, part) = table(&directory.read("q.csv"));
    assert_eq!(part[5], columns[5]);
    for c in 1..5 {
        let there: Vec<usize> = (0..200).filter(|&i| !part[c][i].is_nan()).collect();
        assert_eq!(there.len(), 50);
        if c < 4 {
            assert!(there.iter().all(|&i| part[c][i] == columns[c][i]), "{}", names[c]);
        }
    }
    assert_eq!(sampled["sample"].as_u64(), Some(50));
    assert!(number(&sampled["standard_errors"], "neighbor_recall") > 0.0);
    let words = directory.succeed("score x.csv y.csv --sample 50 --kl no");
    assert!(words.contains(" ± ") && words.contains("(on 50 points)"), "{words}");
    // They color the map.
    directory.succeed("plot y.csv --labels q.csv --label-column trust -o trust.png");
    // Standard output has the table, and the report is beside it.
    let output = directory.tsne("score x.csv y.csv --kl no --per-point -");
    assert!(output.stdout.starts_with(b"id,neighbor_recall,trust,continuity,kin_distance\n0,"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("trustworthiness"));
}

#[test]
fn several_maps_stand_beside_each_other() {
    let directory = Directory::new();
    let n = 150;
    directory.write("x.csv", text(&clusters(n, 4), 4, ","));
    let maps = [("flat.csv", 2), ("deep.csv", 3), ("line.csv", 1)];
    for (name, d) in maps {
        directory.write(name, text(&clusters(n, d), d, ","));
    }
    let flags = "--perplexity 9 --sample 60";
    let together = directory.json(&format!("score flat.csv deep.csv line.csv --data x.csv --per-point q.tsv {flags}"));
    assert!(together.get("trustworthiness").is_none());
    for (m, (name, d)) in maps.into_iter().enumerate() {
        // Alone it is measured the same, to the bit.
        let alone = directory.json(&format!("score x.csv {name} {flags}"));
        let beside = &together["maps"][m];
        assert_eq!(beside["map"], name.trim_end_matches(".csv"));
        assert_eq!(beside["components"].as_u64(), Some(d as u64));
        for (key, value) in beside.as_object().unwrap() {
            assert_eq!(value, &alone[key], "{name} {key}");
        }
    }
    let table = String::from_utf8(directory.read("q.tsv")).unwrap();
    let header: Vec<&str> = table.lines().next().unwrap().split('\t').collect();
    assert_eq!(header.len(), 16);
    assert!(header.contains(&"trust_deep") && header.contains(&"kl_share_line"), "{header:?}");
    let words = directory.succeed(&format!("score x.csv flat.csv deep.csv line.csv {flags}"));
    let line = |what: &str| words.lines().find(|line| line.starts_with(what)).unwrap_or_default().to_owned();
    // Columns begin where their names do.
    let starts: Vec<Option<usize>> = ["flat", "deep", "line"].map(|name| line("map ").find(name)).to_vec();
    for (start, d) in starts.iter().zip(["2", "3", "1"]) {
        assert_eq!(line("dimensions").get(start.unwrap()..=start.unwrap()), Some(d), "{words}");
    }
    assert_eq!(line("trustworthiness").matches('±').count(), 3);
    assert!(line("KL divergence").ends_with("(perplexity 9)"), "{words}");
}

#[test]
fn labels_of_a_map_are_no_values_of_its_data() {
    let directory = Directory::new();
    let values = clusters(120, 3);
    let mut rows = String::from("id,a,b,c,kind\n");
    let mut plain = String::from("id,a,b,c\n");
    for (i, row) in values.chunks(3).enumerate() {
        rows += &format!("p{i},{},{},{},{}\n", row[0], row[1], row[2], i % 3);
        plain += &format!("p{i},{},{},{}\n", row[0], row[1], row[2]);
    }
    directory.write("x.csv", rows);
    directory.write("plain.csv", plain);
    directory.succeed("embed x.csv -o y.csv --label-column kind --n-iter 20 --perplexity 9");
    let flags = "--perplexity 9";
    let (with, without) = (
        directory.json(&format!("score x.csv y.csv {flags}")),
        directory.json(&format!("score plain.csv y.csv {flags}")),
    );
    assert_eq!((with["d"].as_u64(), with["input"]["labels"]["source"].as_str()), (Some(3), Some("kind")));
    for key in ["kl_divergence", "trustworthiness", "neighbor_recall"] {
        assert_eq!(number(&with, key), number(&without, key), "{key}");
    }
    assert!(directory.succeed(&format!("score x.csv y.csv {flags}")).contains("labels \"kind\", 3 kinds"));
    // Who chooses the values gets them.
    assert_eq!(directory.json(&format!("score x.csv y.csv {flags} --columns a..kind"))["d"].as_u64(), Some(4));
    // The neighbors of a page are those of the values, and its labels those of the data.
    let page = |data: &str| {
        let report = directory.json(&format!("explore y.csv --data {data} -o page.html"));
        assert_eq!(report["labels"][0].as_str(), Some("kind"));
        directory.read("page.html")
    };
    assert!(page("x.csv") == page("plain.csv"));
    // Without a header they are counted, whether they are named again or not.
    let headless: String =
        values.chunks(3).enumerate().map(|(i, row)| format!("{},{},{},{}\n", row[0], row[1], row[2], i % 3)).collect();
    directory.write("h.csv", headless);
    directory.succeed("embed h.csv -o h.tsv --header no --label-column #4 --n-iter 20 --perplexity 9");
    for again in ["", "--label-column #4", "--label-column 4"] {
        let report = directory.json(&format!("score h.csv h.tsv --header no {flags} {again}"));
        assert_eq!((report["d"].as_u64(), report["input"]["labels"]["kinds"].as_u64()), (Some(3), Some(3)), "{again}");
        assert!(number(&report, "label_agreement") > 0.9, "{again}");
    }
    directory.succeed("embed plain.csv -o y.npy --n-iter 20 --perplexity 9");
    let report = directory.json("explore y.npy --data x.csv --label-column kind -o page.html");
    assert_eq!(report["labels"][0].as_str(), Some("kind"));
}

#[test]
fn a_map_far_from_the_origin_is_measured_as_one_that_is_not() {
    let directory = Directory::new();
    let values = clusters(120, 3);
    directory.write("x.csv", text(&values, 3, ","));
    // Whole numbers, which are the same numbers far away.
    let map = |far: f64| -> String {
        values
            .chunks(3)
            .map(|row| format!("{},{}\n", (64.0 * row[0]).round() + far, (64.0 * row[1]).round() - far))
            .collect()
    };
    directory.write("near.csv", map(0.0));
    directory.write("far.csv", map(1e12));
    let [near, far] = ["near", "far"].map(|name| directory.json(&format!("score x.csv {name}.csv --perplexity 9")));
    for key in ["neighbor_recall", "trustworthiness", "spearman"] {
        assert_eq!(number(&near, key), number(&far, key), "{key}");
    }
    assert!((number(&near, "kl_divergence") / number(&far, "kl_divergence") - 1.0).abs() < 1e-5);
}
