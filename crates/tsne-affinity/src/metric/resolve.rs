//! Parameters that come from the data: variances and the inverse covariance.

use super::Metric;
use rayon::prelude::*;
use std::sync::Arc;
use tsne_core::{Error, Points, Result, Rows, Scalar, SparseRows, blocks};

/// Rows of the covariance in one task: each task reads all points once, and its part stays in the cache.
const COVARIANCE_ROWS: usize = 16;
/// What fails where a covariance has no inverse.
const INVERSE: &str = "the inverse covariance of the data";

pub(crate) fn not_definite() -> Error {
    Error::invalid(
        "inverse_covariance",
        "it is not positive definite, so that some distances would be zero or no numbers: add a small multiple of the identity",
    )
}

impl Metric {
    /// The metric with all its parameters: where variances or an inverse covariance are `None`, those of `points`.
    ///
    /// Searches do this for their indexed points. Takes `n d` operations for variances and `n d² + d³` for a covariance;
    /// sums are in `f64` and in a fixed order.
    ///
    /// # Errors
    ///
    /// Those of [`Metric::check`]; [`Error::NonFinite`]; [`Error::TooFewPoints`] for one point; [`Error::Parameter`] for
    /// points without columns and where a column is constant; [`Error::Numerical`] where variances overflow, or where the
    /// covariance is singular, which it is for no more points than columns; [`Error::Capacity`] where it has no room.
    ///
    /// ```
    /// use tsne_affinity::Metric;
    /// use tsne_core::Rows;
    ///
    /// let x = [1.0, 3.0, 5.0];
    /// let metric = Metric::SEuclidean { variances: None }.resolve(Rows::new(&x, 3, 1)?)?;
    /// assert_eq!(metric, Metric::SEuclidean { variances: Some([4.0].into()) });
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn resolve<'a, T: Scalar>(&self, points: impl Into<Points<'a, T>>) -> Result<Self> {
        let points = points.into();
        if points.d() == 0 {
            return Err(Error::parameter("d", 0, "at least 1: points need a coordinate"));
        }
        let metric = match self {
            Self::SEuclidean { variances: None } => {
                points.check_finite()?;
                Self::SEuclidean { variances: Some(variances(points)?.into()) }
            }
            Self::Mahalanobis { inverse_covariance: None } => {
                points.check_finite()?;
                let inverse = inverse_covariance(points.dense("mahalanobis")?)?;
                Self::Mahalanobis { inverse_covariance: Some(Arc::from(inverse)) }
            }
            _ => self.clone(),
        };
        metric.check(points.d())?;
        Ok(metric)
    }
}

fn two_points(n: usize) -> Result<()> {
    if n < 2 { Err(Error::too_few_points(n, 2)) } else { Ok(()) }
}

/// The sums of `term` over the columns of all rows, in the order of blocks.
fn column_sums<T: Scalar>(rows: Rows<'_, T>, term: impl Fn(usize, f64) -> f64 + Sync) -> Vec<f64> {
    let mut partials: Vec<Vec<f64>> = Vec::new();
    blocks::map(&mut partials, rows.n(), |range| {
        let mut sums = vec![0.0; rows.d()];
        for i in range {
            sums.iter_mut().zip(rows.row(i)).enumerate().for_each(|(j, (s, v))| *s += term(j, v.to_f64()));
        }
        sums
    });
    let mut total = vec![0.0; rows.d()];
    partials.iter().for_each(|partial| total.iter_mut().zip(partial).for_each(|(t, p)| *t += p));
    total
}

fn variances<T: Scalar>(points: Points<'_, T>) -> Result<Vec<f64>> {
    let n = points.n();
    two_points(n)?;
    let variances = match points {
        Points::Dense(rows) => {
            let mean = column_sums(rows, |_, v| v / n as f64);
            column_sums(rows, |j, v| (v - mean[j]).powi(2) / (n - 1) as f64)
        }
        Points::Sparse(rows) => sparse_variances(rows),
        _ => return Err(Error::invalid("points", "their storage is not known to this version")),
    };
    match variances.iter().position(|v| !v.is_finite()) {
        Some(column) => Err(overflow("the variances of the data", column)),
        None => Ok(variances),
    }
}

fn overflow(stage: &'static str, column: usize) -> Error {
    let why = format_args!("the squares of column {column} overflow f64: divide the data by a constant");
    Error::numerical(stage, why)
}

