//! The search itself: each row is compared with the clusters whose centroids are nearest to it.

use super::partition::Clusters;
use super::reach::Reach;
use crate::neighbors::geometric::candidates::Candidates;
use crate::neighbors::geometric::indexed::PointSet;
use crate::neighbors::geometric::packed::TILE as POINT_TILE;
use crate::neighbors::nearest::sort;
use crate::neighbors::progress::Counter;
use crate::neighbors::request::Found;
use crate::ordered;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::num::NonZeroUsize;
use tsne_core::{Context, Result, Scalar, memory};

/// Rows in one task: some two clusters of the own points at 70,000 points, so that the rows of a product are many. With twice
/// the 256 rows of before and [`WIDE`], together, 70,000 × 784 points take 4.27 s, not 4.65.
const TILE: usize = 512;
/// Rows whose nearest centroids are known at a time.
const BATCH: usize = 32 * TILE;
/// Columns from which on the rows of a tile measure their candidates together, candidate by candidate: they share most of
/// them, and a wide row is long under way from memory, while the rows of the tile are near.
const WIDE: usize = 128;

/// Rows to search for.
pub(super) struct Batch<'b, V> {
    pub(super) points: &'b PointSet<'b, V>,
    /// The position of each row, to be left out, where rows are points of the index.
    pub(super) own: Option<&'b [u32]>,
    /// What each position is called in the results, where that is not the position.
    pub(super) names: Option<&'b [u32]>,
}

/// What one thread keeps between tiles.
#[derive(Default)]
struct Scratch<V> {
    queries: Vec<f32>,
    block: Vec<f32>,
    scores: Vec<f32>,
    candidates: Vec<Candidates<V>>,
    pairs: Vec<u64>,
}

/// A search over clustered points.
pub(super) struct Probe<'c, V: Scalar> {
    pub(super) clusters: &'c Clusters<V>,
}

