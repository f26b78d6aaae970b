use crate::conditional::conditional;
use crate::perplexity::{Gaussians, PerplexityRule, Warning, row_weights};
use crate::symmetrization::Symmetrization;
use crate::symmetrize::symmetrize_with;
use std::num::NonZeroUsize;
use tsne_core::{Affinities, AffinityModel, Context, KnnGraph, Result, Scalar, Stage};

/// The average of the affinities of several perplexities (openTSNE's `Multiscale`; the multi-scale idea is of Lee,
/// Peluffo-Ordóñez and Verleysen 2015, "Multi-scale similarities in stochastic neighbour embedding").
///
/// Each perplexity counts the same: row `i` of the conditional affinities is `Σ_h p^h_{j|i} / H`, where
/// `p^h_{j|i} ∝ exp(-τ_ih d_ij² / 2)` has sum 1 and the perplexity of scale `h`. In the mixture of
/// [`PerplexityAffinity`](crate::PerplexityAffinity) the densities are added before they are normalized, so that narrow
/// scales count more. All scales read the same neighbors.
///
/// Since every row of every scale has sum 1, the joint affinities are the average of the joint affinities of the scales,
/// with [`Symmetrization::Mean`] and [`Symmetrization::None`].
///
/// Numbers of neighbors, replaced perplexities and warnings are those of
/// [`PerplexityAffinity`](crate::PerplexityAffinity#neighbors-and-what-they-allow).
///
/// # Examples
///
/// ```
/// use tsne_affinity::{ExactSearch, Multiscale, affinities};
/// use tsne_core::{Context, Rows};
///
/// let x: Vec<f32> = (0..800).map(|i| ((i * i) % 37) as f32).collect();
/// let model = Multiscale::new(&[5.0, 30.0])?;
/// let p = affinities(Rows::new(&x, 200, 4)?, &ExactSearch::default(), &model, Context::new())?;
/// assert_eq!(p.n(), 200);
/// # Ok::<(), tsne_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Multiscale {
    rule: PerplexityRule,
    symmetrization: Symmetrization,
}

