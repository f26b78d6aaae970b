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
use std::ops::Range;
use tsne_core::buckets::Buckets;
use tsne_core::{Context, Result, Scalar, memory};

/// Rows in one task, at most: some two clusters of the own points at 70,000 points, so that the rows of a product are many. With twice
/// the 256 rows of before and [`WIDE`], together, 70,000 × 784 points take 4.27 s, not 4.65.
const TILE: usize = 512;
/// Rows whose nearest centroids are known at a time, at most: some tasks for each of sixteen threads.
const BATCH: usize = 128 * TILE;
/// Ranks of clusters that are known at a time, unless the rows of one task have more: 64 MiB with their distances in `f32`, of
/// 65,536 rows a hundred each.
const RANKS: usize = 1 << 23;
/// Candidates and columns that the rows of one task have, unless one row has more: 40 MB or so.
const ROOM: usize = 1 << 21;
/// Columns from which on the rows of a tile measure their candidates together, candidate by candidate: they share most of
/// them, and a wide row is long under way from memory, while the rows of the tile are near.
const WIDE: usize = 128;

/// Rows to search for.
pub(super) struct Batch<'b, V> {
    pub(super) points: &'b PointSet<'b, V>,
    /// Those of the points.
    pub(super) rows: Range<usize>,
    /// The position of each row, to be left out, where rows are points of the index.
    pub(super) own: Option<&'b [u32]>,
    /// What each position is called in the results, where that is not the position.
    pub(super) names: Option<&'b [u32]>,
}

/// Where the neighbors of one row go.
pub(super) struct Target<'t, V> {
    pub(super) indices: &'t mut [u32],
    pub(super) distances: &'t mut [V],
}

impl<V> Default for Target<'_, V> {
    /// Nowhere.
    fn default() -> Self {
        Self { indices: &mut [], distances: &mut [] }
    }
}

/// The targets of rows of `k` neighbors.
pub(super) fn targets<'t, V>(
    k: usize,
    indices: &'t mut [u32],
    distances: &'t mut [V],
) -> impl ExactSizeIterator<Item = Target<'t, V>> {
    let rows = indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
    rows.map(|(indices, distances)| Target { indices, distances })
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

    /// Finds the `k` nearest positions among those in the clusters of each row that `reach` says and writes them to the row's
    /// target, names and distances ascending by (distance, name); returns how many were found of each row. What is found of a row
    /// does not depend on the other rows.
    pub(super) fn search<'t>(
        &self,
        batch: &Batch<'_, V>,
        reach: Reach,
        k: usize,
        mut target: impl FnMut(usize) -> Target<'t, V>,
        counter: &Counter<'_>,
        cx: Context<'_>,
    ) -> Result<Vec<u32>>
    where
        V: 't,
    {
        let n = batch.rows.len();
        let most = reach.most.min(self.clusters.len()).get();
        let mut all_found = memory::filled("numbers of neighbors", n, 0u32)?;
        // Batches of the same length: the last would keep few threads busy.
        let batches = n.div_ceil((RANKS / most).clamp(TILE, BATCH)).max(1);
        for start in (0..n).step_by(n.div_ceil(batches).max(1)) {
            let first = batch.rows.start + start;
            let count = n.div_ceil(batches).min(n - start);
            let rows = self.clusters.seen(batch.points, |r| first + r, count)?;
            let (ranking, lengths) = self.ranking(&rows, reach.most.min(self.clusters.len()), cx)?;
            drop(rows);
            let visited = lengths.chunks_exact(most).map(|lengths| reach.visited(lengths) as u32);
            let visited = memory::collected("clusters to visit", visited)?;
            drop(lengths);
            // Rows of one cluster probe mostly the same clusters: together they fill the matrix products.
            let nearest = || (0u32..).zip(ranking.chunks_exact(most)).map(|(i, ranking)| (ranking[0] as usize, i));
            let (_, order) = Buckets::new(self.clusters.len().get(), nearest)?.into_parts();
            let targets = order.iter().map(|&i| target(first + i as usize));
            let mut targets: Vec<Target<'t, V>> = memory::collected("rows of a batch", targets)?;
            let mut found = memory::filled("numbers of neighbors", count, 0u32)?;
            // Few rows, as those of the calibration, in smaller tasks, for many threads.
            let room = ROOM / (k + self.clusters.packing.width);
            let each = (count / 64).clamp(64, TILE).min(room.max(1));
            ordered::try_for_each2(
                (&mut targets, each),
                (&mut found, each),
                Scratch::default,
                |tile, t, targets, found| {
                    cx.check()?;
                    let order = &order[t * each..][..found.len()];
                    self.tile(batch, first, order, (&ranking, &visited), k, tile);
                    if batch.points.rows.d() >= WIDE {
                        self.measure(batch, first, order, k, tile);
                    }
                    for (r, (target, found)) in targets.iter_mut().zip(found).enumerate() {
                        let query = batch.points.get(first + order[r] as usize);
                        let error = self.clusters.packing.error;
                        let nearest = tile.candidates[r].finish(&self.clusters.indexed, query, k, error);
                        *found = nearest.len() as u32;
                        if let Some(names) = batch.names {
                            nearest.iter_mut().for_each(|(_, p)| *p = names[*p as usize]);
                            // Ties have another order now.
                            sort(nearest);
                        }
                        let slots = target.indices.iter_mut().zip(target.distances.iter_mut());
                        for ((index, distance), &(d, p)) in slots.zip(&*nearest) {
                            (*index, *distance) = (p, d);
                        }
                    }
                    counter.add(order.len());
                    Ok(())
                },
            )?;
            for (&i, found) in order.iter().zip(found) {
                all_found[start + i as usize] = found;
            }
        }
        Ok(all_found)
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
