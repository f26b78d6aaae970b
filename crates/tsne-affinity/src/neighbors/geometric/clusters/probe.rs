//! The search itself: each row is compared with the clusters whose centroids are nearest to it.

use super::partition::Clusters;
use super::reach::Reach;
use super::shard::Shard;
use crate::neighbors::geometric::candidates::Candidates;
use crate::neighbors::geometric::indexed::PointSet;
use crate::neighbors::geometric::packed::TILE as POINT_TILE;
use crate::neighbors::nearest::{merged, sort};
use crate::neighbors::progress::Counter;
use crate::ordered;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::borrow::Cow;
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
/// The name of what is made here in errors.
const VISITS: &str = "clusters to visit";
/// The name of what is made for the rows of one task.
const TASK: &str = "rows of a task";

/// Rows to search for.
pub(super) struct Batch<'b, V> {
    pub(super) points: &'b PointSet<'b, V>,
    /// Those of the points.
    pub(super) rows: Range<usize>,
    pub(super) own: Own<'b>,
    /// What each position is called in the results, where that is not the position.
    pub(super) names: Option<&'b [u32]>,
}

/// The position of each row, to be left out, where rows are points of the index.
#[derive(Clone, Copy)]
pub(super) enum Own<'b> {
    /// Rows are other points.
    None,
    /// Consecutive ones.
    From(usize),
    List(&'b [u32]),
}

impl Own<'_> {
    /// The position of a row; that of none, where it has none.
    pub(super) fn of(&self, row: usize) -> u32 {
        match self {
            Self::None => u32::MAX,
            Self::From(first) => (first + row) as u32,
            Self::List(positions) => positions.get(row).copied().unwrap_or(u32::MAX),
        }
    }
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

/// Which clusters some rows visit: what is known of them whatever they are compared with.
pub(super) struct Visits {
    order: Vec<u32>,
    /// Where the clusters of each row start, and their number last.
    starts: Vec<usize>,
    /// The clusters of each row, nearest first.
    clusters: Vec<u32>,
}

/// What one thread keeps between tiles.
#[derive(Default)]
struct Scratch<V> {
    /// The rows of the tile that visit a cluster of the shard. What follows is of these, in their order.
    active: Vec<u32>,
    queries: Vec<f32>,
    candidates: Vec<Candidates<V>>,
    block: Vec<f32>,
    scores: Vec<f32>,
    pairs: Vec<u64>,
    nearest: Vec<(V, u32)>,
}

/// A row of a tile: where its neighbors go, and how many have been found.
type Row<'r, 't, V> = (&'r mut Target<'t, V>, &'r mut u32);

/// A search over clustered points: those of one shard.
pub(super) struct Probe<'c, V: Scalar> {
    clusters: &'c Clusters<V>,
    shard: &'c Shard<V>,
    /// The rows of the shard as the matrix products see them.
    packed: Cow<'c, [f32]>,
}

/// Consecutive rows whose visits are known at a time: of the same number, as the last would keep few threads busy.
pub(super) fn batches<V: Scalar>(clusters: &Clusters<V>, reach: Reach, rows: &Range<usize>) -> Vec<Range<usize>> {
    let most = reach.most.min(clusters.len()).get();
    let n = rows.len();
    let each = n.div_ceil(n.div_ceil((RANKS / most).clamp(TILE, BATCH)).max(1)).max(1);
    let starts = rows.clone().step_by(each);
    starts.map(|start| start..rows.end.min(start + each)).collect()
}

impl Visits {
    /// Those of rows of a batch, as `reach` says.
    pub(super) fn new<V: Scalar>(
        clusters: &Clusters<V>,
        points: &PointSet<'_, V>,
        rows: &Range<usize>,
        reach: Reach,
        cx: Context<'_>,
    ) -> Result<Self> {
        let most = reach.most.min(clusters.len());
        let seen = clusters.seen_part(points, rows)?;
        let (ranking, lengths) = clusters.centroids.nearest(&seen, most.get(), cx)?;
        drop(seen);
        Self::of_ranking(clusters, (&ranking, &lengths), most, reach)
    }

    /// Those of rows whose `most` nearest clusters are ranked, with their distances.
    pub(super) fn of_ranking<V: Scalar>(
        clusters: &Clusters<V>,
        (ranking, lengths): (&[u32], &[V]),
        most: NonZeroUsize,
        reach: Reach,
    ) -> Result<Self> {
        let rows = ranking.len() / most;
        let nearest = || (0u32..).zip(ranking.chunks_exact(most.get())).map(|(i, ranking)| (ranking[0] as usize, i));
        let (_, order) = Buckets::new(clusters.len().get(), nearest)?.into_parts();
        let mut starts = memory::filled(VISITS, rows + 1, 0usize)?;
        for (i, lengths) in lengths.chunks_exact(most.get()).enumerate() {
            starts[i + 1] = starts[i] + reach.visited(lengths);
        }
        let mut visited = Vec::new();
        memory::reserve(VISITS, &mut visited, starts[rows])?;
        for (i, ranking) in ranking.chunks_exact(most.get()).enumerate() {
            visited.extend_from_slice(&ranking[..starts[i + 1] - starts[i]]);
        }
        Ok(Self { order, starts, clusters: visited })
    }

