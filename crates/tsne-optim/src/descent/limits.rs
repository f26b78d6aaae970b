//! Lengths of gradients, and limits on them.

use std::ops::Range;
use tsne_core::{Context, Result, Scalar, blocks, chunks};

/// Added to the norm before dividing by it, as openTSNE does: gradients exactly at the limit are scaled as well.
const NORM_MARGIN: f64 = 1e-6;

/// Scales the gradients of single points down to a length.
pub(super) fn scale_down<T: Scalar, const D: usize>(gradient: &mut [[T; D]], max_norm: T) {
    let margin = T::from_f64(NORM_MARGIN);
    chunks::for_each_point(gradient, blocks::BLOCK, |_, block| {
        for g in block {
            let norm = g.iter().fold(T::ZERO, |sum, &v| sum + v * v).sqrt();
            let scale = max_norm / (norm + margin);
            if scale < T::ONE {
                for v in g {
                    *v *= scale;
                }
            }
        }
    });
}

/// The root of the sum of all squares.
pub(super) fn norm<T: Scalar, const D: usize>(
    (gradient, own): (&[[T; D]], Range<usize>),
    n: usize,
    partials: &mut Vec<f64>,
    cx: Context<'_>,
) -> Result<f64> {
    let squares = |points: Range<usize>| {
        let rows = points.start - own.start..points.end - own.start;
        gradient[rows].as_flattened().iter().map(|v| v.to_f64().powi(2)).sum()
    };
    Ok(cx.sum_blocks(partials, n, squares)?.sqrt())
}
