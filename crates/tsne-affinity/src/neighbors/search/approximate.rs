//! The approximate search.

use super::exact::exact;
use crate::metric::Metric;
use crate::neighbors::checked::Checked;
use crate::neighbors::general::graph::{GraphIndex, NeighborDescent};
use crate::neighbors::geometric::clusters::ByClusters;
use crate::neighbors::geometric::index::index;
use crate::neighbors::geometric::mapping::Mapping;
use crate::neighbors::source::Source;
use tsne_core::{Context, Error, NeighborIndex, NeighborSearch, Points, Result, Scalar, SharedPoints, instances};

/// Approximate nearest neighbors under any metric, on dense and sparse points.
///
/// Most of the true neighbors are found, at a fraction of the cost of an exact search. Each row has `k` distinct other
/// points with the very distances that the exact search gives, ascending by (distance, index). The result is the same
/// for any number of threads; it depends on the seed.
///
/// # Method
///
/// *Dense rows under a metric that [`BruteForceSearch`](crate::BruteForceSearch) serves with matrix products.* The points
/// lie in about `√n` clusters (Lloyd's algorithm on a sample; from 256 columns on by 64 leading principal components), and a row
/// is compared with the clusters whose centroids are nearest to it, as in an inverted file (Jégou, Douze and Schmid 2011, "Product
/// quantization for nearest neighbor search", section IV), by the products and the selection of the exact search. A row visits a
/// cluster by how much farther it is than the nearest one, and by its rank: a row amid its cluster visits few. How far that goes is
/// measured, not guessed: the exact neighbors of 256 of the indexed points (more below `k = 16`: as many as have 4,000
/// neighbors) tell at which limit the wanted `recall` is found, with two standard errors to spare. Where the data
/// are hard it takes longer, up to the time of an exact search. The estimate is for indexed points; new ones that are not
/// like them may recall less. Equal points are searched once. About `n^1.5 d` multiplications; memory beside
/// the result: a copy of the data, one in `f32`, and the exact search's map of rows where the metric has one.
///
/// *All else* (other metrics, functions, sparse rows). A forest of trees, whose nodes divide points by their distances to
/// two of them, gives first lists; in a few rounds each point looks at the neighbors of its neighbors (Dong, Moses
/// and Li 2011, "Efficient k-nearest neighbor graph construction for generic similarity measures"). About
/// 3,000 distances for each point at `k = 90`, however many points there are. New points start in the leaves of the forest and
/// walk along a graph of neighbors. Above `k = n / 8`, where `n` counts points that differ, the search is exact. Equal points
/// are searched once, but under functions, [`Metric::Dot`] and [`Metric::RussellRao`], whose distance of equal rows need
/// not be 0: there many copies of a point hide others from the descent.
///
/// Of points that tie for the `k`-th place, which ones a row has is arbitrary, but the same in every run.
///
/// Each new point is searched for itself: alone or in a batch, it has the same neighbors. Nothing is built before the first
/// search; new points need a structure of their own under a general metric, which the first of them pay for.
///
/// [`Metric::Precomputed`] is always searched exactly: that reads each distance once.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct ApproximateSearch {
    /// How distances are measured.
    pub metric: Metric,
    /// The seed of all choices at random. Default: 0.
    pub seed: u64,
    /// The part of the true neighbors to find, on average over the indexed points, above 0; at 1 the search is exact. It is
    /// estimated, from 256 rows or more with two standard errors to spare, under metrics with matrix products. Other
    /// metrics have no target: [`NeighborDescent`] decides, with 0.945 to 0.998 on the data that were tried. Default: 0.99.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub recall: f64,
    /// The number of clusters, for metrics with matrix products. Default: `None`, the square root of the number of
    /// points that differ.
    pub clusters: Option<usize>,
    /// How to search under other metrics.
    pub descent: NeighborDescent,
    /// Up to this many points the search is exact. Default: 4,096.
    pub exact_up_to: usize,
}

/// Points up to which the exact search is about as fast. In CPU seconds of the whole chain, exact and approximate: 0.16
/// and 0.11 for 5,000 × 50 points, 0.40 and 0.28 for 10,000, 0.76 and 0.52 for 5,000 × 784, and under Manhattan
/// distances 0.41 and 0.35 for 5,000 × 50 (`examples/knn_time` on its mixture, `k = 90`, one run each on a busy machine).
pub(super) const EXACT_UP_TO: usize = 4096;

impl Default for ApproximateSearch {
    fn default() -> Self {
        Self::new(Metric::default())
    }
}