impl<V: Scalar> Probe<'_, V> {
    /// The `count` clusters whose centroids are nearest to each row, nearest first, with their distances; rows are as
    /// [`Clusters::seen`] gives them.
    pub(super) fn ranking(&self, points: &PointSet<'_, V>, count: NonZeroUsize, cx: Context<'_>) -> Result<Found<V>> {
        self.clusters.centroids.nearest(points, count.get(), cx)
    }

    /// Finds the `k` nearest positions among those in the clusters of each row that `reach` says and hands them to `sink`, row
    /// by row: the row, names and distances ascending by (distance, name).
    pub(super) fn search(
        &self,
        batch: &Batch<'_, V>,
        reach: Reach,
        k: usize,
        mut sink: impl FnMut(usize, &[u32], &[V]),
        counter: &Counter<'_>,
        cx: Context<'_>,
    ) -> Result<()> {
        let n = batch.points.rows.n();
        let most = reach.most.min(self.clusters.len()).get();
        let (mut indices, mut distances, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for first in (0..n).step_by(BATCH) {
            let count = BATCH.min(n - first);
            let rows = self.clusters.seen(batch.points, |r| first + r, count)?;
            let (ranking, lengths) = self.ranking(&rows, reach.most.min(self.clusters.len()), cx)?;
            drop(rows);
            let visited: Vec<u32> = lengths.chunks_exact(most).map(|lengths| reach.visited(lengths) as u32).collect();
            drop(lengths);
            // Rows of one cluster probe mostly the same clusters: together they fill the matrix products.
            let mut order: Vec<u32> = (0..count as u32).collect();
            order.sort_unstable_by_key(|&i| (ranking[i as usize * most], i));
            memory::resize("indices of neighbors", &mut indices, count * k, 0u32)?;
            memory::resize("distances of neighbors", &mut distances, count * k, V::ZERO)?;
            found.resize(count, 0u32);
            let tiles = ((&mut indices[..], TILE * k), (&mut distances[..], TILE * k), (&mut found[..], TILE));
            ordered::try_for_each3(
                tiles.0,
                tiles.1,
                tiles.2,
                Scratch::default,
                |tile, t, indices, distances, found| {
                    cx.check()?;
                    let order = &order[t * TILE..][..found.len()];
                    self.tile(batch, first, order, (&ranking, &visited), k, tile);
                    if batch.points.rows.d() >= WIDE {
                        self.measure(batch, first, order, k, tile);
                    }
                    let results = indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).zip(found);
                    for (r, ((indices, distances), found)) in results.enumerate() {
                        let query = batch.points.get(first + order[r] as usize);
                        let error = self.clusters.packing.error;
                        let nearest = tile.candidates[r].finish(&self.clusters.indexed, query, k, error);
                        *found = nearest.len() as u32;
                        if let Some(names) = batch.names {
                            nearest.iter_mut().for_each(|(_, p)| *p = names[*p as usize]);
                            // Ties have another order now.
                            sort(nearest);
                        }
                        for ((index, distance), &(d, p)) in indices.iter_mut().zip(distances).zip(&*nearest) {
                            (*index, *distance) = (p, d);
                        }
                    }
                    counter.add(order.len());
                    Ok(())
                },
            )?;
            for ((&i, &found), (indices, distances)) in
                order.iter().zip(&found).zip(indices.chunks_exact(k).zip(distances.chunks_exact(k)))
            {
                let found = found as usize;
                sink(first + i as usize, &indices[..found], &distances[..found]);
            }
        }
        Ok(())
    }

    /// Compares the rows of a tile with their clusters.
    fn tile(
        &self,
        batch: &Batch<'_, V>,
        first: usize,
        order: &[u32],
        (ranking, visited): (&[u32], &[u32]),
        k: usize,
        tile: &mut Scratch<V>,
    ) {
        let Clusters { packed, packing, .. } = self.clusters;
        let (width, most) = (packing.width, ranking.len() / visited.len().max(1));
        let Scratch { queries, block, scores, candidates, pairs } = tile;
        queries.resize(order.len() * width, 0.0);
        // A row that comes alone asks for no more than it needs.
        candidates.resize_with(candidates.len().max(order.len()), Candidates::default);
        pairs.clear();
        for (r, (&i, out)) in order.iter().zip(queries.chunks_exact_mut(width)).enumerate() {
            let i = i as usize;
            let length = packing.row(batch.points.get(first + i), out);
            let trusted = packing.query(length, out);
            let own = batch.own.and_then(|own| own.get(first + i)).copied().unwrap_or(u32::MAX);
            candidates[r].reset(k, own, length, trusted);
            let clusters = &ranking[i * most..][..visited[i] as usize];
            // Own clusters first: they lower the thresholds for the others.
            let later = |rank: usize| u64::from(rank > 0);
            pairs.extend(
                clusters.iter().enumerate().map(|(rank, &c)| later(rank) << 48 | u64::from(c) << 16 | r as u64),
            );
        }
        pairs.sort_unstable();
        for group in pairs.chunk_by(|a, b| a >> 16 == b >> 16) {
            let cluster = (group[0] >> 16) as u32 as usize;
            let rows = group.iter().map(|&pair| (pair & 0xffff) as usize);
            block.clear();
            rows.clone().for_each(|r| block.extend_from_slice(&queries[r * width..(r + 1) * width]));
            let members = self.clusters.members(cluster);
            for start in members.clone().step_by(POINT_TILE) {
                let end = members.end.min(start + POINT_TILE);
                let count = end - start;
                scores.resize(scores.len().max(count * group.len()), 0.0);
                let scores = &mut scores[..count * group.len()];
                matmul(
                    MatMut::from_column_major_slice_mut(&mut *scores, count, group.len()),
                    Accum::Replace,
                    MatRef::from_row_major_slice(&packed[start * width..end * width], count, width),
                    MatRef::from_column_major_slice(block, width, group.len()),
                    1.0f32,
                    Par::Seq,
                );
                for (r, scores) in rows.clone().zip(scores.chunks_exact(count)) {
                    let query = batch.points.get(first + order[r] as usize);
                    candidates[r].add(&self.clusters.indexed, query, k, packing.error, scores, start as u32);
                }
            }
        }
    }

    /// Computes the exact distances of all candidates of a tile, in the order of the candidates.
    fn measure(&self, batch: &Batch<'_, V>, first: usize, order: &[u32], k: usize, tile: &mut Scratch<V>) {
        let Scratch { candidates, pairs, .. } = tile;
        let (indexed, error) = (&self.clusters.indexed, self.clusters.packing.error);
        let query = |r: usize| batch.points.get(first + order[r] as usize);
        pairs.clear();
        for (r, candidates) in candidates.iter_mut().take(order.len()).enumerate() {
            candidates.hand_over(indexed, query(r), k, error, |point| pairs.push(u64::from(point) << 32 | r as u64));
        }
        pairs.sort_unstable();
        for &pair in pairs.iter() {
            let r = pair as u32 as usize;
            candidates[r].measure(indexed, query(r), (pair >> 32) as u32);
        }
    }
}
