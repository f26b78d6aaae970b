use super::calibration::{Calibration, Workspace, check_perplexity};
use super::warning::Warning;
use crate::symmetrize::symmetrize;
use rayon::prelude::*;
use std::num::NonZeroUsize;
use tsne_core::{Affinities, AffinityKind, AffinityModel, Context, Error, KnnGraph, Result, Scalar, Stage, simd};

/// Neighbors per unit of perplexity: weights beyond are negligible (van der Maaten 2014, "Accelerating t-SNE using
/// tree-based algorithms").
const NEIGHBORS_PER_PERPLEXITY: f64 = 3.0;

/// Rows in one task.
const BLOCK: usize = 256;

/// Gaussian affinities: the neighbors of each point have a given perplexity.
///
/// Row `i` of the conditional affinities is `p_{j|i} ∝ exp(-τ_i d_ij² / 2)` with the precision `τ_i` at which the entropy
/// of the row is `ln(perplexity)` within 1e-8 (van der Maaten and Hinton 2008). With several perplexities it is the
/// mixture `Σ_h sqrt(τ_ih) exp(-τ_ih d_ij² / 2)`, normalized.
///
/// A graph with more than the [needed](AffinityModel::neighbors_needed) neighbors serves as well, with the same result:
/// only the nearest are read. Rows that cannot reach the perplexity get the nearest limit: uniform over their
/// neighbors, or over the nearest ties.
#[derive(Debug, Clone, PartialEq)]
pub struct PerplexityAffinity {
    /// Ascending.
    perplexities: Vec<f64>,
}

impl PerplexityAffinity {
    /// Affinities of one perplexity.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] unless it is finite and at least 1.
    pub fn new(perplexity: f64) -> Result<Self> {
        Self::mixture(&[perplexity])
    }

    /// A mixture of several perplexities, at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for none, or one that is not finite or below 1.
    pub fn mixture(perplexities: &[f64]) -> Result<Self> {
        if perplexities.is_empty() {
            return Err(Error::parameter("perplexities", "empty", "at least one perplexity"));
        }
        for &perplexity in perplexities {
            check_perplexity(perplexity)?;
        }
        let mut perplexities = perplexities.to_vec();
        perplexities.sort_by(f64::total_cmp);
        Ok(Self { perplexities })
    }

    /// The perplexities as given, ascending.
    pub fn perplexities(&self) -> &[f64] {
        &self.perplexities
    }

    /// The perplexities that are used for `n` points, and what was changed: three times a perplexity may not exceed
    /// `n - 1`, else `(n - 1) / 3` stands in its place, once. Below four points it is 1.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewPoints`] below two points.
    pub fn effective_perplexities(&self, n: usize) -> Result<(Vec<f64>, Vec<Warning>)> {
        if n < 2 {
            return Err(Error::TooFewPoints { n, needed: 2 });
        }
        let largest = ((n - 1) as f64 / NEIGHBORS_PER_PERPLEXITY).max(1.0);
        let mut effective = Vec::with_capacity(self.perplexities.len());
        let mut warnings = Vec::new();
        for &given in &self.perplexities {
            if given <= largest {
                effective.push(given);
            } else if effective.contains(&largest) {
                warnings.push(Warning::PerplexityDropped { given, n });
            } else {
                effective.push(largest);
                warnings.push(Warning::PerplexityClamped { given, effective: largest, n });
            }
        }
        Ok((effective, warnings))
    }

    /// The weights of the nearest neighbors of each row, row-major.
    fn weights<T: Scalar>(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<(Vec<T>, usize)> {
        let (perplexities, _) = self.effective_perplexities(graph.n_reference())?;
        let k = graph.k().min(needed(&perplexities, graph.n_reference()).get());
        let n = graph.n();
        let mut weights = vec![T::ZERO; n * k];
        weights.par_chunks_mut(k * BLOCK).enumerate().try_for_each_init(
            || (Workspace::default(), Vec::new()),
            |(workspace, scales), (b, weights)| {
                cx.check()?;
                let distances = &graph.distances()[b * BLOCK * graph.k()..];
                simd::dispatch(Block {
                    workspace,
                    scales,
                    distances,
                    stride: graph.k(),
                    k,
                    perplexities: &perplexities,
                    weights,
                });
                Ok(())
            },
        )?;
        Ok((weights, k))
    }
}

/// `floor(3 · perplexity)` neighbors for the largest perplexity, at least one, at most all others.
fn needed(perplexities: &[f64], n: usize) -> NonZeroUsize {
    let largest = perplexities.last().copied().unwrap_or(1.0);
    // A perplexity of (n - 1) / 3 asks for all n - 1: three times it may round to just below.
    let wanted = (NEIGHBORS_PER_PERPLEXITY * largest * (1.0 + f64::EPSILON)).floor();
    NonZeroUsize::new((wanted as usize).min(n.saturating_sub(1))).unwrap_or(NonZeroUsize::MIN)
}

struct Block<'b, T> {
    workspace: &'b mut Workspace,
    scales: &'b mut Vec<Calibration>,
    distances: &'b [T],
    stride: usize,
    k: usize,
    perplexities: &'b [f64],
    weights: &'b mut [T],
}

impl<T: Scalar> simd::Task for Block<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { workspace, scales, distances, stride, k, perplexities, weights } = self;
        for (distances, weights) in distances.chunks_exact(stride).zip(weights.chunks_exact_mut(k)) {
            workspace.prepare(&distances[..k]);
            scales.clear();
            for &perplexity in perplexities {
                scales.push(workspace.solve(perplexity));
            }
            workspace.write(scales, weights);
        }
    }
}

impl<T: Scalar> AffinityModel<T> for PerplexityAffinity {
    fn neighbors_needed(&self, n: usize) -> Result<NonZeroUsize> {
        let (perplexities, _) = self.effective_perplexities(n)?;
        Ok(needed(&perplexities, n))
    }

    fn joint(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        let n = graph.n();
        cx.advance(Stage::Affinities, 0, n);
        let (weights, _) = self.weights(graph, cx)?;
        let p = symmetrize(graph, &weights, cx)?;
        cx.advance(Stage::Affinities, n, n);
        Ok(p)
    }

    fn conditional(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        let n = graph.n();
        cx.advance(Stage::Affinities, 0, n);
        let (mut weights, k) = self.weights(graph, cx)?;
        let mut columns = vec![0u32; n * k];
        let rows = columns.par_chunks_mut(k).zip(weights.par_chunks_mut(k)).enumerate();
        rows.for_each_init(Vec::new, |pairs, (i, (columns, weights))| {
            pairs.clear();
            pairs.extend(graph.row(i).0.iter().copied().zip(weights.iter().copied()));
            pairs.sort_unstable_by_key(|&(j, _)| j);
            for ((column, weight), &(j, w)) in columns.iter_mut().zip(weights).zip(pairs.iter()) {
                (*column, *weight) = (j, w);
            }
        });
        cx.advance(Stage::Affinities, n, n);
        let row_pointers = (0..=n).map(|i| i * k).collect();
        Affinities::from_parts(row_pointers, columns, weights, graph.n_reference(), AffinityKind::Conditional)
    }
}
