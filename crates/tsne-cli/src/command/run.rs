//! What the subcommands share.

use crate::input::{CsvOptions, Labels, PointTable};
use crate::report::{InputReport, LabelsReport, Summary};
use anyhow::{Context as _, Result};
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use tsne::{Float, metrics};

/// Points with their labels, and what their files were taken for.
pub(crate) struct Data<T> {
    pub(crate) points: PointTable<T>,
    pub(crate) labels: Option<Labels>,
    pub(crate) input: InputReport,
}

impl<T: Float> From<PointTable<T>> for Data<T> {
    fn from(points: PointTable<T>) -> Self {
        let labels = points.labels().cloned();
        let source = points.form().and_then(|form| form.label_column.clone()).unwrap_or_default();
        let report = labels.as_ref().map(|labels| LabelsReport::new(source, labels));
        let input = InputReport::new(points.form(), report);
        Self { points, labels, input }
    }
}

/// Reads points and their labels, from a file of their own or from a column.
///
/// # Errors
///
/// If one cannot be read or they do not fit together; with the name of the file.
pub(crate) fn read<T: Float + FromStr>(input: &Path, options: &CsvOptions, labels: Option<&Path>) -> Result<Data<T>> {
    let name = |path: &Path| path.display().to_string();
    let mut data = Data::from(PointTable::<T>::read(input, options).with_context(|| name(input))?);
    if let Some(path) = labels {
        let labels = Labels::read(path, data.points.n()).with_context(|| name(path))?;
        data.input.labels = Some(LabelsReport::new(name(path), &labels));
        data.labels = Some(labels);
    }
    Ok(data)
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

/// Prints a line.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
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

/// The label agreement of a map at `k`, or at all others of fewer points; none for labels that are no classes.
///
/// # Errors
///
/// Those of the measure.
pub(crate) fn agreement<T: Float, const D: usize>(y: &[[T; D]], labels: &Labels, k: usize) -> Result<Option<f64>> {
    if labels.are_continuous() {
        return Ok(None);
    }
    let k = k.min(y.len().saturating_sub(1));
    Ok(Some(metrics::label_agreement(y, &labels.codes, k)?))
}
