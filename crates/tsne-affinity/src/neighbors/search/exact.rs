//! The choice among the exact searches.

use super::brute_force::all_pairs;
use super::kd_tree::kd_tree;
use crate::metric::Metric;
use crate::neighbors::checked::Checked;
use crate::neighbors::general::vp_tree::VpTree;
use crate::neighbors::geometric::mapping::Mapping;
use crate::neighbors::method::SearchMethod;
use crate::neighbors::source::Source;
use tsne_core::{Context, NeighborIndex, NeighborSearch, Points, Result, Scalar, SharedPoints, instances};

/// The most columns for which the kd-tree is used.
///
/// Measured on a mixture of ten Gaussians with 40,000 points, `k = 90`, in CPU seconds of the whole chain with the
/// tree and with brute force (`examples/knn_time`, one run each on a busy machine): 1.9 and 1.9 at 6 columns, 2.1 and 1.9 at 8, 2.4 and 2.0 at 10. The tree's advantage grows
/// with `n`, brute force's with the columns.
pub(super) const KD_TREE_COLUMNS: usize = 8;

/// The most columns for which the vantage-point tree is used.
///
/// Measured under Manhattan distances on 20,000 normal points in `f32`, `k = 15`, in seconds for all pairs and for the tree:
/// 4.2 and 0.50 at 5 columns, 4.4 and 0.94 at 6, 4.4 and 1.5 at 7, 2.6 and 1.8 at 8 (one run each on two cores). On 10,000 of
/// them, `k = 90` (`benches/affinity`, groups `scan_graph` and `vp_tree_graph`): 0.55 and 2.0 at 8. From 8 columns on all
/// pairs are summed in lanes, below it column by column. The tree's advantage grows with `n`.
pub(super) const VP_TREE_COLUMNS: usize = 7;

/// Exact nearest neighbors by the fastest method for the metric and the data's dimension; all give the same graph.
///
/// - Dense rows under a metric that is the Euclidean distance or the cosine of mapped rows: [`KdTreeSearch`](crate::KdTreeSearch) up to 8
///   columns, [`BruteForceSearch`](crate::BruteForceSearch) with matrix products above.
/// - Dense rows under another metric with the triangle inequality: [`VpTreeSearch`](crate::VpTreeSearch) up to 7 columns.
/// - All else (other metrics, functions, matrices of distances, sparse rows, more columns): [`BruteForceSearch`](crate::BruteForceSearch).
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct ExactSearch {
    /// How distances are measured.
    pub metric: Metric,
}

impl ExactSearch {
    /// A search with the given metric.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{ExactSearch, Metric};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = Rows::new(&[1.0, 0.0, 1.0, 0.5, 2.0, 0.1], 3, 2)?;
    /// let graph = ExactSearch::new(Metric::Euclidean).build(x.into(), Context::new())?.knn_graph(NonZeroUsize::MIN, Context::new())?;
    /// assert_eq!(graph.row(0), (&[1][..], &[0.5][..])); // (1, 0) and (1, 0.5).
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl<T: Scalar> NeighborSearch<T> for ExactSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        build(&self.metric, Source::Borrowed(points), cx)
    }

    fn build_shared(&self, points: &SharedPoints<T>, cx: Context<'_>) -> Result<Option<Box<dyn NeighborIndex<T>>>> {
        build(&self.metric, Source::Shared(points.clone()), cx).map(Some)
    }
}

instances! {
    fn build[ExactBuild]<'a, 'b, T>(metric: &'b Metric, points: Source<'a, T>, cx: Context<'b>)
        -> Result<Box<dyn NeighborIndex<T> + 'a>> = checked_build
}

fn checked_build<'a, T: Scalar>(
    metric: &Metric,
    points: Source<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    cx.check()?;
    exact(Checked::new(points, metric)?, cx)
}

/// The fastest exact index of checked points.
pub(super) fn exact<'a, T: Scalar>(checked: Checked<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    let points = checked.points();
    if let Points::Dealt(_) = points {
        points.dense("an exact search")?;
    }
    match exact_method(&checked.metric, points.d(), matches!(points, Points::Dense(_))) {
        SearchMethod::KdTree => kd_tree(checked, cx),
        SearchMethod::VpTree => Ok(Box::new(VpTree::new(&checked, cx)?)),
        _ => all_pairs(checked, cx),
    }
}

/// How the exact search compares points of `d` columns.
pub(in crate::neighbors) fn exact_method(metric: &Metric, d: usize, dense: bool) -> SearchMethod {
    match () {
        () if !dense => SearchMethod::SharedColumns,
        () if Mapping::serves(metric) && d <= KD_TREE_COLUMNS => SearchMethod::KdTree,
        () if Mapping::serves(metric) => SearchMethod::Products,
        () if d <= VP_TREE_COLUMNS && has_tree(metric) => SearchMethod::VpTree,
        () => SearchMethod::AllPairs,
    }
}

/// Whether a vantage-point tree is sure to be exact: of a function of the caller's, the triangle inequality is not known.
pub(super) fn has_tree(metric: &Metric) -> bool {
    metric.is_metric() && !matches!(metric, Metric::Function(_))
}