    /// The rows, from the first of them on: those of one cluster together, as they visit mostly the same clusters and together fill the
    /// matrix products.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The clusters of row `i` of these rows, nearest first.
    pub(super) fn of(&self, i: u32) -> &[u32] {
        &self.clusters[self.starts[i as usize]..self.starts[i as usize + 1]]
    }
}

impl<'c, V: Scalar> Probe<'c, V> {
    pub(super) fn new(clusters: &'c Clusters<V>, shard: &'c Shard<V>, cx: Context<'_>) -> Result<Self> {
        Ok(Self { clusters, shard, packed: shard.packed(clusters, cx)? })
    }

    /// Finds the `k` nearest positions among those of the shard that the rows visit and those that have been found before, and
    /// writes them to the row's target, ascending by (distance, position); the number of those of each row is in `found`. The last
    /// time, names stand in the place of positions, ascending by (distance, name). What is found of a row does not depend on the
    /// other rows, nor on the shards that the points are cut into. The rows are those of `order` among `rows`, whose visits are known; their targets are returned, in this order.
    pub(super) fn search<'t>(
        &self,
        batch: &Batch<'_, V>,
        (rows, visits, order): (&Range<usize>, &Visits, &[u32]),
        (k, last): (usize, bool),
        mut target: impl FnMut(usize) -> Target<'t, V>,
        (found, counter): (&mut [u32], &Counter<'_>),
        cx: Context<'_>,
    ) -> Result<Vec<Target<'t, V>>>
    where
        V: 't,
    {
        let targets = order.iter().map(|&i| target(rows.start + i as usize));
        let mut targets: Vec<Target<'t, V>> = memory::collected("rows of a batch", targets)?;
        let known = order.iter().map(|&i| found[i as usize]);
        let mut known = memory::collected("numbers of neighbors", known)?;
        // Few rows, as those of the calibration, in smaller tasks, for many threads.
        let room = ROOM / (k + self.clusters.packing.width);
        let each = (order.len() / 64).clamp(64, TILE).min(room.max(1));
        ordered::try_for_each2(
            (&mut targets, each),
            (&mut known, each),
            Scratch::default,
            |tile, t, targets, known| {
                cx.check()?;
                let order = &order[t * each..][..known.len()];
                self.tile(batch, (rows.start, order), visits, (k, last), targets.iter_mut().zip(known), tile)?;
                if last {
                    counter.add(order.len());
                }
                Ok(())
            },
        )?;
        order.iter().zip(known).for_each(|(&i, known)| found[i as usize] = known);
        Ok(targets)
    }

