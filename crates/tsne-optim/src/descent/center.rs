//! Where the mean of a map is, and whether the map left the finite numbers.

use std::ops::Range;
use tsne_core::{Context, Result, Scalar, Wire, blocks, chunks};

/// What one pass over the positions finds: where their mean is, and whether they diverged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments<const D: usize> {
    pub(super) sums: [f64; D],
    /// The sum of all squared coordinates, each squared in the scalar's own precision: not finite where a position is
    /// not, and already where distances overflow, from where on no gradient would bring the points back.
    pub(super) squares: f64,
}

impl<const D: usize> Wire for Moments<D> {
    const BYTES: usize = <([f64; D], f64)>::BYTES;

    fn put(self, out: &mut [u8]) {
        (self.sums, self.squares).put(out);
    }

    fn get(bytes: &[u8]) -> Self {
        let (sums, squares) = Wire::get(bytes);
        Self { sums, squares }
    }
}

impl<const D: usize> Default for Moments<D> {
    fn default() -> Self {
        Self { sums: [0.0; D], squares: 0.0 }
    }
}

/// The moments of positions.
pub(super) fn moments<T: Scalar, const D: usize>(
    y: &[[T; D]],
    partials: &mut Vec<Moments<D>>,
    cx: Context<'_>,
) -> Result<Moments<D>> {
    let all = cx.map_blocks(partials, y.len(), |range: Range<usize>| {
        let mut block = Moments::default();
        for point in &y[range] {
            for c in 0..D {
                block.sums[c] += point[c].to_f64();
                block.squares += (point[c] * point[c]).to_f64();
            }
        }
        block
    })?;
    let mut total = Moments::default();
    for block in all {
        for c in 0..D {
            total.sums[c] += block.sums[c];
        }
        total.squares += block.squares;
    }
    Ok(total)
}

/// Moves all points so that `mean` comes to lie at the origin.
pub(super) fn subtract<T: Scalar, const D: usize>(y: &mut [[T; D]], mean: [f64; D]) {
    let mean = mean.map(T::from_f64);
    chunks::for_each_point(y, blocks::BLOCK, |_, block| {
        for point in block {
            for c in 0..D {
                point[c] -= mean[c];
            }
        }
    });
}
