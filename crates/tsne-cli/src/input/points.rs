//! Points, dense or sparse as their file is.

use super::dense::{Table, no_columns};
use super::labels::Labels;
use super::open::{ends_in, uncompressed};
use super::sparse::SparseTable;
use super::text::{CsvOptions, TableForm};
use super::{mtx, npz};
use anyhow::{Result, ensure};
use std::path::Path;
use std::str::FromStr;
use tsne::{Points, Scalar};

/// Points of a file, dense or sparse as the file is.
#[derive(Debug, Clone, PartialEq)]
pub enum PointTable<T> {
    /// Every value was in the file.
    Dense(Table<T>),
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
            return Ok(Self::Dense(Table::read(path, options)?));
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
}

impl<T: Scalar> PointTable<T> {
    /// The points as a view.
    ///
    /// # Errors
    ///
    /// None: the lengths agree by construction.
    pub fn points(&self) -> Result<Points<'_, T>> {
        Ok(match self {
            Self::Dense(table) => table.rows()?.into(),
            Self::Sparse(table) => table.rows()?.into(),
        })
    }
}

impl<T> PointTable<T> {
    /// The number of points.
    pub const fn n(&self) -> usize {
        match self {
            Self::Dense(table) => table.n(),
            Self::Sparse(table) => table.n(),
        }
    }

    /// The number of values of each point.
    pub const fn d(&self) -> usize {
        match self {
            Self::Dense(table) => table.d(),
            Self::Sparse(table) => table.d(),
        }
    }

    /// The labels, if a column of a text table held them.
    pub const fn labels(&self) -> Option<&Labels> {
        match self {
            Self::Dense(table) => table.labels(),
            Self::Sparse(_) => None,
        }
    }

    /// What a text table was taken for.
    pub const fn form(&self) -> Option<&TableForm> {
        match self {
            Self::Dense(table) => table.form(),
            Self::Sparse(_) => None,
        }
    }
}

impl<T> From<Table<T>> for PointTable<T> {
    fn from(table: Table<T>) -> Self {
        Self::Dense(table)
    }
}
