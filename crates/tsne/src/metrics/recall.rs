use super::comparison::Comparison;
use std::num::NonZeroUsize;
use tsne_core::{Points, Result, Scalar, blocks};

/// The mean fraction of the `k` nearest neighbors in the data that are among the `k` nearest in the map, for Euclidean
/// distances and all points.
///
/// `k` is 10 where the literature calls it KNN (Kobak and Berens 2019, "The art of using t-SNE for single-cell
/// transcriptomics"). The cost is that of two searches for `k` neighbors. For other metrics, samples and cancellation
/// see [`Comparison`].
///
/// # Errors
///
/// Those of [`Comparison::new`] and [`Comparison::neighbor_recall`].
///
/// # Examples
///
/// ```
/// use tsne::{Rows, metrics};
///
/// // The nearest neighbor of the last two of four points changes.
/// let x = [0.0, 1.0, 10.0, 11.0];
/// let y = [[0.0], [1.0], [3.0], [13.0]];
/// assert_eq!(metrics::neighbor_recall(Rows::new(&x, 4, 1)?, &y, 1)?, 0.75);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn neighbor_recall<'a, T: Scalar, const D: usize>(
    x: impl Into<Points<'a, T>>,
    y: &'a [[T; D]],
    k: usize,
) -> Result<f64> {
    Comparison::new(x, y)?.neighbor_recall(k)
}

impl<T: Scalar, const D: usize> Comparison<'_, T, D> {
    /// The [`neighbor_recall`] of the map.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](crate::Error::Parameter) unless `1 <= k < n`; the errors of the search;
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// // Of each point's nearest neighbor, the map keeps all but that of the last point.
    /// let x = [0.0, 1.0, 10.0, 12.0, 15.0];
    /// let y = [[0.0], [1.0], [10.0], [12.0], [-1.5]];
    /// assert_eq!(Comparison::new(Rows::new(&x, 5, 1)?, &y)?.neighbor_recall(1)?, 0.8);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn neighbor_recall(&self, k: usize) -> Result<f64> {
        let k = self.k(k, self.y.len().saturating_sub(1))?;
        let rows = self.rows()?;
        self.with_spaces(|data, map| {
            let wanted = data.index()?.neighbors(k, &rows)?;
            Ok(kept_share(&wanted, &map.index()?.neighbors(k, &rows)?, k))
        })
    }
}

/// The share of `wanted`, `k` in each row, that are among `found`.
pub(super) fn kept_share(wanted: &[u32], found: &[u32], k: NonZeroUsize) -> f64 {
    let k = k.get();
    let kept = |range: std::ops::Range<usize>| -> usize {
        let mut sorted = Vec::new();
        let of_row = |row: usize| {
            sorted.clear();
            sorted.extend_from_slice(&found[row * k..(row + 1) * k]);
            sorted.sort_unstable();
            wanted[row * k..(row + 1) * k].iter().filter(|j| sorted.binary_search(j).is_ok()).count()
        };
        range.map(of_row).sum()
    };
    // Of a search that found too few, the rows that both have.
    let rows = wanted.len().min(found.len()) / k;
    blocks::map(&mut Vec::new(), rows, kept).iter().sum::<usize>() as f64 / wanted.len() as f64
}
