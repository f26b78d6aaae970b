//! What the subcommands share.

use anyhow::{Context as _, Result};
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use tsne::{Float, metrics};
use tsne_cli::input::{CsvOptions, Labels, PointTable};
use tsne_cli::report::Summary;

/// Reads points and their labels, from a file of their own or from a column.
///
/// # Errors
///
/// If one cannot be read or they do not fit together; with the name of the file.
pub(crate) fn read<T: Float + FromStr>(
    input: &Path,
    options: &CsvOptions,
    labels: Option<&Path>,
) -> Result<(PointTable<T>, Option<Labels>)> {
    let name = |path: &Path| path.display().to_string();
    let points = PointTable::<T>::read(input, options).with_context(|| name(input))?;
    let labels = match labels {
        Some(path) => Some(Labels::read(path, points.n()).with_context(|| name(path))?),
        None => points.labels().cloned(),
    };
    Ok((points, labels))
}

/// Prints warnings unless it is to be quiet.
///
/// # Errors
///
/// If standard error cannot be written.
pub(crate) fn warn(quiet: bool, warnings: &[impl Display]) -> Result<()> {
    for warning in warnings.iter().filter(|_| !quiet) {
        writeln!(std::io::stderr(), "warning: {warning}").context("cannot write to standard error")?;
    }
    Ok(())
}

/// Prints a report as JSON or text; `files` are what was written.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn print(report: &impl Summary, (json, quiet): (bool, bool), files: &[String]) -> Result<()> {
    let stdout = std::io::stdout().lock();
    match (json, quiet) {
        (true, _) => report.write_json(stdout),
        (false, false) => report.write_text(stdout, files),
        (false, true) => Ok(()),
    }
}

/// Runs `f` on as many threads as the option of that name says.
///
/// # Errors
///
/// If they cannot be started, and those of `f`.
pub(crate) fn in_pool<R: Send>(threads: Option<i32>, f: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    tsne::with_threads(threads.unwrap_or(-1), f)
}

/// The label agreement of a map at `k`, or at all others of fewer points.
///
/// # Errors
///
/// Those of the measure.
pub(crate) fn agreement<T: Float, const D: usize>(y: &[[T; D]], labels: &Labels, k: usize) -> Result<f64> {
    let k = k.min(y.len().saturating_sub(1));
    Ok(metrics::label_agreement(y, &labels.codes, k)?)
}
