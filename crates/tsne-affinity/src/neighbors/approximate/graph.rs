//! An index under any metric: a forest, neighbor lists that grow from it, and walks along them for new points.

use super::NeighborDescent;
use super::descent::Lists;
use super::samples::Samples;
use super::trees::Tree;
use crate::neighbors::grouped::{Found, Grouped};
use crate::neighbors::index::{Counter, room};
use crate::neighbors::scan::all_pairs;
use crate::neighbors::space::{Distances, check};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use tsne_core::{Context, KnnGraph, NeighborIndex, Points, Result, Scalar};

/// Neighbors of each point in the graph along which new points are searched for; as many again may point at it.
const GRAPH_NEIGHBORS: usize = 24;
/// Shorter lists have too few ways to neighbors of neighbors: under Chebyshev distances in 100 columns lists of 5 recalled
/// 0.85 of the neighbors (ten clusters of 120 points).
const LEAST_NEIGHBORS: usize = 24;
/// Best points that a walk keeps, for each neighbor asked for, and at least.
const POOL: usize = 2;
const POOL_LEAST: usize = 64;
/// With more than one neighbor in this many points all pairs are no slower.
const LARGE_PART: usize = 8;
/// Rows in one task.
const BLOCK: usize = 64;
const STAGE_GRAPH: u64 = 0x61_7070_0301;

/// The index.
pub(super) struct GraphIndex<'a, T> {
    space: Grouped<'a, T>,
    settings: NeighborDescent,
    seed: u64,
    forest: OnceLock<Vec<Tree<T>>>,
    graph: OnceLock<Samples>,
}

impl<'a, T: Scalar> GraphIndex<'a, T> {
    pub(super) fn new(space: Grouped<'a, T>, settings: NeighborDescent, seed: u64) -> Self {
        Self { space, settings, seed, forest: OnceLock::new(), graph: OnceLock::new() }
    }

    /// The forest, grown when first asked. Not inside a lock: a thread that waits for its own tasks may run a task of
    /// somebody who waits for the lock.
    fn forest(&self, distances: &dyn Distances<T>, cx: Context<'_>) -> Result<&[Tree<T>]> {
        if let Some(forest) = self.forest.get() {
            return Ok(forest);
        }
        let forest = (0..self.settings.trees.max(1))
            .map(|t| Tree::new(distances, self.settings.leaf_size, self.seed, t as u64, cx))
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
        let quiet = cx.cancel_token().map_or(Context::new(), |token| Context::new().with_cancel(token));
        let k = GRAPH_NEIGHBORS.min(n - 1);
        let forest = self.forest(&*distances, quiet)?;
        let lists = Lists::new(&*distances, forest, k, &self.settings, self.seed, quiet)?;
        let graph = Samples::new(&lists.indices, n, k, self.seed ^ STAGE_GRAPH);
        Ok(self.graph.get_or_init(|| graph))
    }

    /// Neighbors of each group among the others.
    fn search_own(&self, distances: &dyn Distances<T>, k: usize, cx: Context<'_>) -> Result<Found<T>> {
        let n = distances.n_points();
        if is_large_part(k, n) {
            return all_pairs(distances, &all(n), true, k, cx);
        }
        let forest = self.forest(distances, cx)?;
        let width = k.max(LEAST_NEIGHBORS).min(n - 1);
        let mut lists = Lists::new(distances, forest, width, &self.settings, self.seed, cx)?;
        truncate(&mut lists.indices, width, k);
        truncate(&mut lists.distances, width, k);
        Ok((lists.indices, lists.distances))
    }

