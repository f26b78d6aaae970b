//! Figures that are kept: baselines by name, and one line of history per run that is saved or compared.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::figure::{Figure, Figures};
use super::stamp::Stamp;

/// A file `benches/baselines/NAME.json`: the machine, then per benchmark the figure with its commit and date.
#[derive(Debug)]
pub(super) struct Baseline {
    machine: String,
    entries: Map<String, Value>,
    figures: Figures,
}

impl Baseline {
    pub(super) fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!("there is no baseline {}: `cargo xtask bench --save NAME` makes one", path.display())
        })?;
        Self::parse(&text).with_context(|| format!("{} is no baseline: save it anew", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let machine = value["machine"].as_str().context("there is no `machine`")?.to_owned();
        let entries = value["figures"].as_object().context("there are no `figures`")?.clone();
        let mut figures = Figures::new();
        for (name, entry) in &entries {
            figures.insert(name.clone(), Figure::from_json(entry).with_context(|| format!("at `{name}`"))?);
        }
        Ok(Self { machine, entries, figures })
    }

    pub(super) fn figures(&self) -> Figures {
        self.figures.clone()
    }

    /// Times of different machines say nothing about the code.
    pub(super) fn check_machine(&self, machine: &str) -> Result<()> {
        if self.machine != machine {
            bail!(
                "the baseline was measured on {}, this machine is {machine}: save a baseline of the old commit here",
                self.machine
            );
        }
        Ok(())
    }
}

/// Writes the figures into the baseline at `path`. Figures of the same machine that were not measured now stay.
pub(super) fn save(path: &Path, stamp: &Stamp, figures: &Figures) -> Result<()> {
    let before = if path.is_file() { Some(Baseline::load(path)?) } else { None };
    let text = merged(before, stamp, figures);
    write_parents(path)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn merged(before: Option<Baseline>, stamp: &Stamp, figures: &Figures) -> String {
    let mut entries =
        before.filter(|before| before.machine == stamp.machine).map(|before| before.entries).unwrap_or_default();
    for (name, figure) in figures {
        let mut entry = figure.to_json();
        entry["commit"] = json!(stamp.commit);
        entry["date"] = json!(stamp.date);
        entries.insert(name.clone(), entry);
    }
    format!("{:#}\n", json!({ "machine": stamp.machine, "unit": "ns", "figures": entries }))
}

/// Appends one line to the history of this machine; returns the file.
pub(super) fn append(stamp: &Stamp, figures: &Figures) -> Result<PathBuf> {
    let path = Path::new("benches/history").join(format!("{}.jsonl", stamp.machine));
    write_parents(&path)?;
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(line(stamp, figures).as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn line(stamp: &Stamp, figures: &Figures) -> String {
    let figures: Map<String, Value> = figures.iter().map(|(name, figure)| (name.clone(), figure.to_json())).collect();
    let run = json!({
        "machine": stamp.machine, "commit": stamp.commit, "date": stamp.date, "unit": "ns", "figures": figures
    });
    format!("{run}\n")
}

fn write_parents(path: &Path) -> Result<()> {
    let Some(directory) = path.parent() else { return Ok(()) };
    fs::create_dir_all(directory).with_context(|| format!("cannot make the directory {}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(machine: &str, commit: &str) -> Stamp {
        Stamp { machine: machine.to_owned(), commit: commit.to_owned(), date: "2026-01-02".to_owned() }
    }

    fn figures(entries: &[(&str, f64)]) -> Figures {
        let figure = |median: f64| Figure { median, lower: median - 1.0, upper: median + 1.0 };
        entries.iter().map(|(name, median)| ((*name).to_owned(), figure(*median))).collect()
    }

    #[test]
    fn a_partial_run_keeps_the_other_figures_of_the_machine() {
        let first = merged(None, &stamp("m", "c1"), &figures(&[("a", 10.0), ("b", 20.0)]));
        let first = Baseline::parse(&first).unwrap();
        assert_eq!(first.figures(), figures(&[("a", 10.0), ("b", 20.0)]));
        let second = Baseline::parse(&merged(Some(first), &stamp("m", "c2"), &figures(&[("b", 30.0)]))).unwrap();
        assert_eq!(second.figures(), figures(&[("a", 10.0), ("b", 30.0)]));
        assert_eq!((&second.entries["a"]["commit"], &second.entries["b"]["commit"]), (&json!("c1"), &json!("c2")));
        let other = Baseline::parse(&merged(Some(second), &stamp("n", "c3"), &figures(&[("b", 5.0)]))).unwrap();
        assert_eq!(other.figures(), figures(&[("b", 5.0)]), "another machine begins anew");
        assert!(other.check_machine("n").is_ok());
        assert!(other.check_machine("m").unwrap_err().to_string().contains("measured on n"));
    }

    #[test]
    fn a_line_of_history_is_one_line_of_json() {
        let line = line(&stamp("m", "c"), &figures(&[("a", 10.0)]));
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["figures"]["a"]["median"], json!(10.0));
        assert_eq!((&value["machine"], &value["commit"]), (&json!("m"), &json!("c")));
        assert_eq!((&value["date"], &value["unit"]), (&json!("2026-01-02"), &json!("ns")));
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        for text in ["", "{}", r#"{"machine":"m"}"#, r#"{"machine":"m","figures":{"a":{"median":1}}}"#] {
            assert!(Baseline::parse(text).is_err(), "{text}");
        }
    }
}
