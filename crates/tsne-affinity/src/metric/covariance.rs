//! The covariance of dense points and its inverse.

use super::moments::{column_sums, overflow, two_points};
use crate::ordered::Kept;
use tsne_core::{Error, Result, Rows, Scalar, chunks, memory};

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

/// The inverse of the covariance of finite points, `d × d`.
pub(super) fn inverse_covariance<T: Scalar>(rows: Rows<'_, T>) -> Result<Vec<f64>> {
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
    let mean = column_sums(rows, |_, v| v / n as f64)?;
    let mut covariance = memory::filled("the covariance", d * d, 0.0)?;
    let kept = Kept::new(|| vec![0.0; d]);
    chunks::for_each(&mut covariance, d * COVARIANCE_ROWS, |b, part| {
        kept.with(|centered| {
            for row in rows.iter() {
                for ((c, v), m) in centered.iter_mut().zip(row).zip(&mean) {
                    *c = v.to_f64() - m;
                }
                for (r, out) in part.chunks_exact_mut(d).enumerate() {
                    let factor = centered[b * COVARIANCE_ROWS + r] / (n - 1) as f64;
                    out.iter_mut().zip(centered.iter()).for_each(|(o, c)| *o += factor * c);
                }
            }
        });
    });
    // The products of (i, j) and (j, i) are divided on different sides.
    for i in 0..d {
        for j in 0..i {
            covariance[j * d + i] = covariance[i * d + j];
        }
    }
    if let Some(column) = (0..d).find(|&j| !covariance[j * d + j].is_finite()) {
        return Err(overflow(INVERSE, column));
    }
    let lower = cholesky(&covariance, d)?.ok_or_else(singular)?;
    drop(covariance);
    let mut inverse_lower = memory::filled("the inverse covariance", d * d, 0.0)?;
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
    let mut inverse = memory::filled("the inverse covariance", d * d, 0.0)?;
    for row in inverse_lower.chunks_exact(d) {
        for (out, factor) in inverse.chunks_exact_mut(d).zip(row) {
            out.iter_mut().zip(row).for_each(|(o, r)| *o += factor * r);
        }
    }
    Ok(inverse)
}

/// The lower triangle `L` of a symmetric matrix `L Lᵀ`, row-major; `None` unless the matrix is positive definite beyond
/// the rounding of a sum of `d` terms.
pub(crate) fn cholesky(matrix: &[f64], d: usize) -> Result<Option<Vec<f64>>> {
    let mut lower = memory::filled("the factor of a covariance", d * d, 0.0)?;
    for i in 0..d {
        let (before, row) = lower.split_at_mut(i * d);
        for (j, other) in before.chunks_exact(d).enumerate() {
            let sum: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            row[j] = (matrix[i * d + j] - sum) / other[j];
        }
        let diagonal = matrix[i * d + i];
        let pivot = diagonal - row[..i].iter().map(|v| v * v).sum::<f64>();
        if !(pivot > d as f64 * f64::EPSILON * diagonal && pivot.is_finite()) {
            return Ok(None);
        }
        row[i] = pivot.sqrt();
    }
    Ok(Some(lower))
}
