//! All points packed for matrix products, and the products: tile after tile of points, with a few queries at a time.
//!
//! A tile is stored column after column, which is how the kernel of the product reads it. From rows it would make this order
//! itself, anew for each few queries.

use super::indexed::IndexedPoints;
use super::packing::Packing;
use crate::ordered;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use tsne_core::{Context, Result, Scalar, memory};

/// Points in one matrix product: a multiple of 96, the rows of the product's AVX-512 kernel (1,024 left 8 % of the
/// product to a smaller kernel). A tile of scores of 128 queries, 480 KiB, stays in the cache of a core.
pub(super) const TILE: usize = 960;

/// The points of all groups as the matrix products see them.
pub(super) struct PackedPoints {
    pub(super) packing: Packing,
    /// Tile after tile, each column after column.
    values: Vec<f32>,
    /// The length of each packed point, before rounding.
    lengths: Vec<f64>,
}

impl PackedPoints {
    pub(super) fn new<T: Scalar>(indexed: &IndexedPoints<'_, T>, cx: Context<'_>) -> Result<Self> {
        let packing = Packing::new(indexed, cx.without_team())?;
        let (mut values, lengths) = packing.points(indexed, cx)?;
        let width = packing.width;
        ordered::try_for_each((&mut values, width.saturating_mul(TILE)), Vec::new, |rows, _, tile| {
            cx.check()?;
            memory::copy_into("packed points", rows, tile)?;
            let count = tile.len() / width;
            for (c, column) in tile.chunks_exact_mut(count).enumerate() {
                column.iter_mut().zip(rows[c..].iter().step_by(width)).for_each(|(to, v)| *to = *v);
            }
            Ok(())
        })?;
        Ok(Self { packing, values, lengths })
    }

    /// Writes point `g` as a query. Returns its length, and whether its scores can be trusted.
    pub(super) fn query(&self, g: usize, out: &mut [f32]) -> (f64, bool) {
        let (columns, count) = self.tile(g / TILE);
        out.iter_mut().zip(columns[g % TILE..].iter().step_by(count)).for_each(|(to, v)| *to = *v);
        let length = self.lengths[g];
        (length, self.packing.query(length, out))
    }

    /// The columns of a tile, and the number of its points.
    fn tile(&self, t: usize) -> (&[f32], usize) {
        let (first, width) = (t * TILE, self.packing.width);
        let count = TILE.min(self.lengths.len() - first);
        (&self.values[first * width..(first + count) * width], count)
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
        let (points, count) = self.tile(t);
        let scores = &mut scores[..count * rows];
        matmul(
            MatMut::from_column_major_slice_mut(&mut *scores, count, rows),
            Accum::Replace,
            MatRef::from_column_major_slice(points, count, width),
            MatRef::from_column_major_slice(&queries[..width * rows], width, rows),
            1.0f32,
            Par::Seq,
        );
        (count, scores)
    }
}
