//! The nearest neighbors of each point in the data, as a page keeps them.

use anyhow::Result;
use tsne::core::memory;
use tsne::{Affinities, KnnGraph, Scalar};

/// Up to `k` neighbors of each point in the data, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbors {
    n: usize,
    k: usize,
    /// The first neighbor of each point, then the second of each, and so on: a page reads them so.
    ranks: Vec<u32>,
}

impl Neighbors {
    /// What stands where a point has fewer neighbors than others.
    pub const NONE: u32 = u32::MAX;

    /// The nearest `k` of a graph, or all that it has.
    ///
    /// # Errors
    ///
    /// If they do not fit into memory.
    pub fn from_graph<T: Scalar>(graph: &KnnGraph<T>, k: usize) -> Result<Self> {
        let mut neighbors = Self::empty(graph.n(), k.min(graph.k()))?;
        for i in 0..graph.n() {
            neighbors.set(i, graph.row(i).0);
        }
        Ok(neighbors)
    }

    /// The `k` with which each point has the largest affinity; of equal ones the first.
    ///
    /// # Errors
    ///
    /// If they do not fit into memory.
    pub fn from_affinities<T: Scalar>(affinities: &Affinities<T>, k: usize) -> Result<Self> {
        let n = affinities.n();
        let mut neighbors = Self::empty(n, k.min(n.saturating_sub(1)))?;
        let mut row: Vec<(u32, f64)> = Vec::new();
        for i in 0..n {
            let (columns, weights) = affinities.row(i);
            row.clear();
            row.extend(columns.iter().zip(weights).map(|(&j, weight)| (j, weight.to_f64())));
            row.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let nearest: Vec<u32> = row.iter().take(k).map(|&(j, _)| j).collect();
            neighbors.set(i, &nearest);
        }
        Ok(neighbors)
    }

    /// The number of points.
    pub const fn n(&self) -> usize {
        self.n
    }

    /// The most neighbors that a point has.
    pub const fn k(&self) -> usize {
        self.k
    }

    /// The first neighbor of each point, then the second of each, and so on; [`Neighbors::NONE`] where there is none.
    pub fn ranks(&self) -> &[u32] {
        &self.ranks
    }

    fn empty(n: usize, k: usize) -> Result<Self> {
        let ranks = memory::filled("the neighbors of the page", n.saturating_mul(k), Self::NONE)?;
        Ok(Self { n, k, ranks })
    }

    fn set(&mut self, i: usize, nearest: &[u32]) {
        for (rank, &j) in nearest.iter().take(self.k).enumerate() {
            if let Some(place) = self.ranks.get_mut(rank * self.n + i) {
                *place = j;
            }
        }
    }
}
