//! The sums of the KL divergence over the non-zeros, bound by logarithms.

use tsne_core::simd::{self, Task, fold};
use tsne_core::{Affinities, Kernel, Scalar, blocks};

/// Pairs per step: so many that the compiler keeps the logarithms a loop and vectorizes it, few enough that a row of 90
/// wastes little. The whole divergence takes 3 ns for each non-zero (benchmark `kl_divergence`, 2 threads); with the
/// platform's `ln_1p` pair by pair it took 27.
const LANES: usize = 32;

/// `-Σ p_ij ln w(|y_i - r_j|²)` over all rows.
pub(crate) fn cross_entropy<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    reference: &[[T; D]],
    partials: &mut Vec<f64>,
) -> f64 {
    blocks::sum(partials, p.n(), |rows| rows.map(|i| row_cross_entropy(p, kernel, y, reference, i)).sum())
}

/// `-Σ_j p_ij ln w(|y_i - r_j|²)` of row `i`, with squares, logarithms and sums in double precision.
pub(crate) fn row_cross_entropy<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    reference: &[[T; D]],
    i: usize,
) -> f64 {
    let (columns, weights) = p.row(i);
    kernel.dof() * simd::dispatch(Row { columns, weights, yi: y[i], reference, dof: kernel.dof() })
}

/// `Σ_j p_ij ln(1 + |y_i - r_j|²/dof)`.
struct Row<'a, T, const D: usize> {
    columns: &'a [u32],
    weights: &'a [T],
    yi: [T; D],
    reference: &'a [[T; D]],
    dof: f64,
}

impl<T: Scalar, const D: usize> Task for Row<'_, T, D> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { columns, weights, yi, reference, dof } = self;
        let mut sums = [0.0; LANES];
        for (columns, weights) in columns.chunks(LANES).zip(weights.chunks(LANES)) {
            // Lanes beyond the end of the row have distance and weight zero.
            let mut d2 = [0.0; LANES];
            let mut p = [0.0; LANES];
            for (((&j, w), d2), p) in columns.iter().zip(weights).zip(&mut d2).zip(&mut p) {
                let neighbor = reference[j as usize];
                for c in 0..D {
                    let difference = yi[c].to_f64() - neighbor[c].to_f64();
                    *d2 += difference * difference;
                }
                *p = w.to_f64();
            }
            for l in 0..LANES {
                sums[l] += p[l] * ln(1.0 + d2[l] / dof);
            }
        }
        fold(sums)
    }
}

/// `Σ_j p_ij ln p_ij` of a row, in double precision; zeros count as zero.
pub(crate) fn row_p_ln_p<T: Scalar>(weights: &[T]) -> f64 {
    simd::dispatch(Weights(weights))
}

struct Weights<'a, T>(&'a [T]);

impl<T: Scalar> Task for Weights<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sums = [0.0; LANES];
        for weights in self.0.chunks(LANES) {
            let mut p = [0.0; LANES];
            for (p, w) in p.iter_mut().zip(weights) {
                *p = w.to_f64();
            }
            for l in 0..LANES {
                // The inverse is above 1, and for zero it is infinity, of which `ln` makes a finite number.
                sums[l] -= p[l] * ln(1.0 / p[l]);
            }
        }
        fold(sums)
    }
}

/// The natural logarithm of a number from about 1 up, in operations that vectorize: `x = 2^k m` with `m` from `√½` to `√2`, and
/// `ln m = 2 artanh s` with `s = (m-1) / (m+1)` by its series, whose first term left out is `s²⁰/21 < 3e-17` of the sum.
/// Infinity counts as 2¹⁰²⁴.
#[inline(always)]
fn ln(x: f64) -> f64 {
    /// Adding a small integer to the bits of 2⁵² adds it to the number.
    const TWO_52: f64 = (1u64 << 52) as f64;
    let above_sqrt_half = x.to_bits() - std::f64::consts::FRAC_1_SQRT_2.to_bits();
    let k = above_sqrt_half >> 52;
    let m = f64::from_bits(x.to_bits() - (k << 52));
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let mut series = 1.0 / 19.0;
    for odd in [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = series * s2 + 1.0 / odd;
    }
    (f64::from_bits(k | TWO_52.to_bits()) - TWO_52) * std::f64::consts::LN_2 + 2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::ln;

    #[test]
    fn the_logarithm_is_the_platforms_to_a_few_units() {
        // Half units: product with ln 2 and its own rounding 2, of up to twice the sum where ln m is negative; series and
        // its factors 6 of at most 0.35, which is below the sum from √2 on; the last addition 1; the platform's own 1.
        let check = |x: f64| {
            let difference = (ln(x) - x.ln()).abs();
            assert!(difference <= 6.0 * f64::EPSILON * x.ln(), "{x:e}: {difference:e}");
        };
        for step in 0..100_000 {
            check(1.0 + f64::from(step) * 1e-4);
            check(10f64.powf(f64::from(step) * 3.08e-3));
        }
        for k in 0..1023 {
            let power = 2f64.powi(k);
            for x in [power, power * (1.0 + f64::EPSILON), power * std::f64::consts::SQRT_2] {
                check(x);
            }
        }
        check(1.0 + f64::EPSILON);
        check(f64::MAX);
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(ln(f64::INFINITY), 1024.0 * std::f64::consts::LN_2);
    }
}
