//! What a map can be made from.

use super::affinity_index::AffinityIndex;
use super::dataset::Dataset;
use std::sync::Arc;
use tsne_affinity::Metric;
use tsne_core::{Affinities, DealtRows, KnnGraph, Points, Result, Rows, Scalar, SparseRows};

/// What a map can be fitted to. Every call that takes one takes `impl Into<Input>`: hand over the thing itself.
///
/// A matrix of distances is data, too: [`Rows`] of `n × n` with the metric
/// [`Metric::Precomputed`](crate::Metric::Precomputed).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Input<'a, T> {
    /// Data points, `n × d`: [`Rows`], [`SparseRows`], or a [`Dataset`]; of a member of a team also [`DealtRows`], its own rows alone.
    /// Where a stage asks for the rows of all (another search than that by clusters, a start from principal components, data that are
    /// kept), these are brought together first.
    Data(Dataset<'a, T>),
    /// The nearest neighbors of each point with their distances.
    Graph(&'a KnnGraph<T>),
    /// The same, to be kept without a copy.
    SharedGraph(Arc<KnnGraph<T>>),
    /// Joint affinities. Metric, neighbors and perplexity are not used.
    Affinities(Arc<Affinities<T>>),
    /// Affinities with what it takes to place new points: from [`Tsne::affinities`](crate::Tsne::affinities).
    Index(Arc<AffinityIndex<T>>),
}

impl<T: Scalar> Input<'_, T> {
    /// The number of points.
    pub(crate) fn n(&self) -> usize {
        match self {
            Self::Data(data) => data.n(),
            Self::Graph(graph) => graph.n(),
            Self::SharedGraph(graph) => graph.n(),
            Self::Affinities(affinities) => affinities.n_columns(),
            Self::Index(index) => index.n(),
        }
    }

    /// The joint affinities, where these are given.
    pub(crate) fn joint(&self) -> Option<&Affinities<T>> {
        match self {
            Self::Affinities(joint) => Some(joint),
            Self::Index(index) => Some(index.affinities()),
            _ => None,
        }
    }

    /// The coordinates that there are, for a start of the map from them.
    pub(crate) fn coordinates<'s>(&'s self, index: &'s AffinityIndex<T>) -> Result<Option<Points<'s, T>>> {
        if *index.metric() == Metric::Precomputed {
            return Ok(None);
        }
        match (self, &index.data) {
            (Self::Data(data), _) => data.points().map(Some),
            (Self::Index(_), Some(kept)) => Ok(Some(kept.points())),
            _ => Ok(None),
        }
    }
}

macro_rules! from {
    ($($source:ty => $variant:ident, $value:ident => $convert:expr;)*) => {
        $(
            impl<'a, T> From<$source> for Input<'a, T> {
                fn from($value: $source) -> Self {
                    Self::$variant($convert)
                }
            }
        )*
    };
}

from! {
    Dataset<'a, T> => Data, data => data;
    Points<'a, T> => Data, points => points.into();
    Rows<'a, T> => Data, rows => rows.into();
    DealtRows<'a, T> => Data, rows => rows.into();
    SparseRows<'a, T> => Data, rows => rows.into();
    &'a KnnGraph<T> => Graph, graph => graph;
    KnnGraph<T> => SharedGraph, graph => Arc::new(graph);
    Arc<KnnGraph<T>> => SharedGraph, graph => graph;
    Affinities<T> => Affinities, affinities => Arc::new(affinities);
    Arc<Affinities<T>> => Affinities, affinities => affinities;
    AffinityIndex<T> => Index, index => Arc::new(index);
    Arc<AffinityIndex<T>> => Index, index => index;
}
