//! What components are computed from.

use tsne_core::{Context, Result, Scalar};

/// The name of the procedure in errors.
pub(super) const STAGE: &str = "PCA";

/// Data `X` less their mean, in a unit in which squares do not overflow.
pub(super) trait CenteredData<T: Scalar> {
    /// The number of columns.
    fn d(&self) -> usize;
    /// The lower triangle of `XᵀX`, column-major.
    fn covariance(&self, cx: Context<'_>) -> Result<Vec<f64>>;
    /// `X v` for each vector.
    fn scores(&self, vectors: &[Vec<f64>]) -> Vec<Vec<f64>>;
    /// `Xᵀ s` for each vector of scores.
    fn transposed(&self, scores: &[Vec<f64>]) -> Vec<Vec<f64>>;
    /// `X v` for up to `D` vectors, in the unit of the data.
    fn project<const D: usize>(&self, loadings: &[Vec<f64>]) -> Vec<[T; D]>;
}
