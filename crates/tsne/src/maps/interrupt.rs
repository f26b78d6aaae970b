use std::fmt;

/// The descent was stopped by a callback or an observer, and the caller asked for this to be an error:
/// [`Embedding::propagate_interrupt`](crate::Embedding::propagate_interrupt).
#[derive(Debug, Clone)]
pub struct OptimizationInterrupt<E> {
    /// The KL divergence of the final embedding.
    pub kl_divergence: f64,
    /// The embedding as it was when the descent stopped: an [`Embedding`](crate::Embedding) or a
    /// [`PartialEmbedding`](crate::PartialEmbedding).
    pub final_embedding: Box<E>,
}

impl<E> fmt::Display for OptimizationInterrupt<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the optimization was stopped by a callback at the KL divergence {}", self.kl_divergence)
    }
}

impl<E: fmt::Debug> std::error::Error for OptimizationInterrupt<E> {}
