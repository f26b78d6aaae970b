//! How good the neighbors are that affinities were computed from.

use crate::metrics::recall_of_search;
use std::fmt;
use tsne_affinity::Metric;
use tsne_core::{Context, KnnGraph, NeighborIndex, Points, Progress, Result, Scalar, Stage};

/// Points whose neighbors are compared with the true ones. Rows of the search's own data differ by some 0.03 in recall, so that the
/// mean of 128 is known to 0.003. With an index made for it they took 0.13 of 1.95 s of processor time for 70,000 x 50 points, and
/// 0.5 of 10.5 s for 70,000 x 784; by the index of the search they take less.
const SAMPLE: usize = 128;

/// How good the neighbors are that affinities were computed from.
///
/// # Examples
///
/// ```
/// use tsne::{Rows, SearchQuality, Tsne};
///
/// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// let index = Tsne::<_, 2>::builder().perplexity(10.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
/// assert_eq!(index.search_quality(), Some(SearchQuality::Exact));
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum SearchQuality {
    /// They are the nearest ones.
    Exact,
    /// The search may have missed some.
    Approximate {
        /// The [share of the nearest neighbors](crate::metrics::graph_recall) that were found of a sample of the points.
        recall: f64,
        /// The number of these points.
        sample: usize,
    },
}

/// A listener to nothing.
struct Silent;

impl Progress for Silent {
    fn advance(&self, _: Stage, _: usize, _: usize) {}
}

impl fmt::Display for SearchQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::Approximate { recall, .. } => write!(f, "approximate (recall {recall:.3})"),
        }
    }
}

impl SearchQuality {
    /// Of the neighbors that the index of an approximate search has found.
    pub(super) fn measured<T: Scalar>(
        graph: &KnnGraph<T>,
        searched: (Points<'_, T>, &dyn NeighborIndex<T>),
        metric: &Metric,
        seed: u64,
        cx: Context<'_>,
    ) -> Result<Self> {
        let sample = SAMPLE.min(searched.0.n());
        // The caller's progress is that of the search, which is over.
        let silent = cx.with_progress(&Silent);
        let recall = recall_of_search(graph, searched, metric, (sample, seed), silent)?;
        Ok(Self::Approximate { recall, sample })
    }
}
