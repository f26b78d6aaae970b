//! The same bytes for any number of threads, for every method, dimension and number type.

use crate::common::{Directory, clusters, text};

#[test]
fn threads_do_not_change_files() {
    let directory = Directory::new();
    // Two thousand points: several blocks of work in every stage.
    directory.write("x.csv", text(&clusters(2000, 6), 6, ","));
    directory.write("labels.txt", (0..2000).map(|i| format!("{}\n", i % 3)).collect::<String>());
    let common = "embed x.csv --labels labels.txt -q --early-exaggeration-iter 12 --n-iter 12 -o";
    for flags in [
        "--method bh",
        "--method fft",
        "--method exact --init random",
        "--float f64",
        "--components 1 --method bh",
        "--components 1 --method fft",
        "--components 3 --method bh",
        "--dof 0.6 --metric cosine --perplexity 10,40",
        "--preset documented",
        "--preset opentsne",
    ] {
        for threads in [1, 2, 3] {
            directory.succeed(&format!("{common} {threads}.npy --plot {threads}.png --threads {threads} {flags}"));
        }
        for threads in [2, 3] {
            for extension in ["npy", "png"] {
                let equal =
                    directory.read(&format!("1.{extension}")) == directory.read(&format!("{threads}.{extension}"));
                assert!(equal, "{flags}: {threads} threads, {extension}");
            }
        }
    }
}

#[test]
fn very_many_threads_are_as_many_as_help() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(60, 4), 4, ","));
    directory.write("labels.txt", (0..60).map(|i| format!("{}\n", i % 3)).collect::<String>());
    let mut maps = Vec::new();
    for threads in ["1", "3000", "-3000"] {
        let flags = format!("--labels labels.txt --perplexity 5 --n-iter 5 --threads {threads}");
        let report = directory.json(&format!("embed x.csv -o y.npy {flags}"));
        assert!(report["label_agreement"].is_f64(), "{threads}");
        directory.succeed(&format!("score x.csv y.npy --threads {threads}"));
        maps.push(directory.read("y.npy"));
    }
    assert!(maps.iter().all(|map| *map == maps[0]));
}

#[test]
fn seeds_change_what_is_random() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(60, 4), 4, ","));
    for seed in [0, 1] {
        directory
            .succeed(&format!("embed x.csv -o {seed}.npy -q --perplexity 5 --init random --n-iter 5 --seed {seed}"));
    }
    assert!(directory.read("0.npy") != directory.read("1.npy"));
}

#[test]
fn threads_change_neither_saved_maps_nor_new_points_nor_scores() {
    let directory = Directory::new();
    let values = clusters(2600, 6);
    directory.write("x.csv", text(&values[..2000 * 6], 6, ","));
    directory.write("new.csv", text(&values[2000 * 6..], 6, ","));
    let mut reports = Vec::new();
    for threads in ["1", "2", "3", "-1"] {
        let flags = format!("--threads {threads} -q");
        directory
            .succeed(&format!("embed x.csv --save m.tsne -o y.npy --n-iter 12 --init spectral --threads {threads} -q"));
        // The number of threads is among the saved parameters, so that the files differ; what they hold does not.
        directory.succeed(&format!(
            "transform m.tsne new.csv -o new{threads}.npy --plot new{threads}.png --n-iter 20 {flags}"
        ));
        let mut report = directory.json(&format!("score x.csv y.npy --sample 700 {flags}"));
        for key in ["seconds", "peak_memory_bytes"] {
            report[key] = serde_json::Value::Null;
        }
        reports.push((
            report,
            directory.read("y.npy"),
            directory.read(&format!("new{threads}.npy")),
            directory.read(&format!("new{threads}.png")),
        ));
    }
    for report in &reports[1..] {
        assert!(*report == reports[0], "{:?}", report.0);
    }
}