impl ApproximateSearch {
    /// A search with the given metric and the defaults for all else.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{ApproximateSearch, Metric};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = Rows::new(&[1.0, 0.0, 1.0, 0.5, 2.0, 0.1], 3, 2)?;
    /// let search = ApproximateSearch::new(Metric::Cosine).with_seed(42);
    /// let graph = search.build(x.into(), Context::new())?.knn_graph(NonZeroUsize::MIN, Context::new())?;
    /// assert_eq!(graph.row(0).0, [2]); // (1, 0) and (2, 0.1): nearly the same direction.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        let descent = NeighborDescent::DEFAULT;
        Self { metric, seed: 0, recall: 0.99, clusters: None, descent, exact_up_to: EXACT_UP_TO }
    }

    /// Sets the seed of all choices at random. Default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::ApproximateSearch;
    ///
    /// assert_eq!(ApproximateSearch::default().with_seed(7).seed, 7);
    /// ```
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets the part of the true neighbors to find, above 0 and at most 1, where the search is exact. Default: 0.99.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::ApproximateSearch;
    ///
    /// assert_eq!(ApproximateSearch::default().with_recall(0.95).recall, 0.95);
    /// ```
    #[must_use]
    pub fn with_recall(self, recall: f64) -> Self {
        Self { recall, ..self }
    }

    /// Sets the number of clusters, for metrics with matrix products; `None` for the square root of the number of points that
    /// differ. Default: `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::ApproximateSearch;
    ///
    /// assert_eq!(ApproximateSearch::default().with_clusters(Some(100)).clusters, Some(100));
    /// ```
    #[must_use]
    pub fn with_clusters(self, clusters: Option<usize>) -> Self {
        Self { clusters, ..self }
    }

    /// Sets how to search under other metrics. Default: [`NeighborDescent::DEFAULT`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::ApproximateSearch;
    ///
    /// assert_eq!(ApproximateSearch::default().with_descent(tsne_affinity::NeighborDescent::DEFAULT.with_trees(4)).descent, tsne_affinity::NeighborDescent::DEFAULT.with_trees(4));
    /// ```
    #[must_use]
    pub fn with_descent(self, descent: NeighborDescent) -> Self {
        Self { descent, ..self }
    }

    /// Sets the number of points up to which the search is exact. Default: 4,096.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::ApproximateSearch;
    ///
    /// assert_eq!(ApproximateSearch::default().with_exact_up_to(0).exact_up_to, 0);
    /// ```
    #[must_use]
    pub fn with_exact_up_to(self, exact_up_to: usize) -> Self {
        Self { exact_up_to, ..self }
    }

    /// Whether all pairs of `n` points are compared: no sample of rows can promise a recall of 1.
    pub(in crate::neighbors) fn is_exact(&self, n: usize) -> bool {
        n <= self.exact_up_to || self.recall >= 1.0 || self.metric == Metric::Precomputed
    }

    fn check(&self) -> Result<()> {
        if !(self.recall > 0.0 && self.recall <= 1.0) {
            return Err(Error::parameter("recall", self.recall, "above 0 and at most 1"));
        }
        if self.clusters == Some(0) {
            return Err(Error::parameter(
                "clusters",
                0,
                "at least 1, or None for the square root of the number of points",
            ));
        }
        let NeighborDescent { trees, leaf_size, max_candidates, .. } = self.descent;
        for (name, given, least) in
            [("trees", trees, 1), ("leaf_size", leaf_size, 2), ("max_candidates", max_candidates, 1)]
        {
            if given < least {
                return Err(Error::parameter(name, given, format_args!("at least {least}")));
            }
        }
        Ok(())
    }
}

/// Whether dense rows under a metric are searched as they are, and by clusters: so that a member of a team needs its own and no others.
pub(super) fn is_dealt_served(metric: &Metric) -> bool {
    Mapping::serves(metric) && Mapping::is_as_given(metric)
}

impl<T: Scalar> NeighborSearch<T> for ApproximateSearch {
    fn takes_dealt(&self, n: usize, _d: usize) -> bool {
        !self.is_exact(n) && is_dealt_served(&self.metric)
    }

    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        build(self, Source::Borrowed(points), cx)
    }

    fn build_shared(&self, points: &SharedPoints<T>, cx: Context<'_>) -> Result<Option<Box<dyn NeighborIndex<T>>>> {
        build(self, Source::Shared(points.clone()), cx).map(Some)
    }
}

instances! {
    fn build[ApproximateBuild]<'a, 'b, T>(search: &'b ApproximateSearch, points: Source<'a, T>, cx: Context<'b>)
        -> Result<Box<dyn NeighborIndex<T> + 'a>> = checked_build
}

fn checked_build<'a, T: Scalar>(
    search: &ApproximateSearch,
    points: Source<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    search.check()?;
    cx.check()?;
    approximate(search, Checked::new(points, &search.metric)?, cx)
}

/// The index of checked points, whose metric is that of the search, by parameters that were checked.
pub(super) fn approximate<'a, T: Scalar>(
    search: &ApproximateSearch,
    checked: Checked<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    let ApproximateSearch { seed, recall, clusters, descent, .. } = *search;
    if search.is_exact(checked.points().n()) {
        return exact(checked, cx);
    }
    let rows = match checked.points() {
        Points::Dense(rows) => Some(rows),
        // What a map of rows begins at is the first of all.
        Points::Dealt(rows) if is_dealt_served(&checked.metric) => Some(rows.rows()),
        _ => None,
    };
    if let Some(rows) = rows
        && let Some(mapping) = Mapping::new(&checked.metric, rows)?
    {
        return index(checked, mapping, &ByClusters { clusters, recall, seed }, cx);
    }
    if let points @ Points::Dealt(_) = checked.points() {
        points.dense(&format!("a search under {}", checked.metric))?;
    }
    Ok(Box::new(GraphIndex::new(&checked, descent, seed)?))
}
