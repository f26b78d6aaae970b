//! Points, dense or sparse as their file is.

use super::dense::{Table, known_text, no_columns};
use super::fits::Fits;
use super::labels::Labels;
use super::npy::Npy;
use super::open::{ends_in, open, uncompressed};
use super::sparse::SparseTable;
use super::text::{CsvOptions, TableForm};
use super::{mtx, npz};
use anyhow::{Result, ensure};
use std::io::BufRead;
use std::path::Path;
use std::str::FromStr;
use tsne::{Dataset, Metric, NewPoints, Scalar};

/// Points of a file, dense or sparse as the file is.
#[derive(Debug, Clone, PartialEq)]
pub enum PointTable<T> {
    /// Every value was in the file, in a type that `T` holds exactly.
    Dense(Table<T>),
    /// Every value was in the file, in double precision or as text: a run in single precision keeps the digits that matter.
    Wide(Table<f64>),
    /// What was not in the file is zero.
    Sparse(SparseTable<T>),
}

impl<T: Scalar + FromStr> PointTable<T> {
    /// Reads points by the extension of the name: `.npz` (SciPy's `save_npz`) and `.mtx` (Matrix Market, also with `.gz`)
    /// are sparse, for the others see [`Table::read`].
    ///
    /// # Errors
    ///
    /// For whatever is not an `n × d` matrix of finite numbers; the message says where and what to do.
    pub fn read(path: &Path, options: &CsvOptions) -> Result<Self> {
        let (npz, mtx) = (ends_in(path, "npz"), ends_in(&uncompressed(path), "mtx"));
        if !npz && !mtx {
            return Self::read_dense(path, options);
        }
        no_columns(options)?;
        let table = if npz { npz::read(path)? } else { mtx::read(path)? };
        ensure!(
            table.n() > 0 && table.d() > 0,
            "the matrix has shape ({}, {}): it must have rows and columns",
            table.n(),
            table.d()
        );
        Ok(Self::Sparse(table))
    }

    fn read_dense(path: &Path, options: &CsvOptions) -> Result<Self> {
        // What is wider than T is converted when the metric is known, which may not mind an offset.
        let (wide, fits) = (size_of::<T>() < size_of::<f64>(), Fits::of::<T>());
        if ends_in(path, "npy") {
            no_columns(options)?;
            let npy = Npy::open(path)?;
            let exact = !wide || npy.dtype.fits_single();
            return Ok(if exact {
                Self::Dense(Table::from_npy(npy, fits)?)
            } else {
                Self::Wide(Table::from_npy(npy, fits)?)
            });
        }
        known_text(path)?;
        Self::from_csv(open(path)?, options)
    }

    /// Reads delimited text, one point per line.
    ///
    /// # Errors
    ///
    /// As [`PointTable::read`].
    pub fn from_csv(read: impl BufRead, options: &CsvOptions) -> Result<Self> {
        let fits = Fits::of::<T>();
        Ok(if size_of::<T>() < size_of::<f64>() {
            Self::Wide(Table::from_text(read, options, fits)?)
        } else {
            Self::Dense(Table::from_text(read, options, fits)?)
        })
    }
}

impl<T: Scalar> PointTable<T> {
    /// The points for a fit or a measure by `metric`: of what is wider than `T`, an offset is subtracted before it is rounded
    /// where the metric allows it.
    ///
    /// # Errors
    ///
    /// Where there is no memory for them.
    pub fn into_dataset(self, metric: &Metric) -> Result<Dataset<'static, T>> {
        Ok(match self {
            Self::Dense(table) => {
                let (values, n, d) = table.into_parts();
                Dataset::dense(values, n, d)?
            }
            Self::Wide(table) => Dataset::from_f64(table.rows()?, metric)?,
            Self::Sparse(table) => {
                let (row_pointers, columns, values, d) = table.into_parts();
                Dataset::sparse(row_pointers, columns, values, d)?
            }
        })
    }

    /// The points to be placed into a map, which subtracts the offset of its own.
    ///
    /// # Errors
    ///
    /// None: the lengths agree by construction.
    pub fn new_points(&self) -> Result<NewPoints<'_, T>> {
        Ok(match self {
            Self::Dense(table) => table.rows()?.into(),
            Self::Wide(table) => NewPoints::from_f64(table.rows()?),
            Self::Sparse(table) => table.rows()?.into(),
        })
    }
}

impl<T> PointTable<T> {
    /// The number of points.
    pub const fn n(&self) -> usize {
        match self {
            Self::Dense(table) => table.n(),
            Self::Wide(table) => table.n(),
            Self::Sparse(table) => table.n(),
        }
    }

    /// The number of values of each point.
    pub const fn d(&self) -> usize {
        match self {
            Self::Dense(table) => table.d(),
            Self::Wide(table) => table.d(),
            Self::Sparse(table) => table.d(),
        }
    }

    /// The labels, if a column of a text table held them.
    pub const fn labels(&self) -> Option<&Labels> {
        match self {
            Self::Dense(table) => table.labels(),
            Self::Wide(table) => table.labels(),
            Self::Sparse(_) => None,
        }
    }

    /// What a text table was taken for.
    pub const fn form(&self) -> Option<&TableForm> {
        match self {
            Self::Dense(table) => table.form(),
            Self::Wide(table) => table.form(),
            Self::Sparse(_) => None,
        }
    }
}
