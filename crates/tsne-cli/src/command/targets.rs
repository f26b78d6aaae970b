//! Files that a run writes.

use crate::output::Format;
use crate::plot;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use tsne::files;

/// Where the results of a run go.
#[derive(Debug, Default)]
pub(crate) struct Targets<'a> {
    pub(crate) map: Option<&'a Path>,
    pub(crate) plot: Option<&'a Path>,
    pub(crate) model: Option<&'a Path>,
    pub(crate) checkpoint: Option<&'a Path>,
}

impl Targets<'_> {
    /// Checks before any work that the files can be written, that no two are the same, and that none is one of
    /// `sources`.
    ///
    /// # Errors
    ///
    /// For the first that cannot.
    pub(crate) fn check(&self, sources: &[Option<&PathBuf>]) -> Result<()> {
        let targets: Vec<&Path> = [self.map, self.plot, self.model, self.checkpoint].into_iter().flatten().collect();
        for (i, &target) in targets.iter().enumerate() {
            for source in sources.iter().flatten() {
                ensure!(
                    !files::same_file(target, source),
                    "{} would be overwritten: choose another name for the output",
                    source.display()
                );
            }
            ensure!(
                !targets[..i].iter().any(|other| files::same_file(target, other)),
                "{} is the name of two outputs: choose different ones",
                target.display()
            );
        }
        if let Some(map) = self.map {
            Format::of(map)?;
        }
        if let Some(plot) = self.plot {
            plot::Format::of(plot)?;
        }
        targets.into_iter().try_for_each(|target| {
            files::check_target(target).with_context(|| format!("{} cannot be written", target.display()))
        })
    }
}

/// The files that a run has written so far.
#[derive(Debug, Default)]
pub(crate) struct Written(Vec<String>);

impl Written {
    /// Does what comes after what was written so far; where it fails, the message says what is there nevertheless.
    ///
    /// # Errors
    ///
    /// Those of `step`.
    pub(crate) fn then<R>(&self, step: impl FnOnce() -> Result<R>) -> Result<R> {
        step().with_context(|| match self.0.as_slice() {
            [] => "nothing was written".to_owned(),
            [file] => format!("{file} was written, but what follows failed"),
            files => format!("{} were written, but what follows failed", files.join(" and ")),
        })
    }

    /// Writes a file, where there is a path for it.
    ///
    /// # Errors
    ///
    /// Those of `write`.
    pub(crate) fn add(&mut self, path: Option<&Path>, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let Some(path) = path else { return Ok(()) };
        self.then(|| write(path).with_context(|| format!("{} cannot be written", path.display())))?;
        self.0.push(path.display().to_string());
        Ok(())
    }

    /// The names of the files.
    pub(crate) fn files(&self) -> &[String] {
        &self.0
    }
}
