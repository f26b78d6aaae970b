//! Points as matrix products see them: centered, scaled, in `f32`, with the column `|y|²/2`.

use super::geometry::Geometry;
use super::indexed::IndexedPoints;
use super::score::ScoreError;
use crate::ordered;
use tsne_core::{Context, Result, Scalar, blocks, memory};

/// A query this long, in units of the largest coordinate of the points, is not trusted to `f32` products.
const LONGEST_QUERY: f64 = (1u64 << 40) as f64;

/// The name of what is made here in errors.
const SUMS: &str = "sums of columns";

/// How rows are packed.
pub(super) struct Packing {
    geometry: Geometry,
    factor: f64,
    /// Subtracted from each row, so that an offset that all points share costs no digits of the products.
    center: Vec<f64>,
    /// Columns of a packed row.
    pub(super) width: usize,
    pub(super) error: ScoreError,
    d: usize,
}

impl Packing {
    /// For the groups of `indexed`; the center is the mean of their first points, summed in the order of blocks of points: each member of
    /// a team sums those of its own.
    pub(super) fn new<T: Scalar>(indexed: &IndexedPoints<'_, T>, cx: Context<'_>) -> Result<Self> {
        let m = indexed.groups.len();
        let geometry = indexed.ruler.geometry;
        let d = indexed.points.rows.d();
        let columns = d + usize::from(geometry == Geometry::Cosine);
        let width = columns + 1;
        // Normalized rows carry an error of their own, which the bound on the exact distances knows: 2^-46 there.
        let error = ScoreError::new(width, if geometry == Geometry::Cosine { 2f64.powi(-46) } else { 0.0 });
        let mut packing = Self { geometry, factor: indexed.ruler.factor, center: vec![0.0; columns], width, error, d };
        let own = cx.rows(indexed.groups.n());
        let partials = blocks::try_map(own.len(), |range| {
            cx.check()?;
            let mut sums = memory::filled(SUMS, columns, 0.0f64)?;
            for i in range.map(|i| own.start + i).filter(|&i| indexed.groups.is_first(i)) {
                packing.each(indexed.points.get(i), |c, v| sums[c] += v / m as f64);
            }
            Ok(sums)
        })?;
        let mut sums = Vec::new();
        memory::reserve(SUMS, &mut sums, partials.len().saturating_mul(columns))?;
        partials.iter().for_each(|partial| sums.extend_from_slice(partial));
        for partial in cx.concat(sums)?.chunks_exact(columns) {
            packing.center.iter_mut().zip(partial).for_each(|(c, p)| *c += p);
        }
        Ok(packing)
    }

    /// Calls `put` with each centered coordinate of a row.
    #[inline(always)]
    fn each<T: Scalar>(&self, (row, length): (&[T], f64), mut put: impl FnMut(usize, f64)) {
        match self.geometry {
            Geometry::Euclidean => {
                for (c, (v, center)) in row.iter().zip(&self.center).enumerate() {
                    put(c, v.to_f64() * self.factor - center);
                }
            }
            Geometry::Cosine => {
                // A row of zeros is a unit vector along a coordinate of its own.
                let (length, zero) = if length > 0.0 { (length, 0.0) } else { (1.0, 1.0) };
                for (c, (v, center)) in row.iter().zip(&self.center).enumerate() {
                    put(c, v.to_f64() / length - center);
                }
                put(self.d, zero - self.center[self.d]);
            }
        }
    }

    /// Writes a row and returns its length before rounding; the last column is left.
    pub(super) fn row<T: Scalar>(&self, point: (&[T], f64), out: &mut [f32]) -> f64 {
        let mut squared = 0.0;
        self.each(point, |c, v| {
            squared += v * v;
            out[c] = v as f32;
        });
        squared.sqrt()
    }

    /// Writes the point of a group, with half its squared length in the last column, and returns its length.
    pub(super) fn point<T: Scalar>(&self, indexed: &IndexedPoints<'_, T>, group: usize, out: &mut [f32]) -> f64 {
        let length = self.row(indexed.points.get(indexed.groups.representative(group)), out);
        out[self.width - 1] = (0.5 * length * length) as f32;
        length
    }

    /// The points of all groups, one after the other; and their lengths.
    pub(super) fn points<T: Scalar>(
        &self,
        indexed: &IndexedPoints<'_, T>,
        cx: Context<'_>,
    ) -> Result<(Vec<f32>, Vec<f64>)> {
        let m = indexed.groups.len();
        let mut packed = memory::filled("points for matrix products", m.saturating_mul(self.width), 0.0f32)?;
        let mut lengths = memory::filled("lengths of points", m, 0.0)?;
        let tasks = ((&mut packed[..], self.width.saturating_mul(blocks::BLOCK)), (&mut lengths[..], blocks::BLOCK));
        ordered::try_for_each2(
            tasks.0,
            tasks.1,
            || (),
            |(), b, packed, lengths| {
                cx.check()?;
                for (r, (out, to)) in packed.chunks_exact_mut(self.width).zip(lengths).enumerate() {
                    *to = self.point(indexed, b * blocks::BLOCK + r, out);
                }
                Ok(())
            },
        )?;
        Ok((packed, lengths))
    }

    /// Makes a packed row of this length a query: negated and with 1 in the last column, so that the product with a point is
    /// the score. Returns whether the scores can be trusted.
    pub(super) fn query(&self, length: f64, row: &mut [f32]) -> bool {
        row.iter_mut().for_each(|v| *v = -*v);
        row[self.width - 1] = 1.0;
        let trusted = length < LONGEST_QUERY;
        if !trusted {
            // The scores would overflow: all points are compared exactly.
            row.fill(0.0);
        }
        trusted
    }
}
