//! Labels in files of their own.

use super::{Labels, LabelsBuilder, check_count};
use crate::input::lines::for_each_line;
use crate::input::npy::{Npy, Shape, element_text};
use crate::input::open::{ends_in, open, uncompressed};
use crate::input::text::read_labels;
use anyhow::{Context, Result, ensure};
use std::path::Path;

impl Labels {
    /// Reads the labels of `n` points from an `.npy` file or a text with one label per line; the whole line is the label,
    /// quotes around it left out. Of a table (`.csv`, `.tsv`), it is the only column, or the one beside the names of the rows. A
    /// text may have one line more: then its first line is a title, which is not a number and none of the labels.
    ///
    /// # Errors
    ///
    /// Unless there are exactly `n` labels, none of them missing.
    pub fn read(path: &Path, n: usize) -> Result<Self> {
        check_count(n)?;
        let mut labels = LabelsBuilder::default();
        let name = uncompressed(path);
        if ends_in(path, "npy") {
            read_npy(path, n, &mut labels)?;
        } else if ends_in(&name, "csv") || ends_in(&name, "tsv") {
            read_labels(open(path)?, |label| push(&mut labels, label, n))?;
        } else {
            for_each_line(open(path)?, |number, line| {
                let label = unquoted(line.trim());
                ensure!(!label.is_empty(), "line {number} has an empty label: fill it in");
                push(&mut labels, &label, n)
            })?;
        }
        let given = labels.len();
        let title = if given == n + 1 { labels.take_title() } else { None };
        ensure!(
            labels.len() == n,
            "there are {given} labels for {n} points: give one label per point, in the order of the points"
        );
        Ok(Self { title, ..labels.finish() })
    }
}

/// Adds a label, unless there are more than can be used.
fn push(labels: &mut LabelsBuilder, label: &str, n: usize) -> Result<()> {
    ensure!(labels.len() <= n, "there are more than {} labels for {n} points: give one label per point", n + 1);
    labels.push(label)
}

/// A label without quotes around it; two quotes within them stand for one.
fn unquoted(line: &str) -> String {
    let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
    inner.map_or_else(|| line.to_owned(), |inner| inner.replace("\"\"", "\""))
}

fn read_npy(path: &Path, n: usize, labels: &mut LabelsBuilder) -> Result<()> {
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
    for (i, element) in elements.chunks_exact(dtype.size).enumerate() {
        let text = element_text(dtype, element);
        labels.push(&text.with_context(|| format!("label {i} (counted from 0) is not finite or not text"))?)?;
    }
    Ok(())
}
