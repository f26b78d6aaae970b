//! The parameters of the iteration.

/// When the iteration of [`spectral_with`](crate::initialization::spectral_with) ends.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct SpectralParams {
    /// The largest residual `|P v - λ v|` of an eigenvector of norm 1: 1e-4, as in openTSNE.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub tolerance: f64,
    /// Filters at the most, each of up to 16 products with the matrix: 200. A residual of 1e-4 needs some ten.
    pub max_iterations: usize,
}

impl Default for SpectralParams {
    fn default() -> Self {
        Self { tolerance: 1e-4, max_iterations: 200 }
    }
}
