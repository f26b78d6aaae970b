//! Principal components of images of bytes.

use anyhow::{Result, anyhow, bail};
use faer::{Mat, Side};

/// Rows over which products of bytes are summed in f32 without rounding: 255 * 255 * 256 < 2^24.
const EXACT_ROWS: usize = 256;

/// Rows taken together in the inner loop, so that an accumulator is loaded and stored once for four products.
const ROW_GROUP: usize = 4;

/// The linear map to the leading principal components of a matrix of bytes divided by 255.
#[derive(Debug)]
pub(crate) struct Pca {
    /// The mean row, of bytes.
    mean: Vec<f64>,
    /// Column `c` of this row-major `d * components` matrix is the unit vector of component `c`.
    loadings: Vec<f64>,
    components: usize,
}

impl Pca {
    /// The leading `components` of the rows of `x` (`n * d` bytes, row-major), in O(n d^2 + d^3).
    ///
    /// The covariance is exact up to its last rounding: sums of products of bytes are whole numbers. The sign is that
    /// of scikit-learn: the loading of the largest magnitude is positive, the first one among equals.
    pub(crate) fn fit(x: &[u8], d: usize, components: usize) -> Result<Self> {
        let covariance = covariance(x, d)?;
        if components > d {
            bail!("{d} dimensions have no {components} principal components: ask for at most {d}");
        }
        let matrix = Mat::from_fn(d, d, |i, j| covariance[i * d + j]);
        let eigen = matrix
            .self_adjoint_eigen(Side::Lower)
            .map_err(|error| anyhow!("the eigen-decomposition of the covariance did not converge: {error:?}"))?;
        let vectors = eigen.U();
        let mut loadings = vec![0.0; d * components];
        for c in 0..components {
            // Eigenvalues come in nondecreasing order.
            let column = vectors.col(d - 1 - c);
            let mut largest = 0.0_f64;
            for j in 0..d {
                if column[j].abs() > largest.abs() {
                    largest = column[j];
                }
            }
            for j in 0..d {
                loadings[j * components + c] = column[j] * largest.signum();
            }
        }
        Ok(Self {
            mean: column_sums(x, d).iter().map(|&sum| sum as f64 / (x.len() / d) as f64).collect(),
            loadings,
            components,
        })
    }

    /// Writes the components of one row into `y`.
    pub(crate) fn project(&self, row: &[u8], y: &mut [f32]) {
        let mut sums = vec![0.0_f64; self.components];
        for ((&value, mean), loadings) in row.iter().zip(&self.mean).zip(self.loadings.chunks_exact(self.components)) {
            let centered = (f64::from(value) - mean) / 255.0;
            for (sum, loading) in sums.iter_mut().zip(loadings) {
                *sum += centered * loading;
            }
        }
        for (out, sum) in y.iter_mut().zip(sums) {
            *out = sum as f32;
        }
    }
}

fn column_sums(x: &[u8], d: usize) -> Vec<u64> {
    let mut sums = vec![0_u64; d];
    for row in x.chunks_exact(d) {
        sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += u64::from(value));
    }
    sums
}

/// The `d * d` covariance (divisor n - 1) of the rows of `x` divided by 255.
fn covariance(x: &[u8], d: usize) -> Result<Vec<f64>> {
    let n = x.len().checked_div(d).unwrap_or(0);
    if n < 2 || n * d != x.len() {
        bail!("{} bytes are not at least two rows of {d}", x.len());
    }
    // Below, sums of products of bytes times n must be exact in i64.
    if n > 1 << 22 {
        bail!("{n} rows are too many for the exact covariance: at most {}", 1 << 22);
    }
    let products = products(x, d);
    let sums = column_sums(x, d);
    let divisor = n as f64 * (n - 1) as f64 * (255.0 * 255.0);
    let mut covariance = vec![0.0; d * d];
    for i in 0..d {
        for j in i..d {
            let numerator = (n as u64 * products[i * d + j]) as i64 - (sums[i] * sums[j]) as i64;
            let value = numerator as f64 / divisor;
            covariance[i * d + j] = value;
            covariance[j * d + i] = value;
        }
    }
    Ok(covariance)
}

