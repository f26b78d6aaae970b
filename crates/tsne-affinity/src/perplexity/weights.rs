//! The weights of each row's neighbors, many rows at once.

use super::calibration::{Calibration, Workspace};
use crate::ordered;
use tsne_core::{Array, Context, KnnGraph, Result, Scalar, instances, simd};

/// Rows in one task.
const BLOCK: usize = 256;

/// How the Gaussians of a row are chosen and joined.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gaussians<'a> {
    /// One of each perplexity; their densities are added.
    Mixture(&'a [f64]),
    /// One of each perplexity; each is normalized to sum 1 before they are averaged.
    Mean(&'a [f64]),
    /// One with this standard deviation.
    Sigma(f64),
}

instances! {
    /// The weights of the nearest `k` neighbors of each row, each row with sum 1, row-major.
    pub(crate) fn row_weights[RowWeights]<'a, 'b, T>(
        graph: &'b KnnGraph<T>,
        k: usize,
        gaussians: Gaussians<'b>,
        cx: Context<'b>,
    ) -> Result<Array<T>> = weights_of_rows
}

fn weights_of_rows<T: Scalar>(
    graph: &KnnGraph<T>,
    k: usize,
    gaussians: Gaussians<'_>,
    cx: Context<'_>,
) -> Result<Array<T>> {
    let mut weights = cx.zeros("weights of neighbors", graph.n().saturating_mul(k))?;
    let distances = graph.distances();
    ordered::try_for_each((&mut weights, k.saturating_mul(BLOCK)), Scratch::default, |scratch, b, weights| {
        cx.check()?;
        let distances = &distances[b * BLOCK * graph.k()..];
        simd::dispatch(Block { scratch, distances, stride: graph.k(), k, gaussians, weights });
        Ok(())
    })?;
    Ok(weights)
}

#[derive(Default)]
struct Scratch {
    workspace: Workspace,
    scales: Vec<Calibration>,
    /// One row of one scale, and the sum over scales.
    row: Vec<f64>,
    total: Vec<f64>,
}

struct Block<'b, T> {
    scratch: &'b mut Scratch,
    distances: &'b [T],
    stride: usize,
    k: usize,
    gaussians: Gaussians<'b>,
    weights: &'b mut [T],
}

impl<T: Scalar> simd::Task for Block<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { scratch: Scratch { workspace, scales, row, total }, distances, stride, k, gaussians, weights } =
            self;
        for (distances, weights) in distances.chunks_exact(stride).zip(weights.chunks_exact_mut(k)) {
            scales.clear();
            match gaussians {
                Gaussians::Mixture(perplexities) | Gaussians::Mean(perplexities) => {
                    workspace.prepare(&distances[..k]);
                    for &perplexity in perplexities {
                        scales.push(workspace.solve(perplexity));
                    }
                }
                Gaussians::Sigma(sigma) => scales.push(workspace.with_sigma(&distances[..k], sigma)),
            }
            if !matches!(gaussians, Gaussians::Mean(_)) {
                workspace.write(scales, weights);
                continue;
            }
            row.resize(k, 0.0);
            total.clear();
            total.resize(k, 0.0);
            for scale in scales.chunks(1) {
                workspace.write(scale, row);
                for (total, w) in total.iter_mut().zip(row.iter()) {
                    *total += w;
                }
            }
            let count = scales.len() as f64;
            for (out, total) in weights.iter_mut().zip(total.iter()) {
                *out = T::from_f64(total / count);
            }
        }
    }
}
