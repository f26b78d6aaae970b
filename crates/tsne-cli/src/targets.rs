//! Files that a run writes.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use tsne_cli::output::{self, Format};

/// Where the results of a run go.
#[derive(Debug, Default)]
pub(crate) struct Targets<'a> {
    pub(crate) map: Option<&'a Path>,
    pub(crate) plot: Option<&'a Path>,
    pub(crate) model: Option<&'a Path>,
}

impl Targets<'_> {
    /// Checks before any work that the files can be written, that no two are the same, and that none is one of
    /// `sources`.
    ///
    /// # Errors
    ///
    /// For the first that cannot.
    pub(crate) fn check(&self, sources: &[Option<&PathBuf>]) -> Result<()> {
        let targets: Vec<&Path> = [self.map, self.plot, self.model].into_iter().flatten().collect();
        for (i, &target) in targets.iter().enumerate() {
            for source in sources.iter().flatten() {
                ensure!(
                    !same(target, source),
                    "{} would be overwritten: choose another name for the output",
                    source.display()
                );
            }
            ensure!(
                !targets[..i].iter().any(|other| same(target, other)),
                "{} is the name of two outputs: choose different ones",
                target.display()
            );
        }
        if let Some(map) = self.map {
            Format::of(map)?;
        }
        if let Some(plot) = self.plot {
            let png = plot.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
            ensure!(png, "{}: the extension of the plot must be .png", plot.display());
        }
        targets.into_iter().try_for_each(output::check_target)
    }

    /// Writes the map and the plot. Both are made before either is written: only the disk can still come between them.
    ///
    /// # Errors
    ///
    /// If one cannot be made or written.
    pub(crate) fn write(
        &self,
        map: impl FnOnce(Format) -> Vec<u8>,
        plot: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<String>> {
        let map = self.map.map(|path| Ok::<_, anyhow::Error>((path, map(Format::of(path)?)))).transpose()?;
        let plot = self.plot.map(|path| Ok::<_, anyhow::Error>((path, plot()?))).transpose()?;
        let mut files = Vec::new();
        for (path, bytes) in [map, plot].into_iter().flatten() {
            output::write(path, &bytes).with_context(|| match files.as_slice() {
                [] => "nothing was written".to_owned(),
                [done, ..] => format!("{done} was written, but not {}", path.display()),
            })?;
            files.push(path.display().to_string());
        }
        Ok(files)
    }
}

/// Whether two names are of one file.
fn same(a: &Path, b: &Path) -> bool {
    a == b || matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
