//! The runs that faults are tried on: what is there before, what they write, and what is whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use super::place::{self, Files, PLACE};
use super::process::Tool;

/// What a file is, and by that how one that is neither the old nor the new one, byte by byte, is known to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Never changed by a run.
    Input,
    /// A map or a model, which can be drawn; from where a run was interrupted it may be one on its way.
    Map,
    /// A picture or a page; from where a run was interrupted it may be of a map on its way.
    Page,
    /// A run that can be resumed, to the map of the whole run.
    Checkpoint,
    /// A file of anndata with the map in it: drawn, it is the old map or the new one, and the points are the same ever.
    Anndata,
    /// A file of a page in a folder, which is there once its `index.html` is.
    Folder,
}

/// A run.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) arguments: &'static str,
    files: &'static [(&'static str, Kind)],
    /// What makes the files that are there before; the first part of the name of a file that is not removed afterwards is `x`.
    before: &'static [&'static str],
    /// Outputs of `before` that are not there when the run begins.
    removed: &'static [&'static str],
    /// What ends a run from what it has left behind.
    resume: Option<&'static str>,
}

/// All of them. Descents are long enough to be met on their way, and all are small enough for hundreds of runs.
pub(super) const SCENARIOS: [Scenario; 9] = [
    Scenario {
        name: "outputs",
        arguments: "embed x.csv --labels kinds.txt --perplexity 10 --preset opentsne --n-iter 400 -o y.npy --plot y.svg \
                    --html y.html --save m.tsne -q",
        files: &[
            ("x.csv", Kind::Input),
            ("kinds.txt", Kind::Input),
            ("y.npy", Kind::Map),
            ("y.svg", Kind::Page),
            ("y.html", Kind::Page),
            ("m.tsne", Kind::Map),
        ],
        before: &[
            "embed x.csv --labels kinds.txt --perplexity 10 --n-iter 20 --seed 1 -o y.npy --plot y.svg --html y.html \
                   --save m.tsne -q",
        ],
        removed: &[],
        resume: None,
    },
    Scenario {
        name: "tables",
        arguments: "embed x.csv --labels kinds.txt --perplexity 10 --preset opentsne --n-iter 400 -o y.csv --frames f.html \
                    --plot y.png -q",
        files: &[
            ("x.csv", Kind::Input),
            ("kinds.txt", Kind::Input),
            ("y.csv", Kind::Map),
            ("f.html", Kind::Page),
            ("y.png", Kind::Page),
        ],
        before: &[
            "embed x.csv --labels kinds.txt --perplexity 10 --n-iter 20 --seed 1 -o y.csv --frames f.html --plot y.png -q",
        ],
        removed: &[],
        resume: None,
    },
    Scenario {
        name: "columnar",
        arguments: "embed x.csv --labels kinds.txt --perplexity 10 --preset opentsne --n-iter 400 -o y.parquet --frames f.png -q",
        files: &[("x.csv", Kind::Input), ("kinds.txt", Kind::Input), ("y.parquet", Kind::Map), ("f.png", Kind::Page)],
        before: &["embed x.csv --labels kinds.txt --perplexity 10 --n-iter 20 --seed 1 -o y.parquet --frames f.png -q"],
        removed: &[],
        resume: None,
    },
    Scenario {
        name: "checkpoint",
        arguments: "embed x.csv --perplexity 10 --preset opentsne --early-exaggeration-iter 20 --n-iter 40 -o y.npy --checkpoint c.tsne --checkpoint-every 0 -q",
        files: &[("x.csv", Kind::Input), ("y.npy", Kind::Map), ("c.tsne", Kind::Checkpoint)],
        before: &[],
        removed: &[],
        resume: Some("resume c.tsne -q"),
    },
    Scenario {
        name: "resume",
        arguments: "resume c.tsne --checkpoint-every 0 -q",
        files: &[("x.csv", Kind::Input), ("y.npy", Kind::Map), ("c.tsne", Kind::Checkpoint)],
        // One that is saved at the beginning of the descent, and not again.
        before: &[
            "embed x.csv --perplexity 10 --preset opentsne --early-exaggeration-iter 20 --n-iter 40 -o y.npy --checkpoint c.tsne --checkpoint-every 1000000 -q",
        ],
        removed: &["y.npy"],
        resume: Some("resume c.tsne -q"),
    },
    Scenario {
        name: "write-back",
        arguments: "embed x.h5ad --perplexity 5 --preset opentsne --n-iter 1500 --write-back -q",
        files: &[("x.h5ad", Kind::Anndata)],
        before: &["embed x.h5ad --perplexity 5 --n-iter 20 --seed 1 --write-back -q"],
        removed: &[],
        resume: None,
    },
    Scenario {
        name: "copy",
        arguments: "embed x.h5ad --perplexity 5 --preset opentsne --n-iter 1500 -o z.h5ad -q",
        files: &[("x.h5ad", Kind::Input), ("z.h5ad", Kind::Anndata)],
        before: &["embed x.h5ad --perplexity 5 --n-iter 20 --seed 1 -o z.h5ad -q"],
        removed: &[],
        resume: None,
    },
    Scenario {
        name: "transform",
        arguments: "transform m.tsne x.csv --n-iter 2000 -o t.npy --plot t.svg -q",
        files: &[("x.csv", Kind::Input), ("m.tsne", Kind::Input), ("t.npy", Kind::Map), ("t.svg", Kind::Page)],
        before: &[
            "embed x.csv --perplexity 10 --n-iter 20 --save m.tsne -q",
            "transform m.tsne x.csv --n-iter 10 -o t.npy --plot t.svg -q",
        ],
        removed: &[],
        resume: None,
    },
    Scenario {
        name: "folder",
        arguments: "explore y.npy -o map/ -q",
        files: &[("x.csv", Kind::Input), ("y.npy", Kind::Input), ("map/", Kind::Folder)],
        before: &["embed x.csv --perplexity 10 --n-iter 20 -o y.npy -q", "explore y.npy --title old -o map/ -q"],
        removed: &[],
        resume: None,
    },
];

