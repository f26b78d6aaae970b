//! The threshold for a tolerance of the force.

use crate::tree::check_dimension;
use tsne_core::{Error, Kernel, Result};

/// The relative error of the force is at most this times `theta²`, by dimension.
///
/// The power is that of the first part of a cell's action that the tree leaves out: the second moments but for their trace,
/// `side² / distance²` of the cell's force. Where cells are as wide as long it is small and higher parts show, so that errors fall
/// faster than that; along curves it is all there is.
///
/// The factors are measured, as the largest `error / theta²` on blobs and spirals of 4,000 points at extents of 0.1 to 1,000 and
/// `theta` of 0.14 to 0.9: 0.020, 0.048 and 0.065 for degrees of freedom from 0.001 to 2; a quarter and more is added. After the
/// early phase on 10,000 rows of Fashion-MNIST it is 0.010 to 0.031, at the end 0.001 to 0.007.
const FACTOR: [f64; 3] = [0.03, 0.06, 0.08];

/// The same above 2 degrees of freedom, where tails are light: 0.043, 0.059 and 0.091 from 4 to 1,000.
const FACTOR_OF_LIGHT_TAILS: [f64; 3] = [0.055, 0.075, 0.115];

/// The largest threshold: it takes hardly less time than 0.8 (10,000 points, 1.38 and 1.39 ms), and errors of several times the
/// mean are frequent beyond.
const MAX_THETA: f64 = 1.0;

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
/// assert!(theta_for::<2>(1e-3, Kernel::CAUCHY)? > theta_for::<2>(1e-3, Kernel::new(30.0)?)?);
/// assert!(theta_for::<2>(0.0, Kernel::CAUCHY).is_err());
/// # Ok::<(), tsne_bh::Error>(())
/// ```
pub fn theta_for<const D: usize>(tolerance: f64, kernel: Kernel) -> Result<f64> {
    check_dimension::<D>()?;
    if !(tolerance.is_finite() && tolerance > 0.0) {
        return Err(Error::parameter("force_tolerance", tolerance, "positive and finite (0.01 is a good choice)"));
    }
    let factor = if kernel.dof() <= 2.0 { FACTOR } else { FACTOR_OF_LIGHT_TAILS };
    Ok((tolerance / factor[D - 1]).sqrt().min(MAX_THETA))
}
