//! What a descent minimizes: objectives, their repulsion by all pairs, their divergence.

pub(crate) mod conditional;
mod cross_entropy;
pub(crate) mod evaluate;
pub(crate) mod exact;
pub(crate) mod joint;
pub(crate) mod normalizer;
