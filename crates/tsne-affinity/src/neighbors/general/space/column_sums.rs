//! Metrics that are a function of sums over columns, one implementation for dense and sparse rows.

use crate::metric::distance::jensen_shannon;
use std::sync::Arc;

/// A metric from `A` sums over columns. Columns where both values are zero add nothing to any sum.
pub(super) trait ColumnSums<const A: usize>: Send + Sync + 'static {
    /// Whether terms are computed from differences divided by the largest of the pair.
    const SCALED: bool = false;

    /// What a column adds. `scale` is the largest difference of the pair if [`ColumnSums::SCALED`], else 1.
    fn term(&self, column: usize, a: f64, b: f64, scale: f64) -> [f64; A];

    /// How terms are joined, starting from 0.
    #[inline(always)]
    fn join(x: f64, y: f64) -> f64 {
        x + y
    }

    /// The distance, for rows of `d` columns.
    fn finish(&self, sums: [f64; A], scale: f64, d: usize) -> f64;
}

pub(super) struct Manhattan;

impl ColumnSums<1> for Manhattan {
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 1] {
        [(a - b).abs()]
    }
    #[inline(always)]
    fn finish(&self, [sum]: [f64; 1], _: f64, _: usize) -> f64 {
        sum
    }
}

pub(super) struct Chebyshev;

impl ColumnSums<1> for Chebyshev {
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 1] {
        [(a - b).abs()]
    }
    #[inline(always)]
    fn join(x: f64, y: f64) -> f64 {
        if y > x { y } else { x }
    }
    #[inline(always)]
    fn finish(&self, [max]: [f64; 1], _: f64, _: usize) -> f64 {
        max
    }
}

pub(super) struct Minkowski {
    pub(super) p: f64,
    pub(super) weights: Option<Arc<[f64]>>,
}

impl ColumnSums<1> for Minkowski {
    /// The powers of a large `p` would leave the range.
    const SCALED: bool = true;

    #[inline(always)]
    fn term(&self, column: usize, a: f64, b: f64, scale: f64) -> [f64; 1] {
        let power = ((a - b).abs() / scale).powf(self.p);
        [self.weights.as_ref().map_or(power, |weights| weights[column] * power)]
    }
    #[inline(always)]
    fn finish(&self, [sum]: [f64; 1], scale: f64, _: usize) -> f64 {
        scale * sum.powf(1.0 / self.p)
    }
}

pub(super) struct Hamming;

impl ColumnSums<1> for Hamming {
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 1] {
        [f64::from(u8::from(a != b))]
    }
    #[inline(always)]
    fn finish(&self, [sum]: [f64; 1], _: f64, d: usize) -> f64 {
        sum / d as f64
    }
}

pub(super) struct Canberra;

impl ColumnSums<1> for Canberra {
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 1] {
        // Halves of large values, whose sums would overflow; those of small ones could vanish.
        let half = if a.abs() > 1.0 || b.abs() > 1.0 { 0.5 } else { 1.0 };
        let (a, b) = (half * a, half * b);
        let sizes = a.abs() + b.abs();
        let ratio = (a - b).abs() / sizes;
        [if sizes == 0.0 { 0.0 } else { ratio }]
    }
    #[inline(always)]
    fn finish(&self, [sum]: [f64; 1], _: f64, _: usize) -> f64 {
        sum
    }
}

pub(super) struct BrayCurtis;

impl ColumnSums<2> for BrayCurtis {
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 2] {
        // Halves, which leave the quotient as it is: the sum of two finite numbers may overflow.
        let (a, b) = (0.5 * a, 0.5 * b);
        [(a - b).abs(), (a + b).abs()]
    }
    #[inline(always)]
    fn finish(&self, [numerator, denominator]: [f64; 2], _: f64, _: usize) -> f64 {
        match (numerator, denominator) {
            (0.0, _) => 0.0,
            // Too many large columns: an error, where the quotient would be 0.
            (_, f64::INFINITY) => f64::NAN,
            _ => numerator / denominator,
        }
    }
}

pub(super) struct Dot;

impl ColumnSums<1> for Dot {
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 1] {
        [a * b]
    }
    #[inline(always)]
    fn finish(&self, [sum]: [f64; 1], _: f64, _: usize) -> f64 {
        // Rows as long as 1 may exceed it by their rounding.
        (1.0 - sum).max(0.0)
    }
}

/// For rows with sum 1.
pub(super) struct JensenShannon;

impl ColumnSums<1> for JensenShannon {
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 1] {
        [jensen_shannon(a, b)]
    }
    #[inline(always)]
    fn finish(&self, [sum]: [f64; 1], _: f64, _: usize) -> f64 {
        (0.5 * sum).sqrt()
    }
}

/// For positive rows with sum 1.
pub(super) struct SymmetricKl;

impl ColumnSums<1> for SymmetricKl {
    /// `|a - b| ln(max / min)`: no term is negative, and equal values give exactly 0.
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 1] {
        let difference = (a - b).abs();
        [if difference == 0.0 { 0.0 } else { difference * (difference / a.min(b)).ln_1p() }]
    }
    #[inline(always)]
    fn finish(&self, [sum]: [f64; 1], _: f64, _: usize) -> f64 {
        0.5 * sum
    }
}
