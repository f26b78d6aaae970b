//! All pairs of the points of a geometry, by blocked matrix products.

use super::candidates::Candidates;
use super::finder::{Asked, Finder, MakeFinder, Queries};
use super::indexed::IndexedPoints;
use super::packed::{PackedPoints, TILE};
use super::ranks::ranks;
use crate::neighbors::progress::Counter;
use crate::ordered;
use tsne_core::{Context, Result, Scalar, memory};

/// Rows in one task: 70,000 points give 547 tasks, and the product reads each point 547 times from the shared cache, which
/// takes 6 % of the time.
const QUERY_TILE: usize = 128;

/// Makes [`Products`].
pub(in crate::neighbors) struct ByProducts;

impl MakeFinder for ByProducts {
    fn make<'a, V: Scalar>(&self, indexed: &IndexedPoints<'a, V>, cx: Context<'_>) -> Result<Box<dyn Finder<V> + 'a>> {
        Ok(Box::new(Products::new(indexed, cx)?))
    }
}

/// The points as the matrix products see them.
pub(super) struct Products {
    packed: PackedPoints,
}

/// What one thread keeps between tiles.
struct Scratch<T> {
    queries: Vec<f32>,
    scores: Vec<f32>,
    candidates: Vec<Candidates<T>>,
}

impl Products {
    pub(super) fn new<T: Scalar>(indexed: &IndexedPoints<'_, T>, cx: Context<'_>) -> Result<Self> {
        Ok(Self { packed: PackedPoints::new(indexed, cx)? })
    }

    /// Packs the query rows of a tile.
    fn pack_queries<T: Scalar>(
        &self,
        queries: &Queries<'_, '_, T>,
        first: usize,
        scratch: &mut Scratch<T>,
        rows: usize,
        k: usize,
    ) -> Result<()> {
        let PackedPoints { packing, .. } = &self.packed;
        memory::resize("rows of a tile", &mut scratch.queries, rows * packing.width, 0.0)?;
        // A row that comes alone asks for no more than it needs.
        let more = rows.saturating_sub(scratch.candidates.len());
        memory::reserve("candidates of a tile", &mut scratch.candidates, more)?;
        scratch.candidates.resize_with(scratch.candidates.len() + more, Candidates::default);
        let outs = scratch.queries.chunks_exact_mut(packing.width);
        for (r, (out, candidates)) in outs.zip(&mut scratch.candidates).enumerate() {
            let i = first + r;
            let (own, (length, trusted)) = match queries {
                Queries::Own(wanted) => (wanted.at(i) as u32, self.packed.query(wanted.at(i), out)),
                Queries::Other(points) => {
                    let length = packing.row(points.get(i), out);
                    (u32::MAX, (length, packing.query(length, out)))
                }
            };
            candidates.reset(k, own, length, trusted)?;
        }
        Ok(())
    }
}

impl<T: Scalar> Finder<T> for Products {
    fn is_exact(&self) -> bool {
        true
    }

    fn search(
        &self,
        indexed: &IndexedPoints<'_, T>,
        queries: Queries<'_, '_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()> {
        let error = self.packed.packing.error;
        let counter = Counter::new(indices.len() / k, cx);
        let query_at = |i: usize| match &queries {
            Queries::Own(wanted) => indexed.points.get(indexed.groups.representative(wanted.at(i))),
            Queries::Other(points) => points.get(i),
        };
        ordered::try_for_each2(
            (indices, k.saturating_mul(QUERY_TILE)),
            (distances, k.saturating_mul(QUERY_TILE)),
            || Scratch { queries: Vec::new(), scores: Vec::new(), candidates: Vec::new() },
            |scratch, b, indices, distances| {
                let rows = indices.len() / k;
                let start = b * QUERY_TILE;
                self.pack_queries(&queries, start, scratch, rows, k)?;
                for t in 0..self.packed.tiles() {
                    cx.check()?;
                    let length = scratch.scores.len().max(rows * TILE);
                    memory::resize("scores of a tile", &mut scratch.scores, length, 0.0)?;
                    let (count, scores) = self.packed.scores(t, &scratch.queries, rows, &mut scratch.scores);
                    for (r, scores) in scores.chunks_exact(count).enumerate() {
                        let first = (t * TILE) as u32;
                        scratch.candidates[r].add(indexed, query_at(start + r), k, error, scores, first)?;
                    }
                }
                for (r, (indices, distances)) in
                    indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).enumerate()
                {
                    let found = scratch.candidates[r].finish(indexed, query_at(start + r), k, error)?;
                    for ((index, distance), &(d, g)) in indices.iter_mut().zip(distances).zip(&*found) {
                        (*index, *distance) = (g, d);
                    }
                }
                counter.add(rows);
                Ok(())
            },
        )
    }
    fn ranks(&self, indexed: &IndexedPoints<'_, T>, asked: Asked<'_>, cx: Context<'_>) -> Result<Option<Vec<u32>>> {
        ranks(indexed, &self.packed, asked, cx).map(Some)
    }
}
