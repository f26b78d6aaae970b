use super::kind::Metric;
use tsne_core::{Error, Result};

/// Entries of a symmetric matrix may differ from their mirror images by this fraction of the largest entry: an inverse
/// computed in double precision is not exactly symmetric.
const ASYMMETRY: f64 = 1e-8;

/// Latitudes may exceed π/2 by this fraction: π/2 rounded to `f32` does by 3e-8.
const BEYOND_POLE: f64 = 1e-6;

/// Checks the power of the Minkowski distance.
pub(super) fn power(p: f64) -> Result<()> {
    if p >= 1.0 && p.is_finite() {
        return Ok(());
    }
    let allowed = "finite and at least 1, below which the triangle inequality fails (for p = infinity use chebyshev)";
    Err(Error::parameter("p", p, allowed))
}

/// Checks one positive number for each of `d` columns.
fn positive(name: &'static str, values: Option<&[f64]>, d: usize) -> Result<()> {
    let Some(values) = values else { return Ok(()) };
    if values.len() != d {
        return Err(Error::shape(name, d, values.len()));
    }
    match values.iter().enumerate().find(|(_, v)| !(**v > 0.0 && v.is_finite())) {
        Some((column, v)) => Err(not_positive(name, *v, column)),
        None => Ok(()),
    }
}

/// A value of a column that must be above 0.
pub(super) fn not_positive(name: &'static str, v: f64, column: usize) -> Error {
    let given = format_args!("{v} for column {column}");
    Error::parameter(name, given, "finite and above 0 for every column: drop constant columns")
}

impl Metric {
    /// Checks the parameters for data with `d` columns.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a power below 1, weights or variances that are not positive, an inverse covariance that is
    /// not symmetric, or a `d` other than 2 for [`Metric::Haversine`]; [`Error::Shape`] for parameters of another length.
    ///
    /// ```
    /// use tsne_affinity::Metric;
    ///
    /// assert!(Metric::minkowski(3.0).check(10).is_ok());
    /// assert!(Metric::minkowski(0.5).check(10).is_err());
    /// ```
    pub fn check(&self, d: usize) -> Result<()> {
        match self {
            Self::Minkowski { p, weights } => {
                power(*p)?;
                positive("weights", weights.as_deref(), d)
            }
            Self::SEuclidean { variances } => positive("variances", variances.as_deref(), d),
            Self::Mahalanobis { inverse_covariance: Some(matrix) } => symmetric(matrix, d),
            Self::Haversine if d != 2 => {
                Err(Error::parameter("d", d, "2 for haversine: latitude and longitude in radians"))
            }
            _ => Ok(()),
        }
    }

    /// Checks what the metric asks of the values of row `i`; `epsilon` is that of the scalar they were given in.
    pub(crate) fn check_row(&self, i: usize, mut row: impl Iterator<Item = f64>, epsilon: f64) -> Result<()> {
        match self {
            Self::Hellinger | Self::JensenShannon | Self::SymmetricKl => match row.find(|v| *v < 0.0) {
                Some(v) => Err(Error::invalid(
                    "data",
                    format_args!(
                        "row {i} has the value {v}, but {self} compares distributions: no value may be negative"
                    ),
                )),
                None => Ok(()),
            },
            Self::Haversine => match row.next() {
                Some(v) if v.abs() > std::f64::consts::FRAC_PI_2 * (1.0 + BEYOND_POLE) => Err(Error::invalid(
                    "data",
                    format_args!(
                        "row {i} has the latitude {v}, beyond π/2: convert degrees to radians, latitude first"
                    ),
                )),
                _ => Ok(()),
            },
            Self::Dot => {
                let length = row.fold(0.0, |sum, v| sum + v * v).sqrt();
                // Half of the digits: enough for rows that were normalized in their own scalar.
                if length <= 1.0 + epsilon.sqrt() {
                    return Ok(());
                }
                Err(Error::invalid(
                    "data",
                    format_args!(
                        "row {i} has length {length}, but {self} needs at most 1: normalize the rows, or divide all by the largest length"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// Checks a `d × d` symmetric matrix of finite numbers.
fn symmetric(matrix: &[f64], d: usize) -> Result<()> {
    let name = "inverse_covariance";
    let size = d.checked_mul(d).ok_or(Error::capacity("d of a d × d inverse covariance", d, usize::MAX.isqrt()))?;
    if matrix.len() != size {
        return Err(Error::shape(name, size, matrix.len()));
    }
    let largest = matrix.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    for i in 0..d {
        for j in 0..=i {
            let (v, mirror) = (matrix[i * d + j], matrix[j * d + i]);
            if !v.is_finite() || !mirror.is_finite() || (v - mirror).abs() > ASYMMETRY * largest {
                let given = format_args!("{v} at ({i}, {j}) and {mirror} at ({j}, {i})");
                return Err(Error::parameter(name, given, "finite and symmetric"));
            }
        }
    }
    Ok(())
}
