use super::plan::Plan;
use super::{BruteForceSearch, KdTreeSearch, VpTreeSearch};
use crate::Metric;
use tsne_core::{Context, NeighborIndex, NeighborSearch, Points, Result, Scalar};

/// The most columns for which the kd-tree is used.
///
/// Measured on a mixture of ten Gaussians with 40,000 points, `k = 90`, in CPU seconds of the whole chain with the
/// tree and with brute force (`examples/knn_time`, one run each on a busy machine): 1.9 and 1.9 at 6 columns, 2.1 and 1.9 at 8, 2.4 and 2.0 at 10. The tree's advantage grows
/// with `n`, brute force's with the columns.
pub(super) const KD_TREE_COLUMNS: usize = 8;

/// The most columns for which the vantage-point tree is used.
///
/// Measured on 10,000 normal points in `f32`, `k = 90` (`benches/affinity`, groups `scan_graph` and `vp_tree_graph`, a busy
/// machine), in seconds for all pairs and for the tree: haversine 6.5 and 0.35; manhattan 3.1 and 0.23 at 2 columns, 0.55
/// and 2.0 at 8 (in a calmer moment for all pairs). The tree's advantage grows with `n`.
const VP_TREE_COLUMNS: usize = 4;

/// Exact nearest neighbors by the fastest method for the metric and the data's dimension; all give the same graph.
///
/// - Dense rows under a metric that is the Euclidean distance or the cosine of mapped rows: [`KdTreeSearch`] up to 8
///   columns, [`BruteForceSearch`] with matrix products above.
/// - Dense rows under another metric with the triangle inequality: [`VpTreeSearch`] up to 4 columns.
/// - All else (other metrics, functions, matrices of distances, sparse rows, more columns): [`BruteForceSearch`].
#[derive(Debug, Clone, PartialEq, Default)]
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
        let metric = self.metric.clone();
        let dense = matches!(points, Points::Dense(_));
        if dense && Plan::serves(&metric) {
            if points.d() <= KD_TREE_COLUMNS {
                return KdTreeSearch { metric }.build(points, cx);
            }
        } else if dense && points.d() <= VP_TREE_COLUMNS && metric.is_metric() && !matches!(metric, Metric::Function(_))
        {
            return VpTreeSearch { metric }.build(points, cx);
        }
        BruteForceSearch { metric }.build(points, cx)
    }
}
