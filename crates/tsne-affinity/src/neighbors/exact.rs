use super::{BruteForceSearch, KdTreeSearch};
use crate::Metric;
use tsne_core::{Context, NeighborIndex, NeighborSearch, Result, Rows, Scalar};

/// The most columns for which the kd-tree is used.
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
    fn build<'a>(&self, points: Rows<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        let metric = self.metric;
        if points.d() <= KD_TREE_COLUMNS {
            KdTreeSearch { metric }.build(points, cx)
        } else {
            BruteForceSearch { metric }.build(points, cx)
        }
    }
}
