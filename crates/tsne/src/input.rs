//! What a map can be made from.

use crate::affinity_index::AffinityIndex;
use std::sync::Arc;
use tsne_core::{Affinities, KnnGraph, Points, Result, Rows, Scalar, SparseRows};

/// What a map can be fitted to. Every call that takes one takes `impl Into<Input>`: hand over the thing itself.
///
/// A matrix of distances is data, too: [`Rows`] of `n × n` with the metric
/// [`Metric::Precomputed`](crate::Metric::Precomputed).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Input<'a, T> {
    /// Data points, `n × d`: [`Rows`] or [`SparseRows`].
    Points(Points<'a, T>),
    /// The nearest neighbors of each point with their distances.
    Graph(&'a KnnGraph<T>),
    /// Joint affinities. Metric, neighbors and perplexity are not used.
    Affinities(Arc<Affinities<T>>),
    /// Affinities with what it takes to place new points: from [`Tsne::affinities`](crate::Tsne::affinities).
    Index(Arc<AffinityIndex<T>>),
}

/// New points that can be placed into a map. Every call that takes them takes `impl Into<NewPoints>`.
///
/// Points need an embedding that was fitted to points, and that kept them. Neighbors and affinities serve every embedding.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NewPoints<'a, T> {
    /// Data points in the columns of the fitted ones. With [`Metric::Precomputed`](crate::Metric::Precomputed), the
    /// distances of each new point to all fitted ones.
    Points(Points<'a, T>),
    /// The nearest fitted points of each new point with their distances.
    Graph(&'a KnnGraph<T>),
    /// Conditional affinities of the new points (rows) to the fitted ones (columns).
    Affinities(Arc<Affinities<T>>),
}

macro_rules! from {
    ($($source:ty => $variant:ident, $value:ident => $convert:expr;)*) => {
        $(
            impl<'a, T> From<$source> for Input<'a, T> {
                fn from($value: $source) -> Self {
                    Self::$variant($convert)
                }
            }

            impl<'a, T> From<$source> for NewPoints<'a, T> {
                fn from($value: $source) -> Self {
                    Self::$variant($convert)
                }
            }
        )*
    };
}

from! {
    Points<'a, T> => Points, points => points;
    Rows<'a, T> => Points, rows => Points::Dense(rows);
    SparseRows<'a, T> => Points, rows => Points::Sparse(rows);
    &'a KnnGraph<T> => Graph, graph => graph;
    Affinities<T> => Affinities, affinities => Arc::new(affinities);
    Arc<Affinities<T>> => Affinities, affinities => affinities;
}

impl<T> From<Arc<AffinityIndex<T>>> for Input<'_, T> {
    fn from(index: Arc<AffinityIndex<T>>) -> Self {
        Self::Index(index)
    }
}

impl<T> From<AffinityIndex<T>> for Input<'_, T> {
    fn from(index: AffinityIndex<T>) -> Self {
        Self::Index(Arc::new(index))
    }
}

/// Data points that are kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Dataset<T> {
    Dense { values: Vec<T>, n: usize, d: usize },
    Sparse { row_pointers: Vec<usize>, columns: Vec<u32>, values: Vec<T>, d: usize },
}

impl<T: Scalar> Dataset<T> {
    pub(crate) fn copy_of(points: Points<'_, T>) -> Result<Self> {
        Ok(match points {
            Points::Sparse(rows) => Self::Sparse {
                row_pointers: rows.row_pointers().to_vec(),
                columns: rows.columns().to_vec(),
                values: rows.values().to_vec(),
                d: rows.d(),
            },
            other => {
                let rows = other.dense("a fitted embedding")?;
                let mut values = Vec::with_capacity(rows.n() * rows.d());
                rows.iter().for_each(|row| values.extend_from_slice(row));
                Self::Dense { values, n: rows.n(), d: rows.d() }
            }
        })
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
