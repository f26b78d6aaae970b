//! Affinity models beside the perplexity-based one.

mod fixed_sigma;
mod multiscale;
mod uniform;

use std::num::NonZeroUsize;

pub use fixed_sigma::FixedSigma;
pub use multiscale::Multiscale;
pub use uniform::Uniform;

/// Neighbors of each point where no perplexity says how many: openTSNE's default.
const DEFAULT_NEIGHBORS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(29);
