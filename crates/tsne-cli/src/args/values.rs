//! Values of options.

use clap::ValueEnum;
use std::path::PathBuf;
use std::str::FromStr;
use tsne::{Error, Interpolation, Momentum, RepulsionMethod};

/// The number type of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum FloatType {
    /// Single precision.
    #[default]
    F32,
    /// Double precision.
    F64,
}

/// How neighbor distances become affinities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AffinityType {
    /// Gaussians of one perplexity, or the mixture of several.
    Perplexity,
    /// The mean of the affinities of several perplexities.
    Multiscale,
    /// Gaussians of one width.
    FixedSigma,
    /// The same for all neighbors.
    Uniform,
}

/// How nearest neighbors are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NeighborsType {
    /// Exactly where that is fast, approximately beyond.
    Auto,
    /// Exactly.
    Exact,
    /// Approximately.
    #[value(aliases = ["annoy", "pynndescent", "hnsw"])]
    Approx,
}

/// The form of momentum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MomentumType {
    /// The velocity is the step.
    Classical,
    /// The gradient is taken where the momentum will carry.
    Nesterov,
}

impl From<MomentumType> for Momentum {
    fn from(momentum: MomentumType) -> Self {
        match momentum {
            MomentumType::Classical => Self::Classical,
            MomentumType::Nesterov => Self::Nesterov,
        }
    }
}

/// The interpolation of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InterpolationType {
    /// Smooth splines, one transform of one charge.
    BSpline,
    /// Polynomials, as in openTSNE.
    Lagrange,
}

impl From<InterpolationType> for Interpolation {
    fn from(interpolation: InterpolationType) -> Self {
        match interpolation {
            InterpolationType::BSpline => Self::BSpline,
            InterpolationType::Lagrange => Self::Lagrange,
        }
    }
}

/// Where the points of a fit start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Init {
    /// A coarse map.
    Coarse,
    /// At the first principal components.
    Pca,
    /// At the leading eigenvectors of the affinities.
    Spectral,
    /// At random.
    Random,
    /// At the positions in a file.
    File(PathBuf),
}

impl FromStr for Init {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "coarse" => Ok(Self::Coarse),
            "pca" => Ok(Self::Pca),
            "spectral" => Ok(Self::Spectral),
            "random" => Ok(Self::Random),
            file if file.contains('.') => Ok(Self::File(file.into())),
            _ => Err("write coarse, pca, spectral, random, or the name of an .npy or .csv file".into()),
        }
    }
}

/// Where new points start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewInit {
    /// At the median of their nearest fitted points.
    Median,
    /// At the mean of these, nearer ones counting more.
    Weighted,
    /// At random around the origin.
    Random,
    /// At the positions in a file.
    File(PathBuf),
}

impl FromStr for NewInit {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "median" => Ok(Self::Median),
            "weighted" => Ok(Self::Weighted),
            "random" => Ok(Self::Random),
            file if file.contains('.') => Ok(Self::File(file.into())),
            _ => Err("write median, weighted, random, or the name of an .npy or .csv file".into()),
        }
    }
}

/// The perplexity of new points.
#[derive(Debug, Clone, PartialEq)]
pub enum NewPerplexity {
    /// The rule of the fit.
    Fitted,
    /// These.
    Values(Vec<f64>),
}

impl FromStr for NewPerplexity {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        if s == "fitted" {
            return Ok(Self::Fitted);
        }
        let values: Result<Vec<f64>, _> = s.split(',').map(str::parse).collect();
        values.map(Self::Values).map_err(|_| "write fitted, or numbers separated by commas".into())
    }
}

/// Parses a number of threads in scikit-learn's convention.
///
/// # Errors
///
/// For 0 and what is beyond 4096, with what is allowed.
pub fn threads(text: &str) -> Result<i32, String> {
    match text.parse() {
        Ok(threads) if threads != 0 && (-4096..=4096).contains(&threads) => Ok(threads),
        _ => Err("write a number from 1 to 4096, or -1 for all processors, -2 for all but one, and so on".into()),
    }
}

/// An amount of memory, in bytes or in a unit: of 1,000s (MB, or M alone), or of 1,024s (MiB).
///
/// # Errors
///
/// For what is none, with what is allowed.
pub(super) fn amount_of_memory(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let bytes = lower.strip_suffix('b').unwrap_or(&lower);
    // Steps of 1,024 for KiB, MiB, GiB, TiB.
    let (prefixed, step) = bytes.strip_suffix('i').map_or((bytes, 1e3), |prefixed| (prefixed, 1_024.0));
    let prefix = ["k", "m", "g", "t"].into_iter().zip(1..).find_map(|(name, power)| {
        let number = prefixed.strip_suffix(name)?;
        Some((number, f64::powi(step, power)))
    });
    // An i without its prefix is left where it is, and refused.
    let (number, factor) = prefix.unwrap_or((bytes, 1.0));
    match number.trim_end().parse::<f64>() {
        Ok(number) if (1.0..1e18).contains(&(number * factor)) => Ok((number * factor) as u64),
        _ => Err("write a number of bytes, at least 1, or one with a unit: 500MB, 2.5GB, 4GiB".into()),
    }
}

/// Checks the name of a repulsion.
///
/// # Errors
///
/// For a name that is none, with those that are.
pub fn repulsion_method(text: &str) -> Result<String, Error> {
    text.parse::<RepulsionMethod>().map(|method| method.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_have_the_units_that_people_write() {
        let amounts =
            [("500", 500), ("500 B", 500), ("2.5GB", 2_500_000_000), ("1g", 1_000_000_000), ("4 GiB", 4 << 30)];
        let more =
            [("3k", 3_000), ("3KiB", 3 << 10), ("64Mi", 64 << 20), ("1tb", 1_000_000_000_000), ("1e9", 1_000_000_000)];
        for (text, bytes) in amounts.into_iter().chain(more) {
            assert_eq!(amount_of_memory(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "0.1", "5e-324", "-1GB", "GB", "1i", "1iB", "1GG", "1PB", "1e99", "nan", "inf"] {
            assert!(amount_of_memory(text).is_err_and(|message| message.contains("2.5GB")), "{text}");
        }
    }
}