/// A run that has been made ready.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    pub(super) scenario: &'a Scenario,
    tool: &'a Tool,
    pub(super) before: Files,
    pub(super) after: Files,
    /// The time that it takes.
    pub(super) whole: Duration,
    /// Files that two runs write alike to the last byte.
    repeated: Vec<String>,
    /// Where files are looked at.
    aside: PathBuf,
}

/// What was found of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    Nothing,
    Old,
    New,
    /// Another one, which is whole.
    OnItsWay,
    /// One by a name that it would have had for microseconds only.
    Temporary,
}

/// How names begin that files have before they take the place of others.
const TEMPORARY: &str = ".tsne-";

/// Removes files that are nobody's any more.
pub(super) fn forget_temporary(directory: &Path) -> Result<()> {
    let mut left = place::files(directory)?.into_keys().filter(|name| name.starts_with(TEMPORARY));
    left.try_for_each(|name| Ok(fs::remove_file(directory.join(name))?))
}

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By itself.
    Own,
    /// In order, on its way.
    Interrupted,
    /// At once.
    Killed,
}

/// Data for all runs: points in three clusters, their labels, and a file of anndata.
pub(super) fn data(shell: &Shell) -> Result<Files> {
    let (n, d) = (90, 4);
    let mut state = 1u64;
    let mut random = || {
        // The generator of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 52) as f64 / 256.0
    };
    let mut row = |i: usize| {
        let values: Vec<String> =
            (0..d).map(|c| (random() + if i % 3 == c { 32.0 } else { 0.0 }).to_string()).collect();
        values.join(",") + "\n"
    };
    let points: String = (0..n).map(&mut row).collect();
    let kinds: String = (0..n).map(|i| format!("kind {}\n", i % 3)).collect();
    let anndata = cmd!(shell, "gzip -dc crates/tsne-cli/tests/data/dense.h5ad.gz").quiet().output()?.stdout;
    let files = [("x.csv", points.into_bytes()), ("kinds.txt", kinds.into_bytes()), ("x.h5ad", anndata)];
    Ok(files.map(|(name, bytes)| (name.to_owned(), bytes)).into())
}

