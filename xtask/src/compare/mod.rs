//! `cargo xtask compare`: this toolkit beside its peers, every map judged alike.

mod data_set;
mod environment;
mod figures;
mod npy;
mod peer;
mod process;
mod record;
mod svg;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use xshell::Shell;

use crate::args::Args;
use crate::bench::stamp::Stamp;

use self::data_set::DataSet;
use self::npy::Array;
use self::peer::{Files, Peer, Programs, Task};
use self::record::{Record, Records};

/// Seconds that one peer may take unless told otherwise: three times what the slowest of those that run unasked took.
const LIMIT: f64 = 600.0;

/// The same for all peers of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Settings {
    threads: usize,
    /// Iterations with exaggeration.
    early: usize,
    /// Iterations without.
    late: usize,
}

/// What a run of the command is about.
struct Comparison {
    task: Task,
    settings: Settings,
    limit: Duration,
    force: bool,
    out: PathBuf,
    stamp: Stamp,
}

/// Runs `cargo xtask compare`.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let mut names = args.values("--data")?;
    let patterns = args.values("--peer")?;
    let task = args.value::<String>("--task")?.map_or(Ok(Task::Embed), |text| Task::parse(&text))?;
    let (early, late) = args.value::<String>("--iterations")?.map_or(Ok((250, 500)), |text| iterations(&text))?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings { threads: args.value("--threads")?.unwrap_or(processors), early, late };
    let limit = args.value("--limit")?.unwrap_or(LIMIT);
    let out: PathBuf = args.value("--out")?.unwrap_or_else(|| "data/compare".into());
    let (force, report) = (args.flag("--force"), args.flag("--report"));
    args.finish()?;
    peer::check(task, &patterns)?;
    if settings.threads == 0 || !(1.0..1e6).contains(&limit) {
        bail!("`--threads` must be at least 1, and `--limit` from 1 to 1000000 seconds");
    }
    for part in ["data", "maps"] {
        let directory = out.join(part);
        std::fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let mut records = Records::open(out.join("runs.jsonl"))?;
    if !report {
        let shell = Shell::new()?;
        let limit = Duration::from_secs_f64(limit);
        let comparison = Comparison { task, settings, limit, force, out: out.clone(), stamp: Stamp::now(&shell)? };
        if names.is_empty() {
            names = data_set::DEFAULT.map(str::to_owned).to_vec();
        }
        // Everything is there before the first run is timed.
        let sets = names.iter().map(|name| DataSet::prepare(name, &out)).collect::<Result<Vec<_>>>()?;
        let all: Vec<Peer> = sets.iter().flat_map(|data| peer::chosen(task, &patterns, data.n)).collect();
        let (programs, judge) = environment::build(&shell, &all)?;
        for data in &sets {
            let peers = peer::chosen(task, &patterns, data.n);
            comparison.measure(data, &peers, &programs, &mut records)?;
            comparison.judge(data, &judge, &mut records)?;
        }
    }
    let latest = records.latest();
    let tables = table::tables(&latest);
    print!("{tables}");
    let path = out.join("table.md");
    std::fs::write(&path, tables).with_context(|| format!("cannot write {}", path.display()))?;
    let files = figures::draw(&latest, &out)?;
    let files: Vec<String> = files.into_iter().chain([path]).map(|file| file.display().to_string()).collect();
    println!("\nwritten: {}", files.join(", "));
    Ok(())
}

/// Reads `250+500`.
fn iterations(text: &str) -> Result<(usize, usize)> {
    let parse = |text: &str| text.parse().ok().filter(|number| *number > 0);
    match text.split_once('+').and_then(|(early, late)| Some((parse(early)?, parse(late)?))) {
        Some(pair) => Ok(pair),
        None => bail!("`--iterations {text}`: write both phases, as in 250+500"),
    }
}

