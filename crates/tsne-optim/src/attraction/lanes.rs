//! The running sums of one row of the attraction: the order of summation that all its versions share.

use super::gather::gather;
use tsne_core::Scalar;
use tsne_core::lanes::fold;

/// Entries per step, and running sums: eight `f32` fill a register of AVX2. A constant, so that the order of summation is the
/// same on every machine.
pub(super) const LANES: usize = 8;

/// The running sums of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttractionLanes<T, const D: usize>([[T; LANES]; D]);

impl<T: Scalar, const D: usize> AttractionLanes<T, D> {
    /// Sums of nothing.
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self([[T::ZERO; LANES]; D])
    }

    /// Adds one chunk of entries; false, and nothing is added, if it names a point that does not exist.
    #[inline(always)]
    #[must_use]
    pub(super) fn add(
        &mut self,
        y: [T; D],
        points: &[[T; D]],
        columns: &[u32; LANES],
        weights: &[T; LANES],
        inverse_dof: T,
    ) -> bool {
        let Some(neighbors) = gather(points, columns) else { return false };
        // One operation to a loop: the compiler makes a vector instruction of each.
        let mut difference = [[T::ZERO; LANES]; D];
        for c in 0..D {
            for l in 0..LANES {
                difference[c][l] = y[c] - neighbors[l][c];
            }
        }
        let mut d2 = [T::ZERO; LANES];
        for row in &difference {
            for l in 0..LANES {
                d2[l] += row[l] * row[l];
            }
        }
        let mut factor = [T::ZERO; LANES];
        for l in 0..LANES {
            factor[l] = weights[l] * (T::ONE / (T::ONE + d2[l] * inverse_dof));
        }
        for c in 0..D {
            for l in 0..LANES {
                self.0[c][l] += factor[l] * difference[c][l];
            }
        }
        true
    }

    /// The sums of all lanes.
    #[inline(always)]
    pub(super) fn fold(self) -> [T; D] {
        self.0.map(fold)
    }
}

/// What is left of a row behind its whole chunks, filled up with weight zero on a column that exists.
#[inline(always)]
pub(super) fn last_chunk<T: Scalar>(columns: &[u32], weights: &[T]) -> Option<([u32; LANES], [T; LANES])> {
    let (_, column_rest) = columns.as_chunks::<LANES>();
    let (_, weight_rest) = weights.as_chunks::<LANES>();
    let mut last = ([*column_rest.first()?; LANES], [T::ZERO; LANES]);
    last.0[..column_rest.len()].copy_from_slice(column_rest);
    last.1[..weight_rest.len()].copy_from_slice(weight_rest);
    Some(last)
}
