//! The search by a vantage-point tree.

use crate::metric::Metric;
use crate::neighbors::checked::Checked;
use crate::neighbors::general::vp_tree::VpTree;
use crate::neighbors::source::Source;
use tsne_core::{Context, Error, NeighborIndex, NeighborSearch, Points, Result, Scalar, SharedPoints, instances};

/// Exact nearest neighbors by a vantage-point tree (Yianilos 1993, "Data structures and algorithms for nearest neighbor
/// search in general metric spaces"), for any metric with the triangle inequality, on dense and sparse rows.
///
/// The tree takes `n log n` distances. A query takes few where points have few degrees of freedom, and degenerates to all
/// points as these grow; [`ExactSearch`](crate::ExactSearch) says when it pays. The result is that of
/// [`BruteForceSearch`](crate::BruteForceSearch), bit for bit: ties by index, the margins of all decisions wider than the
/// rounding of distances. It is the same for any number of threads. Equal rows are searched as one, but for functions and
/// [`Metric::RussellRao`], whose distance of equal rows need not be 0: there many of them take time that is quadratic in
/// their number.
///
/// # Errors
///
/// Building is an error for metrics without the triangle inequality ([`Metric::is_metric`]). Whether it holds for a
/// function is its author's word, up to a millionth of the distances; where it fails, neighbors may be missed.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct VpTreeSearch {
    /// How distances are measured.
    pub metric: Metric,
}

impl VpTreeSearch {
    /// A search with the given metric.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{Metric, VpTreeSearch};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = [0.0, 1.0, 5.0, 7.0];
    /// let points = Rows::new(&x, 4, 1)?.into();
    /// let index = VpTreeSearch::new(Metric::Manhattan).build(points, Context::new())?;
    /// assert_eq!(index.knn_graph(NonZeroUsize::MIN, Context::new())?.indices(), [1, 0, 3, 2]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl<T: Scalar> NeighborSearch<T> for VpTreeSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        build(&self.metric, Source::Borrowed(points), cx)
    }

    fn build_shared(&self, points: &SharedPoints<T>, cx: Context<'_>) -> Result<Option<Box<dyn NeighborIndex<T>>>> {
        build(&self.metric, Source::Shared(points.clone()), cx).map(Some)
    }
}

instances! {
    fn build[VpTreeBuild]<'a, 'b, T>(metric: &'b Metric, points: Source<'a, T>, cx: Context<'b>)
        -> Result<Box<dyn NeighborIndex<T> + 'a>> = checked_build
}

fn checked_build<'a, T: Scalar>(
    metric: &Metric,
    points: Source<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    if !metric.is_metric() {
        let allowed = "one with the triangle inequality for a vantage-point tree: use BruteForceSearch or ExactSearch";
        return Err(Error::parameter("metric", metric, allowed));
    }
    cx.check()?;
    Ok(Box::new(VpTree::new(&Checked::new(points, metric)?, cx)?))
}
