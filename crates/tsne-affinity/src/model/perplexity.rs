//! Gaussians of one perplexity, or of several.

use super::conditional::conditional;
use super::joint::joint;
use crate::perplexity::perplexities::Perplexities;
use crate::perplexity::weights::{Gaussians, row_weights};
use crate::symmetrize::Symmetrization;
use crate::warning::Warning;
use std::borrow::Cow;
use std::num::NonZeroUsize;
use tsne_core::{Affinities, AffinityModel, Array, Context, KnnGraph, Result, Scalar, Stage};

/// Gaussian affinities: the neighbors of each point have a given perplexity.
///
/// Row `i` of the conditional affinities is `p_{j|i} ∝ exp(-τ_i d_ij² / 2)` with the precision `τ_i` at which the entropy
/// of the row is `ln(perplexity)` within 1e-8 (van der Maaten and Hinton 2008; openTSNE's `PerplexityBasedNN`). Several
/// perplexities are joined in one of two ways:
///
/// - [`mixture`](Self::mixture): the densities are added before they are normalized, `Σ_h sqrt(τ_ih) exp(-τ_ih d_ij² / 2)`,
///   so that narrow Gaussians count more (openTSNE's `MultiscaleMixture`);
/// - [`multiscale`](Self::multiscale): each is normalized first, and counts the same, `Σ_h p^h_{j|i} / H` (openTSNE's
///   `Multiscale`; the multi-scale idea is of Lee, Peluffo-Ordóñez and Verleysen 2015, "Multi-scale similarities in
///   stochastic neighbour embedding"). Since every row of every scale has sum 1, the joint affinities are the average of
///   the joint affinities of the scales, with [`Symmetrization::Mean`] and [`Symmetrization::None`].
///
/// All of them read the same neighbors.
///
/// # Neighbors and what they allow
///
/// | the model has | and is given | neighbors | a perplexity is replaced |
/// |---|---|---|---|
/// | no number of neighbors | `n` points to search | `floor(3 · largest perplexity)`, at most `n - 1` | by `(n - 1) / 3` where three times it exceeds `n - 1` |
/// | no number of neighbors | a graph with `k` | the same, at most `k` | as above, and by `k / 3` where it asks for more than `k` |
/// | [`with_neighbors`](Self::with_neighbors)`(k)` | points, or a graph with at least `k` | `k` | by `k / 3` where it exceeds `k` |
///
/// A replacement stands once, however many perplexities it is for, and is never below 1. The first row is that of
/// openTSNE's `TSNE`; the last is that of its `PerplexityBasedNN`, whose automatic choice is
/// `with_neighbors(min(n - 1, floor(3 · perplexity)))`. [`effective_perplexities`](Self::effective_perplexities) and
/// [`effective_perplexities_for_graph`](Self::effective_perplexities_for_graph) tell beforehand what will be used, with a
/// [`Warning`] for each change; [`check_graph`](Self::check_graph) makes the replacements of the second and third row errors.
///
/// Of a graph with more neighbors than these only the nearest are read: the result is the same. Rows that cannot reach the
/// perplexity get the nearest limit: uniform over their neighbors, or over the nearest ties.
#[derive(Debug, Clone, PartialEq)]
pub struct PerplexityAffinity {
    perplexities: Perplexities,
    /// Whether each Gaussian is normalized before they are averaged.
    multiscale: bool,
    symmetrization: Symmetrization,
}