impl Scenario {
    fn kind(&self, file: &str) -> Option<Kind> {
        let is = |known: &str| file == known || (known.ends_with('/') && file.starts_with(known));
        self.files.iter().find(|(known, _)| is(known)).map(|(_, kind)| *kind)
    }

    /// Makes the files before and after the run.
    pub(super) fn ready<'a>(&'a self, tool: &'a Tool, data: &Files, home: &Path) -> Result<Ready<'a>> {
        let directory = place::empty(home, PLACE)?;
        let inputs: Files =
            data.iter().filter(|(name, _)| self.kind(name).is_some()).map(|(n, b)| (n.clone(), b.clone())).collect();
        place::put(&inputs, &directory)?;
        for arguments in self.before {
            tool.succeed(&directory, arguments)?;
        }
        for name in self.removed {
            fs::remove_file(directory.join(name))?;
        }
        let before = place::files(&directory)?;
        let whole = tool.succeed(&directory, self.arguments)?;
        let after = place::files(&directory)?;
        let again = place::empty(home, PLACE)?;
        place::put(&before, &again)?;
        let whole = tool.succeed(&again, self.arguments)?.min(whole);
        let second = place::files(&again)?;
        let repeated =
            after.iter().filter(|(name, bytes)| second.get(*name) == Some(bytes)).map(|(name, _)| name.clone());
        let repeated = repeated.collect();
        let aside = place::empty(home, "aside")?;
        Ok(Ready { scenario: self, tool, before, after, whole, repeated, aside })
    }
}

