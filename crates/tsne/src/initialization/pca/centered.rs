//! What components are computed from.

use tsne_core::{Context, Result, Scalar, memory};

/// The name of the procedure in errors.
pub(super) const STAGE: &str = "PCA";

/// Data `X` less their mean, in a unit in which squares do not overflow.
pub(super) trait CenteredData<T: Scalar> {
    /// The number of columns.
    fn d(&self) -> usize;
    /// The lower triangle of `XᵀX`, column-major.
    fn covariance(&self, cx: Context<'_>) -> Result<Vec<f64>>;
    /// `X v` for each vector.
    fn scores(&self, vectors: &[Vec<f64>], cx: Context<'_>) -> Result<Vec<Vec<f64>>>;
    /// `Xᵀ s` for each vector of scores.
    fn transposed(&self, scores: &[Vec<f64>], cx: Context<'_>) -> Result<Vec<Vec<f64>>>;
    /// `X v` for up to `D` vectors, in the unit of the data.
    fn project<const D: usize>(&self, loadings: &[Vec<f64>]) -> Result<Vec<[T; D]>>;
}

/// The name of what is made here in errors.
pub(super) const WHAT: &str = "principal components";

/// Vectors whose values stand side by side, one after the other.
pub(super) fn separate(side_by_side: &[f64], width: usize) -> Result<Vec<Vec<f64>>> {
    let of = |v: usize| memory::collected(WHAT, side_by_side.iter().skip(v).step_by(width).copied());
    (0..width).map(of).collect()
}
