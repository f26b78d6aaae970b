//! The usual calls, in one line each.

use crate::model::{FixedSigma, PerplexityAffinity, Uniform};
use crate::neighbors::{ApproximateSearch, AutoSearch, BruteForceSearch, ExactSearch, KdTreeSearch, VpTreeSearch};
use std::num::NonZeroUsize;
use tsne_core::{
    Affinities, AffinityModel, Context, Error, KnnGraph, NeighborIndex, NeighborSearch, Points, Result, Scalar,
};

/// The joint affinities of the points `x`, `n × d`: neighbors by `search`, weights by `model`.
///
/// The graph takes `n·k` indices and distances and is dropped before returning.
///
/// In a [`Team`](tsne_core::Team) each member is given all points; the result has the rows of its own ones, [`Context::rows`] of `n`.
///
/// # Errors
///
/// Those of [`NeighborSearch::build`], [`NeighborIndex::knn_graph`](tsne_core::NeighborIndex::knn_graph),
/// [`AffinityModel::neighbors_needed`] and [`AffinityModel::joint`].
///
/// # Examples
///
/// ```
/// use tsne_affinity::{ExactSearch, PerplexityAffinity, affinities};
/// use tsne_core::{Context, Rows};
///
/// let x: Vec<f32> = (0..200).map(|i| ((i * i) % 37) as f32).collect();
/// let p = affinities(
///     Rows::new(&x, 50, 4)?,
///     &ExactSearch::default(),
///     &PerplexityAffinity::new(10.0)?,
///     Context::new(),
/// )?;
/// assert_eq!(p.n(), 50);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn affinities<'a, T: Scalar>(
    x: impl Into<Points<'a, T>>,
    search: &dyn NeighborSearch<T>,
    model: &dyn AffinityModel<T>,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let x = x.into();
    let k = model.neighbors_needed(x.n())?;
    // The index is dropped before the weights are computed: at most one of the two is in memory.
    let graph = search.build(x, cx)?.knn_graph(k, cx)?;
    model.joint_owned(graph, cx)
}

fn neighbors<T: Scalar>(search: &dyn NeighborSearch<T>, points: Points<'_, T>, k: usize) -> Result<KnnGraph<T>> {
    let k = NonZeroUsize::new(k).ok_or_else(|| Error::parameter("k", k, "at least 1"))?;
    search.build(points, Context::new())?.knn_graph(k, Context::new())
}

/// Inherent methods of searches, so that no trait needs to be in scope.
macro_rules! searches {
    ($($search:ident),*) => {
        $(
            impl $search {
                /// The `k` nearest neighbors of each of the points `x`, `n × d`, among the others.
                ///
                /// # Errors
                ///
                /// [`Error::Parameter`] unless `k` is at least 1 and below the number of points; all that are wrong with
                /// points and metric.
                ///
                /// # Examples
                ///
                /// ```
                #[doc = concat!("use tsne_affinity::{Rows, ", stringify!($search), "};")]
                ///
                /// let x = Rows::new(&[0.0, 1.0, 5.0, 7.0], 4, 1)?;
                #[doc = concat!("let graph = ", stringify!($search), "::default().neighbors(x, 1)?;")]
                /// assert_eq!(graph.indices(), [1, 0, 3, 2]);
                /// # Ok::<(), tsne_affinity::Error>(())
                /// ```
                pub fn neighbors<'a, T: Scalar>(
                    &self,
                    x: impl Into<Points<'a, T>>,
                    k: usize,
                ) -> Result<KnnGraph<T>> {
                    neighbors(self, x.into(), k)
                }

                /// An index of the points `x`, `n × d`, which answers for them and for other points.
                ///
                /// # Errors
                ///
                /// All that are wrong with points and metric.
                ///
                /// # Examples
                ///
                /// ```
                /// use std::num::NonZeroUsize;
                #[doc = concat!("use tsne_affinity::{Context, Rows, ", stringify!($search), "};")]
                ///
                /// let x = Rows::new(&[0.0, 1.0, 5.0, 7.0], 4, 1)?;
                #[doc = concat!("let index = ", stringify!($search), "::default().index(x)?;")]
                /// let new = Rows::new(&[4.5], 1, 1)?;
                /// assert_eq!(index.knn(new.into(), NonZeroUsize::MIN, Context::new())?.indices(), [2]);
                /// # Ok::<(), tsne_affinity::Error>(())
                /// ```
                pub fn index<'a, T: Scalar>(
                    &self,
                    x: impl Into<Points<'a, T>>,
                ) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
                    NeighborSearch::build(self, x.into(), Context::new())
                }
            }
        )*
    };
}