    /// Searches for the rows of a tile, which are numbered from the first row of the batch.
    fn tile<'r, 't: 'r>(
        &self,
        batch: &Batch<'_, V>,
        (first, order): (usize, &[u32]),
        visits: &Visits,
        (k, last): (usize, bool),
        rows: impl ExactSizeIterator<Item = Row<'r, 't, V>>,
        tile: &mut Scratch<V>,
    ) -> Result<()> {
        let mut rows = memory::collected(TASK, rows)?;
        self.compare(batch, (first, order), visits, k, &rows, tile)?;
        if batch.points.rows.d() >= WIDE {
            self.measure(batch, (first, order), k, tile)?;
        }
        let (indexed, error) = (&self.shard.indexed, self.clusters.packing.error);
        let Scratch { active, candidates, nearest, .. } = tile;
        let mut active = active.iter().zip(candidates).peekable();
        for (r, (target, found)) in rows.iter_mut().enumerate() {
            let of_shard = match active.next_if(|(active, _)| **active as usize == r) {
                Some((_, candidates)) => {
                    let query = batch.points.get(first + order[r] as usize);
                    &*candidates.finish(indexed, query, k, error)?
                }
                None => &[],
            };
            if of_shard.is_empty() && !last {
                continue;
            }
            let before = target.distances.iter().zip(target.indices.iter()).take(**found as usize);
            let of_shard = of_shard.iter().map(|&(d, p)| (d, self.shard.positions.of_row(p as usize) as u32));
            nearest.clear();
            memory::reserve(TASK, nearest, k.min(**found as usize + of_shard.len()))?;
            nearest.extend(merged(before.map(|(&d, &p)| (d, p)), of_shard).take(k));
            **found = nearest.len() as u32;
            if let Some(names) = batch.names.filter(|_| last) {
                nearest.iter_mut().for_each(|(_, p)| *p = names[*p as usize]);
                // Ties have another order now.
                sort(nearest);
            }
            let slots = target.indices.iter_mut().zip(target.distances.iter_mut());
            for ((index, distance), &(d, p)) in slots.zip(&*nearest) {
                (*index, *distance) = (p, d);
            }
        }
        Ok(())
    }

    /// Compares the rows of a tile with those of their clusters that are in the shard.
    fn compare(
        &self,
        batch: &Batch<'_, V>,
        (first, order): (usize, &[u32]),
        visits: &Visits,
        k: usize,
        rows: &[Row<'_, '_, V>],
        tile: &mut Scratch<V>,
    ) -> Result<()> {
        let Clusters { packing, .. } = self.clusters;
        let Shard { positions, indexed, .. } = self.shard;
        let width = packing.width;
        let Scratch { active, queries, block, scores, candidates, pairs, .. } = tile;
        active.clear();
        memory::reserve(TASK, active, order.len())?;
        pairs.clear();
        for (r, &i) in (0u32..).zip(order) {
            let before = pairs.len();
            // Own clusters first: they lower the thresholds for the others.
            let later = |rank: usize| u64::from(rank > 0);
            let here = visits.of(i).iter().enumerate().filter(|&(_, &c)| !self.members(c as usize).is_empty());
            let place = active.len() as u64;
            memory::grow(TASK, pairs, visits.of(i).len())?;
            pairs.extend(here.map(|(rank, &c)| later(rank) << 48 | u64::from(c) << 16 | place));
            if pairs.len() > before {
                active.push(r);
            }
        }
        memory::resize(TASK, queries, active.len() * width, 0.0)?;
        // A row that comes alone asks for no more than it needs.
        let more = active.len().saturating_sub(candidates.len());
        memory::reserve(TASK, candidates, more)?;
        candidates.resize_with(candidates.len() + more, Candidates::default);
        for ((&r, out), candidates) in active.iter().zip(queries.chunks_exact_mut(width)).zip(&mut *candidates) {
            let i = first + order[r as usize] as usize;
            let length = packing.row(batch.points.get(i), out);
            let trusted = packing.query(length, out);
            // Of another shard, it is none of the points of this one.
            let own = positions.row(batch.own.of(i) as usize).map_or(u32::MAX, |own| own as u32);
            candidates.reset(k, own, length, trusted)?;
            let (target, found) = &rows[r as usize];
            if **found as usize == k
                && let Some(&kth) = target.distances.last()
            {
                candidates.known(indexed, packing.error, kth);
            }
        }
        pairs.sort_unstable();
        for group in pairs.chunk_by(|a, b| a >> 16 == b >> 16) {
            let cluster = (group[0] >> 16) as u32 as usize;
            let rows = group.iter().map(|&pair| (pair & 0xffff) as usize);
            block.clear();
            memory::reserve(TASK, block, group.len() * width)?;
            rows.clone().for_each(|a| block.extend_from_slice(&queries[a * width..(a + 1) * width]));
            let members = self.members(cluster);
            for start in members.clone().step_by(POINT_TILE) {
                let end = members.end.min(start + POINT_TILE);
                let count = end - start;
                let length = scores.len().max(count * group.len());
                memory::resize(TASK, scores, length, 0.0)?;
                let scores = &mut scores[..count * group.len()];
                matmul(
                    MatMut::from_column_major_slice_mut(&mut *scores, count, group.len()),
                    Accum::Replace,
                    MatRef::from_row_major_slice(&self.packed[start * width..end * width], count, width),
                    MatRef::from_column_major_slice(block, width, group.len()),
                    1.0f32,
                    Par::Seq,
                );
                for (a, scores) in rows.clone().zip(scores.chunks_exact(count)) {
                    let query = batch.points.get(first + order[active[a] as usize] as usize);
                    candidates[a].add(indexed, query, k, packing.error, scores, start as u32)?;
                }
            }
        }
        Ok(())
    }

    /// The points of cluster `c` that are in the shard, numbered as there.
    fn members(&self, c: usize) -> Range<usize> {
        self.shard.positions.rows(&self.clusters.members(c))
    }

    /// Computes the exact distances of all candidates of a tile, in the order of the candidates.
    fn measure(
        &self,
        batch: &Batch<'_, V>,
        (first, order): (usize, &[u32]),
        k: usize,
        tile: &mut Scratch<V>,
    ) -> Result<()> {
        let Scratch { active, candidates, pairs, .. } = tile;
        let (indexed, error) = (&self.shard.indexed, self.clusters.packing.error);
        let query = |a: usize| batch.points.get(first + order[active[a] as usize] as usize);
        pairs.clear();
        for (a, candidates) in candidates.iter_mut().take(active.len()).enumerate() {
            let points = candidates.hand_over(indexed, query(a), k, error)?;
            memory::grow(TASK, pairs, points.len())?;
            pairs.extend(points.map(|point| u64::from(point) << 32 | a as u64));
        }
        pairs.sort_unstable();
        for &pair in pairs.iter() {
            let a = pair as u32 as usize;
            candidates[a].measure(indexed, query(a), (pair >> 32) as u32)?;
        }
        Ok(())
    }
}
