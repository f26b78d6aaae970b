//! What is not used as given, or is not what it seems, as values.

use std::fmt;

/// A parameter that was not used as given, or that does less than it seems to.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Warning {
    /// Three times the perplexity exceeds the number of neighbors that exist: a smaller one is used.
    PerplexityClamped {
        /// The perplexity that was asked for.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        given: f64,
        /// The perplexity in its place.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        effective: f64,
        /// The number of points.
        n: usize,
    },
    /// The same, and the smaller one is used already.
    PerplexityDropped {
        /// The perplexity that was asked for.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        given: f64,
        /// The number of points.
        n: usize,
    },
    /// The perplexity asks for more neighbors than were given: a smaller one is used.
    PerplexityClampedByNeighbors {
        /// The perplexity that was asked for.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        given: f64,
        /// The perplexity in its place.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        effective: f64,
        /// The number of neighbors of each point.
        k: usize,
    },
    /// The same, and the smaller one is used already.
    PerplexityDroppedByNeighbors {
        /// The perplexity that was asked for.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        given: f64,
        /// The number of neighbors of each point.
        k: usize,
    },
    /// The number of neighbors that was asked for cuts off weights that are not negligible: the perplexity is met
    /// by a wider Gaussian over fewer neighbors.
    NeighborsFew {
        /// The perplexity.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        perplexity: f64,
        /// The number of neighbors that was asked for.
        k: usize,
        /// The number of neighbors that the perplexity needs.
        needed: usize,
    },
    /// More neighbors were asked for than the perplexities need: they cost time and memory, and their weights are
    /// next to nothing.
    NeighborsInExcess {
        /// The number of neighbors that was asked for.
        k: usize,
        /// The number of neighbors that the perplexities need.
        needed: usize,
    },
}

/// To three decimals, for a reader.
fn rounded(perplexity: f64) -> f64 {
    (1e3 * perplexity).round() / 1e3
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerplexityClamped { given, effective, n } => write!(
                f,
                "perplexity {given} is too large for {n} points: {} is used; choose a smaller one, or more points",
                rounded(*effective)
            ),
            Self::PerplexityDropped { given, n } => write!(
                f,
                "perplexity {given} is too large for {n} points and the largest possible one is used already: it is dropped; choose a smaller one, or more points"
            ),
            Self::PerplexityClampedByNeighbors { given, effective, k } => write!(
                f,
                "perplexity {given} is too large for {k} neighbors of each point: {} is used; choose a smaller one, or more neighbors",
                rounded(*effective)
            ),
            Self::PerplexityDroppedByNeighbors { given, k } => write!(
                f,
                "perplexity {given} is too large for {k} neighbors of each point and the largest advisable one is used already: it is dropped; choose a smaller one, or more neighbors"
            ),
            Self::NeighborsFew { perplexity, k, needed } => write!(
                f,
                "{k} neighbors of each point are few for perplexity {perplexity}: choose at least {needed}, or a smaller perplexity"
            ),
            Self::NeighborsInExcess { k, needed } => write!(
                f,
                "{k} neighbors of each point are more than the perplexity needs: {needed} give nearly the same affinities in less time and memory"
            ),
        }
    }
}
