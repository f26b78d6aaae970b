//! `cargo xtask span`: work and span of the parts of a fit, told by one thread, against a baseline.
//!
//! What waits for one thread is seen on a machine with two as well as on one with sixty-four: see `tsne_core::span`. The times
//! behind it are times, so that each piece counts at its shortest of some runs, a part that seems worse is looked at again, and
//! only what is worse by far fails.

mod baseline;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use xshell::{Shell, cmd};

use crate::outcome::Outcome;
use crate::table::aligned;
use crate::workspace::Workspace;

use self::baseline::{Baseline, Ratios};

/// The baseline, relative to the root of the repository.
const BASELINE: &str = "benches/span/baseline.json";

/// Runs of which each piece counts at its shortest.
const REPETITIONS: &str = "5";

/// How often a part that seems worse is looked at again.
const RETRIES: usize = 3;

/// A ratio of work to span may be this part of the baseline's: between runs on a busy machine ratios differ by a third, and a stage
/// that is not parallel any more shows as a tenth.
const LEAST: f64 = 0.5;

/// Places of each part that are printed: those that the span is made of.
const PLACES: usize = 6;

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The change is meant: write the ratios to the baseline.
    #[arg(long, conflicts_with_all = ["filter", "points"])]
    save: bool,
    /// As many points in place of 70,000; nothing is compared.
    #[arg(long, value_name = "N")]
    points: Option<usize>,
    /// Print the places in the sources that the span is made of.
    #[arg(long)]
    places: bool,
    /// Only the parts whose name contains one of these.
    #[arg(last = true)]
    filter: Vec<String>,
}

/// Work and span of a part, as the program prints them.
#[derive(Debug, Deserialize)]
struct Profile {
    work_ms: f64,
    span_ms: f64,
    threads: usize,
    threads_ms: f64,
    regions: usize,
    places: Vec<Place>,
}

/// A place in the sources.
#[derive(Debug, Deserialize)]
struct Place {
    name: String,
    regions: usize,
    serial_ms: f64,
    work_ms: f64,
    span_ms: f64,
}

impl Profile {
    fn ratio(&self) -> f64 {
        self.work_ms / self.span_ms
    }
}

/// Runs `cargo xtask span`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let shell = Shell::new()?;
    let program = Program::build(&shell)?;
    let mut profiles = Vec::new();
    for name in program.parts(&shell, &options.filter)? {
        let profile = program.measure(&shell, &name, options.points)?;
        profiles.push((name, profile));
    }
    print!("\n{}", table(&profiles));
    if options.places {
        print!("{}", places(&profiles));
    }
    if options.save {
        let ratios = profiles.iter().map(|(name, profile)| (name.clone(), profile.ratio())).collect();
        Baseline { cpu: program.cpu(&shell)?, ratios }.save(Path::new(BASELINE))?;
        println!("\nsaved {} ratios to {BASELINE}", profiles.len());
        return Ok(());
    }
    if options.points.is_some() {
        return Ok(());
    }
    judge(&shell, &program, profiles, options.filter.is_empty())
}

/// The step of `cargo xtask ci`.
pub(crate) fn check(_: &Shell) -> Result<Outcome> {
    run(&Options { save: false, points: None, places: false, filter: Vec::new() })?;
    Ok(Outcome::Passed)
}

/// Compares with the baseline; what seems worse is measured again.
fn judge(shell: &Shell, program: &Program, profiles: Vec<(String, Profile)>, all: bool) -> Result<()> {
    let baseline = Baseline::load(Path::new(BASELINE))?;
    let cpu = program.cpu(shell)?;
    if cpu != baseline.cpu {
        println!("\nNOT COMPARABLE, so nothing fails: the baseline is of `{}`, this is `{cpu}`", baseline.cpu);
        return Ok(());
    }
    let mut ratios: Ratios = profiles.into_iter().map(|(name, profile)| (name, profile.ratio())).collect();
    for _ in 0..RETRIES {
        for name in worse(&baseline.ratios, &ratios) {
            let again = program.measure(shell, &name, None)?.ratio();
            println!("{name} once more: {again:.1}");
            ratios.entry(name).and_modify(|ratio| *ratio = ratio.max(again));
        }
    }
    let faults = faults(&baseline.ratios, &ratios, all);
    if !faults.is_empty() {
        bail!(
            "less parallel than the baseline, or unknown to it:\n  {}\n`cargo xtask span --places` shows where; if the \
             change is meant, `cargo xtask span --save` and commit {BASELINE}",
            faults.join("\n  ")
        );
    }
    Ok(())
}

/// The parts whose ratio is far below that of the baseline.
fn worse(before: &Ratios, now: &Ratios) -> Vec<String> {
    let is_worse = |(name, ratio): &(&String, &f64)| before.get(*name).is_some_and(|before| **ratio < LEAST * before);
    now.iter().filter(is_worse).map(|(name, _)| name.clone()).collect()
}

