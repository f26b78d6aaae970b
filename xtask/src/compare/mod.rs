//! `cargo xtask compare`: this toolkit beside its peers, every map judged alike.

mod data_set;
mod environment;
mod peer;
mod process;
mod record;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use xshell::{Shell, cmd};

use crate::bench::stamp::Stamp;
use crate::data::Data;

use self::data_set::DataSet;
use self::peer::{Files, Peer, Programs, Settings, Task};
use self::record::{Record, Records};

/// Draws the plots, by matplotlib.
const PLOTS: &str = "benches/peers/plots.py";

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// digits, fashion-10k, fashion-70k, fashion-784, synthetic-250k, synthetic-1m or a file .npy; may be repeated.
    #[arg(long, value_name = "NAME", default_values = data_set::DEFAULT)]
    data: Vec<String>,
    /// Names of peers, with * for any letters; without, those that take minutes at most; may be repeated.
    #[arg(long, value_name = "NAME")]
    peer: Vec<String>,
    #[arg(long, value_enum, default_value_t = Task::Embed)]
    task: Task,
    /// By default all that the machine has.
    #[arg(long)]
    threads: Option<std::num::NonZeroUsize>,
    /// Iterations with exaggeration, and without.
    #[arg(long, default_value = "250+500", value_parser = iterations)]
    iterations: (usize, usize),
    /// Seconds that one peer may take: by default three times what the slowest of those that run unasked took.
    #[arg(long, default_value_t = 600.0)]
    limit: f64,
    #[arg(long, default_value = "data/compare")]
    out: PathBuf,
    /// Repeat what was measured before.
    #[arg(long)]
    force: bool,
    /// Measure nothing, only print and draw.
    #[arg(long)]
    report: bool,
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
pub(crate) fn run(options: &Options) -> Result<()> {
    let Options { task, limit, force, out, .. } = options;
    let (early, late) = options.iterations;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings { threads: options.threads.map_or(processors, usize::from), early, late };
    peer::check(*task, &options.peer)?;
    if !(1.0..1e6).contains(limit) {
        bail!("`--limit {limit}`: from 1 to 1000000 seconds are allowed");
    }
    for part in ["data", "maps"] {
        let directory = out.join(part);
        std::fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let shell = Shell::new()?;
    let mut records = Records::open(out.join("runs.jsonl"))?;
    if !options.report {
        let limit = Duration::from_secs_f64(*limit);
        let (out, stamp) = (out.clone(), Stamp::now(&shell)?);
        let comparison = Comparison { task: *task, settings, limit, force: *force, out, stamp };
        // Everything is there before the first run is timed.
        let data = Data::build(&shell)?;
        let prepare = |name: &String| DataSet::prepare(name, &options.out, &data);
        let sets = options.data.iter().map(prepare).collect::<Result<Vec<_>>>()?;
        let all: Vec<Peer> = sets.iter().flat_map(|set| peer::chosen(*task, &options.peer, set.n)).collect();
        let programs = environment::build(&shell, &all)?;
        for set in &sets {
            let peers = peer::chosen(*task, &options.peer, set.n);
            comparison.measure(set, &peers, &programs, &data, &mut records)?;
            comparison.judge(set, &programs.judge, &mut records)?;
        }
    }
    report(&shell, &records.latest(), out)
}

/// Prints and writes the tables, and draws the plots.
fn report(shell: &Shell, runs: &[&Record], out: &Path) -> Result<()> {
    let tables = table::tables(runs);
    print!("{tables}");
    let path = out.join("table.md");
    std::fs::write(&path, tables).with_context(|| format!("cannot write {}", path.display()))?;
    println!("\nwritten: {}", path.display());
    let python = environment::python(shell)?;
    let lines: String = table::ordered(runs).iter().map(|run| json!(run).to_string() + "\n").collect();
    cmd!(shell, "{python} {PLOTS} {out}").stdin(lines).quiet().run().context("the plots could not be drawn")
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
    fn measure(
        &self,
        set: &DataSet,
        peers: &[Peer],
        programs: &Programs,
        data: &Data,
        records: &mut Records,
    ) -> Result<()> {
        let mut files = None;
        for peer in peers {
            let mut run = self.identity(set, peer);
            if !self.force && records.contains(&run, peer.is_ours()) {
                println!("{} {}: measured before (--force repeats it)", set.name, peer.name);
                continue;
            }
            let files = match &files {
                Some(files) => files,
                None => files.insert(self.files(set, programs, data)?),
            };
            let map = record::map_path(&self.out, &run);
            // An older map must not be taken for that of a run that fails.
            _ = std::fs::remove_file(&map);
            let outcome = process::run(&mut peer.command(programs, files, &map, &self.settings), self.limit)?;
            run.extend(record::fields(&outcome, self.settings.early));
            if let (Files::Transform { fitted_map, .. }, None) = (files, &outcome.failure) {
                data.stack(fitted_map, &map, &map)?;
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
            println!("{} {}: {}", set.name, peer.name, summary(&run));
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
    fn files(&self, set: &DataSet, programs: &Programs, data: &Data) -> Result<Files> {
        if self.task == Task::Embed {
            return Ok(Files::Embed { points: set.points.clone() });
        }
        let (fitted, new) = set.split(&self.out, data)?;
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
