//! A graph with a weight for each of its edges.

use std::ops::Range;
use tsne_core::{Error, KnnGraph, Scalar};

/// A graph without its distances, which weights have replaced: a third of the memory of a graph and its weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edges<'a> {
    /// `n × k`, row-major.
    indices: &'a [u32],
    pub(super) k: usize,
    pub(super) n_reference: usize,
}

impl<'a> Edges<'a> {
    pub(crate) fn of<T: Scalar>(graph: &'a KnnGraph<T>) -> Self {
        Self { indices: graph.indices(), k: graph.k(), n_reference: graph.n_reference() }
    }

    /// Those of the parts of a graph.
    pub(crate) const fn of_parts(k: usize, n_reference: usize, indices: &'a [u32]) -> Self {
        Self { indices, k, n_reference }
    }

    pub(super) const fn n(&self) -> usize {
        self.indices.len() / self.k
    }

    /// The nearest `j` neighbors of a row.
    #[inline(always)]
    pub(super) fn row(&self, i: usize, j: usize) -> &'a [u32] {
        &self.indices[i * self.k..i * self.k + j]
    }
}

/// The nearest `j` neighbors of each row of a graph, and their weights. Rows have the numbers of their points.
pub(super) struct WeightedGraph<'a, T> {
    pub(super) edges: Edges<'a>,
    /// `j` of each row, row-major.
    pub(super) weights: &'a [T],
    pub(super) j: usize,
    /// The number of points.
    pub(super) n: usize,
    /// The points whose rows these are: all, or those of a member of a team.
    pub(super) rows: Range<usize>,
}

impl<'a, T: Scalar> WeightedGraph<'a, T> {
    #[inline(always)]
    pub(super) fn neighbors(&self, i: usize) -> &'a [u32] {
        self.edges.row(i - self.rows.start, self.j)
    }

    #[inline(always)]
    pub(super) fn weights(&self, i: usize) -> &'a [T] {
        let place = i - self.rows.start;
        &self.weights[place * self.j..(place + 1) * self.j]
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
