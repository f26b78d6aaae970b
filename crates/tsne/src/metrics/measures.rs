//! Several measures of one map by one search of the map and one of the data.

use super::comparison::Comparison;
use tsne_core::{Result, Scalar};

/// What [`Comparison::measures`] measures: how the map keeps neighbors.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Measures {
    /// [`Comparison::trustworthiness`], from 0 to 1.
    pub trustworthiness: f64,
    /// [`Comparison::continuity`], from 0 to 1.
    pub continuity: f64,
    /// [`Comparison::neighbor_recall`], from 0 to 1.
    pub neighbor_recall: f64,
}

impl<T: Scalar, const D: usize> Comparison<'_, T, D> {
    /// Trustworthiness, continuity and neighbor recall at once, each to the bit as by its own call, in less time: neighbors are
    /// found once.
    ///
    /// # Errors
    ///
    /// Those of [`Comparison::trustworthiness`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// let x = [0.0, 1.0, 3.0, 6.0, 10.0, 15.0];
    /// let torn = [[0.0], [10.0], [1.0], [11.0], [2.0], [12.0]];
    /// let comparison = Comparison::new(Rows::new(&x, 6, 1)?, &torn)?;
    /// let measures = comparison.measures(2)?;
    /// assert_eq!(measures.trustworthiness, comparison.trustworthiness(2)?);
    /// assert_eq!(measures.continuity, comparison.continuity(2)?);
    /// assert_eq!(measures.neighbor_recall, comparison.neighbor_recall(2)?);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn measures(&self, k: usize) -> Result<Measures> {
        Ok(self.per_point(k)?.means())
    }
}