impl PerplexityAffinity {
    /// Affinities of one perplexity.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](tsne_core::Error::Parameter) unless it is finite and at least 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::PerplexityAffinity;
    /// use tsne_core::AffinityModel;
    ///
    /// let model = PerplexityAffinity::new(30.0)?;
    /// assert_eq!(AffinityModel::<f32>::neighbors_needed(&model, 1_000)?.get(), 90);
    /// assert!(PerplexityAffinity::new(0.5).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(perplexity: f64) -> Result<Self> {
        Self::mixture(&[perplexity])
    }

    /// A mixture of several perplexities, at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for none, or one that is not finite or below 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::PerplexityAffinity;
    ///
    /// assert_eq!(PerplexityAffinity::mixture(&[50.0, 5.0])?.perplexities(), [5.0, 50.0]);
    /// assert!(PerplexityAffinity::mixture(&[]).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn mixture(perplexities: &[f64]) -> Result<Self> {
        Self::joined(perplexities, false)
    }

    /// The average of the affinities of several perplexities, at least one: openTSNE's `Multiscale`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for none, or one that is not finite or below 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{ExactSearch, PerplexityAffinity, Rows};
    ///
    /// let x: Vec<f32> = (0..800).map(|i| ((i * i) % 37) as f32).collect();
    /// let model = PerplexityAffinity::multiscale(&[30.0, 5.0])?;
    /// assert!(model.is_multiscale() && model.perplexities() == [5.0, 30.0]);
    /// assert_eq!(model.affinities(Rows::new(&x, 200, 4)?, &ExactSearch::default())?.n(), 200);
    /// assert!(PerplexityAffinity::multiscale(&[]).is_err());
    /// # Ok::<(), tsne_affinity::Error>(())
    /// ```
    pub fn multiscale(perplexities: &[f64]) -> Result<Self> {
        Self::joined(perplexities, true)
    }

    fn joined(perplexities: &[f64], multiscale: bool) -> Result<Self> {
        let perplexities = Perplexities::new(perplexities)?;
        Ok(Self { perplexities, multiscale, symmetrization: Symmetrization::Mean })
    }

    /// The same model with other perplexities: they are joined as before, over the same number of neighbors if one was set.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for none, or one that is not finite or below 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::PerplexityAffinity;
    ///
    /// let model = PerplexityAffinity::multiscale(&[5.0, 30.0])?.with_perplexities(&[50.0])?;
    /// assert!(model.is_multiscale() && model.perplexities() == [50.0]);
    /// # Ok::<(), tsne_affinity::Error>(())
    /// ```
    pub fn with_perplexities(self, perplexities: &[f64]) -> Result<Self> {
        Ok(Self { perplexities: self.perplexities.with(perplexities)?, ..self })
    }

    /// The same model with `k` neighbors of each point, whatever the perplexities.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{PerplexityAffinity, Warning};
    ///
    /// let Some(k) = NonZeroUsize::new(60) else { return Ok(()) };
    /// let model = PerplexityAffinity::mixture(&[25.0, 100.0])?.with_neighbors(k);
    /// let (perplexities, warnings) = model.effective_perplexities(1000)?;
    /// assert_eq!(perplexities, [20.0, 25.0]);
    /// assert_eq!(warnings[1], Warning::PerplexityClampedByNeighbors { given: 100.0, effective: 20.0, k: 60 });
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_neighbors(self, k: NonZeroUsize) -> Self {
        Self { perplexities: self.perplexities.with_neighbors(k), ..self }
    }

    /// The same model with another way to make the joint affinities symmetric, or none. Default
    /// [`Mean`](Symmetrization::Mean).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{PerplexityAffinity, Symmetrization};
    /// use tsne_core::{AffinityModel, Context, KnnGraph};
    ///
    /// # let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0f64, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// let model = PerplexityAffinity::new(1.5)?;
    /// let mean = model.joint(&graph, Context::new())?;
    /// assert_ne!(model.with_symmetrization(Symmetrization::Max).joint(&graph, Context::new())?, mean);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_symmetrization(self, symmetrization: Symmetrization) -> Self {
        Self { symmetrization, ..self }
    }

    /// The perplexities as given, ascending.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::PerplexityAffinity;
    ///
    /// assert_eq!(PerplexityAffinity::mixture(&[50.0, 5.0])?.perplexities(), [5.0, 50.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn perplexities(&self) -> &[f64] {
        self.perplexities.as_slice()
    }

    /// Whether several perplexities are averaged after each is normalized ([`multiscale`](Self::multiscale)), not added
    /// before ([`mixture`](Self::mixture)). For one perplexity both are the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::PerplexityAffinity;
    ///
    /// assert!(PerplexityAffinity::multiscale(&[5.0, 50.0])?.is_multiscale());
    /// assert!(!PerplexityAffinity::mixture(&[5.0, 50.0])?.is_multiscale());
    /// # Ok::<(), tsne_affinity::Error>(())
    /// ```
    pub const fn is_multiscale(&self) -> bool {
        self.multiscale
    }

    /// The number of neighbors asked for; `None` for as many as the perplexities need.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::PerplexityAffinity;
    ///
    /// assert_eq!(PerplexityAffinity::new(30.0)?.k_neighbors(), None);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn k_neighbors(&self) -> Option<NonZeroUsize> {
        self.perplexities.k_neighbors()
    }

    /// How joint affinities are made symmetric.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{PerplexityAffinity, Symmetrization};
    ///
    /// assert_eq!(PerplexityAffinity::new(30.0)?.symmetrization(), Symmetrization::Mean);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn symmetrization(&self) -> Symmetrization {
        self.symmetrization
    }

    /// The perplexities that are used for `n` points, ascending, and what was changed: without a given number of
    /// neighbors, three times a perplexity may not exceed `n - 1`, else `(n - 1) / 3` stands in its place, once. Below
    /// four points it is 1. With `k` neighbors given, `k / 3` stands in the place of perplexities beyond `k`.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewPoints`](tsne_core::Error::TooFewPoints) below two points,
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for a given number of neighbors that is not below `n`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{PerplexityAffinity, Warning};
    ///
    /// let (perplexities, warnings) = PerplexityAffinity::new(50.0)?.effective_perplexities(91)?;
    /// assert_eq!(perplexities, [30.0]);
    /// assert_eq!(warnings, [Warning::PerplexityClamped { given: 50.0, effective: 30.0, n: 91 }]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn effective_perplexities(&self, n: usize) -> Result<(Vec<f64>, Vec<Warning>)> {
        self.perplexities.effective(n)
    }

    /// The perplexities that are used with a graph of `k` neighbors out of `n` points, ascending, and what was changed.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewPoints`](tsne_core::Error::TooFewPoints) below two points,
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for a given number of neighbors above `k`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{PerplexityAffinity, Warning};
    ///
    /// let (perplexities, warnings) = PerplexityAffinity::new(50.0)?.effective_perplexities_for_graph(1_000, 60)?;
    /// assert_eq!(perplexities, [20.0]);
    /// assert_eq!(warnings, [Warning::PerplexityClampedByNeighbors { given: 50.0, effective: 20.0, k: 60 }]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn effective_perplexities_for_graph(&self, n: usize, k: usize) -> Result<(Vec<f64>, Vec<Warning>)> {
        self.perplexities.effective_for_graph(n, k)
    }

    /// Checks that a graph has the neighbors that the model asks for: that none of its perplexities is lowered on account
    /// of the graph.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](tsne_core::Error::Parameter) if the graph has too few, with the number that is needed, or if a
    /// perplexity exceeds the number given by [`with_neighbors`](Self::with_neighbors);
    /// [`Error::TooFewPoints`](tsne_core::Error::TooFewPoints) for a graph over fewer than two points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::PerplexityAffinity;
    /// use tsne_core::KnnGraph;
    ///
    /// // A ring of ten points, each with the next one as its neighbor.
    /// let graph = KnnGraph::from_parts(1, 10, (0..10).map(|i| (i + 1) % 10).collect(), vec![1.0; 10])?;
    /// assert!(PerplexityAffinity::new(2.0)?.check_graph(&graph).is_err()); // It needs six neighbors.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_graph<T: Scalar>(&self, graph: &KnnGraph<T>) -> Result<()> {
        self.perplexities.check_graph(graph)
    }

    /// The weights of the nearest neighbors of each row, row-major, and their number in a row.
    fn weights<T: Scalar>(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<(Array<T>, usize)> {
        let (perplexities, k) = self.perplexities.for_graph(graph)?;
        let gaussians =
            if self.multiscale { Gaussians::Mean(&perplexities) } else { Gaussians::Mixture(&perplexities) };
        Ok((row_weights(graph, k, gaussians, cx)?, k))
    }
}

impl<T: Scalar> AffinityModel<T> for PerplexityAffinity {
    fn neighbors_needed(&self, n: usize) -> Result<NonZeroUsize> {
        self.perplexities.needed(n)
    }

    fn joint(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        joint(Cow::Borrowed(graph), |graph| Ok(self.weights(graph, cx)?.0), self.symmetrization, cx)
    }

    fn joint_owned(&self, graph: KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        joint(Cow::Owned(graph), |graph| Ok(self.weights(graph, cx)?.0), self.symmetrization, cx)
    }

    fn conditional(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        let n = graph.n();
        cx.advance(Stage::Affinities, 0, n);
        let (weights, k) = self.weights(graph, cx.without_scratch())?;
        let p = conditional(graph, weights, k, cx)?;
        cx.advance(Stage::Affinities, n, n);
        Ok(p)
    }
}
