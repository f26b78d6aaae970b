//! The sums of the KL divergence over the non-zeros, bound by logarithms.

use std::ops::Range;
use tsne_core::lanes::fold;
use tsne_core::simd::{self, Task};
use tsne_core::{Affinities, Context, Kernel, Result, Scalar, math};

/// Pairs per step: so many that the compiler keeps the logarithms a loop and vectorizes it, few enough that a row of 90
/// wastes little. The whole divergence takes 3 ns for each non-zero (benchmark `kl_divergence`, 2 threads); with the
/// platform's `ln_1p` pair by pair it took 27.
const LANES: usize = 32;

/// `-Σ p_ij ln w(|y_i - r_j|²)` over all rows.
pub(crate) fn cross_entropy<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    partials: &mut Vec<f64>,
    cx: Context<'_>,
) -> Result<f64> {
    let first = p.points().start;
    let of_points = |points: Range<usize>| points.map(|i| row_cross_entropy(p, kernel, &y[i], y, i - first)).sum();
    cx.sum_blocks(partials, y.len(), of_points)
}

/// `-Σ_j p_ij ln w(|y_i - r_j|²)` of row `i`, with squares, logarithms and sums in double precision.
pub(crate) fn row_cross_entropy<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    yi: &[T; D],
    reference: &[[T; D]],
    row: usize,
) -> f64 {
    let (columns, weights) = p.row(row);
    kernel.dof() * simd::dispatch(Row { columns, weights, yi: *yi, reference, dof: kernel.dof() })
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
                sums[l] += p[l] * math::ln(1.0 + d2[l] / dof);
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
                sums[l] -= p[l] * math::ln(1.0 / p[l]);
            }
        }
        fold(sums)
    }
}
