use super::{BruteForceSearch, KdTreeSearch};
use crate::Metric;
use tsne_core::{Context, NeighborIndex, NeighborSearch, Points, Result, Scalar};

/// The most columns for which the kd-tree is used.
///
/// Measured on a mixture of ten Gaussians with 40,000 points, `k = 90`, in CPU seconds of the whole chain with the
/// tree and with brute force (`examples/knn_time`, one run each on a busy machine): 1.9 and 1.9 at 6 columns, 2.1 and 1.9 at 8, 2.4 and 2.0 at 10. The tree's advantage grows
/// with `n`, brute force's with the columns.
pub(super) const KD_TREE_COLUMNS: usize = 8;

/// Exact nearest neighbors by the faster method for the data's dimension: [`KdTreeSearch`] up to 8 columns,
/// [`BruteForceSearch`] above. Both give the same graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExactSearch {
    /// How distances are measured.
    pub metric: Metric,
}

impl ExactSearch {
    /// A search with the given metric.
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl<T: Scalar> NeighborSearch<T> for ExactSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        let metric = self.metric;
        if points.d() <= KD_TREE_COLUMNS {
            KdTreeSearch { metric }.build(points, cx)
        } else {
            BruteForceSearch { metric }.build(points, cx)
        }
    }
}
