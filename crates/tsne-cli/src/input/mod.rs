//! Reading points, dense and sparse, their labels, and parameters of metrics.

mod csv;
mod labels;
mod mtx;
mod npy;
mod npz;
mod parameters;
mod points;
mod sparse;
mod text;

pub use csv::{CsvOptions, HeaderLine};
pub use labels::Labels;
pub use parameters::read_parameters;
pub use points::PointTable;
pub use sparse::SparseTable;

use anyhow::{Context, Result, bail, ensure};
use std::io::BufRead;
use std::path::Path;
use std::str::FromStr;
use tsne::{Rows, Scalar};

/// `n` points of `d` finite numbers each.
#[derive(Debug, Clone, PartialEq)]
pub struct Table<T> {
    data: Vec<T>,
    n: usize,
    d: usize,
    labels: Option<Labels>,
}

impl<T: Scalar + FromStr> Table<T> {
    /// Reads a table by the extension of its name: `.npy`, or text (`.csv`, `.tsv`, `.txt`, `.data`, also with `.gz`).
    ///
    /// # Errors
    ///
    /// For whatever is not an `n × d` table of finite numbers; the message says where and what to do.
    pub fn read(path: &Path, options: &CsvOptions) -> Result<Self> {
        if !is_npy(path) {
            known_text(path)?;
            return Self::from_csv(text::open(path)?, options);
        }
        ensure!(
            options.label_column.is_none() && options.drop_columns.is_empty(),
            "columns can be chosen in text tables only: use --labels FILE, or drop the columns before"
        );
        let (data, n, d) = npy::Npy::open(path)?.matrix::<T>()?;
        ensure!(n > 0 && d > 0, "the array has shape ({n}, {d}): it must hold at least one number");
        let finite = |row: &[T]| row.iter().all(|value| value.is_finite());
        if let Some((row, values)) = data.chunks_exact(d).enumerate().find(|(_, row)| !finite(row)) {
            let column = values.iter().position(|value| !value.is_finite()).unwrap_or_default();
            bail!(
                "the value in row {row}, column {column} (counted from 0) is infinite, not a number, or beyond the \
                 range of {}: replace it, or use --float f64 if it is only large",
                T::NAME
            );
        }
        Ok(Self { data, n, d, labels: None })
    }

    /// Reads delimited text, one point per line.
    ///
    /// # Errors
    ///
    /// As [`Table::read`].
    pub fn from_csv(read: impl BufRead, options: &CsvOptions) -> Result<Self> {
        let (data, n, d, labels) = csv::read(read, options)?;
        Ok(Self { data, n, d, labels })
    }
}

impl<T> Table<T> {
    /// The points as a view.
    ///
    /// # Errors
    ///
    /// None: the lengths agree by construction.
    pub fn rows(&self) -> Result<Rows<'_, T>> {
        Rows::new(&self.data, self.n, self.d).context("the table is inconsistent")
    }

    /// The number of points.
    pub const fn n(&self) -> usize {
        self.n
    }

    /// The number of values of each point.
    pub const fn d(&self) -> usize {
        self.d
    }

    /// The labels, if a column of the table held them.
    pub const fn labels(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }
}

/// Whether a name ends in `.npy`.
pub(crate) fn is_npy(path: &Path) -> bool {
    ends_in(path, "npy")
}

/// Whether a name has that extension.
pub(crate) fn ends_in(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

fn known_text(path: &Path) -> Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let known = [".csv", ".tsv", ".txt", ".data", ".dat"].iter().any(|extension| stem.ends_with(extension));
    ensure!(
        known,
        "the format is not known by the extension: use .npy, .csv, .tsv or .txt (text also with .gz), or .npz or .mtx for sparse \
         points"
    );
    Ok(())
}
