//! Which perplexities can be used with how many neighbors.

use super::calibration::check_perplexity;
use crate::neighbor_count::{check_graph_k, check_k, check_points};
use crate::warning::Warning;
use std::num::NonZeroUsize;
use tsne_core::{Error, KnnGraph, Result, Scalar};

/// Neighbors per unit of perplexity: weights beyond are negligible (van der Maaten 2014, "Accelerating t-SNE using
/// tree-based algorithms").
const NEIGHBORS_PER_PERPLEXITY: f64 = 3.0;

/// The perplexities of a model and the number of neighbors asked for with them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Perplexities {
    /// Ascending, at least one.
    perplexities: Vec<f64>,
    k_neighbors: Option<NonZeroUsize>,
}

/// Effective perplexities, ascending, and what was changed.
pub(crate) type Effective = (Vec<f64>, Vec<Warning>);

impl Perplexities {
    pub(crate) fn new(perplexities: &[f64]) -> Result<Self> {
        if perplexities.is_empty() {
            return Err(Error::parameter("perplexities", "empty", "at least one perplexity"));
        }
        for &perplexity in perplexities {
            check_perplexity(perplexity)?;
        }
        let mut perplexities = perplexities.to_vec();
        perplexities.sort_by(f64::total_cmp);
        Ok(Self { perplexities, k_neighbors: None })
    }

    pub(crate) fn with_neighbors(self, k: NonZeroUsize) -> Self {
        Self { k_neighbors: Some(k), ..self }
    }

    /// Other perplexities with the same number of neighbors.
    pub(crate) fn with(self, perplexities: &[f64]) -> Result<Self> {
        Ok(Self { k_neighbors: self.k_neighbors, ..Self::new(perplexities)? })
    }

    pub(crate) fn as_slice(&self) -> &[f64] {
        &self.perplexities
    }

    pub(crate) fn k_neighbors(&self) -> Option<NonZeroUsize> {
        self.k_neighbors
    }

    /// What is used for `n` points whose neighbors are yet to be found.
    pub(crate) fn effective(&self, n: usize) -> Result<Effective> {
        match self.k_neighbors {
            Some(k) => {
                check_k(k, n)?;
                Ok(self.within_given(k.get()))
            }
            None => self.within_searched(n, usize::MAX),
        }
    }

    /// What is used with a graph of `k` neighbors out of `n`.
    pub(crate) fn effective_for_graph(&self, n: usize, k: usize) -> Result<Effective> {
        match self.k_neighbors {
            Some(given) => {
                check_points(n)?;
                check_graph_k(given, k)?;
                Ok(self.within_given(given.get()))
            }
            None => self.within_searched(n, k),
        }
    }

    /// The number of neighbors to search for.
    pub(crate) fn needed(&self, n: usize) -> Result<NonZeroUsize> {
        let (perplexities, _) = self.effective(n)?;
        Ok(self.k_neighbors.unwrap_or_else(|| needed(&perplexities, n)))
    }

    /// The perplexities to use with a graph and the number of its neighbors to read.
    pub(crate) fn for_graph<T: Scalar>(&self, graph: &KnnGraph<T>) -> Result<(Vec<f64>, usize)> {
        let (perplexities, _) = self.effective_for_graph(graph.n_reference(), graph.k())?;
        let wanted = self.k_neighbors.unwrap_or_else(|| needed(&perplexities, graph.n_reference()));
        Ok((perplexities, graph.k().min(wanted.get())))
    }

