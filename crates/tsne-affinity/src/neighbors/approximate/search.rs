use super::engine::ClusterEngine;
use super::graph::GraphIndex;
use crate::Metric;
use crate::neighbors::ExactSearch;
use crate::neighbors::exact::VP_TREE_COLUMNS;
use crate::neighbors::grouped::Grouped;
use crate::neighbors::index::Engine;
use crate::neighbors::overlap::OverlapIndex;
use crate::neighbors::plan::{self, Method, Plan};
use crate::neighbors::reference::Reference;
use crate::neighbors::space::{check_points, check_rows, space};
use tsne_core::{Context, Error, NeighborIndex, NeighborSearch, Points, Result, Scalar};

/// How [`ApproximateSearch`] works where it knows nothing but distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeighborDescent {
    /// Trees in the forest, at least 1. Default: 8.
    pub trees: usize,
    /// Most points in a leaf, at least 2. Default: 64.
    pub leaf_size: usize,
    /// Most neighbors that a point looks from in a round, and most points that it is a neighbor of, each for fresh
    /// entries and for old ones; at least 1. Default: 20.
    pub max_candidates: usize,
    /// Most rounds; they end earlier when one replaces less than 2.5 % of all entries. Default: 10.
    pub rounds: usize,
}

impl NeighborDescent {
    /// The defaults.
    ///
    /// Measured on a mixture of 20,000 × 50 points under Manhattan distances, `k = 90`, until less than 0.1 % changed: 20
    /// candidates needed 5,090 distances for each point in five rounds and recalled 0.9998; 10 candidates 4,850 in ten
    /// rounds, 0.9993. Ending at 2.5 % leaves 2,900 distances and a recall of 0.9977.
    pub const DEFAULT: Self = Self { trees: 8, leaf_size: 64, max_candidates: 20, rounds: 10 };
}

impl Default for NeighborDescent {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Approximate nearest neighbors under any metric, on dense and sparse points.
///
/// Most of the true neighbors are found, at a fraction of the cost of an exact search. Each row has `k` distinct other
/// points with the very distances that the exact search gives, ascending by (distance, index). The result is the same
/// for any number of threads; it depends on the seed.
///
/// # Method
///
/// *Dense rows under a metric that [`BruteForceSearch`](crate::BruteForceSearch) serves with matrix products.* The points
/// lie in about `√n` clusters (Lloyd's algorithm on a sample), and a row is compared with the clusters whose centroids are
/// nearest to it, as in an inverted file (Jégou, Douze and Schmid 2011, "Product quantization for nearest neighbor
/// search", section IV), by the products and the selection of the exact search. How many clusters is
/// measured, not guessed: the exact neighbors of 256 of the indexed points (more below `k = 16`: as many as have 4,000
/// neighbors) tell in how many clusters the wanted `recall` is found, with two standard errors to spare. Where the data
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
pub struct ApproximateSearch {
    /// How distances are measured.
    pub metric: Metric,
    /// The seed of all choices at random. Default: 0.
    pub seed: u64,
    /// The part of the true neighbors to find, on average over the indexed points, above 0; at 1 the search is exact. It is
    /// estimated, from 256 rows or more with two standard errors to spare, under metrics with matrix products. Other
    /// metrics have no target: [`NeighborDescent`] decides, with 0.945 to 0.998 on the data that were tried. Default: 0.99.
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
const EXACT_UP_TO: usize = 4096;

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
    /// let search = ApproximateSearch { seed: 42, ..ApproximateSearch::new(Metric::Cosine) };
    /// let graph = search.build(x.into(), Context::new())?.knn_graph(NonZeroUsize::MIN, Context::new())?;
    /// assert_eq!(graph.row(0).0, [2]); // (1, 0) and (2, 0.1): nearly the same direction.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        let descent = NeighborDescent::DEFAULT;
        Self { metric, seed: 0, recall: 0.99, clusters: None, descent, exact_up_to: EXACT_UP_TO }
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

impl<T: Scalar> NeighborSearch<T> for ApproximateSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        self.check()?;
        cx.check()?;
        // No sample of rows can promise a recall of 1.
        if points.n() <= self.exact_up_to || self.recall >= 1.0 || self.metric == Metric::Precomputed {
            return ExactSearch::new(self.metric.clone()).build(points, cx);
        }
        check_points(points, &self.metric)?;
        let metric = self.metric.resolve(points)?;
        if let Points::Dense(rows) = points
            && let Some(plan) = Plan::new(&metric, rows)?
        {
            check_rows(points, &metric)?;
            let method = ByClusters { clusters: self.clusters, recall: self.recall, seed: self.seed };
            return plan::build(rows, &metric, plan, &method);
        }
        let space = Grouped::new(space(points, &metric)?, points, &metric);
        Ok(Box::new(GraphIndex::new(space, self.descent, self.seed)))
    }
}

/// The method of clusters.
struct ByClusters {
    clusters: Option<usize>,
    recall: f64,
    seed: u64,
}

