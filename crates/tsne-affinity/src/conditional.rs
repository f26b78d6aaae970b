//! Rows of weights as a matrix, as they are: nothing is joined with the opposite direction.

use rayon::prelude::*;
use tsne_core::{Affinities, AffinityKind, Context, Error, KnnGraph, Result, Scalar, blocks};

/// Conditional affinities of the weights of each row's nearest `j` neighbors, each row with sum 1.
pub(crate) fn conditional<T: Scalar>(
    graph: &KnnGraph<T>,
    mut weights: Vec<T>,
    j: usize,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let columns = sort_rows(graph, &mut weights, j, cx)?;
    let row_pointers = (0..=graph.n()).map(|i| i * j).collect();
    Affinities::from_parts(row_pointers, columns, weights, graph.n_reference(), AffinityKind::Conditional)
}

/// Brings the weights of each row into the order of their columns, which are returned.
pub(crate) fn sort_rows<T: Scalar>(
    graph: &KnnGraph<T>,
    weights: &mut [T],
    j: usize,
    cx: Context<'_>,
) -> Result<Vec<u32>> {
    let mut columns = vec![0u32; weights.len()];
    let length = j * blocks::BLOCK;
    let rows = columns.par_chunks_mut(length).zip(weights.par_chunks_mut(length)).enumerate();
    rows.try_for_each_init(Vec::new, |pairs, (b, (columns, weights))| {
        cx.check()?;
        let rows = columns.chunks_exact_mut(j).zip(weights.chunks_exact_mut(j)).enumerate();
        for (r, (columns, weights)) in rows {
            let (neighbors, _) = graph.row(b * blocks::BLOCK + r);
            pairs.clear();
            pairs.extend(neighbors.iter().copied().zip(weights.iter().copied()));
            pairs.sort_unstable_by_key(|&(column, _)| column);
            for ((column, weight), &pair) in columns.iter_mut().zip(weights).zip(pairs.iter()) {
                (*column, *weight) = pair;
            }
        }
        Ok::<(), Error>(())
    })?;
    Ok(columns)
}
