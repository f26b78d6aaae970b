//! What an index is built over: points of the caller, borrowed, or points that the index shares and may outlive the call with.
//!
//! One form for both, so that each search is written once.

use super::dense_rows::DenseRows;
use tsne_core::{Error, Points, Result, Scalar, SharedPoints, SharedSparseRows, SparseRows};

/// Points that are borrowed or shared.
#[derive(Debug, Clone)]
pub(super) enum Source<'a, T> {
    /// The caller's.
    Borrowed(Points<'a, T>),
    /// Everybody's.
    Shared(SharedPoints<T>),
}

/// Sparse rows that are borrowed or shared.
#[derive(Debug)]
pub(in crate::neighbors) enum SparseTable<'a, T> {
    /// The caller's.
    Borrowed(SparseRows<'a, T>),
    /// Everybody's.
    Shared(SharedSparseRows<T>),
}

impl<'a, T: Scalar> Source<'a, T> {
    pub(super) fn points(&self) -> Points<'_, T> {
        match self {
            Self::Borrowed(points) => *points,
            Self::Shared(shared) => shared.points(),
        }
    }

    /// The dense rows, not copied; the error of sparse ones names `method`.
    pub(super) fn dense(&self, method: &str) -> Result<DenseRows<'a, T>> {
        match self {
            Self::Borrowed(points) => points.dense(method).map(DenseRows::Borrowed),
            Self::Shared(points) => points.dense(method).map(|rows| DenseRows::Owned(rows.clone())),
        }
    }

    /// The dense rows as a search sees them that [takes](tsne_core::NeighborSearch::takes_dealt) those that are dealt out, too.
    pub(super) fn dense_or_dealt(&self, method: &str) -> Result<DenseRows<'a, T>> {
        match self {
            Self::Borrowed(Points::Dealt(rows)) => Ok(DenseRows::Dealt(*rows)),
            _ => self.dense(method),
        }
    }

    /// The sparse rows, not copied.
    pub(super) fn sparse(&self) -> Result<SparseTable<'a, T>> {
        match self {
            Self::Borrowed(Points::Sparse(rows)) => Ok(SparseTable::Borrowed(*rows)),
            Self::Shared(SharedPoints::Sparse(rows)) => Ok(SparseTable::Shared(rows.clone())),
            _ => Err(dense_queries()),
        }
    }
}

impl<T: Scalar> SparseTable<'_, T> {
    #[inline(always)]
    pub(in crate::neighbors) fn rows(&self) -> SparseRows<'_, T> {
        match self {
            Self::Borrowed(rows) => *rows,
            Self::Shared(rows) => rows.rows(),
        }
    }
}

/// The error of dense rows where the indexed ones are sparse.
pub(super) fn dense_queries() -> Error {
    Error::invalid("queries", "they are dense, but the indexed points are sparse: convert them")
}
