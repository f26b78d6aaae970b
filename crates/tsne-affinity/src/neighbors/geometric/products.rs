//! All pairs of the points of a geometry, by blocked matrix products.

use super::candidates::Candidates;
use super::finder::{Finder, MakeFinder, Queries};
use super::indexed::IndexedPoints;
use super::packing::Packing;
use crate::neighbors::progress::Counter;
use crate::ordered;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use tsne_core::{Context, Result, Scalar};

/// Rows in one task: 70,000 points give 547 tasks, and the product reads each point 547 times from the shared cache, which
/// takes 6 % of the time.
const QUERY_TILE: usize = 128;
/// Points in one matrix product: a multiple of 96, the rows of the product's AVX-512 kernel (1,024 left 8 % of the
/// product to a smaller kernel). A tile of scores, 480 KiB, stays in the cache of a core.
pub(super) const POINT_TILE: usize = 960;

/// Makes [`Products`].
pub(in crate::neighbors) struct ByProducts;

impl MakeFinder for ByProducts {
    fn make<'a, V: Scalar>(&self, indexed: &IndexedPoints<'a, V>) -> Result<Box<dyn Finder<V> + 'a>> {
        Ok(Box::new(Products::new(indexed)?))
    }
}

/// The points as the matrix products see them.
pub(super) struct Products {
    packing: Packing,
    packed: Vec<f32>,
    /// The length of each packed point, before rounding.
    lengths: Vec<f64>,
}

/// What one thread keeps between tiles.
struct Scratch<T> {
    queries: Vec<f32>,
    scores: Vec<f32>,
    candidates: Vec<Candidates<T>>,
}

impl Products {
    pub(super) fn new<T: Scalar>(indexed: &IndexedPoints<'_, T>) -> Result<Self> {
        let packing = Packing::new(indexed)?;
        let (packed, lengths) = packing.points(indexed)?;
        Ok(Self { packing, packed, lengths })
    }

    /// Packs the query rows of a tile.
    fn pack_queries<T: Scalar>(
        &self,
        queries: &Queries<'_, '_, T>,
        first: usize,
        scratch: &mut Scratch<T>,
        rows: usize,
        k: usize,
    ) {
        let width = self.packing.width;
        scratch.queries.resize(rows * width, 0.0);
        scratch.candidates.resize_with(QUERY_TILE, Candidates::default);
        for (r, (out, candidates)) in scratch.queries.chunks_exact_mut(width).zip(&mut scratch.candidates).enumerate() {
            let i = first + r;
            let (own, length) = match queries {
                Queries::Own => {
                    out.copy_from_slice(&self.packed[i * width..(i + 1) * width]);
                    (i as u32, self.lengths[i])
                }
                Queries::Other(points) => (u32::MAX, self.packing.row(points.get(i), out)),
            };
            let trusted = self.packing.query(length, out);
            candidates.reset(k, own, length, trusted);
        }
    }
}

impl<T: Scalar> Finder<T> for Products {
    fn search(
        &self,
        indexed: &IndexedPoints<'_, T>,
        queries: Queries<'_, '_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()> {
        let (width, error) = (self.packing.width, self.packing.error);
        let counter = Counter::new(indices.len() / k, cx);
        let query_at = |i: usize| match &queries {
            Queries::Own => indexed.points.get(indexed.groups.representative(i)),
            Queries::Other(points) => points.get(i),
        };
        ordered::try_for_each2(
            (indices, k * QUERY_TILE),
            (distances, k * QUERY_TILE),
            || Scratch { queries: Vec::new(), scores: vec![0.0; QUERY_TILE * POINT_TILE], candidates: Vec::new() },
            |scratch, b, indices, distances| {
                let rows = indices.len() / k;
                let start = b * QUERY_TILE;
                self.pack_queries(&queries, start, scratch, rows, k);
                for (t, points) in self.packed.chunks(POINT_TILE * width).enumerate() {
                    cx.check()?;
                    let count = points.len() / width;
                    let scores = &mut scratch.scores[..count * rows];
                    matmul(
                        MatMut::from_column_major_slice_mut(&mut *scores, count, rows),
                        Accum::Replace,
                        MatRef::from_row_major_slice(points, count, width),
                        MatRef::from_column_major_slice(&scratch.queries, width, rows),
                        1.0f32,
                        Par::Seq,
                    );
                    for (r, scores) in scores.chunks_exact(count).enumerate() {
                        let first = (t * POINT_TILE) as u32;
                        scratch.candidates[r].add(indexed, query_at(start + r), k, error, scores, first);
                    }
                }
                for (r, (indices, distances)) in
                    indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).enumerate()
                {
                    let found = scratch.candidates[r].finish(indexed, query_at(start + r), k, error);
                    for ((index, distance), &(d, g)) in indices.iter_mut().zip(distances).zip(&*found) {
                        (*index, *distance) = (g, d);
                    }
                }
                counter.add(rows);
                Ok(())
            },
        )
    }
}