impl Ready<'_> {
    /// Checks what a run has left in a directory: no file is lost, none is half a file, and there is none that nobody asked for.
    /// `end` is how it came to that.
    pub(super) fn check(&self, directory: &Path, end: End) -> Result<Vec<(String, Found)>> {
        let (killed, interrupted) = (end == End::Killed, end == End::Interrupted);
        let files = place::files(directory)?;
        let unknown: Vec<&String> = files.keys().filter(|name| self.scenario.kind(name).is_none()).collect();
        // Files that replace others have such a name for microseconds: who is killed then leaves one.
        let named = unknown.len() == 1 && unknown[0].starts_with(TEMPORARY);
        ensure!(unknown.is_empty() || (named && killed), "litter: {unknown:?}");
        let folder_is_whole = files.contains_key("map/index.html");
        let mut found = Vec::new();
        if let Some(name) = unknown.first() {
            found.push(((*name).clone(), Found::Temporary));
        }
        for name in self.before.keys().chain(self.after.keys().filter(|name| !self.before.contains_key(*name))) {
            let kind = self.scenario.kind(name).context("a file of the run is of no kind")?;
            if kind == Kind::Folder && !folder_is_whole {
                continue;
            }
            let Some(bytes) = files.get(name) else {
                ensure!(!self.before.contains_key(name), "{name} is lost");
                found.push((name.clone(), Found::Nothing));
                continue;
            };
            let state = self.state(kind, name, bytes, interrupted).with_context(|| format!("{name} is not whole"))?;
            found.push((name.clone(), state));
        }
        let index = found.iter().find(|(name, _)| name == "map/index.html").map(|(_, state)| *state);
        let fits = |(name, state): &(String, Found)| {
            self.scenario.kind(name) != Some(Kind::Folder)
                || Some(*state) == index
                || self.before.get(name) == self.after.get(name)
        };
        ensure!(found.iter().all(fits), "the folder has files of two pages: {found:?}");
        Ok(found)
    }

    fn state(&self, kind: Kind, name: &str, bytes: &[u8], interrupted: bool) -> Result<Found> {
        let is = |files: &Files| files.get(name).is_some_and(|known| known == bytes);
        if is(&self.before) {
            return Ok(Found::Old);
        }
        ensure!(kind != Kind::Input, "it is an input, and was changed");
        if is(&self.after) {
            return Ok(Found::New);
        }
        let repeated = self.repeated.iter().any(|known| known == name);
        let may_differ = match kind {
            Kind::Map | Kind::Page => interrupted || !repeated,
            Kind::Checkpoint | Kind::Anndata => true,
            Kind::Folder | Kind::Input => false,
        };
        ensure!(may_differ, "its {} bytes are neither the old nor the new ones", bytes.len());
        match kind {
            Kind::Page => {
                let text = String::from_utf8_lossy(bytes);
                let end = ["</html>", "</svg>", "IEND"].iter().any(|end| text.trim_end().contains(end));
                ensure!(end, "it has no end");
            }
            Kind::Checkpoint => {
                let resume = self.scenario.resume.context("nothing resumes")?;
                let directory = place::empty(&self.aside, "resume")?;
                fs::write(directory.join("c.tsne"), bytes)?;
                self.tool.succeed(&directory, &format!("{resume} -o y.npy"))?;
                ensure!(fs::read(directory.join("y.npy"))? == self.after["y.npy"], "it is resumed to other bits");
            }
            Kind::Anndata => {
                let directory = place::empty(&self.aside, "anndata")?;
                fs::write(directory.join(name), bytes)?;
                let drawn = self.drawn(&directory, name)?;
                let of = |files: &Files| -> Result<Vec<u8>> {
                    let directory = place::empty(&self.aside, "known")?;
                    fs::write(directory.join(name), &files[name])?;
                    self.drawn(&directory, name)
                };
                let (old, new) = (of(&self.before)?, of(&self.after)?);
                ensure!(
                    interrupted || drawn == old || drawn == new,
                    "the map in it is neither the old nor the new one"
                );
                // Its points give the map that they gave before.
                self.tool.succeed(&directory, &format!("embed {name} --perplexity 5 --n-iter 1 -o points.npy -q"))?;
                let known = self.aside.join("known");
                self.tool.succeed(&known, &format!("embed {name} --perplexity 5 --n-iter 1 -o points.npy -q"))?;
                ensure!(
                    fs::read(directory.join("points.npy"))? == fs::read(known.join("points.npy"))?,
                    "the points in it are others"
                );
                return Ok(if drawn == old {
                    Found::Old
                } else if drawn == new {
                    Found::New
                } else {
                    Found::OnItsWay
                });
            }
            Kind::Map => {
                let directory = place::empty(&self.aside, "map")?;
                fs::write(directory.join(name), bytes)?;
                self.drawn(&directory, name)?;
            }
            Kind::Input | Kind::Folder => bail!("it is no such file"),
        }
        Ok(Found::OnItsWay)
    }

    /// The picture of a map.
    fn drawn(&self, directory: &Path, name: &str) -> Result<Vec<u8>> {
        self.tool.succeed(directory, &format!("plot {name} -o drawn.svg -q"))?;
        Ok(fs::read(directory.join("drawn.svg"))?)
    }

    /// Does what was interrupted once more, or resumes it where that is possible, and finds what the whole run would have written.
    pub(super) fn finish(&self, directory: &Path) -> Result<()> {
        forget_temporary(directory)?;
        let has_checkpoint = directory.join("c.tsne").exists();
        let arguments = self.scenario.resume.filter(|_| has_checkpoint).unwrap_or(self.scenario.arguments);
        self.tool.succeed(directory, arguments)?;
        for (name, state) in self.check(directory, End::Own)? {
            // A checkpoint stays as it was saved last.
            let fits = matches!(state, Found::New | Found::OnItsWay) || self.before.get(&name) == self.after.get(&name);
            ensure!(fits || name == "c.tsne", "{name} is not as the whole run writes it: {state:?}");
        }
        Ok(())
    }
}
