//! Data points that are kept: those of a fitted map, which new points are compared with.

use std::sync::Arc;
use tsne_core::{Error, Points, Result, Rows, Scalar, SparseRows, blocks, chunks, memory};

/// Data points that all who keep them share, and what was subtracted from them.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    matrix: Arc<Matrix<T>>,
    offset: Option<Arc<[f64]>>,
}

/// Data points of one's own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Matrix<T> {
    Dense { values: Vec<T>, n: usize, d: usize },
    Sparse { row_pointers: Vec<usize>, columns: Vec<u32>, values: Vec<T>, d: usize },
}

impl<T> From<Matrix<T>> for Kept<T> {
    fn from(matrix: Matrix<T>) -> Self {
        Self { matrix: Arc::new(matrix), offset: None }
    }
}

impl<T: Scalar> Kept<T> {
    /// Points from which a file says that an offset was subtracted.
    pub(crate) fn new(matrix: Matrix<T>, offset: Option<Arc<[f64]>>) -> Self {
        Self { matrix: Arc::new(matrix), offset }
    }

    pub(crate) fn matrix(&self) -> &Matrix<T> {
        &self.matrix
    }

    pub(crate) fn offset(&self) -> Option<&[f64]> {
        self.offset.as_deref()
    }

    pub(crate) fn points(&self) -> Result<Points<'_, T>> {
        self.matrix.points()
    }

    /// Other points less the same offset; `None` where there is none, and they are what they are.
    pub(crate) fn aligned(&self, points: Points<'_, T>) -> Result<Option<Self>> {
        let Some(offset) = &self.offset else { return Ok(None) };
        points.check_finite()?;
        Self::converted(points, Some(Arc::clone(offset))).map(Some)
    }

    /// Other points, given in double precision, less the same offset.
    pub(crate) fn aligned_f64(&self, points: Points<'_, f64>) -> Result<Self> {
        points.check_finite()?;
        Self::converted(points, self.offset.clone())
    }

    /// Finite points of another number type, less an offset, which only dense ones can have.
    pub(super) fn converted<S: Scalar>(points: Points<'_, S>, offset: Option<Arc<[f64]>>) -> Result<Self> {
        if let Some(offset) = &offset
            && offset.len() != points.d()
        {
            return Err(Error::shape("data (columns)", offset.len(), points.d()));
        }
        let matrix = match (points, offset.as_deref()) {
            (Points::Sparse(rows), None) => {
                let mut values = memory::filled("data", rows.nnz(), T::ZERO)?;
                chunks::for_each(&mut values, blocks::BLOCK, |b, values| {
                    let from = &rows.values()[b * blocks::BLOCK..];
                    values.iter_mut().zip(from).for_each(|(to, from)| *to = T::from_f64(from.to_f64()));
                });
                Matrix::Sparse {
                    row_pointers: copied("data (rows)", rows.row_pointers())?,
                    columns: copied("data (columns)", rows.columns())?,
                    values,
                    d: rows.d(),
                }
            }
            (Points::Sparse(_), Some(_)) => {
                let why =
                    "the fitted points are dense and were moved to the origin: give new points as dense rows, too";
                return Err(Error::invalid("data", why));
            }
            (other, offset) => {
                let rows = other.dense("data of another number type")?;
                let (n, d) = (rows.n(), rows.d());
                let mut values = memory::filled("data", n.saturating_mul(d), T::ZERO)?;
                chunks::for_each(&mut values, d, |i, to| match offset {
                    Some(offset) => {
                        to.iter_mut()
                            .zip(rows.row(i))
                            .zip(offset)
                            .for_each(|((to, v), o)| *to = T::from_f64(v.to_f64() - o));
                    }
                    None => to.iter_mut().zip(rows.row(i)).for_each(|(to, v)| *to = T::from_f64(v.to_f64())),
                });
                Matrix::Dense { values, n, d }
            }
        };
        if let Err(Error::NonFinite { row, column, .. }) = matrix.points()?.check_finite() {
            let why = format_args!(
                "the value in row {row} and column {column} is too large for {}: divide the data by a constant, or compute in f64",
                T::NAME
            );
            return Err(Error::invalid("data", why));
        }
        Ok(Self::new(matrix, offset))
    }
}

impl<T: Scalar> Matrix<T> {
    pub(super) fn copy_of(points: Points<'_, T>) -> Result<Self> {
        Ok(match points {
            Points::Sparse(rows) => Self::Sparse {
                row_pointers: copied("data (rows)", rows.row_pointers())?,
                columns: copied("data (columns)", rows.columns())?,
                values: copied("data", rows.values())?,
                d: rows.d(),
            },
            other => {
                let rows = other.dense("a fitted embedding")?;
                let mut values = Vec::new();
                memory::reserve("data", &mut values, rows.n().saturating_mul(rows.d()))?;
                rows.iter().for_each(|row| values.extend_from_slice(row));
                Self::Dense { values, n: rows.n(), d: rows.d() }
            }
        })
    }

    pub(super) fn n(&self) -> usize {
        match self {
            Self::Dense { n, .. } => *n,
            Self::Sparse { row_pointers, .. } => row_pointers.len().saturating_sub(1),
        }
    }

    pub(super) fn d(&self) -> usize {
        match self {
            Self::Dense { d, .. } | Self::Sparse { d, .. } => *d,
        }
    }

    pub(crate) fn points(&self) -> Result<Points<'_, T>> {
        Ok(match self {
            Self::Dense { values, n, d } => Points::Dense(Rows::new(values, *n, *d)?),
            Self::Sparse { row_pointers, columns, values, d } => {
                Points::Sparse(SparseRows::new(row_pointers, columns, values, *d)?)
            }
        })
    }
}

fn copied<A: Copy>(what: &'static str, from: &[A]) -> Result<Vec<A>> {
    let mut to = Vec::new();
    memory::reserve(what, &mut to, from.len())?;
    to.extend_from_slice(from);
    Ok(to)
}
