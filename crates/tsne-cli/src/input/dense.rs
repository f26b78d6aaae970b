//! Dense tables.

use super::fits::Fits;
use super::labels::Labels;
use super::npy::Npy;
use super::open::{ends_in, open};
use super::text::{self, CsvOptions, HeaderLine, IndexColumn, TableForm};
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
    form: Option<TableForm>,
}

impl<T: Scalar + FromStr> Table<T> {
    /// Reads a table by the extension of its name: `.npy`, or text (`.csv`, `.tsv`, `.txt`, `.data`, also with `.gz`).
    ///
    /// # Errors
    ///
    /// For whatever is not an `n × d` table of finite numbers; the message says where and what to do.
    pub fn read(path: &Path, options: &CsvOptions) -> Result<Self> {
        if ends_in(path, "npy") {
            no_columns(options)?;
            return Self::from_npy(Npy::open(path)?, Fits::of::<T>());
        }
        known_text(path)?;
        Self::from_text(open(path)?, options, Fits::of::<T>())
    }

    /// Reads delimited text, one point per line.
    ///
    /// # Errors
    ///
    /// As [`Table::read`].
    pub fn from_csv(read: impl BufRead, options: &CsvOptions) -> Result<Self> {
        Self::from_text(read, options, Fits::of::<T>())
    }

    /// Reads delimited text, of values that `fits` admits.
    pub(super) fn from_text(read: impl BufRead, options: &CsvOptions, fits: Fits) -> Result<Self> {
        let text::Parsed { values, n, d, labels, form } = text::read(read, options, fits)?;
        Ok(Self { data: values, n, d, labels, form: Some(form) })
    }
}

impl<T: Scalar> Table<T> {
    /// Reads an array of values that `fits` admits.
    pub(super) fn from_npy(npy: Npy<std::fs::File>, fits: Fits) -> Result<Self> {
        let (data, n, d) = npy.matrix::<T>()?;
        ensure!(n > 0 && d > 0, "the array has shape ({n}, {d}): it must hold at least one number");
        let refused = |value: &T| !fits.admits(value.to_f64());
        if let Some(place) = data.iter().position(refused) {
            bail!(
                "the value in row {}, column {} (counted from 0) is infinite, not a number, or beyond the range of {}: \
                 replace it, or use --float f64 if it is only large",
                place / d,
                place % d,
                fits.name
            );
        }
        Ok(Self { data, n, d, labels: None, form: None })
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

    /// The values, row by row, and their shape.
    pub(super) fn into_parts(self) -> (Vec<T>, usize, usize) {
        (self.data, self.n, self.d)
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

    /// What a text table was taken for.
    pub const fn form(&self) -> Option<&TableForm> {
        self.form.as_ref()
    }
}

/// Checks that no columns of a file without names are asked for.
pub(super) fn no_columns(options: &CsvOptions) -> Result<()> {
    ensure!(
        options.label_column.is_none()
            && options.drop_columns.is_empty()
            && options.index_column == IndexColumn::default(),
        "columns can be chosen in text tables only: use --labels FILE, or drop the columns before"
    );
    ensure!(
        options.header == HeaderLine::default(),
        "only text tables have a line that may name the columns: leave out --header"
    );
    Ok(())
}

/// Checks that the extension of a name is that of a text.
pub(super) fn known_text(path: &Path) -> Result<()> {
    let name = super::open::uncompressed(path);
    ensure!(
        ["csv", "tsv", "txt", "data", "dat"].iter().any(|extension| ends_in(&name, extension)),
        "the format is not known by the extension: use .npy, .csv, .tsv or .txt (text also with .gz), or .npz or .mtx for \
         sparse points"
    );
    Ok(())
}
