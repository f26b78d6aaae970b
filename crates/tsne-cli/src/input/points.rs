//! Points, dense or sparse as their file is.

use super::dense::Table;
use super::fits::Fits;
use super::npy::Npy;
use super::own_rows::OwnRows;
use super::sparse::SparseTable;
use super::table::CsvOptions;
use anyhow::{Result, bail};
use std::io::{BufRead, Read};
use std::str::FromStr;
use tsne::{Context, Dataset, Input, KnnGraph, Metric, NewPoints, Scalar};

/// Why a graph of neighbors is no points.
const NO_VALUES: &str =
    "a graph of neighbors has no values of the points, which are needed here: leave out --neighbors-key";

/// Points of a file, dense or sparse as the file is.
#[derive(Debug, Clone, PartialEq)]
pub enum PointTable<T> {
    /// Every value was in the file, in a type that `T` holds exactly.
    Dense(Table<T>),
    /// Every value was in the file, in double precision or as text: a run in single precision keeps the digits that matter.
    Wide(Table<f64>),
    /// The rows of one of several processes.
    Own(OwnRows<T>),
    /// What was not in the file is zero.
    Sparse(SparseTable<T>),
    /// No values, but the nearest neighbors of each point.
    Graph(KnnGraph<T>),
}

impl<T: Scalar + FromStr> PointTable<T> {
    /// Reads delimited text, one point per line.
    ///
    /// # Errors
    ///
    /// For whatever is not an `n × d` table of finite numbers; the message says where and what to do.
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
    /// Reads an array. What is wider than `T` is converted when the metric is known, which may not mind an offset.
    pub(super) fn from_npy<R: Read>(npy: Npy<R>, options: &CsvOptions) -> Result<Self> {
        let fits = Fits::of::<T>();
        let exact = size_of::<T>() == size_of::<f64>() || npy.dtype.fits_single();
        Ok(if exact {
            Self::Dense(Table::from_npy(npy, fits, options)?)
        } else {
            Self::Wide(Table::from_npy(npy, fits, options)?)
        })
    }

    /// What a fit by `metric` is made from; processes that read the rows of their points call it together.
    ///
    /// # Errors
    ///
    /// As [`PointTable::into_dataset`], and [`Error::Team`](tsne::Error::Team).
    pub fn into_input(self, metric: &Metric, cx: Context<'_>) -> Result<Input<'static, T>> {
        match self {
            Self::Graph(graph) => Ok(graph.into()),
            Self::Own(rows) => rows.into_dataset(metric, cx).map(Input::from),
            points => points.into_dataset(metric).map(Input::from),
        }
    }

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
            Self::Wide(table) => {
                let (values, n, d) = table.into_parts();
                Dataset::dense_from_f64(values, n, d, metric)?
            }
            Self::Sparse(table) => {
                let (row_pointers, columns, values, d) = table.into_parts();
                Dataset::sparse(row_pointers, columns, values, d)?
            }
            Self::Own(_) => {
                bail!("one process has some of the rows here, but needs all: read the file without a share")
            }
            Self::Graph(_) => bail!("{NO_VALUES}"),
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
            Self::Own(_) => bail!("new points are placed by one process, which has all of them"),
            Self::Graph(_) => bail!("{NO_VALUES}"),
        })
    }
}

impl<T: Scalar> PointTable<T> {
    /// A number by which processes see that they have rows of the same table: the same for all, and 0 where each has all points.
    pub const fn seal(&self) -> u64 {
        match self {
            Self::Own(rows) => rows.seal(),
            _ => 0,
        }
    }

    /// The number of points.
    pub fn n(&self) -> usize {
        match self {
            Self::Dense(table) => table.n(),
            Self::Wide(table) => table.n(),
            Self::Own(rows) => rows.n(),
            Self::Sparse(table) => table.n(),
            Self::Graph(graph) => graph.n(),
        }
    }

    /// The number of values of each point; of a graph, of neighbors.
    pub fn d(&self) -> usize {
        match self {
            Self::Dense(table) => table.d(),
            Self::Wide(table) => table.d(),
            Self::Own(rows) => rows.d(),
            Self::Sparse(table) => table.d(),
            Self::Graph(graph) => graph.indices().len() / graph.n().max(1),
        }
    }
}
