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

/// Points of a tile that are written at a time: a line of the cache in each column.
const BAND: usize = 16;

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
        let (m, width) = (indexed.groups.len(), packing.width);
        let mut values = memory::filled("points for matrix products", m.saturating_mul(width), 0.0f32)?;
        let mut lengths = memory::filled("lengths of points", m, 0.0)?;
        let tasks = ((&mut values[..], width.saturating_mul(TILE)), (&mut lengths[..], TILE));
        ordered::try_for_each2(tasks.0, tasks.1, Vec::new, |rows, t, tile, lengths| {
            let count = lengths.len();
            memory::resize("packed points", rows, BAND.min(count) * width, 0.0)?;
            for (band, lengths) in lengths.chunks_mut(BAND).enumerate() {
                cx.check()?;
                let first = band * BAND;
                for (r, (row, length)) in rows.chunks_exact_mut(width).zip(&mut *lengths).enumerate() {
                    *length = packing.point(indexed, t * TILE + first + r, row);
                }
                for (c, column) in tile.chunks_exact_mut(count).enumerate() {
                    let column = &mut column[first..][..lengths.len()];
                    column.iter_mut().zip(rows[c..].iter().step_by(width)).for_each(|(to, v)| *to = *v);
                }
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
