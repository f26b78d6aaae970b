//! What took how long.

use std::time::Duration;

/// The time that each stage of a fit took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Timings {
    /// The neighbor search.
    pub neighbors: Duration,
    /// Perplexity calibration and symmetrization.
    pub affinities: Duration,
    /// The initial positions.
    pub initialization: Duration,
    /// The descent of the last call, in a fit with the final KL divergence.
    pub optimization: Duration,
    /// The early phase of the descent.
    pub early: PhaseTime,
    /// The normal phase of the descent.
    pub normal: PhaseTime,
}

/// The time that a phase of the descent took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct PhaseTime {
    /// The number of iterations.
    pub iterations: usize,
    /// The time for all of them.
    pub duration: Duration,
}
