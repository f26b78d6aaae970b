//! Tables of what was measured, in Markdown.

use std::fmt::Write;

use serde_json::Value;

use super::peer::PEERS;
use super::record::Record;

/// A column: its heading, the field, and how the number is written.
type Column = (&'static str, &'static str, fn(f64) -> String);

/// What is not known of a peer is left empty.
const COLUMNS: [Column; 17] = [
    ("total s", "total_s", seconds),
    ("neighbors", "neighbors_s", seconds),
    ("affinities", "affinities_s", seconds),
    ("init", "initialization_s", seconds),
    ("optimization", "optimization_s", seconds),
    ("ms/it early", "ms_early", |ms| format!("{ms:.2}")),
    ("late", "ms_late", |ms| format!("{ms:.2}")),
    ("last 50", "ms_last", |ms| format!("{ms:.2}")),
    ("KL", "kl", |kl| format!("{kl:.4}")),
    ("trustw.", "trustworthiness", |share| format!("{share:.4}")),
    ("contin.", "continuity", |share| format!("{share:.4}")),
    ("recall", "neighbor_recall", |share| format!("{share:.4}")),
    ("Spearman", "spearman", |rho| format!("{rho:.4}")),
    ("labels", "label_agreement", |share| format!("{share:.4}")),
    ("extent", "extent", |extent| format!("{extent:.0}")),
    ("MB", "peak_bytes", |bytes| format!("{:.0}", bytes / 1e6)),
    ("process s", "process_s", seconds),
];

fn seconds(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.2}") } else { format!("{seconds:.1}") }
}

/// One table for each task and data set, small data sets first, peers in the order of [`PEERS`].
pub(super) fn tables(records: &[&Record]) -> String {
    let mut text = String::new();
    for group in groups(records) {
        let field = |name: &str| plain(&group[0][name]);
        let exact = if group.iter().any(|run| run.get("exact_neighbors") == Some(&Value::Bool(false))) {
            ", KL on approximate neighbors"
        } else {
            ""
        };
        let iterations = match field("task").as_str() {
            "embed" => format!("{} iterations", field("iterations")),
            _ => "iterations of their own".to_owned(),
        };
        _ = writeln!(
            text,
            "\n### {} {}: {} x {} ({} threads, {iterations}{exact}; {})\n",
            field("task"),
            field("data"),
            field("n"),
            field("d"),
            field("threads"),
            field("machine"),
        );
        let headings: Vec<&str> = COLUMNS.iter().map(|(heading, ..)| *heading).collect();
        _ = writeln!(text, "| peer | {} |\n|---|{}", headings.join(" | "), "---:|".repeat(COLUMNS.len()));
        for run in group {
            let name = match run.get("version").and_then(Value::as_str) {
                Some(version) => format!("{} {version}", plain(&run["peer"])),
                None => plain(&run["peer"]),
            };
            let cells: Vec<String> = match run.get("failed") {
                Some(reason) => vec![format!("failed: {}", plain(reason).replace('|', "/"))],
                None => COLUMNS.iter().map(|(_, field, write)| cell(run, field, *write)).collect(),
            };
            _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        }
    }
    text
}

fn cell(run: &Record, field: &str, write: fn(f64) -> String) -> String {
    run.get(field).and_then(Value::as_f64).map_or_else(String::new, write)
}

/// Runs of the same task, data and settings, together and in order.
fn groups<'a>(records: &[&'a Record]) -> Vec<Vec<&'a Record>> {
    let key = |run: &Record| {
        let words = ["task", "data", "threads", "iterations", "machine"].map(|field| plain(&run[field]));
        (words[0].clone(), run["n"].as_u64(), words)
    };
    let mut sorted = records.to_vec();
    sorted.sort_by_key(|run| (key(run), place(run)));
    sorted.chunk_by(|a, b| key(a) == key(b)).map(<[&Record]>::to_vec).collect()
}

/// All runs, group by group.
pub(super) fn ordered<'a>(records: &[&'a Record]) -> Vec<&'a Record> {
    groups(records).concat()
}

/// The place of a run's peer among all; last for those that are no more.
fn place(run: &Record) -> usize {
    PEERS.iter().position(|peer| run["peer"] == peer.name).unwrap_or(PEERS.len())
}

/// A value as text, without the quotes of a string.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(data: &str, n: usize, peer: &str, more: Value) -> Record {
        let mut run = json!({ "task": "embed", "data": data, "n": n, "d": 50, "peer": peer, "threads": 2,
                              "iterations": "250+500", "machine": "m" });
        run.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run.as_object().unwrap().clone()
    }

    #[test]
    fn a_table_has_a_row_per_peer_in_their_order() {
        let runs = [
            run("large", 70_000, "openTSNE", json!({ "total_s": 187.04, "kl": 2.5494, "version": "1.0.4" })),
            run("small", 1797, "openTSNE", json!({ "failed": "no | module" })),
            run("small", 1797, "tsne-recommended", json!({ "total_s": 0.4567, "peak_bytes": 12_000_000 })),
        ];
        let text = tables(&runs.iter().collect::<Vec<_>>());
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines[0], "### embed small: 1797 x 50 (2 threads, 250+500 iterations; m)");
        assert_eq!(lines[1].matches('|').count(), lines[2].matches('|').count());
        assert!(lines[3].starts_with("| tsne-recommended | 0.46 |") && lines[3].contains("| 12 |"));
        assert_eq!(lines[4], "| openTSNE | failed: no / module |");
        assert!(lines[8].starts_with("| openTSNE 1.0.4 | 187.0 |") && lines[8].contains("| 2.5494 |"));
        // A verdict of before there were such columns leaves them empty.
        let judged =
            run("small", 1797, "openTSNE", json!({ "neighbor_recall": 0.5, "spearman": 0.71, "extent": 80.0 }));
        let text = tables(&[&judged]);
        assert!(
            text.contains("| recall | Spearman | labels |") && text.contains("|  | 0.5000 | 0.7100 |  | 80 |"),
            "{text}"
        );
    }
}
