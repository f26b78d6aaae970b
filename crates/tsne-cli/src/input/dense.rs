//! Dense tables.

use super::annotations::Annotations;
use super::fits::Fits;
use super::format::{Format, format_of};
use super::labels::Labels;
use super::missing::{Missing, Resolved};
use super::npy::Npy;
use super::open::{is_compressed, open};
use super::table::{CsvOptions, IndexColumn, Parsed, TableForm};
use super::text::{self, HeaderLine};
use super::transpose::transposed;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, Read};
use std::path::Path;
use std::str::FromStr;
use tsne::{Rows, Scalar};

/// `n` points of `d` finite numbers each.
#[derive(Debug, Clone, PartialEq)]
pub struct Table<T> {
    data: Vec<T>,
    n: usize,
    d: usize,
    pub(super) annotations: Annotations,
    pub(super) form: Option<TableForm>,
    /// What was done about missing values.
    pub(super) resolved: Resolved,
    /// The names of the columns.
    pub(super) names: Option<Vec<String>>,
}

impl<T: Scalar + FromStr> Table<T> {
    /// Reads a table by the extension of its name: `.npy`, or text (`.csv`, `.tsv`, `.txt`, `.data`), also with `.gz` or `.zst`;
    /// `-` is text from standard input.
    ///
    /// # Errors
    ///
    /// For whatever is not an `n × d` table of finite numbers; the message says where and what to do.
    pub fn read(path: &Path, options: &CsvOptions) -> Result<Self> {
        match format_of(path)? {
            Format::Npy if is_compressed(path) => {
                Self::from_npy(Npy::of_stream(open(path)?)?, Fits::of::<T>(), options)
            }
            Format::Npy => Self::from_npy(Npy::open(path)?, Fits::of::<T>(), options),
            Format::Text => Self::from_text(open(path)?, options, Fits::of::<T>()),
            _ => bail!("a plain table is needed here: use .npy, .csv, .tsv or .txt"),
        }
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
        text::read(read, options, fits).map(Self::from)
    }
}

impl<T: Scalar> Table<T> {
    /// Reads an array of values that `fits` admits.
    pub(super) fn from_npy<R: Read>(npy: Npy<R>, fits: Fits, options: &CsvOptions) -> Result<Self> {
        no_columns(options)?;
        let (data, n, d) = npy.matrix::<T>()?;
        Self::from_values((data, n, d), fits, options)
    }

    /// Values with their shape as a file has them, which may have to be transposed and completed.
    pub(super) fn from_values(
        (mut data, n, d): (Vec<T>, usize, usize),
        fits: Fits,
        options: &CsvOptions,
    ) -> Result<Self> {
        ensure!(n > 0 && d > 0, "the array has shape ({n}, {d}): it must hold at least one number");
        let is_missing = |value: &T| options.missing != Missing::Error && value.to_f64().is_nan();
        let is_refused = |value: &T| !fits.admits(value.to_f64()) && !is_missing(value);
        if let Some(place) = data.iter().position(is_refused) {
            return Err(refused(data[place].to_f64(), (place / d, place % d), fits));
        }
        let (mut n, mut d) = (n, d);
        if options.transpose {
            data = transposed(&data, n, d)?;
            (n, d) = (d, n);
        }
        let holes: Vec<usize> = if options.missing == Missing::Error {
            Vec::new()
        } else {
            data.iter().enumerate().filter(|(_, value)| value.to_f64().is_nan()).map(|(place, _)| place).collect()
        };
        holes.iter().for_each(|&hole| data[hole] = T::ZERO);
        let resolved = options.missing.resolve(&mut data, d, &holes, |column| format!("{column} (counted from 0)"))?;
        if let Some(kept) = &resolved.kept {
            n = kept.len();
        }
        Ok(Self { data, n, d, annotations: Annotations::default(), form: None, resolved, names: None })
    }
}

impl<T> Table<T> {
    /// Points of `d` finite numbers each, one after the other.
    pub(crate) fn from_rows(data: Vec<T>, d: usize) -> Self {
        let n = data.len() / d.max(1);
        let (annotations, resolved) = (Annotations::default(), Resolved::default());
        Self { data, n, d, annotations, form: None, resolved, names: None }
    }

    /// The points as a view.
    ///
    /// # Errors
    ///
    /// None: the lengths agree by construction.
    pub fn rows(&self) -> Result<Rows<'_, T>> {
        Rows::new(&self.data, self.n, self.d).context("the table is inconsistent")
    }

    /// The values, row by row, and their shape.
    pub(crate) fn into_parts(self) -> (Vec<T>, usize, usize) {
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

    /// The first labels, if a column of the table held any.
    pub fn labels(&self) -> Option<&Labels> {
        self.annotations.labels.first()
    }

    /// The names of the points and all their labels.
    pub const fn annotations(&self) -> &Annotations {
        &self.annotations
    }

    /// What a text table was taken for.
    pub const fn form(&self) -> Option<&TableForm> {
        self.form.as_ref()
    }
}

impl<T> From<Parsed<T>> for Table<T> {
    fn from(parsed: Parsed<T>) -> Self {
        let Parsed { values, n, d, ids, labels, form, names, resolved } = parsed;
        let annotations = Annotations { ids, labels };
        Self { data: values, n, d, annotations, form: Some(form), resolved, names }
    }
}

/// The error of a value of an array that the run cannot take.
pub(super) fn refused(value: f64, (row, column): (usize, usize), fits: Fits) -> anyhow::Error {
    let missing = if value.is_nan() { ", write --missing drop or --missing mean" } else { "" };
    anyhow::anyhow!(
        "the value in row {row}, column {column} (counted from 0) is infinite, not a number, or beyond the range of {}: replace \
         it{missing}, or use --float f64 if it is only large",
        fits.name
    )
}

/// Checks that no columns of a file without names are asked for.
pub(super) fn no_columns(options: &CsvOptions) -> Result<()> {
    ensure!(
        options.label_columns.is_empty()
            && options.columns.is_empty()
            && options.drop_columns.is_empty()
            && options.index_column == IndexColumn::default(),
        "columns can be chosen in tables only: use --labels FILE, or drop the columns before"
    );
    no_text(options)
}

/// Checks that nothing is asked for that only text has.
pub(super) fn no_text(options: &CsvOptions) -> Result<()> {
    ensure!(
        options.header == HeaderLine::default(),
        "only text tables have a line that may name the columns: leave out --header"
    );
    Ok(())
}
