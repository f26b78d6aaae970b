//! The plots of a comparison: time against the number of points, and KL divergence against time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::record::Record;
use super::svg::{Axis, Series, plot};
use super::table::{groups, place, plain};

/// Columns up to which data sets share the plot of time against the number of points: more take longer to search.
const COLUMNS: u64 = 100;

/// KL divergences up to this multiple of the best one are shown; what is beyond says only that it is beyond.
const WORST: f64 = 1.4;

/// Writes the plots into `out`; returns their names.
pub(super) fn draw(records: &[&Record], out: &Path) -> Result<Vec<PathBuf>> {
    let whole: Vec<&Record> = records.iter().copied().filter(|run| total(run).is_some()).collect();
    let maps: Vec<&Record> = whole.iter().copied().filter(|run| run["task"] == "embed").collect();
    let mut files = Vec::new();
    let mut write = |name: String, svg: String| {
        let path = out.join(name);
        fs::write(&path, svg).with_context(|| format!("cannot write {}", path.display()))?;
        files.push(path);
        anyhow::Ok(())
    };
    if let Some(svg) = time_against_n(&maps) {
        write("time-against-n.svg".to_owned(), svg)?;
    }
    for group in groups(&maps) {
        if let Some(svg) = kl_against_time(&group) {
            write(format!("kl-against-time-{}.svg", plain(&group[0]["data"])), svg)?;
        }
    }
    Ok(files)
}

fn number(run: &Record, field: &str) -> Option<f64> {
    run.get(field).and_then(Value::as_f64)
}

fn total(run: &Record) -> Option<f64> {
    number(run, "total_s").filter(|seconds| *seconds > 0.0)
}

fn time_against_n(runs: &[&Record]) -> Option<String> {
    let mut series: Vec<Series> = Vec::new();
    let mut sorted: Vec<&Record> =
        runs.iter().copied().filter(|run| run["d"].as_u64().is_some_and(|d| d <= COLUMNS)).collect();
    sorted.sort_by_key(|run| (place(run), run["n"].as_u64()));
    for run in sorted {
        let point = (number(run, "n")?, total(run)?);
        let name = plain(&run["peer"]);
        match series.last_mut().filter(|last| last.name == name) {
            Some(last) => {
                last.line.push(point);
                last.markers.push(point);
            }
            None => series.push(Series { name, style: place(run), line: vec![point], markers: vec![point] }),
        }
    }
    let points = || series.iter().flat_map(|one| one.line.iter());
    points().next()?;
    let x = Axis::around("points", true, points().map(|point| point.0));
    let y = Axis::around("time from points to map (s)", true, points().map(|point| point.1));
    Some(plot("Time against the number of points", &x, &y, &series))
}

fn kl_against_time(group: &[&Record]) -> Option<String> {
    let mut series = Vec::new();
    for run in group {
        let Some(kl) = number(run, "kl") else { continue };
        let last = (total(run)?, kl);
        let point = |value: &Value| Some((value[1].as_f64()?, value[2].as_f64()?));
        let curve = run.get("curve").and_then(Value::as_array);
        let mut line: Vec<(f64, f64)> = curve.into_iter().flatten().filter_map(point).collect();
        if !line.is_empty() {
            line.push(last);
        }
        series.push(Series {
            name: format!("{} ({kl:.3})", plain(&run["peer"])),
            style: place(run),
            line,
            markers: vec![last],
        });
    }
    let best = series.iter().map(|one: &Series| one.markers[0].1).fold(f64::INFINITY, f64::min);
    let shown = |point: &&(f64, f64)| point.1 <= WORST * best;
    let points = || series.iter().flat_map(|one| one.line.iter().chain(&one.markers)).filter(shown);
    points().next()?;
    let x = Axis::around("time (s)", true, points().map(|point| point.0));
    let y = Axis::around("KL divergence", false, points().map(|point| point.1));
    let title = format!("KL divergence against time: {}, {} points", plain(&group[0]["data"]), group[0]["n"]);
    Some(plot(&title, &x, &y, &series))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(peer: &str, n: usize, total: f64, kl: f64, curve: Value) -> Record {
        let run = json!({ "task": "embed", "data": format!("d{n}"), "n": n, "d": 50, "peer": peer, "threads": 2,
                          "iterations": "250+500", "machine": "m", "total_s": total, "kl": kl, "curve": curve });
        run.as_object().unwrap().clone()
    }

    #[test]
    fn a_peer_is_one_line_over_all_sizes() {
        let runs = [
            run("openTSNE", 1000, 4.0, 1.0, Value::Null),
            run("openTSNE", 10_000, 60.0, 1.5, Value::Null),
            run("manifolds-bh", 1000, 1.0, 1.1, Value::Null),
        ];
        let svg = time_against_n(&runs.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(svg.matches("<polyline").count(), 1, "one point is no line");
        assert!(svg.contains("openTSNE") && svg.contains("manifolds-bh"));
        assert!(time_against_n(&[]).is_none());
    }

    #[test]
    fn a_course_ends_at_the_judged_value() {
        let runs = [
            run("openTSNE", 1000, 4.0, 1.0, json!([[50, 1.0, 3.0], [100, 2.0, 1.2]])),
            run("manifolds-bh", 1000, 1.0, 1.1, Value::Null),
        ];
        let svg = kl_against_time(&runs.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(svg.matches("<polyline").count(), 1);
        assert!(svg.contains("openTSNE (1.000)") && svg.contains("manifolds-bh (1.100)"));
        let unjudged: Vec<Record> = runs
            .into_iter()
            .map(|mut run| {
                run.remove("kl");
                run
            })
            .collect();
        assert!(kl_against_time(&unjudged.iter().collect::<Vec<_>>()).is_none());
    }
}
