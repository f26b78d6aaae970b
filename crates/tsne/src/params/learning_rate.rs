//! Learning rate and early exaggeration, as numbers or automatic.

use std::fmt;
use std::str::FromStr;
use tsne_core::Error;

/// The learning rate of the descent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum LearningRate {
    /// `n / exaggeration` of the phase (Belkina et al. 2019; Kobak and Berens 2019), and 0.1 for new points.
    #[default]
    Auto,
    /// This many times the automatic one.
    Scaled(f64),
    /// The same in all phases.
    Fixed(f64),
}

/// How a scaled rate begins as text: the factor follows.
const SCALED: &str = "auto*";

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        Self::Fixed(rate)
    }
}

impl fmt::Display for LearningRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Scaled(factor) => write!(f, "{SCALED}{factor}"),
            Self::Fixed(rate) => write!(f, "{rate}"),
        }
    }
}

impl FromStr for LearningRate {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let number = |s: &str| {
            let allowed = "\"auto\", a positive number, or \"auto*2\" for twice the automatic rate";
            s.parse().map_err(|_| Error::parameter("learning_rate", format_args!("{s:?}"), allowed))
        };
        match s.strip_prefix(SCALED) {
            _ if s == "auto" => Ok(Self::Auto),
            Some(factor) => Ok(Self::Scaled(number(factor)?)),
            None => Ok(Self::Fixed(number(s)?)),
        }
    }
}

/// The factor on the attraction in the early phase.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum EarlyExaggeration {
    /// 12, or the exaggeration of the normal phase where that is larger.
    #[default]
    Auto,
    /// The given factor.
    Fixed(f64),
}

impl EarlyExaggeration {
    pub(crate) fn resolve(self, exaggeration: Option<f64>) -> f64 {
        match self {
            Self::Auto => exaggeration.unwrap_or(1.0).max(12.0),
            Self::Fixed(factor) => factor,
        }
    }
}

impl From<f64> for EarlyExaggeration {
    fn from(factor: f64) -> Self {
        Self::Fixed(factor)
    }
}

impl fmt::Display for EarlyExaggeration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(factor) => write!(f, "{factor}"),
        }
    }
}

impl FromStr for EarlyExaggeration {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match (s, s.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(factor)) => Ok(Self::Fixed(factor)),
            _ => Err(Error::parameter("early_exaggeration", format_args!("{s:?}"), "\"auto\" or a positive number")),
        }
    }
}

names! {
    [] LearningRate, f64;
    [] EarlyExaggeration, f64;
}