searches!(ApproximateSearch, AutoSearch, BruteForceSearch, ExactSearch, KdTreeSearch, VpTreeSearch);

/// Inherent methods of models, so that no trait needs to be in scope.
macro_rules! models {
    ($($model:ident: $example:literal),*) => {
        $(
            impl $model {
                /// The joint affinities of the points `x`, `n × d`, with as many neighbors as the model needs, found by
                /// `search`.
                ///
                /// # Errors
                ///
                /// Those of the search and of [`affinities_of`](Self::affinities_of).
                ///
                /// # Examples
                ///
                /// ```
                #[doc = concat!("use tsne_affinity::{AutoSearch, Rows, ", stringify!($model), "};")]
                ///
                /// let x: Vec<f32> = (0..200).map(|i| ((i * i) % 37) as f32).collect();
                #[doc = concat!("let model = ", $example, ";")]
                /// assert_eq!(model.affinities(Rows::new(&x, 50, 4)?, &AutoSearch::default())?.n(), 50);
                /// # Ok::<(), tsne_affinity::Error>(())
                /// ```
                pub fn affinities<'a, T: Scalar>(
                    &self,
                    x: impl Into<Points<'a, T>>,
                    search: &dyn NeighborSearch<T>,
                ) -> Result<Affinities<T>> {
                    affinities(x, search, self, Context::new())
                }

                /// The joint affinities of the points of a graph.
                ///
                /// # Errors
                ///
                /// [`Error::Parameter`] for a graph with too few neighbors where their number is the model's;
                /// [`Error::Invalid`] for a graph between two sets of points, or with a row that names itself or repeats a
                /// neighbor.
                ///
                /// # Examples
                ///
                /// ```
                #[doc = concat!("use tsne_affinity::{AutoSearch, Rows, ", stringify!($model), "};")]
                ///
                /// let x: Vec<f32> = (0..200).map(|i| ((i * i) % 37) as f32).collect();
                /// let graph = AutoSearch::default().neighbors(Rows::new(&x, 50, 4)?, 30)?;
                #[doc = concat!("assert_eq!(", $example, ".affinities_of(&graph)?.n(), 50);")]
                /// # Ok::<(), tsne_affinity::Error>(())
                /// ```
                pub fn affinities_of<T: Scalar>(&self, graph: &KnnGraph<T>) -> Result<Affinities<T>> {
                    AffinityModel::joint(self, graph, Context::new())
                }

                /// The conditional affinities of new points, from a graph that leads from them to reference points: each
                /// row sums to 1.
                ///
                /// # Errors
                ///
                /// [`Error::Parameter`] for a graph with too few neighbors where their number is the model's.
                ///
                /// # Examples
                ///
                /// ```
                /// use std::num::NonZeroUsize;
                #[doc = concat!("use tsne_affinity::{AutoSearch, Context, Rows, ", stringify!($model), "};")]
                ///
                /// let x: Vec<f32> = (0..200).map(|i| ((i * i) % 37) as f32).collect();
                /// let search = AutoSearch::default();
                /// let index = search.index(Rows::new(&x, 50, 4)?)?;
                /// let new = Rows::new(&[1.0, 4.0, 9.0, 16.0], 1, 4)?;
                /// let graph = index.knn(new.into(), NonZeroUsize::new(30).unwrap(), Context::new())?;
                #[doc = concat!("let p = ", $example, ".conditional_affinities_of(&graph)?;")]
                /// assert!((p.weights().iter().sum::<f32>() - 1.0).abs() < 1e-5);
                /// # Ok::<(), tsne_affinity::Error>(())
                /// ```
                pub fn conditional_affinities_of<T: Scalar>(&self, graph: &KnnGraph<T>) -> Result<Affinities<T>> {
                    AffinityModel::conditional(self, graph, Context::new())
                }
            }
        )*
    };
}

models!(
    PerplexityAffinity: "PerplexityAffinity::new(10.0)?",
    FixedSigma: "FixedSigma::new(5.0)?",
    Uniform: "Uniform::default()"
);
