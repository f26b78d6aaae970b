//! What a descent asks of an objective.

use std::ops::Range;
use tsne_core::{Context, Error, Result, Scalar};

/// What one evaluation of an [`Objective`] found besides the gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Evaluation {
    /// The KL divergence of the positions, never exaggerated; `None` unless it was asked for.
    #[cfg_attr(feature = "serde", serde(default, with = "tsne_core::serial::nullable"))]
    pub kl_divergence: Option<f64>,
}

impl Evaluation {
    /// What an objective of one's own returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::Evaluation;
    ///
    /// assert_eq!(Evaluation::new(Some(0.5)).kl_divergence, Some(0.5));
    /// ```
    pub const fn new(kl_divergence: Option<f64>) -> Self {
        Self { kl_divergence }
    }
}

/// A function of the embedding that a [`Descent`](crate::Descent) can minimize.
pub trait Objective<T: Scalar, const D: usize> {
    /// The number of points that move.
    fn n(&self) -> usize;

    /// The points whose gradient it computes: all, but in a [`Team`](tsne_core::Team), whose members have some each,
    /// [`Context::rows`] of `n`.
    fn own(&self) -> Range<usize> {
        0..self.n()
    }

    /// Whether the objective stays the same when all points move together. If so, the descent keeps the embedding
    /// centered at the origin, and parts points that coincide.
    fn is_translation_invariant(&self) -> bool;

    /// Writes the gradient at `y` (without the factor 4) with the attraction multiplied by `exaggeration`, and
    /// computes the KL divergence of `y` if `with_kl`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) unless `y` has `n` points and `gradient` its [own](Self::own); what the repulsion reports.
    fn evaluate(
        &mut self,
        y: &[[T; D]],
        exaggeration: f64,
        with_kl: bool,
        gradient: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<Evaluation>;
}

/// The shape rule that all objectives share.
pub(crate) fn check_lengths<A, B>(n: usize, own: usize, y: &[A], gradient: &[B]) -> Result<()> {
    if y.len() != n {
        return Err(Error::shape("embedding", n, y.len()));
    }
    if gradient.len() != own {
        return Err(Error::shape("gradient", own, gradient.len()));
    }
    Ok(())
}

/// Checks a normalizer, which a repulsion of the user's own may have made; 0 is that of points without a pair, or too far apart.
pub(crate) fn check_normalizer(z: f64, of: std::fmt::Arguments<'_>) -> Result<()> {
    if z >= 0.0 && z.is_finite() {
        return Ok(());
    }
    let what = "must be a sum of weights, finite and not negative: see what the repulsion in use returns";
    Err(Error::numerical("repulsion", format_args!("the normalizer{of} is {z}, but {what}")))
}