impl Method for ByClusters {
    fn engine<'a, V: Scalar>(&self, reference: &Reference<'a, V>) -> Result<Box<dyn Engine<V> + 'a>> {
        let m = reference.groups.len();
        let count = self.clusters.unwrap_or(m.isqrt()).clamp(1, m.max(1));
        Ok(Box::new(ClusterEngine::new(count, self.recall, self.seed)))
    }
}

/// Exact search for few points or few columns, [`ApproximateSearch`] with its defaults for all else.
///
/// Exact are, decided by `n`, `d`, the metric, and for sparse rows their columns and a sample of 64 of them:
///
/// - dense rows under a metric with matrix products (see [`ApproximateSearch`]) up to 10,000 points, or up to 3 columns;
/// - dense rows up to 5 columns under other metrics with the triangle inequality, which have a tree;
/// - sparse rows under a metric that is a sum over shared columns (all but Chebyshev, Minkowski distances with a power other
///   than 1 and 2, and Bray–Curtis with negative values), where its inverted index is estimated to take less time than the
///   descent: up to some 250,000 rows of 40 values in 2,000 columns, fewer where many are equal or tie;
/// - all other data up to 4,096 points, and [`Metric::Precomputed`].
///
/// Measured in CPU seconds of the whole chain, exact and approximate (`examples/knn_time` on its mixture, `k = 90`, one run
/// each on a busy machine): Euclidean 0.40 and 0.28 for 10,000 × 50 points, 1.17 and 0.65 for 20,000; 1.6 and 1.5 for
/// 50,000 × 3, 2.4 and 1.6 for 50,000 × 6. Manhattan 0.75 and 1.2 for 20,000 × 3, 5.3 and 3.5 for 20,000 × 50. In seconds of
/// the neighbors alone, by the tree and approximate, on normal points under Manhattan distances, `k = 15`: 0.24 and 0.34 for
/// 20,000 × 4, 0.50 and 0.41 for 20,000 × 5, 0.94 and 0.47 for 20,000 × 6; on other data 1.0 and 1.3 for 20,000 × 5, 2.5 and
/// 2.0 for 20,000 × 6.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AutoSearch {
    /// How distances are measured.
    pub metric: Metric,
    /// The seed of the approximate search.
    pub seed: u64,
}

/// Points up to which a search by matrix products is exact.
const PRODUCTS_UP_TO: usize = 10_000;
/// Distances that the descent measures for each point: see [`NeighborDescent::DEFAULT`].
const DESCENT: f64 = 2900.0;
/// Columns up to which the kd-tree is as fast as clusters.
const KD_TREE_UP_TO: usize = 3;
/// Columns up to which the vantage-point tree is faster than the descent.
const VP_TREE_UP_TO: usize = 5;
// Else the exact search would compare all pairs.
const _: () = assert!(VP_TREE_UP_TO <= VP_TREE_COLUMNS);

impl AutoSearch {
    /// A search with the given metric and seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{AutoSearch, Metric};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = Rows::new(&[1.0, 0.0, 1.0, 0.5, 2.0, 0.1], 3, 2)?;
    /// let graph = AutoSearch::new(Metric::Cosine, 42).build(x.into(), Context::new())?.knn_graph(NonZeroUsize::MIN, Context::new())?;
    /// assert_eq!(graph.row(0).0, [2]); // (1, 0) and (2, 0.1): nearly the same direction.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric, seed: u64) -> Self {
        Self { metric, seed }
    }

    fn is_exact(&self, n: usize, d: usize, dense: bool) -> bool {
        if dense && Plan::serves(&self.metric) {
            return n <= PRODUCTS_UP_TO || d <= KD_TREE_UP_TO;
        }
        let tree = self.metric.is_metric() && !matches!(self.metric, Metric::Function(_));
        n <= EXACT_UP_TO || dense && tree && d <= VP_TREE_UP_TO
    }
}

impl<T: Scalar> NeighborSearch<T> for AutoSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        cx.check()?;
        if self.is_exact(points.n(), points.d(), matches!(points, Points::Dense(_))) {
            return ExactSearch::new(self.metric.clone()).build(points, cx);
        }
        if let Points::Sparse(rows) = points {
            check_points(points, &self.metric)?;
            let metric = self.metric.resolve(points)?;
            if let Some(index) = OverlapIndex::if_cheaper(rows, &metric, DESCENT, cx)? {
                return Ok(Box::new(index));
            }
        }
        ApproximateSearch { seed: self.seed, ..ApproximateSearch::new(self.metric.clone()) }.build(points, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many points: up to 5 columns a tree, beyond it the descent. Functions and sparse rows have no tree.
    #[test]
    fn the_tree_serves_up_to_five_columns() {
        let l1 = AutoSearch::new(Metric::Manhattan, 0);
        let exact: Vec<bool> = (3..9).map(|d| l1.is_exact(usize::MAX, d, true)).collect();
        assert_eq!(exact, [true, true, true, false, false, false]);
        assert!(!l1.is_exact(usize::MAX, 2, false) && l1.is_exact(EXACT_UP_TO, 2, false));
        assert!(!AutoSearch::new(Metric::function(|_, _| 0.0), 0).is_exact(usize::MAX, 2, true));
        assert!(!AutoSearch::new(Metric::SymmetricKl, 0).is_exact(usize::MAX, 2, true));
    }
}
