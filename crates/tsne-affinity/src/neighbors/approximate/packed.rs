//! The points as matrix products see them: centered, scaled, in `f32`, with the column `|y|²/2`.

use crate::neighbors::candidates::ScoreError;
use crate::neighbors::geometry::Geometry;
use crate::neighbors::reference::Reference;
use rayon::prelude::*;
use tsne_core::{Scalar, blocks};

/// A query this long, in units of the largest coordinate of the points, is not trusted to `f32` products.
const LONGEST_QUERY: f64 = (1u64 << 40) as f64;

/// How rows are packed.
pub(super) struct Packing {
    cosine: bool,
    factor: f64,
    center: Vec<f64>,
    /// Columns of a packed row.
    pub(super) width: usize,
    pub(super) error: ScoreError,
    d: usize,
}

impl Packing {
    /// For points no two of which are the same.
    pub(super) fn new<T: Scalar>(reference: &Reference<'_, T>) -> Self {
        let m = reference.points.rows.n();
        let cosine = reference.ruler.geometry == Geometry::Cosine;
        let d = reference.points.rows.d();
        let columns = d + usize::from(cosine);
        let width = columns + 1;
        // Normalized rows carry an error of their own, which the bound on the exact distances knows: 2^-46 there.
        let error = ScoreError::new(width, if cosine { 2f64.powi(-46) } else { 0.0 });
        let mut packing = Self { cosine, factor: reference.ruler.factor, center: vec![0.0; columns], width, error, d };
        let mut partials: Vec<Vec<f64>> = Vec::new();
        blocks::map(&mut partials, m, |range| {
            let mut sums = vec![0.0f64; columns];
            for g in range {
                packing.each(reference.points.get(g), |c, v| sums[c] += v / m as f64);
            }
            sums
        });
        for partial in &partials {
            packing.center.iter_mut().zip(partial).for_each(|(c, p)| *c += p);
        }
        packing
    }

    /// Calls `put` with each centered coordinate of a row.
    #[inline(always)]
    fn each<T: Scalar>(&self, (row, length): (&[T], f64), mut put: impl FnMut(usize, f64)) {
        if self.cosine {
            // A row of zeros is a unit vector along a coordinate of its own.
            let (length, zero) = if length > 0.0 { (length, 0.0) } else { (1.0, 1.0) };
            for (c, (v, center)) in row.iter().zip(&self.center).enumerate() {
                put(c, v.to_f64() / length - center);
            }
            put(self.d, zero - self.center[self.d]);
        } else {
            for (c, (v, center)) in row.iter().zip(&self.center).enumerate() {
                put(c, (v.to_f64() * self.factor) - center);
            }
        }
    }

    /// Writes a row and returns its length before rounding; the last column is left.
    fn row<T: Scalar>(&self, point: (&[T], f64), out: &mut [f32]) -> f64 {
        let mut squared = 0.0;
        self.each(point, |c, v| {
            squared += v * v;
            out[c] = v as f32;
        });
        squared.sqrt()
    }

    /// All points, with half their squared lengths in the last column.
    pub(super) fn points<T: Scalar>(&self, reference: &Reference<'_, T>) -> Vec<f32> {
        let mut packed = vec![0.0f32; reference.points.rows.n() * self.width];
        packed.par_chunks_mut(self.width * blocks::BLOCK).enumerate().for_each(|(b, packed)| {
            for (r, out) in packed.chunks_exact_mut(self.width).enumerate() {
                let length = self.row(reference.points.get(b * blocks::BLOCK + r), out);
                out[self.width - 1] = (0.5 * length * length) as f32;
            }
        });
        packed
    }

    /// A query: negated and with 1 in the last column, so that the product with a point is the score. Returns its
    /// length, and whether the scores can be trusted.
    pub(super) fn query<T: Scalar>(&self, point: (&[T], f64), out: &mut [f32]) -> (f64, bool) {
        let length = self.row(point, out);
        out.iter_mut().for_each(|v| *v = -*v);
        out[self.width - 1] = 1.0;
        let trusted = length < LONGEST_QUERY;
        if !trusted {
            // The scores would overflow: all points are compared exactly.
            out.fill(0.0);
        }
        (length, trusted)
    }
}