    pub(crate) fn check_graph<T: Scalar>(&self, graph: &KnnGraph<T>) -> Result<()> {
        let perplexity = largest(&self.perplexities);
        if let Some(given) = self.k_neighbors {
            check_points(graph.n_reference())?;
            check_graph_k(given, graph.k())?;
            if perplexity > given.get() as f64 {
                let allowed =
                    format_args!("at most {given}, the number of neighbors of the model: lower it, or raise that");
                return Err(Error::parameter("perplexity", perplexity, allowed));
            }
            return Ok(());
        }
        let (n, k) = (graph.n_reference(), graph.k());
        let (perplexities, _) = self.within_searched(n, usize::MAX)?;
        if self.within_searched(n, k)?.0 == perplexities {
            return Ok(());
        }
        let needed = needed(&perplexities, n);
        Err(Error::parameter(
            "perplexity",
            perplexity,
            format_args!(
                "at most {:.1} for a graph with {k} neighbors of each point: search again with {needed}, or set the number of neighbors of the model to {k}",
                limit(k)
            ),
        ))
    }

    /// Three times a perplexity may exceed neither the `n - 1` points that exist nor the neighbors of a graph.
    fn within_searched(&self, n: usize, k: usize) -> Result<Effective> {
        check_points(n)?;
        let by_points = limit(n - 1);
        let mut effective = Vec::with_capacity(self.perplexities.len());
        let mut warnings = Vec::new();
        for &given in &self.perplexities {
            let possible = given.min(by_points);
            // At the lower end a perplexity of 1 stays: the limit is no smaller.
            if neighbors_of(possible) > k && possible > limit(k) {
                clamp_to_neighbors(given, k, &mut effective, &mut warnings);
            } else if given <= by_points {
                effective.push(given);
            } else if effective.contains(&by_points) {
                warnings.push(Warning::PerplexityDropped { given, n });
            } else {
                effective.push(by_points);
                warnings.push(Warning::PerplexityClamped { given, effective: by_points, n });
            }
        }
        effective.sort_by(f64::total_cmp);
        Ok((effective, warnings))
    }

    /// A perplexity may not exceed the neighbors that were asked for; between a third of them and that, it is kept.
    fn within_given(&self, k: usize) -> Effective {
        let mut effective = Vec::with_capacity(self.perplexities.len());
        let mut warnings = Vec::new();
        for &given in &self.perplexities {
            if given > k as f64 {
                clamp_to_neighbors(given, k, &mut effective, &mut warnings);
            } else {
                if neighbors_of(given) > k {
                    warnings.push(Warning::NeighborsFew { perplexity: given, k, needed: neighbors_of(given) });
                }
                effective.push(given);
            }
        }
        effective.sort_by(f64::total_cmp);
        let needed = neighbors_of(largest(&effective));
        if k > needed {
            warnings.push(Warning::NeighborsInExcess { k, needed });
        }
        (effective, warnings)
    }
}

/// A third of the neighbors, at least 1: no fewer are possible.
fn limit(k: usize) -> f64 {
    (k as f64 / NEIGHBORS_PER_PERPLEXITY).max(1.0)
}

/// Puts a third of the neighbors in the place of a perplexity, once.
fn clamp_to_neighbors(given: f64, k: usize, effective: &mut Vec<f64>, warnings: &mut Vec<Warning>) {
    let limit = limit(k);
    if effective.contains(&limit) {
        warnings.push(Warning::PerplexityDroppedByNeighbors { given, k });
    } else {
        effective.push(limit);
        warnings.push(Warning::PerplexityClampedByNeighbors { given, effective: limit, k });
    }
}

fn largest(perplexities: &[f64]) -> f64 {
    perplexities.iter().copied().fold(1.0, f64::max)
}

/// `floor(3 · perplexity)`.
fn neighbors_of(perplexity: f64) -> usize {
    // A perplexity of k / 3 asks for all k: three times it may round to just below.
    (NEIGHBORS_PER_PERPLEXITY * perplexity * (1.0 + f64::EPSILON)).floor() as usize
}

/// `floor(3 · perplexity)` neighbors for the largest perplexity, at least one, at most all others.
fn needed(perplexities: &[f64], n: usize) -> NonZeroUsize {
    NonZeroUsize::new(neighbors_of(largest(perplexities)).min(n.saturating_sub(1))).unwrap_or(NonZeroUsize::MIN)
}
