//! The threshold for a tolerance of the force.

use crate::tree::check_dimension;
use tsne_core::{Error, Kernel, Result};

/// The relative error of the force is at most this times `theta³`, by dimension, wherever `theta` is above 0.3.
///
/// The power is that of the first part of a cell's action that the tree leaves out: the third moments, `side³ / distance³` of
/// the cell's force.
///
/// The factors are measured, as the largest `error / theta³` on blobs and spirals of 4,000 points at extents of 0.1 to 1,000 and
/// `theta` of 0.3 to 0.8: 0.031, 0.025 and 0.048 for degrees of freedom from 0.001 to 2; a quarter is added. On 10,000 rows of
/// Fashion-MNIST it is 0.006 and 0.001 at `theta` 0.5 in 2-D, 0.004 and 0.001 in 3-D, after the early phase and at the end.
const FACTOR: [f64; 3] = [0.039, 0.032, 0.06];

/// The same above 2 degrees of freedom, where tails are light: 0.041, 0.032 and 0.073 from 4 to 1,000.
const FACTOR_OF_LIGHT_TAILS: [f64; 3] = [0.052, 0.04, 0.091];

/// The same times `theta²`, which is more where `theta` is small: on maps as small as the cells that are taken beside their
/// targets, at extents of `theta` and `2 theta`, third moments are `theta²` of the force, which is as small as the map.
///
/// Measured on the same maps at extents of 0.05 to 0.3 and `theta` of 0.025 to 0.17: 0.011, 0.0095 and 0.020, alike at each `theta`.
const FACTOR_OF_SMALL_MAPS: [f64; 3] = [0.0145, 0.012, 0.025];

/// The largest threshold: it takes hardly more time than 1 (10,000 points in 2-D, 1.4 ms for 1.3), and errors of several times the
/// mean are frequent beyond.
const MAX_THETA: f64 = 0.8;

/// The largest threshold whose forces are expected to err by no more than `tolerance` (root mean square, relative) on a
/// map of `D` dimensions, with a kernel.
///
/// # Errors
///
/// [`Error::Parameter`] for a tolerance that is not positive and finite, or unless `D` is 1, 2 or 3.
///
/// # Examples
///
/// ```
/// use tsne_bh::{Kernel, theta_for};
///
/// assert!(theta_for::<2>(1e-2, Kernel::CAUCHY)? > theta_for::<2>(1e-3, Kernel::CAUCHY)?);
/// assert!(theta_for::<2>(1e-2, Kernel::CAUCHY)? > theta_for::<2>(1e-2, Kernel::new(30.0)?)?);
/// assert!(theta_for::<2>(0.0, Kernel::CAUCHY).is_err());
/// # Ok::<(), tsne_bh::Error>(())
/// ```
pub fn theta_for<const D: usize>(tolerance: f64, kernel: Kernel) -> Result<f64> {
    check_dimension::<D>()?;
    if !(tolerance.is_finite() && tolerance > 0.0) {
        return Err(Error::parameter("force_tolerance", tolerance, "positive and finite (0.01 is a good choice)"));
    }
    let factor = if kernel.dof() <= 2.0 { FACTOR } else { FACTOR_OF_LIGHT_TAILS };
    let of_small_maps = (tolerance / FACTOR_OF_SMALL_MAPS[D - 1]).sqrt();
    Ok((tolerance / factor[D - 1]).cbrt().min(of_small_maps).min(MAX_THETA))
}