fn faults(before: &Ratios, now: &Ratios, all: bool) -> Vec<String> {
    let worse = worse(before, now).into_iter().map(|name| {
        let (before, now) = (before.get(&name).copied().unwrap_or(0.0), now.get(&name).copied().unwrap_or(0.0));
        format!("{name}: work is {now:.1} times the span, {before:.1} times before")
    });
    let new = now.keys().filter(|name| !before.contains_key(*name)).map(|name| format!("{name}: not in the baseline"));
    let gone = before.keys().filter(|name| all && !now.contains_key(*name));
    worse.chain(new).chain(gone.map(|name| format!("{name}: in the baseline, but no part any more"))).collect()
}

fn table(profiles: &[(String, Profile)]) -> String {
    let row = |(name, profile): &(String, Profile)| {
        let Profile { work_ms, span_ms, threads, threads_ms, regions, .. } = profile;
        vec![
            name.clone(),
            format!("{work_ms:.2}"),
            format!("{span_ms:.2}"),
            format!("{:.1}", profile.ratio()),
            format!("{threads_ms:.2} on {threads} ({:.1}x)", work_ms / threads_ms),
            regions.to_string(),
        ]
    };
    let head = ["part", "work ms", "span ms", "ratio", "time ms", "regions"];
    aligned(&head, profiles.iter().map(row).collect())
}

fn places(profiles: &[(String, Profile)]) -> String {
    let mut text = String::new();
    for (name, profile) in profiles {
        let row = |place: &Place| {
            let ms = |value: f64| format!("{value:.3}");
            let Place { name, regions, serial_ms, work_ms, span_ms } = place;
            vec![name.clone(), regions.to_string(), ms(*serial_ms), ms(*span_ms), ms(*work_ms)]
        };
        let head = ["before or in", "regions", "serial ms", "span ms", "work ms"];
        let rows = profile.places.iter().take(PLACES).map(row).collect();
        // Writing to a string does not fail.
        _ = write!(text, "\n{name}\n{}", aligned(&head, rows));
    }
    text
}

/// The program that has the parts (`benches/span/`).
struct Program {
    binary: PathBuf,
}

impl Program {
    /// In the profile of `cargo xtask icount`, whose dependencies it shares.
    fn build(shell: &Shell) -> Result<Self> {
        cmd!(shell, "cargo build --profile icount --package tsne-benches --bin span --features span").run()?;
        let directory = PathBuf::from(Workspace::load(shell)?.target_directory).join("icount");
        Ok(Self { binary: directory.join("span").with_extension(std::env::consts::EXE_EXTENSION) })
    }

    fn cpu(&self, shell: &Shell) -> Result<String> {
        let binary = &self.binary;
        Ok(cmd!(shell, "{binary} cpu").quiet().read()?)
    }

    /// The parts whose name contains one of `filter`; all without one.
    fn parts(&self, shell: &Shell, filter: &[String]) -> Result<Vec<String>> {
        let binary = &self.binary;
        let names = cmd!(shell, "{binary} list").quiet().read()?;
        let wanted = |name: &&str| filter.is_empty() || filter.iter().any(|part| name.contains(part));
        let chosen: Vec<String> = names.lines().filter(wanted).map(str::to_owned).collect();
        if chosen.is_empty() {
            bail!("the filter {filter:?} matches no part; there are {}", names.replace('\n', ", "));
        }
        Ok(chosen)
    }

    fn measure(&self, shell: &Shell, name: &str, points: Option<usize>) -> Result<Profile> {
        println!("recording {name}");
        let (binary, points) = (&self.binary, points.map(|n| n.to_string()));
        let text = cmd!(shell, "{binary} run {name} {REPETITIONS} {points...}").quiet().read()?;
        serde_json::from_str(&text).with_context(|| format!("`{name}` printed what is no profile: {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratios(entries: &[(&str, f64)]) -> Ratios {
        entries.iter().map(|(name, ratio)| ((*name).to_owned(), *ratio)).collect()
    }

    #[test]
    fn what_is_far_less_parallel_is_a_fault() {
        let before = ratios(&[("a", 40.0), ("b", 40.0), ("gone", 3.0)]);
        let now = ratios(&[("a", 40.0 * LEAST - 0.1), ("b", 40.0 * LEAST + 0.1), ("new", 9.0)]);
        assert_eq!(worse(&before, &now), ["a"]);
        let all = faults(&before, &now, true).join("\n");
        assert!(all.contains("a: work is 19.9 times the span, 40.0 times before"), "{all}");
        assert!(all.contains("new: not in") && all.contains("gone: in the baseline") && !all.contains("b:"), "{all}");
        assert!(!faults(&before, &now, false).join("\n").contains("gone"));
    }

    #[test]
    fn a_profile_is_read_and_shown() {
        let text = r#"{"work_ms": 10.0, "span_ms": 0.5, "threads": 16, "threads_ms": 1.0, "regions": 3, "places":
            [{"name": "a.rs:3", "regions": 3, "serial_ms": 0.1, "work_ms": 9.0, "span_ms": 0.4}]}"#;
        let profiles = vec![("part".to_owned(), serde_json::from_str(text).unwrap())];
        let shown = table(&profiles);
        assert!(shown.contains("20.0") && shown.contains("1.00 on 16 (10.0x)"), "{shown}");
        assert!(places(&profiles).contains("a.rs:3"));
    }
}