impl Comparison {
    /// Runs the peers one after another, except those that were run before.
    fn measure(&self, data: &DataSet, peers: &[Peer], programs: &Programs, records: &mut Records) -> Result<()> {
        let mut files = None;
        for peer in peers {
            let mut run = self.identity(data, peer);
            if !self.force && records.contains(&run, peer.is_ours()) {
                println!("{} {}: measured before (--force repeats it)", data.name, peer.name);
                continue;
            }
            let files = match &files {
                Some(files) => files,
                None => files.insert(self.files(data, programs)?),
            };
            let map = record::map_path(&self.out, &run);
            // An older map must not be taken for that of a run that fails.
            _ = std::fs::remove_file(&map);
            let outcome = process::run(&mut peer.command(programs, files, &map, &self.settings), self.limit)?;
            run.extend(record::fields(&outcome, self.settings.early));
            if let (Files::Transform { fitted_map, .. }, None) = (files, &outcome.failure) {
                Array::read(fitted_map)?.stacked(&Array::read(&map)?)?.write(&map)?;
            }
            let log = map.with_extension("log");
            if outcome.failure.is_none() {
                run.insert("map".into(), json!(map));
                _ = std::fs::remove_file(&log);
            } else {
                let text: Vec<&str> = outcome.lines.iter().map(|(_, line)| line.as_str()).collect();
                std::fs::write(&log, text.join("\n")).with_context(|| format!("cannot write {}", log.display()))?;
                println!("what it printed: {}", log.display());
            }
            println!("{} {}: {}", data.name, peer.name, summary(&run));
            records.append(run)?;
        }
        Ok(())
    }

    /// The fields by which a run is known.
    fn identity(&self, data: &DataSet, peer: &Peer) -> Record {
        let Settings { threads, early, late } = self.settings;
        let fields = json!({
            "task": self.task.name(), "data": data.name, "n": data.n, "d": data.d, "peer": peer.name,
            "threads": threads, "iterations": format!("{early}+{late}"),
            "machine": self.stamp.machine, "commit": self.stamp.commit, "date": self.stamp.date,
        });
        fields.as_object().cloned().unwrap_or_default()
    }

    /// The inputs of the task; those of `transform` are fitted here, by the command of this repository.
    fn files(&self, data: &DataSet, programs: &Programs) -> Result<Files> {
        if self.task == Task::Embed {
            return Ok(Files::Embed { points: data.points.clone() });
        }
        let (fitted, new) = data.split(&self.out)?;
        let (fitted_map, model) = (fitted.with_extension("map.npy"), fitted.with_extension("tsne"));
        let mut command = Command::new(&programs.tsne);
        command.arg("embed").arg(&fitted).args(["--preset", "opentsne", "--json", "-o"]).arg(&fitted_map);
        command.arg("--save").arg(&model);
        match process::run(&mut command, self.limit)?.failure {
            None => Ok(Files::Transform { fitted, fitted_map, model, new }),
            Some(reason) => bail!("the map to place new points into could not be made: {reason}"),
        }
    }

    /// Judges the maps of this data set that are not judged yet.
    fn judge(&self, data: &DataSet, judge: &Path, records: &mut Records) -> Result<()> {
        let of_data = |run: &&Record| run["data"] == data.name.as_str() && !run.contains_key("kl");
        let map = |run: &Record| run.get("map").and_then(Value::as_str).map(str::to_owned);
        let maps: Vec<String> = records.latest().into_iter().filter(of_data).filter_map(map).collect();
        if maps.is_empty() {
            return Ok(());
        }
        println!("{}: judging {} maps", data.name, maps.len());
        let labels = data.labels.as_deref().unwrap_or(Path::new("-"));
        let mut command = Command::new(judge);
        command.arg(&data.points).arg(labels).args(&maps);
        // Of a million points the normalizers take minutes; the judge is not what is measured.
        let outcome = process::run(&mut command, Duration::MAX)?;
        for (_, line) in &outcome.lines {
            if let Ok(Value::Object(verdict)) = serde_json::from_str(line) {
                records.append(verdict)?;
            }
        }
        match outcome.failure {
            None => Ok(()),
            Some(reason) => bail!("the maps of {} could not be judged: {reason}", data.name),
        }
    }
}

/// One line about a run.
fn summary(run: &Record) -> String {
    match (run.get("failed").and_then(Value::as_str), run.get("total_s").and_then(Value::as_f64)) {
        (Some(reason), _) => format!("failed: {reason}"),
        (None, Some(total)) => format!("{total:.2} s"),
        (None, None) => "done".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_are_two_numbers() {
        assert_eq!(iterations("250+500").unwrap(), (250, 500));
        for text in ["750", "250+", "0+500", "a+b"] {
            assert!(iterations(text).unwrap_err().to_string().contains(text), "{text}");
        }
    }
}
