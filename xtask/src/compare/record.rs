//! What was measured, as lines of JSON: one per run, and one per map that was judged later.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::process::Outcome;

/// The fields of one run.
pub(super) type Record = Map<String, Value>;

/// A file of records that only ever grows.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    records: Vec<Record>,
}

/// What makes a run the same as another; `commit` for the programs of this repository only.
const SAME: [&str; 6] = ["task", "data", "peer", "threads", "iterations", "machine"];

impl Records {
    /// Reads the file, which need not be there.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let text = if path.is_file() { fs::read_to_string(&path)? } else { String::new() };
        let records = parse(&text).with_context(|| path.display().to_string())?;
        Ok(Self { path, records })
    }

    /// Appends the record of a run, or the verdict on the map of one.
    pub(super) fn append(&mut self, record: Record) -> Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        let mut file = file.with_context(|| format!("cannot write {}", self.path.display()))?;
        writeln!(file, "{}", Value::Object(record.clone()))?;
        add(&mut self.records, record);
        Ok(())
    }

    /// Whether a run like this one has succeeded: of a program of this repository, at the same commit, with nothing
    /// changed since.
    pub(super) fn contains(&self, run: &Record, ours: bool) -> bool {
        let same = |record: &Record| {
            let equal = |field: &str| record.get(field) == run.get(field);
            let clean = record.get("commit").and_then(Value::as_str).is_some_and(|commit| !commit.ends_with("-dirty"));
            let current = !ours || (clean && equal("commit"));
            SAME.into_iter().all(equal) && current && !record.contains_key("failed")
        };
        self.latest().into_iter().any(same)
    }

    /// The last record of each run.
    pub(super) fn latest(&self) -> Vec<&Record> {
        let replaced = |record: &Record, by: &Record| SAME.iter().all(|field| record.get(*field) == by.get(*field));
        let is_last = |at: usize| !self.records[at + 1..].iter().any(|later| replaced(&self.records[at], later));
        (0..self.records.len()).filter(|&at| is_last(at)).map(|at| &self.records[at]).collect()
    }
}

fn parse(text: &str) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let record = serde_json::from_str(line).with_context(|| format!("line {} is no JSON object", number + 1))?;
        add(&mut records, record);
    }
    Ok(records)
}

/// A verdict has a map and no peer: it belongs to the last run that wrote this map.
fn add(records: &mut Vec<Record>, record: Record) {
    if record.contains_key("peer") {
        records.push(record);
    } else if let Some(run) = records.iter_mut().rev().find(|run| run.get("map") == record.get("map")) {
        run.extend(record);
    }
}

/// The fields of a process that ran, from what it printed.
pub(super) fn fields(outcome: &Outcome, early: usize) -> Record {
    let mut record = Record::new();
    record.insert("process_s".into(), json!(outcome.seconds));
    record.insert("peak_bytes".into(), json!(outcome.peak_bytes));
    if let Some(reason) = &outcome.failure {
        record.insert("failed".into(), json!(reason));
        return record;
    }
    let printed = outcome.json.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    // The command of this repository prints nested objects, the runners of the peers flat ones.
    match (printed.get("seconds"), printed.get("ms_per_iteration")) {
        (Some(Value::Object(seconds)), per) => {
            let stages = ["total", "neighbors", "affinities", "initialization", "optimization"];
            record.extend(stages.map(|stage| (format!("{stage}_s"), seconds.get(stage).cloned().unwrap_or_default())));
            if let Some(per) = per {
                record.extend(["early", "late", "mean"].map(|phase| (format!("ms_{phase}"), per[phase].clone())));
            }
            record.insert("kl_reported".into(), printed.get("kl_divergence").cloned().unwrap_or_default());
            record.insert("version".into(), printed.get("version").cloned().unwrap_or_default());
            let total = seconds.get("total").and_then(Value::as_f64).unwrap_or(f64::INFINITY);
            record.insert("curve".into(), json!(curve(&outcome.lines, total)));
            let own_peak = printed.get("peak_memory_bytes").and_then(Value::as_u64);
            record.insert("peak_bytes".into(), json!(own_peak.max(outcome.peak_bytes)));
        }
        _ => record.extend(printed),
    }
    let stamps = match record.get("curve").and_then(Value::as_array) {
        Some(curve) => {
            curve.iter().filter_map(|point| Some((point[0].as_u64()? as usize, point[1].as_f64()?))).collect()
        }
        None => epochs(&outcome.lines),
    };
    for (field, value) in ["ms_early", "ms_late", "ms_last"].into_iter().zip(phases(&stamps, early)) {
        if let Some(value) = value
            && record.get(field).is_none_or(Value::is_null)
        {
            record.insert(field.into(), json!(value));
        }
    }
    record.retain(|_, value| !value.is_null());
    record
}

