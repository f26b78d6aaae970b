//! The search that compares all pairs.

use crate::metric::Metric;
use crate::neighbors::checked::Checked;
use crate::neighbors::general::scan::Scan;
use crate::neighbors::general::space::space;
use crate::neighbors::geometric::index::index;
use crate::neighbors::geometric::mapping::Mapping;
use crate::neighbors::geometric::products::ByProducts;
use crate::neighbors::overlap::sparse_index;
use crate::neighbors::source::Source;
use tsne_core::{Context, NeighborIndex, NeighborSearch, Points, Result, Scalar, SharedPoints, instances};

/// Exact nearest neighbors by comparing all pairs, under any metric.
///
/// Dense rows under a metric that is the Euclidean distance or the cosine of mapped rows ([`Metric::Euclidean`],
/// [`Metric::SqEuclidean`], [`Metric::Minkowski`] with `p = 2`, [`Metric::SEuclidean`], [`Metric::Mahalanobis`],
/// [`Metric::Cosine`], [`Metric::Correlation`], [`Metric::SpearmanR`], [`Metric::Hellinger`]) are compared with blocked matrix
/// products, as told below; sparse rows by the columns they share; all else pair by pair, `n²` distances, in the order of
/// blocks.
///
/// With matrix products: `n² d` multiplications for `n` points at about half the speed of the machine's `f32` product, whatever the scalar: the
/// products only select candidates, with a rigorous bound on their rounding, and the candidates' distances are summed
/// again in `f64` from the differences of the given values. The result is the graph of the exact distances, with
/// ties broken by index, for any number of threads and any vector unit. Memory beside the result: one `f32` copy of
/// the data, and one in `f64` where rows are mapped.
///
/// Points are centered first, so a common offset costs nothing. Where `f32` cannot tell candidates apart (clusters much
/// farther from each other than their size times 10^3), more exact distances are computed: slower, still exact.
///
/// Sparse rows: under metrics that are sums over the columns that two rows share (all sparse ones but Chebyshev, Minkowski
/// distances with powers other than 1 and 2, and Bray–Curtis with negative values), the lists of points that have a column
/// give sums that select candidates with a rigorous bound as well: one addition for each pair of values in a column, and `n²`
/// comparisons. Weights beyond 1e±90 and sums that leave the range of numbers go pair by pair, too. Where many points tie
/// for the last place, as in data of very few values, all of them are measured. Memory: two to three copies of the stored
/// values in `f64`, with their columns.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct BruteForceSearch {
    /// How distances are measured.
    pub metric: Metric,
}

impl BruteForceSearch {
    /// A search with the given metric.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{BruteForceSearch, Metric};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = Rows::new(&[1.0, 0.0, 1.0, 0.5, 2.0, 0.1], 3, 2)?;
    /// let graph = BruteForceSearch::new(Metric::Manhattan).build(x.into(), Context::new())?.knn_graph(NonZeroUsize::MIN, Context::new())?;
    /// assert_eq!(graph.row(0), (&[1][..], &[0.5][..])); // (1, 0) and (1, 0.5).
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl<T: Scalar> NeighborSearch<T> for BruteForceSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        build(&self.metric, Source::Borrowed(points), cx)
    }

    fn build_shared(&self, points: &SharedPoints<T>, cx: Context<'_>) -> Result<Option<Box<dyn NeighborIndex<T>>>> {
        build(&self.metric, Source::Shared(points.clone()), cx).map(Some)
    }
}

instances! {
    fn build[BruteForceBuild]<'a, 'b, T>(metric: &'b Metric, points: Source<'a, T>, cx: Context<'b>)
        -> Result<Box<dyn NeighborIndex<T> + 'a>> = checked_build
}

fn checked_build<'a, T: Scalar>(
    metric: &Metric,
    points: Source<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    cx.check()?;
    all_pairs(Checked::new(points, metric)?, cx)
}

/// The index of checked points that compares all pairs.
pub(super) fn all_pairs<'a, T: Scalar>(
    checked: Checked<'a, T>,
    cx: Context<'_>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    match checked.points() {
        Points::Dense(rows) => {
            if let Some(mapping) = Mapping::new(&checked.metric, rows)? {
                return index(checked, mapping, &ByProducts, cx);
            }
        }
        Points::Sparse(rows) => return sparse_index(&checked, rows),
        _ => {}
    }
    Ok(Box::new(Scan::new(space(&checked)?)?))
}