impl Multiscale {
    /// The average over the given perplexities, at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for none, or one that is not finite or below 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Multiscale;
    ///
    /// assert_eq!(Multiscale::new(&[50.0, 5.0])?.perplexities(), [5.0, 50.0]);
    /// assert!(Multiscale::new(&[]).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(perplexities: &[f64]) -> Result<Self> {
        Ok(Self { rule: PerplexityRule::new(perplexities)?, symmetrization: Symmetrization::Mean })
    }

    /// The same model with `k` neighbors of each point, whatever the perplexities.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::Multiscale;
    ///
    /// let model = Multiscale::new(&[2.0, 5.0])?;
    /// assert_eq!(model.k_neighbors(), None);
    /// assert_eq!(model.with_neighbors(NonZeroUsize::MIN).k_neighbors(), Some(NonZeroUsize::MIN));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_neighbors(self, k: NonZeroUsize) -> Self {
        Self { rule: self.rule.with_neighbors(k), ..self }
    }

    /// The same model with another way to make the joint affinities symmetric, or none. Default
    /// [`Mean`](Symmetrization::Mean).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{Multiscale, Symmetrization};
    /// use tsne_core::{AffinityModel, Context, KnnGraph};
    ///
    /// # let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0f64, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// let model = Multiscale::new(&[1.5])?;
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
    /// use tsne_affinity::Multiscale;
    ///
    /// assert_eq!(Multiscale::new(&[50.0, 5.0])?.perplexities(), [5.0, 50.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn perplexities(&self) -> &[f64] {
        self.rule.perplexities()
    }

    /// The number of neighbors asked for; `None` for as many as the perplexities need.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Multiscale;
    ///
    /// assert_eq!(Multiscale::new(&[50.0, 5.0])?.k_neighbors(), None);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn k_neighbors(&self) -> Option<NonZeroUsize> {
        self.rule.k_neighbors()
    }

    /// How joint affinities are made symmetric.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{Multiscale, Symmetrization};
    ///
    /// assert_eq!(Multiscale::new(&[50.0])?.symmetrization(), Symmetrization::Mean);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn symmetrization(&self) -> Symmetrization {
        self.symmetrization
    }

    /// As [`PerplexityAffinity::effective_perplexities`](crate::PerplexityAffinity::effective_perplexities).
    ///
    /// # Errors
    ///
    /// [`Error::TooFewPoints`](tsne_core::Error::TooFewPoints) below two points,
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for a given number of neighbors that is not below `n`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{Multiscale, Warning};
    ///
    /// let (perplexities, warnings) = Multiscale::new(&[5.0, 50.0])?.effective_perplexities(91)?;
    /// assert_eq!(perplexities, [5.0, 30.0]);
    /// assert_eq!(warnings, [Warning::PerplexityClamped { given: 50.0, effective: 30.0, n: 91 }]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn effective_perplexities(&self, n: usize) -> Result<(Vec<f64>, Vec<Warning>)> {
        self.rule.effective(n)
    }

    /// As [`PerplexityAffinity::effective_perplexities_for_graph`](crate::PerplexityAffinity::effective_perplexities_for_graph).
    ///
    /// # Errors
    ///
    /// [`Error::TooFewPoints`](tsne_core::Error::TooFewPoints) below two points,
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for a given number of neighbors above `k`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Multiscale;
    ///
    /// let (perplexities, warnings) = Multiscale::new(&[5.0, 50.0])?.effective_perplexities_for_graph(1_000, 60)?;
    /// assert_eq!((perplexities, warnings.len()), (vec![5.0, 20.0], 1));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn effective_perplexities_for_graph(&self, n: usize, k: usize) -> Result<(Vec<f64>, Vec<Warning>)> {
        self.rule.effective_for_graph(n, k)
    }

    /// As [`PerplexityAffinity::check_graph`](crate::PerplexityAffinity::check_graph).
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](tsne_core::Error::Parameter) if the graph has too few neighbors, with the number that is
    /// needed; [`Error::TooFewPoints`](tsne_core::Error::TooFewPoints) for a graph over fewer than two points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Multiscale;
    /// use tsne_core::KnnGraph;
    ///
    /// // A ring of ten points, each with the next one as its neighbor.
    /// let graph = KnnGraph::from_parts(1, 10, (0..10).map(|i| (i + 1) % 10).collect(), vec![1.0; 10])?;
    /// assert!(Multiscale::new(&[2.0])?.check_graph(&graph).is_err()); // It needs six neighbors.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_graph<T: Scalar>(&self, graph: &KnnGraph<T>) -> Result<()> {
        self.rule.check_graph(graph)
    }

    /// The weights of the nearest neighbors of each row, row-major, and their number in a row.
    fn weights<T: Scalar>(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<(Vec<T>, usize)> {
        let (perplexities, k) = self.rule.for_graph(graph)?;
        Ok((row_weights(graph, k, Gaussians::Mean(&perplexities), cx)?, k))
    }
}

impl<T: Scalar> AffinityModel<T> for Multiscale {
    fn neighbors_needed(&self, n: usize) -> Result<NonZeroUsize> {
        self.rule.needed(n)
    }

    fn joint(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        let n = graph.n();
        cx.advance(Stage::Affinities, 0, n);
        let (weights, _) = self.weights(graph, cx)?;
        let p = symmetrize_with(graph, &weights, self.symmetrization, cx)?;
        cx.advance(Stage::Affinities, n, n);
        Ok(p)
    }

    fn conditional(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        let n = graph.n();
        cx.advance(Stage::Affinities, 0, n);
        let (weights, k) = self.weights(graph, cx)?;
        let p = conditional(graph, weights, k, cx)?;
        cx.advance(Stage::Affinities, n, n);
        Ok(p)
    }
}
