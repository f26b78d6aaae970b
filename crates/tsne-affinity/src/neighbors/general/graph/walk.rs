//! The search for a new point: a best-first walk along a graph of neighbors.

use super::pivot_tree::PivotTree;
use super::samples::Samples;
use crate::neighbors::general::distances::{Distances, check};
use crate::neighbors::request::numbers;
use std::mem;
use std::sync::{Mutex, PoisonError};
use tsne_core::{Result, Scalar, memory};

/// Best points that a walk keeps, for each neighbor asked for, and at least.
const POOL: usize = 2;
const POOL_LEAST: usize = 64;

/// What a walk keeps, in errors.
const WALK: &str = "a walk among the points";

/// Walks that nobody is on, kept between calls: each has a number for each point, which one new point is not to pay for. As many as
/// there were rows at a time.
pub(super) struct Walks<T>(Mutex<Vec<Walk<T>>>);

/// A walk that comes back when it is dropped.
pub(super) struct Lent<'w, T: Scalar> {
    pub(super) walk: Walk<T>,
    to: &'w Walks<T>,
}

impl<T: Scalar> Walks<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// A walk, always among the points of the same index.
    pub(super) fn lend(&self) -> Lent<'_, T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Lent { walk: kept.unwrap_or_else(Walk::new), to: self }
    }
}

impl<T: Scalar> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        let walk = mem::replace(&mut self.walk, Walk::new());
        self.to.0.lock().unwrap_or_else(PoisonError::into_inner).push(walk);
    }
}

/// A best-first walk along the graph, and its memory between rows.
pub(super) struct Walk<T> {
    /// The walk that saw each point last.
    seen: Vec<u32>,
    walk: u32,
    /// The best points, ascending by (distance, point), and whether their neighbors were looked at.
    pool: Vec<(T, u32, bool)>,
    points: Vec<u32>,
    distances: Vec<T>,
}

impl<T: Scalar> Walk<T> {
    const fn new() -> Self {
        Self { seen: Vec::new(), walk: 0, pool: Vec::new(), points: Vec::new(), distances: Vec::new() }
    }

    /// Walks among `n` points, from the leaves of a forest that row `row` belongs to, until no neighbor of the best points is better.
    pub(super) fn run(
        &mut self,
        distances: &dyn Distances<T>,
        forest: &[PivotTree<T>],
        graph: &Samples,
        (row, n): (usize, usize),
        k: usize,
    ) -> Result<()> {
        memory::resize(WALK, &mut self.seen, n, 0)?;
        if self.walk == u32::MAX {
            self.seen.fill(0);
            self.walk = 0;
        }
        self.walk += 1;
        self.pool.clear();
        // A walk that failed leaves what it had noted.
        self.points.clear();
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
            let all = numbers(n)?;
            memory::reserve(WALK, &mut self.points, n)?;
            self.look_at(&all);
            self.measure(distances, row, size)?;
        }
        Ok(())
    }

    /// The best points, ascending by (distance, point): at least as many as asked for.
    pub(super) fn found(&self) -> &[(T, u32, bool)] {
        &self.pool
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
        memory::resize(WALK, &mut self.distances, self.points.len(), T::ZERO)?;
        distances.measure(row, &self.points, &mut self.distances);
        check(distances, row, &self.points, &self.distances)?;
        memory::reserve(WALK, &mut self.pool, self.points.len())?;
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
