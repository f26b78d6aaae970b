//! Where points start.

use crate::initialization::CustomInitialization;
use std::str::FromStr;
use tsne_core::Error;

/// Where the points of a fit start.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Initialization<T, const D: usize> {
    /// The first principal components, scaled so that the first has the standard deviation
    /// [`initialization_std`](crate::TsneBuilder::initialization_std), with a
    /// [jitter](crate::TsneBuilder::initialization_jitter) that parts duplicates.
    /// Without coordinates (from affinities, a graph or distances) the spectral one is used, with a warning.
    #[default]
    Pca,
    /// The map of few groups of points, with the affinities that these have in sum, among which all points are placed by their
    /// neighbors ([`initialization::coarse`](crate::initialization::coarse)). Of few points, their own map after its first
    /// iterations. Its own start are principal components, or the spectral one without coordinates. What early exaggeration is for
    /// is done there. That map is made by the toolkit's own repulsion and update rule, whatever the fit's: the start is the same for
    /// all that are compared.
    Coarse,
    /// The leading eigenvectors of the random walk along the affinities
    /// ([`initialization::spectral`](crate::initialization::spectral)), scaled and jittered likewise.
    Spectral,
    /// Normally distributed with that standard deviation.
    Random,
    /// The given positions, as they are.
    Given(Vec<[T; D]>),
    /// The positions that code of your own makes, as they are.
    Custom(CustomInitialization<T, D>),
}

impl<T, const D: usize> From<CustomInitialization<T, D>> for Initialization<T, D> {
    fn from(initialization: CustomInitialization<T, D>) -> Self {
        Self::Custom(initialization)
    }
}

impl<T, const D: usize> From<Vec<[T; D]>> for Initialization<T, D> {
    fn from(positions: Vec<[T; D]>) -> Self {
        Self::Given(positions)
    }
}

impl<T, const D: usize> FromStr for Initialization<T, D> {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "pca" => Ok(Self::Pca),
            "coarse" => Ok(Self::Coarse),
            "spectral" => Ok(Self::Spectral),
            "random" => Ok(Self::Random),
            _ => {
                let allowed = "\"coarse\", \"pca\", \"spectral\" or \"random\" (or positions of your own)";
                Err(Error::parameter("initialization", format_args!("{s:?}"), allowed))
            }
        }
    }
}

/// Where new points start in a fitted map.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum PartialInitialization<T, const D: usize> {
    /// The median of the positions of their nearest fitted points, coordinate by coordinate.
    #[default]
    Median,
    /// The mean of these positions, nearer ones counting more
    /// ([`initialization::weighted_mean`](crate::initialization::weighted_mean)).
    Weighted,
    /// Normally distributed around the origin with the
    /// [`initialization_std`](crate::TransformParams::initialization_std).
    Random,
    /// The given positions, as they are.
    Given(Vec<[T; D]>),
}

impl<T, const D: usize> From<Vec<[T; D]>> for PartialInitialization<T, D> {
    fn from(positions: Vec<[T; D]>) -> Self {
        Self::Given(positions)
    }
}

impl<T, const D: usize> FromStr for PartialInitialization<T, D> {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "median" => Ok(Self::Median),
            "weighted" => Ok(Self::Weighted),
            "random" => Ok(Self::Random),
            _ => {
                let allowed = "\"median\", \"weighted\" or \"random\" (or positions of your own)";
                Err(Error::parameter("initialization", format_args!("{s:?}"), allowed))
            }
        }
    }
}

names! {
    [T, const D: usize] Initialization<T, D>, Vec<[T; D]>, CustomInitialization<T, D>;
    [T, const D: usize] PartialInitialization<T, D>, Vec<[T; D]>;
}