/// The upper triangle of the `d * d` sums of products of columns.
fn products(x: &[u8], d: usize) -> Vec<u64> {
    let mut products = vec![0_u64; d * d];
    let mut block = Vec::new();
    let mut sums = vec![0.0_f32; d];
    for rows in x.chunks(EXACT_ROWS * d) {
        block.clear();
        block.extend(rows.iter().map(|&value| f32::from(value)));
        // Rows of zeros fill the last group.
        block.resize(block.len().next_multiple_of(ROW_GROUP * d), 0.0);
        for i in 0..d {
            let sums = &mut sums[..d - i];
            sums.fill(0.0);
            for group in block.chunks_exact(ROW_GROUP * d) {
                let (a, b, c, e) = (group[i], group[d + i], group[2 * d + i], group[3 * d + i]);
                if a == 0.0 && b == 0.0 && c == 0.0 && e == 0.0 {
                    continue;
                }
                let [xa, xb, xc, xe] = [0, 1, 2, 3].map(|row| &group[row * d + i..(row + 1) * d]);
                for ((((sum, xa), xb), xc), xe) in sums.iter_mut().zip(xa).zip(xb).zip(xc).zip(xe) {
                    *sum += (a * xa + b * xb) + (c * xc + e * xe);
                }
            }
            for (product, &sum) in products[i * d + i..(i + 1) * d].iter_mut().zip(&*sums) {
                *product += sum as u64;
            }
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that use the whole range, with a constant and a repeated column.
    fn bytes(n: usize, d: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut x: Vec<u8> = Vec::new();
        for _ in 0..n {
            for j in 0..d {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = (state >> 24) as u8;
                x.push(match j {
                    0 => 255,
                    2 => x[x.len() - 1],
                    _ => value / (1 + j as u8),
                });
            }
        }
        x
    }

    #[test]
    fn the_covariance_is_that_of_the_definition() {
        let d = 7;
        for n in [2, 3, 255, 256, 257, 1025] {
            let x = bytes(n, d);
            let at = |r: usize, j: usize| f64::from(x[r * d + j]) / 255.0;
            let mean: Vec<f64> = (0..d).map(|j| (0..n).map(|r| at(r, j)).sum::<f64>() / n as f64).collect();
            let fast = covariance(&x, d).unwrap();
            for i in 0..d {
                for j in 0..d {
                    let sum: f64 = (0..n).map(|r| (at(r, i) - mean[i]) * (at(r, j) - mean[j])).sum();
                    // The definition sums n terms of magnitude below 1, each rounded in its last bit.
                    let bound = n as f64 * f64::EPSILON;
                    assert!((fast[i * d + j] - sum / (n - 1) as f64).abs() < bound, "n = {n}, ({i}, {j})");
                }
            }
        }
        assert!(covariance(&[1, 2, 3], 2).is_err());
        assert!(covariance(&[1, 2], 2).is_err());
        assert!(covariance(&[], 0).is_err());
    }

    /// Uncorrelated components, variances in falling order that sum to the trace, signs by the rule.
    #[test]
    fn components_have_their_defining_properties() {
        let (n, d) = (500, 7);
        let x = bytes(n, d);
        let pca = Pca::fit(&x, d, d).unwrap();
        let mut y = vec![0.0_f32; n * d];
        for (row, y) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)) {
            pca.project(row, y);
        }
        let moment = |a: usize, b: usize| {
            y.chunks_exact(d).map(|row| f64::from(row[a]) * f64::from(row[b])).sum::<f64>() / (n - 1) as f64
        };
        // Rounding y to f32 changes each product of numbers below 2 by at most 2^-22.
        let bound = 1e-6;
        for a in 0..d {
            for b in 0..a {
                assert!(moment(a, b).abs() < bound, "components {b} and {a} are correlated");
            }
            assert!(a == 0 || moment(a, a) <= moment(a - 1, a - 1) + bound, "component {a} is out of order");
            let column: Vec<f64> = (0..d).map(|j| pca.loadings[j * d + a]).collect();
            let largest = column.iter().fold(0.0_f64, |best, &v| if v.abs() > best.abs() { v } else { best });
            assert!(largest > 0.0, "component {a} has the wrong sign");
        }
        let covariance = covariance(&x, d).unwrap();
        let trace: f64 = (0..d).map(|j| covariance[j * d + j]).sum();
        let total: f64 = (0..d).map(|a| moment(a, a)).sum();
        assert!((trace - total).abs() < bound, "{trace} is not {total}");
        assert!(Pca::fit(&x, d, d + 1).is_err());
    }
}
