//! Rows of weights as a matrix, as they are: nothing is joined with the opposite direction.

use crate::symmetrize::sort::sort_rows;
use crate::symmetrize::weighted::Edges;
use tsne_core::{Affinities, AffinityKind, Array, Context, KnnGraph, Result, Scalar, instances, memory};

instances! {
    /// Conditional affinities of the weights of each row's nearest `j` neighbors, each row with sum 1. They are of new points, and in
    /// memory.
    pub(super) fn conditional[Conditional]<'a, 'b, T>(
        graph: &'b KnnGraph<T>,
        weights: Array<T>,
        j: usize,
        cx: Context<'b>,
    ) -> Result<Affinities<T>> = of_rows
}

fn of_rows<T: Scalar>(graph: &KnnGraph<T>, weights: Array<T>, j: usize, cx: Context<'_>) -> Result<Affinities<T>> {
    let mut weights = weights.into_vec();
    let columns = sort_rows(Edges::of(graph), &mut weights, j, cx.without_scratch())?.into_vec();
    let mut row_pointers = Vec::new();
    memory::reserve("row pointers", &mut row_pointers, graph.n() + 1)?;
    row_pointers.extend((0..=graph.n()).map(|i| i * j));
    Affinities::from_parts(row_pointers, columns, weights, graph.n_reference(), AffinityKind::Conditional)
}
