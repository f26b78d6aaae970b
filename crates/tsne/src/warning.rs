use std::fmt;

/// What was not used as given, or deserves a second look. Warnings are returned with the result; nothing is printed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// From the affinities, such as a perplexity that is too large for the data.
    Affinity(tsne_affinity::Warning),
    /// Principal components need coordinates, and there are none: the spectral initialization was used.
    SpectralInitialization,
    /// Given initial positions spread wide along an axis, which may keep the map from unfolding.
    InitialSpread {
        /// The axis, from 0.
        axis: usize,
        /// The standard deviation of the positions along it.
        std: f64,
    },
    /// The descent left the finite numbers, or its normal phase ended at a larger KL divergence than it began with: the map is
    /// that of a second descent by the classical rule of [`Preset::OpenTsne`](crate::Preset::OpenTsne).
    Restarted {
        /// What happened.
        cause: RestartCause,
    },
}

/// Why a fit was started anew.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum RestartCause {
    /// A position left the finite numbers at this iteration of a phase.
    Diverged(usize),
    /// The normal phase raised the KL divergence.
    Rose {
        /// The divergence when the normal phase began.
        from: f64,
        /// The divergence when it ended.
        to: f64,
    },
}

impl fmt::Display for RestartCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diverged(iteration) => write!(f, "the descent left the finite numbers at iteration {iteration}"),
            Self::Rose { from, to } => write!(f, "the descent raised the KL divergence from {from:.4} to {to:.4}"),
        }
    }
}

impl From<tsne_affinity::Warning> for Warning {
    fn from(warning: tsne_affinity::Warning) -> Self {
        Self::Affinity(warning)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Affinity(warning) => warning.fmt(f),
            Self::SpectralInitialization => f.write_str(
                "there are no coordinates to compute principal components of: the spectral initialization is used; choose it, or give positions",
            ),
            Self::Restarted { cause } => write!(
                f,
                "{cause}: the map is that of a second fit with classical momentum 0.8; a lower learning_rate or final_momentum avoids the first"
            ),
            Self::InitialSpread { axis, std } => write!(
                f,
                "the initial positions have the standard deviation {std} along axis {axis}: above 0.01 the map may not unfold; rescale them, as initialization::rescale does"
            ),
        }
    }
}
