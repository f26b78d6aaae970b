//! An index under any metric: a forest, neighbor lists that grow from it, and walks along them for new points.

use super::descent::Lists;
use super::params::NeighborDescent;
use super::pivot_tree::PivotTree;
use super::samples::Samples;
use super::walk::{Lent, Walks};
use crate::neighbors::checked::Checked;
use crate::neighbors::general::distances::Distances;
use crate::neighbors::general::grouped::Grouped;
use crate::neighbors::general::scan::all_pairs;
use crate::neighbors::progress::{Counter, quiet};
use crate::neighbors::request::{Stored, numbers, stored_room};
use crate::neighbors::wanted::Wanted;
use crate::ordered;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use tsne_core::{Array, Context, KnnGraph, NeighborIndex, Points, Result, Scalar};

/// Neighbors of each point in the graph along which new points are searched for; as many again may point at it.
const GRAPH_NEIGHBORS: usize = 24;
/// Shorter lists have too few ways to neighbors of neighbors: under Chebyshev distances in 100 columns lists of 5 recalled
/// 0.85 of the neighbors (ten clusters of 120 points).
const LEAST_NEIGHBORS: usize = 24;
/// With more than one neighbor in this many points all pairs are no slower.
const LARGE_PART: usize = 8;
/// Rows in one task.
const BLOCK: usize = 64;
const STAGE_GRAPH: u64 = 0x61_7070_0301;

/// The index.
pub(in crate::neighbors) struct GraphIndex<'a, T> {
    space: Grouped<'a, T>,
    params: NeighborDescent,
    seed: u64,
    forest: OnceLock<Vec<PivotTree<T>>>,
    graph: OnceLock<Samples>,
    walks: Walks<T>,
}

impl<'a, T: Scalar> GraphIndex<'a, T> {
    pub(in crate::neighbors) fn new(checked: &Checked<'a, T>, params: NeighborDescent, seed: u64) -> Result<Self> {
        let space = Grouped::new(checked)?;
        Ok(Self { space, params, seed, forest: OnceLock::new(), graph: OnceLock::new(), walks: Walks::new() })
    }

    /// The forest, grown when first asked. Not inside a lock: a thread that waits for its own tasks may run a task of
    /// somebody who waits for the lock.
    fn forest(&self, distances: &dyn Distances<T>, cx: Context<'_>) -> Result<&[PivotTree<T>]> {
        if let Some(forest) = self.forest.get() {
            return Ok(forest);
        }
        let forest = (0..self.params.trees.max(1))
            .map(|t| PivotTree::new(distances, self.params.leaf_size, self.seed, t as u64, cx))
            .collect::<Result<Vec<_>>>()?;
        Ok(self.forest.get_or_init(|| forest))
    }

    /// The graph for new points; it does not depend on what was asked before.
    fn graph(&self, cx: Context<'_>) -> Result<&Samples> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph);
        }
        let distances = self.space.own();
        let n = distances.n_points();
        let quiet = quiet(cx);
        let k = GRAPH_NEIGHBORS.min(n - 1);
        let forest = self.forest(&*distances, quiet)?;
        let lists = Lists::new(&*distances, forest, k, &self.params, self.seed, quiet)?;
        let graph = Samples::new(&lists.indices, n, k, self.seed ^ STAGE_GRAPH)?;
        Ok(self.graph.get_or_init(|| graph))
    }

    /// Neighbors of each wanted group among the others.
    fn search_own(
        &self,
        distances: &dyn Distances<T>,
        wanted: &Wanted,
        k: usize,
        cx: Context<'_>,
    ) -> Result<Stored<T>> {
        let n = distances.n_points();
        if is_large_part(k, n) {
            return all_pairs(distances, wanted, &numbers(n)?, true, k, cx);
        }
        let forest = self.forest(distances, cx)?;
        let width = k.max(LEAST_NEIGHBORS).min(n - 1);
        let mut lists = Lists::new(distances, forest, width, &self.params, self.seed, cx)?;
        // The lists of all groups are everywhere: each round reads those of any.
        pick(&mut lists.indices, width, wanted, k);
        pick(&mut lists.distances, width, wanted, k);
        Ok((lists.indices, lists.distances))
    }

    /// Neighbors of new points among the groups.
    fn search_new(&self, distances: &dyn Distances<T>, k: usize, cx: Context<'_>) -> Result<Stored<T>> {
        let (m, n) = (distances.n_rows(), distances.n_points());
        if is_large_part(k, n) {
            return all_pairs(distances, &Wanted::all(m), &numbers(n)?, false, k, cx);
        }
        let forest = self.forest(&*self.space.own(), cx)?;
        let graph = self.graph(cx)?;
        let (mut indices, mut lengths) = stored_room::<T>(m, k, cx)?;
        let counter = Counter::new(m, cx);
        ordered::try_for_each2(
            (&mut indices, BLOCK * k),
            (&mut lengths, BLOCK * k),
            || self.walks.lend(),
            |Lent { walk, .. }, b, indices, lengths| {
                cx.check()?;
                for (r, (indices, lengths)) in indices.chunks_exact_mut(k).zip(lengths.chunks_exact_mut(k)).enumerate()
                {
                    walk.run(distances, forest, graph, (b * BLOCK + r, n), k)?;
                    for ((index, length), &(d, j, _)) in indices.iter_mut().zip(lengths).zip(walk.found()) {
                        (*index, *length) = (j, d);
                    }
                }
                counter.add(indices.len() / k);
                Ok(())
            },
        )?;
        Ok((indices, lengths))
    }
}

fn is_large_part(k: usize, n: usize) -> bool {
    k.saturating_mul(LARGE_PART) > n
}

impl<T: Scalar> NeighborIndex<T> for GraphIndex<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.space.shape()
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.space.knn_graph(k, cx, |distances, wanted, k| self.search_own(distances, wanted, k, cx))
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.space.knn(queries, k, cx, |distances, k| self.search_new(distances, k, cx))
    }
}

/// Keeps the first `k` of the `width` items of each wanted row.
fn pick<A: Copy>(rows: &mut Array<A>, width: usize, wanted: &Wanted, k: usize) {
    let n = wanted.len();
    if width == k && rows.len() == n * k {
        return;
    }
    // Rows ascend, so that none is written before it is read.
    for place in 0..n {
        let start = wanted.at(place) * width;
        rows.copy_within(start..start + k, place * k);
    }
    rows.truncate(n * k);
    rows.shrink_to_fit();
}
