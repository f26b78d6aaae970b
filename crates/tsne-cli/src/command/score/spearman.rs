//! The rank correlation of distances.

use super::Scored;
use crate::args::Sample;
use crate::command::run::warn;
use anyhow::Result;
use tsne::Float;
use tsne::metrics::Comparison;

/// Points whose distances are correlated, as in Kobak and Berens (2019).
const SAMPLE: usize = 1000;

/// The most points whose distances are correlated.
const MAX_SAMPLE: usize = 8192;

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
    let comparison = Comparison::new(scored.points.points()?, y)?.metric(&scored.metric);
    match comparison.sample(sample, scored.args.call.seed).spearman() {
        Ok(correlation) => Ok(Some(correlation)),
        Err(error @ (tsne::Error::Numerical { .. } | tsne::Error::TooFewPoints { .. })) => {
            warn(scored.args.call.quiet, &[error]);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