/// The lines `iteration N  KL divergence X` of this repository's command: iteration, seconds, KL divergence. Its clock
/// starts a little after the process, so that no line may come after the `total`.
fn curve(lines: &[(f64, String)], total: f64) -> Vec<(usize, f64, f64)> {
    let point = |(at, line): &(f64, String)| {
        let (iteration, kl) = line.trim().strip_prefix("iteration ")?.split_once("KL divergence")?;
        Some((iteration.trim().parse().ok()?, *at, kl.trim().parse().ok()?))
    };
    let mut curve: Vec<(usize, f64, f64)> = lines.iter().filter_map(point).collect();
    let late = curve.last().map_or(0.0, |last| (last.1 - total).max(0.0));
    curve.iter_mut().for_each(|point| point.1 -= late);
    curve
}

/// The lines `Epoch N/M`, where N is counted from 0, and `Iteration N/M`, where from 1, which some peers print when it is
/// over: the iterations, the seconds. What came before the count began anew was the warm-up.
fn epochs(lines: &[(f64, String)]) -> Vec<(usize, f64)> {
    let stamp = |(at, line): &(f64, String)| {
        let line = line.trim();
        let (counted, more) = line
            .strip_prefix("Epoch ")
            .map(|counted| (counted, 1))
            .or_else(|| line.strip_prefix("Iteration ").map(|counted| (counted, 0)))?;
        let number: usize = counted.split('/').next()?.trim().parse().ok()?;
        Some((number + more, *at))
    };
    let mut stamps: Vec<(usize, f64)> = Vec::new();
    for stamp in lines.iter().filter_map(stamp) {
        if stamps.last().is_some_and(|last| stamp.0 <= last.0) {
            stamps.clear();
        }
        stamps.push(stamp);
    }
    stamps
}

/// Milliseconds per iteration in the early phase, after it, and between the last two stamps.
fn phases(stamps: &[(usize, f64)], early: usize) -> [Option<f64>; 3] {
    let per = |from: Option<&(usize, f64)>, to: Option<&(usize, f64)>| {
        let (from, to) = (from?, to?);
        (to.0 > from.0).then(|| 1e3 * (to.1 - from.1) / (to.0 - from.0) as f64)
    };
    // An epoch that is stamped when it is over comes one after the multiple.
    let border = stamps.iter().find(|stamp| stamp.0 >= early);
    let last = stamps.last();
    [per(stamps.first(), border), per(border, last), per(stamps.iter().rev().nth(1), last)]
}

