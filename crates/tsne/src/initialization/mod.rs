//! Initial positions: a coarse map, principal components, the spectrum of the affinities, or random; rescaled and jittered. For new
//! points: the median or the weighted mean of their neighbors.

pub(crate) mod coarse;
mod custom;
mod degenerate;
mod linalg;
pub(crate) mod partial;
mod pca;
mod random;
mod spectral;

pub(crate) use coarse::begin;
pub use coarse::coarse;
pub use custom::{CustomInitialization, Start};
pub(crate) use degenerate::degenerate;
pub use partial::{median, weighted_mean};
pub use pca::{pca, principal_axes};
pub(crate) use random::{check_deviation, check_jitter};
pub use random::{jitter, random};
pub use spectral::{SpectralParams, spectral, spectral_with};

use tsne_core::{Result, Scalar};
use tsne_optim::MomentumGains;

/// The jitter on initial positions, in units of the standard deviation of their first axis (openTSNE's value): enough
/// to part duplicates, too little to be seen.
pub const JITTER: f64 = 0.01;

/// Scales all axes by one factor so that the first has the standard deviation `std`, and centers them.
///
/// Returns whether there was anything to scale: positions that are constant along the first axis are left at the
/// origin. openTSNE's `std` is 1e-4 (1e-2 in release 0.3). `O(n D)`.
///
/// # Errors
///
/// [`Error::Parameter`](tsne_core::Error::Parameter) unless `std` is from 1e-30 to 1e10; the positions are what they were.
///
/// # Examples
///
/// ```
/// let mut positions = [[1.0, 5.0], [3.0, 7.0]];
/// assert!(tsne::initialization::rescale(&mut positions, 1e-4)?);
/// assert!((positions[1][0] - 1e-4f64).abs() < 1e-18 && (positions[0][1] + 1e-4f64).abs() < 1e-18);
/// assert!(!tsne::initialization::rescale(&mut [[2.0, 2.0]; 3], 1e-4)?);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn rescale<T: Scalar, const D: usize>(positions: &mut [[T; D]], std: f64) -> Result<bool> {
    check_deviation("std", std)?;
    // From the first position, so that an offset takes no digits; of the largest numbers halves, whose differences are numbers.
    let farthest = positions.as_flattened().iter().fold(0.0, |a: f64, v| a.max(v.to_f64().abs()));
    let share = if farthest > 1.0 { 0.5 } else { 1.0 };
    let first = positions.first().map_or([0.0; D], |p| p.map(|v| share * v.to_f64()));
    let difference = |p: &[T; D], c: usize| share * p[c].to_f64() - first[c];
    let differences = || positions.iter().flat_map(|p| (0..D).map(move |c| difference(p, c)));
    // In units of the largest one, so that no square leaves the range of the numbers.
    let largest = differences().fold(0.0, |a: f64, v| a.max(v.abs()));
    let unit = if largest > 0.0 { largest } else { 1.0 };
    let n = positions.len().max(1) as f64;
    let mean: [f64; D] = std::array::from_fn(|c| positions.iter().map(|p| difference(p, c) / unit / n).sum::<f64>());
    let variance = match D {
        0 => 0.0,
        _ => positions.iter().map(|p| (difference(p, 0) / unit - mean[0]).powi(2)).sum::<f64>() / n,
    };
    let scale = std / variance.sqrt();
    let scalable = scale.is_finite() && variance > 0.0;
    for position in positions {
        for c in 0..D {
            let centered = difference(position, c) / unit - mean[c];
            position[c] = T::from_f64(if scalable { centered * scale } else { 0.0 });
        }
    }
    Ok(scalable)
}

/// Initial positions, with the state of the descent that led to them, if one did.
#[derive(Debug)]
pub(crate) struct Begun<T, const D: usize> {
    pub(crate) positions: Vec<[T; D]>,
    pub(crate) optimizer: Option<MomentumGains<T, D>>,
}

impl<T, const D: usize> From<Vec<[T; D]>> for Begun<T, D> {
    fn from(positions: Vec<[T; D]>) -> Self {
        Self { positions, optimizer: None }
    }
}

/// Positions with a standard deviation, and a jitter in units of it that parts duplicates; random ones where there is nothing to scale.
pub(crate) fn scaled<T: Scalar, const D: usize>(
    mut positions: Vec<[T; D]>,
    std: f64,
    relative: f64,
    seed: u64,
) -> Result<Vec<[T; D]>> {
    if rescale(&mut positions, std)? {
        if relative > 0.0 {
            jitter(&mut positions, relative * std, seed)?;
        }
        Ok(positions)
    } else {
        // Constant data have no principal component.
        random(positions.len(), std, seed)
    }
}
