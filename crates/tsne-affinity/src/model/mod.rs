//! The affinity models: how distances of neighbors become affinities.

mod conditional;
#[cfg(feature = "serde")]
mod document;
mod fixed_sigma;
mod joint;
mod perplexity;
mod uniform;

pub use fixed_sigma::FixedSigma;
pub use perplexity::PerplexityAffinity;
pub use uniform::Uniform;