/// Where the map of a run lies.
pub(super) fn map_path(out: &Path, run: &Record) -> PathBuf {
    let word = |field: &str| match &run[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let words = ["data", "peer", "threads", "iterations"].map(word);
    out.join("maps").join(format!("{}.npy", words.join("_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(value: Value) -> Record {
        value.as_object().unwrap().clone()
    }

    fn run(peer: &str, commit: &str, total: f64) -> Value {
        json!({ "task": "embed", "data": "digits", "peer": peer, "threads": 2, "iterations": "250+500",
                "machine": "m", "commit": commit, "map": format!("{peer}.npy"), "total_s": total })
    }

    #[test]
    fn the_last_run_counts_and_verdicts_join_it() {
        let lines = [
            run("a", "c1", 1.0),
            json!({ "map": "a.npy", "kl": 9.0 }),
            run("b", "c1", 2.0),
            run("a", "c2", 3.0),
            json!({ "map": "a.npy", "kl": 1.5 }),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let records = Records { path: PathBuf::new(), records: parse(&text).unwrap() };
        let latest = records.latest();
        assert_eq!(latest.len(), 2);
        assert_eq!((&latest[0]["peer"], latest[0].get("kl")), (&json!("b"), None));
        assert_eq!((&latest[1]["total_s"], &latest[1]["kl"]), (&json!(3.0), &json!(1.5)));
        assert!(records.contains(&record(run("a", "c2", 0.0)), true));
        assert!(!records.contains(&record(run("a", "c3", 0.0)), true), "another commit of ours");
        assert!(records.contains(&record(run("b", "c3", 0.0)), false), "a peer does not depend on our commit");
        let dirty = Records { path: PathBuf::new(), records: vec![record(run("a", "c1-dirty", 1.0))] };
        assert!(!dirty.contains(&record(run("a", "c1-dirty", 0.0)), true), "changed code has no name");
        assert!(parse("no json").is_err());
    }

    #[test]
    fn a_failed_run_is_tried_again() {
        let mut failed = record(run("a", "c1", 1.0));
        failed.insert("failed".into(), json!("why"));
        let records = Records { path: PathBuf::new(), records: vec![failed] };
        assert!(!records.contains(&record(run("a", "c1", 0.0)), true));
    }

    fn outcome(lines: &[(f64, &str)], printed: Value) -> Outcome {
        let lines = lines.iter().map(|(at, line)| (*at, (*line).to_owned())).collect();
        Outcome { json: Some(printed), lines, seconds: 9.0, peak_bytes: Some(100), failure: None }
    }

    #[test]
    fn what_our_command_prints_is_read() {
        let lines = [
            (1.0, "iteration    50  KL divergence 3.0000"),
            (1.5, "iteration   100  KL divergence 2.5000"),
            (2.5, "iteration   150  KL divergence 2.0000"),
        ];
        let printed = json!({ "seconds": { "total": 2.0, "neighbors": 0.5 }, "kl_divergence": 2.0, "version": "0.1.0",
                              "ms_per_iteration": { "early": 9.0, "late": null }, "peak_memory_bytes": 200 });
        let fields = fields(&outcome(&lines, printed), 100);
        assert_eq!((&fields["total_s"], &fields["neighbors_s"]), (&json!(2.0), &json!(0.5)));
        assert_eq!(
            (&fields["ms_early"], &fields["ms_late"], &fields["ms_last"]),
            (&json!(9.0), &json!(20.0), &json!(20.0))
        );
        assert_eq!((&fields["curve"][1], &fields["peak_bytes"]), (&json!([100, 1.0, 2.5]), &json!(200)));
        assert!(!fields.contains_key("affinities_s"), "what is unknown is left out");
    }

    #[test]
    fn stamps_of_epochs_become_times() {
        let lines = [(1.0, " Epoch 0/150 | Z"), (2.0, " Epoch 50/150 | Z"), (4.0, " Epoch 100/150 | Z")];
        let others = [
            (0.0, "Iteration    1/20: Z"),
            (0.5, "Iteration   20/20: Z"),
            (1.0, "Iteration    1/150: Z"),
            (2.0, "Iteration   51/150: Z"),
            (4.0, "Iteration  101/150: Z"),
        ];
        assert_eq!(epochs(&outcome(&lines, json!({})).lines), epochs(&outcome(&others, json!({})).lines));
        let fields = fields(&outcome(&lines, json!({ "total_s": 5.0 })), 50);
        assert_eq!((&fields["ms_early"], &fields["ms_late"]), (&json!(20.0), &json!(40.0)));
        assert_eq!((&fields["process_s"], &fields["total_s"]), (&json!(9.0), &json!(5.0)));
    }

    #[test]
    fn the_map_is_named_by_the_run() {
        let path = map_path(Path::new("o"), &record(run("a", "c", 0.0)));
        assert_eq!(path, Path::new("o/maps/digits_a_2_250+500.npy"));
    }
}
