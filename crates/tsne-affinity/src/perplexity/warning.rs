use std::fmt;

/// A perplexity that was not used as given.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Three times the perplexity exceeds the number of neighbors that exist: a smaller one is used.
    PerplexityClamped {
        /// The perplexity that was asked for.
        given: f64,
        /// The perplexity in its place.
        effective: f64,
        /// The number of points.
        n: usize,
    },
    /// The same, and the smaller one is used already.
    PerplexityDropped {
        /// The perplexity that was asked for.
        given: f64,
        /// The number of points.
        n: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerplexityClamped { given, effective, n } => write!(
                f,
                "perplexity {given} is too large for {n} points: {effective} is used; choose a smaller one, or more points"
            ),
            Self::PerplexityDropped { given, n } => write!(
                f,
                "perplexity {given} is too large for {n} points and the largest possible one is used already: it is dropped; choose a smaller one, or more points"
            ),
        }
    }
}