fn sparse_variances<T: Scalar>(rows: SparseRows<'_, T>) -> Vec<f64> {
    let (n, d) = (rows.n() as f64, rows.d());
    let entries = || rows.columns().iter().map(|&c| c as usize).zip(rows.values().iter().map(|v| v.to_f64()));
    let (mut mean, mut sums, mut stored) = (vec![0.0; d], vec![0.0; d], vec![0.0; d]);
    entries().for_each(|(j, v)| mean[j] += v / n);
    for (j, v) in entries() {
        sums[j] += (v - mean[j]).powi(2);
        stored[j] += 1.0;
    }
    (0..d).map(|j| (sums[j] + (n - stored[j]) * mean[j] * mean[j]) / (n - 1.0)).collect()
}

fn inverse_covariance<T: Scalar>(rows: Rows<'_, T>) -> Result<Vec<f64>> {
    let (n, d) = (rows.n(), rows.d());
    two_points(n)?;
    let singular = || {
        Error::numerical(
            INVERSE,
            format_args!(
                "the covariance of {n} points in {d} columns is singular: drop constant and dependent columns, use more \
                 points than columns, project the data by PCA, or give inverse_covariance"
            ),
        )
    };
    if n <= d {
        return Err(singular());
    }
    let max = (isize::MAX as usize / size_of::<f64>()).isqrt();
    if d > max {
        return Err(Error::capacity("d of a d × d covariance", d, max));
    }
    let mean = column_sums(rows, |_, v| v / n as f64);
    let mut covariance = vec![0.0; d * d];
    covariance.par_chunks_mut(d * COVARIANCE_ROWS).enumerate().for_each_init(
        || vec![0.0; d],
        |centered, (b, part)| {
            for row in rows.iter() {
                for ((c, v), m) in centered.iter_mut().zip(row).zip(&mean) {
                    *c = v.to_f64() - m;
                }
                for (r, out) in part.chunks_exact_mut(d).enumerate() {
                    let factor = centered[b * COVARIANCE_ROWS + r] / (n - 1) as f64;
                    out.iter_mut().zip(centered.iter()).for_each(|(o, c)| *o += factor * c);
                }
            }
        },
    );
    // The products of (i, j) and (j, i) are divided on different sides.
    for i in 0..d {
        for j in 0..i {
            covariance[j * d + i] = covariance[i * d + j];
        }
    }
    if let Some(column) = (0..d).find(|&j| !covariance[j * d + j].is_finite()) {
        return Err(overflow(INVERSE, column));
    }
    let lower = cholesky(&covariance, d).ok_or_else(singular)?;
    let mut inverse_lower = vec![0.0; d * d];
    for i in 0..d {
        let (before, row) = inverse_lower.split_at_mut(i * d);
        let row = &mut row[..d];
        row[i] = 1.0;
        for (k, other) in before.chunks_exact(d).enumerate() {
            let factor = lower[i * d + k];
            row.iter_mut().zip(&other[..=k]).for_each(|(r, o)| *r -= factor * o);
        }
        row.iter_mut().for_each(|r| *r /= lower[i * d + i]);
    }
    let mut inverse = vec![0.0; d * d];
    for row in inverse_lower.chunks_exact(d) {
        for (out, factor) in inverse.chunks_exact_mut(d).zip(row) {
            out.iter_mut().zip(row).for_each(|(o, r)| *o += factor * r);
        }
    }
    Ok(inverse)
}

/// The lower triangle `L` of a symmetric matrix `L Lᵀ`, row-major; `None` unless the matrix is positive definite beyond
/// the rounding of a sum of `d` terms.
pub(crate) fn cholesky(matrix: &[f64], d: usize) -> Option<Vec<f64>> {
    let mut lower = vec![0.0; d * d];
    for i in 0..d {
        let (before, row) = lower.split_at_mut(i * d);
        for (j, other) in before.chunks_exact(d).enumerate() {
            let sum: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            row[j] = (matrix[i * d + j] - sum) / other[j];
        }
        let diagonal = matrix[i * d + i];
        let pivot = diagonal - row[..i].iter().map(|v| v * v).sum::<f64>();
        if !(pivot > d as f64 * f64::EPSILON * diagonal && pivot.is_finite()) {
            return None;
        }
        row[i] = pivot.sqrt();
    }
    Some(lower)
}
