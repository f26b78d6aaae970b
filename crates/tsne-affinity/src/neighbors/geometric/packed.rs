//! All points packed for matrix products, and the products: tile after tile of points, with a few queries at a time.

use super::indexed::IndexedPoints;
use super::packing::Packing;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use tsne_core::{Result, Scalar};

/// Points in one matrix product: a multiple of 96, the rows of the product's AVX-512 kernel (1,024 left 8 % of the
/// product to a smaller kernel). A tile of scores of 128 queries, 480 KiB, stays in the cache of a core.
pub(super) const TILE: usize = 960;

/// The points of all groups as the matrix products see them.
pub(super) struct PackedPoints {
    pub(super) packing: Packing,
    values: Vec<f32>,
    /// The length of each packed point, before rounding.
    lengths: Vec<f64>,
}

impl PackedPoints {
    pub(super) fn new<T: Scalar>(indexed: &IndexedPoints<'_, T>) -> Result<Self> {
        let packing = Packing::new(indexed)?;
        let (values, lengths) = packing.points(indexed)?;
        Ok(Self { packing, values, lengths })
    }

    /// Writes point `g` as a query. Returns its length, and whether its scores can be trusted.
    pub(super) fn query(&self, g: usize, out: &mut [f32]) -> (f64, bool) {
        let width = self.packing.width;
        out.copy_from_slice(&self.values[g * width..(g + 1) * width]);
        let length = self.lengths[g];
        (length, self.packing.query(length, out))
    }

    /// The number of tiles.
    pub(super) const fn tiles(&self) -> usize {
        self.lengths.len().div_ceil(TILE)
    }

    /// The scores of the points of a tile, which begins at point [`TILE`]` t`, for some packed queries: as many as the first
    /// number says for each query, query after query.
    pub(super) fn scores<'s>(
        &self,
        t: usize,
        queries: &[f32],
        rows: usize,
        scores: &'s mut [f32],
    ) -> (usize, &'s mut [f32]) {
        let width = self.packing.width;
        let count = TILE.min(self.lengths.len() - t * TILE);
        let points = &self.values[t * TILE * width..(t * TILE + count) * width];
        let scores = &mut scores[..count * rows];
        matmul(
            MatMut::from_column_major_slice_mut(&mut *scores, count, rows),
            Accum::Replace,
            MatRef::from_row_major_slice(points, count, width),
            MatRef::from_column_major_slice(&queries[..width * rows], width, rows),
            1.0f32,
            Par::Seq,
        );
        (count, scores)
    }
}
