//! The search by a kd-tree.

use crate::metric::Metric;
use crate::neighbors::checked::Checked;
use crate::neighbors::geometric::index::index;
use crate::neighbors::geometric::kd_tree::{ByKdTree, MAX_COORDINATES};
use crate::neighbors::geometric::mapping::Mapping;
use crate::neighbors::source::Source;
use tsne_core::{Context, Error, NeighborIndex, NeighborSearch, Points, Result, Scalar, SharedPoints, instances};

/// Exact nearest neighbors by a kd-tree (Friedman, Bentley and Finkel 1977), for data with few columns.
///
/// The tree splits the columns in turn, those with the largest variance first. A query takes `O(log n + k)` for few
/// columns and degenerates to all points as their number grows; the most is 10 (9 where rows are compared by direction, as with [`Metric::Cosine`]).
/// Metrics that are the Euclidean distance or the cosine of mapped rows are served, those that
/// [`BruteForceSearch`](crate::BruteForceSearch) answers
/// with matrix products; others are an error.
/// Ties are broken by index, also at the `k`-th place: where one reaches across it, all points at that distance are
/// collected and sorted. The result is the same for any number of threads.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct KdTreeSearch {
    /// How distances are measured.
    pub metric: Metric,
}

impl KdTreeSearch {
    /// A search with the given metric.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{KdTreeSearch, Metric};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = Rows::new(&[1.0, 0.0, 1.0, 0.5, 2.0, 0.1], 3, 2)?;
    /// let graph = KdTreeSearch::new(Metric::Euclidean).build(x.into(), Context::new())?.knn_graph(NonZeroUsize::MIN, Context::new())?;
    /// assert_eq!(graph.row(0), (&[1][..], &[0.5][..])); // (1, 0) and (1, 0.5).
    /// assert!(KdTreeSearch::new(Metric::Manhattan).build(x.into(), Context::new()).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl<T: Scalar> NeighborSearch<T> for KdTreeSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        build(&self.metric, Source::Borrowed(points), cx)
    }

    fn build_shared(&self, points: &SharedPoints<T>, cx: Context<'_>) -> Result<Option<Box<dyn NeighborIndex<T>>>> {
        build(&self.metric, Source::Shared(points.clone()), cx).map(Some)
    }
}

instances! {
    fn build[KdTreeBuild]<'a, 'b, T>(metric: &'b Metric, points: Source<'a, T>, cx: Context<'b>)
        -> Result<Box<dyn NeighborIndex<T> + 'a>> = checked_build
}

fn checked_build<'a, T: Scalar>(
    metric: &Metric,
    points: Source<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    cx.check()?;
    kd_tree(Checked::new(points, metric)?, cx)
}

/// The kd-tree of checked points.
pub(super) fn kd_tree<'a, T: Scalar>(
    checked: Checked<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    let (rows, metric) = (checked.points().dense("KdTreeSearch")?, &checked.metric);
    let mapping = Mapping::new(metric, rows)?.ok_or_else(|| {
        let allowed = "one that is the Euclidean distance or the cosine of mapped rows for a kd-tree: use ExactSearch, \
                       BruteForceSearch or VpTreeSearch";
        Error::parameter("metric", metric, allowed)
    })?;
    let extra = mapping.coordinates(0);
    if rows.d() + extra > MAX_COORDINATES {
        return Err(Error::parameter(
            "d",
            rows.d(),
            format_args!("at most {} for a kd-tree: use BruteForceSearch", MAX_COORDINATES - extra),
        ));
    }
    index(checked, mapping, &ByKdTree, cx)
}
