//! What a metric does not mind.

use super::kind::Metric;

/// What may be added to all rows of the data without a change of any distance.
///
/// Data far from the origin lose digits when they are rounded to a narrower number; where a metric allows it, they can be
/// moved before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Translation {
    /// A number of its own for each column.
    Columns,
    /// One number for all columns.
    Uniform,
    /// Nothing: the origin has a meaning.
    None,
}

impl Metric {
    /// What may be added to all rows without a change of any distance.
    ///
    /// [`Metric::Function`] is taken to mind, for nothing is known of it, and so is [`Metric::Precomputed`], whose columns are no
    /// coordinates.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{Metric, Translation};
    ///
    /// assert_eq!(Metric::Euclidean.translation(), Translation::Columns);
    /// assert_eq!(Metric::Correlation.translation(), Translation::Uniform);
    /// assert_eq!(Metric::Cosine.translation(), Translation::None);
    /// ```
    pub const fn translation(&self) -> Translation {
        match self {
            Self::Euclidean
            | Self::SqEuclidean
            | Self::Manhattan
            | Self::Chebyshev
            | Self::Minkowski { .. }
            | Self::SEuclidean { .. }
            | Self::Mahalanobis { .. }
            | Self::Hamming => Translation::Columns,
            Self::Correlation | Self::SpearmanR => Translation::Uniform,
            _ => Translation::None,
        }
    }
}
