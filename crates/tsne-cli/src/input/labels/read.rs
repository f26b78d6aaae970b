//! Labels in files of their own.

use super::{Labels, LabelsBuilder, Owners, check_count};
#[cfg(feature = "columnar")]
use crate::input::columnar;
use crate::input::format::is_columnar;
#[cfg(not(feature = "columnar"))]
use crate::input::format::no_columnar;
use crate::input::lines::for_each_line;
use crate::input::npy::{Npy, Shape, element_text};
use crate::input::open::{ends_in, is_stream, open, uncompressed};
use crate::input::table::{CsvOptions, LabelTable, Schema};
use crate::input::text;
use anyhow::{Context, Result, ensure};
use std::path::Path;

impl Labels {
    /// Reads the labels of `n` points from an `.npy` file or a text with one label per line; the whole line is the label,
    /// quotes around it left out. Of a table (`.csv`, `.tsv`), it is the only column, or the one beside the names of the rows. A
    /// text may have one line more: then its first line is a title, which is not a number and none of the labels. Points may be
    /// without a label: an empty line, `NA` and alike.
    ///
    /// # Errors
    ///
    /// Unless there are `n` labels, not all of them missing.
    pub fn read(path: &Path, n: usize) -> Result<Self> {
        let points = Owners { n, ..Owners::default() };
        let table = read_labels(path, &[], &CsvOptions::default(), &points)?;
        table.labels.into_iter().next().context("there are no labels")
    }
}

/// Whether a file is a table by its name, of which labels may be columns.
pub(crate) fn is_table(path: &Path) -> bool {
    let name = uncompressed(path);
    ends_in(&name, "csv") || ends_in(&name, "tsv") || is_columnar(path)
}

/// The columns of a table.
///
/// # Errors
///
/// If it cannot be read.
pub(crate) fn schema_of(path: &Path, options: &CsvOptions) -> Result<Schema> {
    if !is_columnar(path) {
        return text::column_names(open(path)?, options).map(Schema::of_texts);
    }
    #[cfg(feature = "columnar")]
    return Ok(columnar::Opened::open(path)?.schema);
    #[cfg(not(feature = "columnar"))]
    Err(no_columnar(path))
}

/// Reads the wanted columns of a table, or the only one.
fn read_table(path: &Path, wanted: &[String], options: &CsvOptions, points: &Owners<'_>) -> Result<LabelTable> {
    if !is_columnar(path) {
        return text::read_labels(open(path)?, wanted, options, points);
    }
    #[cfg(feature = "columnar")]
    return columnar::read_labels(columnar::Opened::open(path)?, wanted, options, points);
    #[cfg(not(feature = "columnar"))]
    Err(no_columnar(path))
}

/// Reads the wanted columns of a table, or the labels that are all of a file.
///
/// # Errors
///
/// For files that cannot be read, and labels that do not fit the points.
pub(crate) fn read_labels(
    path: &Path,
    wanted: &[String],
    options: &CsvOptions,
    points: &Owners<'_>,
) -> Result<LabelTable> {
    check_count(points.n)?;
    let stem = || uncompressed(path).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut table = if is_table(path) {
        read_table(path, wanted, options, points)?
    } else {
        let labels =
            if ends_in(&uncompressed(path), "npy") { read_npy(path, points.n) } else { read_lines(path, points.n) }?;
        LabelTable { labels: vec![points.left(labels)], by_id: false }
    };
    for labels in &mut table.labels {
        if labels.name.is_empty() {
            labels.name = labels.title.clone().unwrap_or_else(stem);
        }
        labels.label_type = options.label_type;
        ensure!(
            !labels.names.is_empty() || labels.codes.is_empty(),
            "no point has a label: label 0 (counted from 0) and all others are missing"
        );
    }
    Ok(table)
}

/// One label per line.
fn read_lines(path: &Path, n: usize) -> Result<Labels> {
    let mut labels = LabelsBuilder::default();
    // An empty line between others is a label that is missing, unless there are too many lines then.
    let (mut blank, mut last) = (Vec::new(), 0);
    // Its name does not say that it is no table, of which each line would become a label.
    let is_doubtful = is_stream(path) && path.extension().is_none();
    for_each_line(open(path)?, |number, line| {
        ensure!(
            !(is_doubtful && last == 0 && line.contains([',', '\t'])),
            "the first line has a comma or a tab, and the name does not say whether this is a table: name a file, .csv or .tsv, or .txt"
        );
        let skipped = number - last - 1;
        let room = (n - blank.len().min(n)) as u64;
        blank.extend((0..skipped.min(room)).map(|_| labels.len()));
        last = number;
        let given = labels.len();
        ensure!(given <= n, "there are more than {} labels for {n} points: give one label per point", n + 1);
        labels.push(&unquoted(line.trim()))
    })?;
    if labels.len() < n && labels.len() + blank.len() >= n {
        labels.insert_missing(&blank);
    }
    let given = labels.len();
    let title = if given == n + 1 { labels.take_title() } else { None };
    ensure!(
        labels.len() == n,
        "there are {given} labels for {n} points: give one label per point, in the order of the points"
    );
    Ok(Labels { title, ..labels.finish() })
}

/// A label without quotes around it; two quotes within them stand for one.
fn unquoted(line: &str) -> String {
    let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
    inner.map_or_else(|| line.to_owned(), |inner| inner.replace("\"\"", "\""))
}

fn read_npy(path: &Path, n: usize) -> Result<Labels> {
    let npy = Npy::open(path)?;
    ensure!(
        matches!(npy.shape.as_slice(), [_] | [_, 1]),
        "the labels have shape {}, but one column of n labels is needed",
        Shape(&npy.shape)
    );
    ensure!(
        npy.shape.first() == Some(&n),
        "there are {} labels for {n} points: give one label per point, in the order of the points",
        npy.shape.first().copied().unwrap_or_default()
    );
    let dtype = npy.dtype;
    let elements = npy.elements()?;
    let mut labels = LabelsBuilder::default();
    for (i, element) in elements.chunks_exact(dtype.size).enumerate() {
        let text = element_text(dtype, element);
        let missing = || dtype.is_number().then(String::new);
        labels.push(&text.or_else(missing).with_context(|| format!("label {i} (counted from 0) is not text"))?)?;
    }
    Ok(labels.finish())
}
