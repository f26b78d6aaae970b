//! The choice between exact and approximate search.

use super::approximate::{ApproximateSearch, EXACT_UP_TO, approximate, is_dealt_served};
use super::exact::{VP_TREE_COLUMNS, exact, has_tree};
use crate::metric::Metric;
use crate::neighbors::checked::Checked;
use crate::neighbors::geometric::mapping::Mapping;
use crate::neighbors::overlap::OverlapIndex;
use crate::neighbors::source::Source;
use tsne_core::{Context, NeighborIndex, NeighborSearch, Points, Result, Scalar, SharedPoints, instances};

/// Exact search for few points or few columns, [`ApproximateSearch`](crate::ApproximateSearch) with its defaults for all else.
///
/// Exact are, decided by `n`, `d`, the metric, and for sparse rows their columns and a sample of 64 of them:
///
/// - dense rows under a metric with matrix products (see [`ApproximateSearch`](crate::ApproximateSearch)) up to 10,000 points, or up to 3 columns;
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct AutoSearch {
    /// How distances are measured.
    pub metric: Metric,
    /// The seed of the approximate search.
    pub seed: u64,
}

/// Points up to which a search by matrix products is exact.
const PRODUCTS_UP_TO: usize = 10_000;
/// Distances that the descent measures for each point: see [`NeighborDescent::DEFAULT`](crate::NeighborDescent::DEFAULT).
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

    pub(in crate::neighbors) fn is_exact(&self, n: usize, d: usize, dense: bool) -> bool {
        if dense && Mapping::serves(&self.metric) {
            return n <= PRODUCTS_UP_TO || d <= KD_TREE_UP_TO;
        }
        n <= EXACT_UP_TO || dense && has_tree(&self.metric) && d <= VP_TREE_UP_TO
    }
}

impl<T: Scalar> NeighborSearch<T> for AutoSearch {
    fn takes_dealt(&self, n: usize, d: usize) -> bool {
        !self.is_exact(n, d, true) && is_dealt_served(&self.metric)
    }

    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        build(self, Source::Borrowed(points), cx)
    }

    fn build_shared(&self, points: &SharedPoints<T>, cx: Context<'_>) -> Result<Option<Box<dyn NeighborIndex<T>>>> {
        build(self, Source::Shared(points.clone()), cx).map(Some)
    }
}

instances! {
    fn build[AutoBuild]<'a, 'b, T>(search: &'b AutoSearch, points: Source<'a, T>, cx: Context<'b>)
        -> Result<Box<dyn NeighborIndex<T> + 'a>> = checked_build
}

fn checked_build<'a, T: Scalar>(
    search: &AutoSearch,
    points: Source<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    cx.check()?;
    let checked = Checked::new(points, &search.metric)?;
    let points = checked.points();
    if search.is_exact(points.n(), points.d(), !matches!(points, Points::Sparse(_))) {
        return exact(checked, cx);
    }
    if let Points::Sparse(rows) = points
        && let Some(index) = OverlapIndex::if_cheaper(&checked, rows, DESCENT, cx)?
    {
        return Ok(Box::new(index));
    }
    approximate(&ApproximateSearch::new(search.metric.clone()).with_seed(search.seed), checked, cx)
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
