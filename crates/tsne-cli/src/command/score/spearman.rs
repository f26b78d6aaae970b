//! The rank correlation of distances.

use super::Scored;
use crate::args::Sample;
use crate::command::run::warn;
use anyhow::Result;
use tsne::core::random;
use tsne::metrics::Comparison;
use tsne::{Float, Metric, Rows, Scalar};

/// Points whose distances are correlated, as in Kobak and Berens (2019).
const SAMPLE: usize = 1000;

/// The most points whose distances are correlated.
const MAX_SAMPLE: usize = 8192;

/// The stream of random numbers that draws the sample of a matrix of distances.
const SAMPLE_STREAM: u64 = 211;

/// How many of `n` points are correlated.
pub(super) fn sample(asked: Option<Sample>, n: usize) -> usize {
    let points = match asked {
        Some(Sample::Points(points)) => points,
        Some(Sample::All) => n,
        None => SAMPLE,
    };
    points.min(n).min(MAX_SAMPLE)
}

/// The rank correlation of distances; `None`, with a warning, where there is no order among them.
pub(super) fn spearman<T: Float, const D: usize>(
    scored: &Scored<'_, T>,
    y: &[[T; D]],
    sample: usize,
) -> Result<Option<f64>> {
    let seed = scored.args.call.seed;
    let points = scored.points.points()?;
    let correlation = match scored.metric {
        // Of a sample of points, a matrix of distances needs the columns as well.
        Metric::Precomputed => {
            let chosen = draw(y.len(), sample, seed);
            let values = sub_matrix(points.dense("a matrix of distances")?, &chosen);
            let x = Rows::new(&values, chosen.len(), chosen.len())?;
            let y: Vec<[T; D]> = chosen.iter().map(|&i| y[i]).collect();
            Comparison::new(x, &y)?.metric(&scored.metric).sample(chosen.len(), seed).spearman()
        }
        _ => Comparison::new(points, y)?.metric(&scored.metric).sample(sample, seed).spearman(),
    };
    match correlation {
        Ok(correlation) => Ok(Some(correlation)),
        Err(error @ (tsne::Error::Numerical { .. } | tsne::Error::TooFewPoints { .. })) => {
            warn(scored.args.call.quiet, &[error]);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// `count` of the points below `n`, ascending: those with the smallest hashes.
fn draw(n: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut points: Vec<usize> = (0..n).collect();
    points.sort_by_key(|&i| (random::element_seed(seed, SAMPLE_STREAM, i as u64), i));
    points.truncate(count);
    points.sort_unstable();
    points
}

/// The distances among some points.
fn sub_matrix<T: Scalar>(distances: Rows<'_, T>, chosen: &[usize]) -> Vec<T> {
    let value = |i: usize, j: usize| distances.row(i).get(j).copied().unwrap_or(T::ZERO);
    chosen.iter().flat_map(|&i| chosen.iter().map(move |&j| value(i, j))).collect()
}
