//! What the subcommands share.

use crate::command::targets::Written;
use crate::input::{Annotations, InputOptions, Labels, Loaded, PointTable, Resolved};
use crate::prepare::{Preparation, Steps};
use crate::report::{InputReport, Summary, printable};
use anyhow::{Context as _, Result};
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use tsne::{Float, Warning, metrics};

/// Points with their names and labels, and what their files were taken for.
pub(crate) struct Data<T> {
    pub(crate) points: PointTable<T>,
    pub(crate) annotations: Annotations,
    pub(crate) input: InputReport,
    /// What was done about missing values.
    pub(crate) resolved: Resolved,
    /// How the values were prepared.
    pub(crate) preparation: Option<Preparation>,
    /// The names of the columns, before they were prepared.
    pub(crate) columns: Option<Vec<String>>,
}

impl<T: Float> From<Loaded<T>> for Data<T> {
    fn from(loaded: Loaded<T>) -> Self {
        let input = InputReport::new(&loaded);
        Self {
            points: loaded.points,
            annotations: loaded.annotations,
            input,
            resolved: loaded.resolved,
            preparation: None,
            columns: loaded.names,
        }
    }
}

/// Reads points with their names and labels.
///
/// # Errors
///
/// If a file cannot be read or they do not fit together; with the name of the file.
pub(crate) fn read<T: Float + FromStr>(input: &Path, options: &InputOptions) -> Result<Data<T>> {
    Loaded::read(input, options).map(Data::from)
}

impl<T: Float> Data<T> {
    /// The same points with their values prepared.
    ///
    /// # Errors
    ///
    /// For values that cannot be prepared so; with the name of the file.
    pub(crate) fn prepared(self, from: &Path, steps: Steps, seed: u64) -> Result<Self> {
        let (points, preparation) =
            Preparation::fit(self.points, steps, seed).with_context(|| from.display().to_string())?;
        let mut input = self.input;
        input.prepared = preparation.as_ref().map(Preparation::words).unwrap_or_default();
        Ok(Self { points, input, preparation, ..self })
    }
}

/// Prints warnings unless it is to be quiet. The run goes on where standard error cannot be written: a map that took hours is not
/// given up because nobody reads what is said of it.
pub(crate) fn warn(quiet: bool, warnings: &[impl Display]) {
    for warning in warnings.iter().filter(|_| !quiet) {
        let _ = writeln!(std::io::stderr(), "warning: {}", printable(&warning.to_string()));
    }
}

/// The words of warnings, with the names of columns where there are any, and the options of this command.
pub(crate) fn words(warnings: &[Warning], columns: Option<&[String]>) -> Vec<String> {
    let of = |warning: &Warning| match warning {
        Warning::ColumnScales { columns: count, of, column, share } => {
            let name = columns.filter(|names| names.len() == *of).and_then(|names| names.get(*column));
            let column = name.map_or_else(|| format!("column {}", column + 1), |name| format!("column {name:?}"));
            let (hold, first) = match count {
                1 => (format!("{column} holds"), String::new()),
                count => (format!("{count} columns hold"), format!(" ({column} most)")),
            };
            format!(
                "{hold} {:.1} % of the variance of all {of}{first}, so that the others hardly count: if their units differ, give \
                 --standardize or --metric seuclidean",
                100.0 * share
            )
        }
        other => other.to_string(),
    };
    warnings.iter().map(of).collect()
}

/// Prints a line.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{}", printable(line)).context("cannot write to standard output")
}

/// Prints a report as JSON or text, on standard output unless the map went there.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn print(report: &impl Summary, (json, quiet): (bool, bool), written: &Written) -> Result<()> {
    let to: Box<dyn Write> = match written.to_standard_output() {
        true => Box::new(std::io::stderr().lock()),
        false => Box::new(std::io::stdout().lock()),
    };
    match (json, quiet) {
        (true, _) => report.write_json(to),
        (false, false) => report.write_text(to, written.files()),
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
    // Points without a label say nothing, and nobody asks them.
    let labeled: Vec<usize> =
        (0..y.len()).filter(|&i| labels.codes.get(i).is_some_and(|&code| code != Labels::MISSING)).collect();
    if labeled.is_empty() {
        return Ok(None);
    }
    let k = k.min(labeled.len() - 1);
    if labeled.len() == y.len() {
        return Ok(Some(metrics::label_agreement(y, &labels.codes, k)?));
    }
    let of: Vec<[T; D]> = labeled.iter().map(|&i| y[i]).collect();
    let codes: Vec<u32> = labeled.iter().map(|&i| labels.codes[i]).collect();
    Ok(Some(metrics::label_agreement(&of, &codes, k)?))
}
