//! Rows of weights in the order of their columns.

use super::weighted::Edges;
use crate::ordered;
use tsne_core::{Array, Context, Result, Scalar, blocks};

/// Brings the weights of each row into the order of their columns, which are returned.
pub(crate) fn sort_rows<T: Scalar>(
    edges: Edges<'_>,
    weights: &mut [T],
    j: usize,
    cx: Context<'_>,
) -> Result<Array<u32>> {
    let mut columns = cx.zeros("columns", weights.len())?;
    let length = j.saturating_mul(blocks::BLOCK);
    ordered::try_for_each2((&mut columns, length), (weights, length), Vec::new, |pairs, b, columns, weights| {
        cx.check()?;
        let rows = columns.chunks_exact_mut(j).zip(weights.chunks_exact_mut(j)).enumerate();
        for (r, (columns, weights)) in rows {
            let neighbors = edges.row(b * blocks::BLOCK + r, j);
            pairs.clear();
            pairs.extend(neighbors.iter().copied().zip(weights.iter().copied()));
            pairs.sort_unstable_by_key(|&(column, _)| column);
            for ((column, weight), &pair) in columns.iter_mut().zip(weights).zip(pairs.iter()) {
                (*column, *weight) = pair;
            }
        }
        Ok(())
    })?;
    Ok(columns)
}