    /// Neighbors of new points among the groups.
    fn search_new(&self, distances: &dyn Distances<T>, k: usize, cx: Context<'_>) -> Result<Found<T>> {
        let (m, n) = (distances.n_rows(), distances.n_points());
        if is_large_part(k, n) {
            return all_pairs(distances, &all(n), false, k, cx);
        }
        let forest = self.forest(&*self.space.own(), cx)?;
        let graph = self.graph(cx)?;
        let (mut indices, mut lengths) = room::<T>(m, k)?;
        let counter = Counter::new(m, cx);
        indices.par_chunks_mut(BLOCK * k).zip(lengths.par_chunks_mut(BLOCK * k)).enumerate().try_for_each_init(
            || Walk::new(n),
            |walk, (b, (indices, lengths))| {
                cx.check()?;
                for (r, (indices, lengths)) in indices.chunks_exact_mut(k).zip(lengths.chunks_exact_mut(k)).enumerate()
                {
                    walk.run(distances, forest, graph, b * BLOCK + r, k)?;
                    for ((index, length), &(d, j, _)) in indices.iter_mut().zip(lengths).zip(&walk.pool) {
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

fn all(n: usize) -> Vec<u32> {
    (0..n as u32).collect()
}

impl<T: Scalar> NeighborIndex<T> for GraphIndex<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.space.shape()
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.space.knn_graph(k, cx, |distances, k| self.search_own(distances, k, cx))
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.space.knn(queries, k, cx, |distances, k| self.search_new(distances, k, cx))
    }
}

/// Keeps the first `k` of the `width` items of each row.
fn truncate<A: Copy>(rows: &mut Vec<A>, width: usize, k: usize) {
    if width == k {
        return;
    }
    let n = rows.len() / width;
    for i in 0..n {
        rows.copy_within(i * width..i * width + k, i * k);
    }
    rows.truncate(n * k);
}

/// A best-first walk along the graph, and its memory between rows.
struct Walk<T> {
    /// The walk that saw each point last.
    seen: Vec<u32>,
    walk: u32,
    /// The best points, ascending by (distance, point), and whether their neighbors were looked at.
    pool: Vec<(T, u32, bool)>,
    points: Vec<u32>,
    distances: Vec<T>,
}

impl<T: Scalar> Walk<T> {
    fn new(n: usize) -> Self {
        Self { seen: vec![0; n], walk: 0, pool: Vec::new(), points: Vec::new(), distances: Vec::new() }
    }

    fn run(
        &mut self,
        distances: &dyn Distances<T>,
        forest: &[Tree<T>],
        graph: &Samples,
        row: usize,
        k: usize,
    ) -> Result<()> {
        if self.walk == u32::MAX {
            self.seen.fill(0);
            self.walk = 0;
        }
        self.walk += 1;
        self.pool.clear();
        let size = (POOL * k).max(POOL_LEAST);
        for tree in forest {
            self.look_at(tree.leaf(distances, row)?);
        }
        self.measure(distances, row, size)?;
        while let Some(next) = self.pool.iter_mut().find(|(_, _, done)| !done) {
            next.2 = true;
            let point = next.1;
            self.look_at(graph.of(point as usize));
            self.measure(distances, row, size)?;
        }
        if self.pool.len() < k {
            // The walk ended in a part of the graph with fewer points: the others are compared one by one.
            let all: Vec<u32> = (0..self.seen.len() as u32).collect();
            self.look_at(&all);
            self.measure(distances, row, size)?;
        }
        Ok(())
    }

    /// Notes those of `points` that are new.
    fn look_at(&mut self, points: &[u32]) {
        for &j in points {
            let seen = &mut self.seen[j as usize];
            if *seen != self.walk {
                *seen = self.walk;
                self.points.push(j);
            }
        }
    }

    /// Measures the noted points and keeps the best.
    fn measure(&mut self, distances: &dyn Distances<T>, row: usize, size: usize) -> Result<()> {
        self.distances.clear();
        self.distances.resize(self.points.len(), T::ZERO);
        distances.measure(row, &self.points, &mut self.distances);
        check(distances, row, &self.points, &self.distances)?;
        let last = if self.pool.len() < size { None } else { self.pool.last().map(|&(d, j, _)| (d, j)) };
        let better = self
            .distances
            .iter()
            .zip(&self.points)
            .filter(|&(d, j)| last.is_none_or(|(last, index)| d.total_cmp(&last).then(j.cmp(&index)).is_lt()));
        self.pool.extend(better.map(|(&d, &j)| (d, j, false)));
        self.pool.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.pool.truncate(size);
        self.points.clear();
        Ok(())
    }
}
