//! The choices that are not numbers.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use tsne_core::{Error, NeighborSearch};

/// The learning rate of the descent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum LearningRate {
    /// `n / exaggeration` of the phase (Belkina et al. 2019; Kobak and Berens 2019).
    #[default]
    Auto,
    /// The same in all phases.
    Fixed(f64),
}

impl LearningRate {
    pub(crate) fn resolve(self, n: usize, exaggeration: f64) -> f64 {
        match self {
            Self::Auto => n as f64 / exaggeration,
            Self::Fixed(rate) => rate,
        }
    }
}

impl fmt::Display for LearningRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(rate) => write!(f, "{rate}"),
        }
    }
}

impl FromStr for LearningRate {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match (s, s.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(rate)) => Ok(Self::Fixed(rate)),
            _ => Err(Error::parameter("learning_rate", format_args!("{s:?}"), "\"auto\" or a positive number")),
        }
    }
}

/// Where the points start.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Initialization<T, const D: usize> {
    /// The first principal components, scaled so that the first has the standard deviation
    /// [`initialization_std`](crate::TsneBuilder::initialization_std), with a jitter of 1 % of it that parts duplicates.
    #[default]
    Pca,
    /// Normally distributed with that standard deviation.
    Random,
    /// The given positions, as they are.
    Given(Vec<[T; D]>),
}

/// How nearest neighbors are found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Neighbors<T> {
    /// Exactly, by a kd-tree or blocked matrix products, whichever is faster for the data's dimension.
    #[default]
    Exact,
    /// By a search of your own.
    Custom(Arc<dyn NeighborSearch<T>>),
}

/// How the repulsion is computed: what openTSNE calls the method of the negative gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum NegativeGradientMethod {
    /// The fastest of the others that is as accurate as the default grid, by `n` and `D` alone: in two dimensions all pairs
    /// up to 2,000 points, the tree up to 15,000, the grid beyond.
    #[default]
    Auto,
    /// Barnes-Hut, `D` up to 3.
    BarnesHut,
    /// The interpolation grid, `D` up to 3.
    Fft,
    /// All pairs, any `D`.
    Exact,
}

impl fmt::Display for NegativeGradientMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::BarnesHut => "bh",
            Self::Fft => "fft",
            Self::Exact => "exact",
        })
    }
}

impl FromStr for NegativeGradientMethod {
    type Err = Error;

    /// Accepts openTSNE's names and aliases.
    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "auto" => Ok(Self::Auto),
            "bh" | "BH" | "barnes-hut" => Ok(Self::BarnesHut),
            "fft" | "FFT" | "interpolation" => Ok(Self::Fft),
            "exact" => Ok(Self::Exact),
            _ => Err(Error::parameter(
                "negative_gradient_method",
                format_args!("{s:?}"),
                "\"auto\", \"bh\" (\"BH\", \"barnes-hut\"), \"fft\" (\"FFT\", \"interpolation\") or \"exact\"",
            )),
        }
    }
}
