//! A graph with a weight for each of its edges.

use tsne_core::{Error, KnnGraph, Scalar};

/// The nearest `j` neighbors of each row of a graph, and their weights.
pub(super) struct WeightedGraph<'a, T> {
    pub(super) graph: &'a KnnGraph<T>,
    /// `n × j`, row-major.
    pub(super) weights: &'a [T],
    pub(super) j: usize,
    pub(super) n: usize,
}

impl<'a, T: Scalar> WeightedGraph<'a, T> {
    #[inline(always)]
    pub(super) fn neighbors(&self, i: usize) -> &'a [u32] {
        let start = i * self.graph.k();
        &self.graph.indices()[start..start + self.j]
    }

    #[inline(always)]
    pub(super) fn weights(&self, i: usize) -> &'a [T] {
        &self.weights[i * self.j..(i + 1) * self.j]
    }
}

/// The error of a row that names itself.
pub(super) fn own_point(i: usize) -> Error {
    Error::invalid("neighbor graph", format_args!("row {i} names its own point: leave it out"))
}

/// The error of a row that names a point twice.
pub(super) fn repeated(i: usize, column: u32) -> Error {
    Error::invalid("neighbor graph", format_args!("row {i} names point {column} twice"))
}
