use super::conditional::conditional;
use super::joint::joint;
use crate::neighbor_count::{DEFAULT_NEIGHBORS, check_graph_k, check_k};
use crate::perplexity::weights::{Gaussians, row_weights};
use crate::symmetrize::Symmetrization;
use std::borrow::Cow;
use std::num::NonZeroUsize;
use tsne_core::{Affinities, AffinityModel, Array, Context, Error, KnnGraph, Result, Scalar, Stage};

/// Gaussian affinities of one width for all points (openTSNE's `FixedSigmaNN`).
///
/// Row `i` of the conditional affinities is `p_{j|i} ∝ exp(-d_ij² / (2 σ²))` over the nearest `k` neighbors, with sum 1.
/// A width far below the distances of a row gives the limit: all weight on the nearest neighbor, ties share it.
///
/// # Examples
///
/// ```
/// use tsne_affinity::{ExactSearch, FixedSigma, affinities};
/// use tsne_core::{Context, Rows};
///
/// let x: Vec<f32> = (0..400).map(|i| ((i * i) % 37) as f32).collect();
/// let p = affinities(Rows::new(&x, 100, 4)?, &ExactSearch::default(), &FixedSigma::new(5.0)?, Context::new())?;
/// assert_eq!(p.n(), 100);
/// # Ok::<(), tsne_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedSigma {
    sigma: f64,
    k: NonZeroUsize,
    symmetrization: Symmetrization,
}

impl FixedSigma {
    /// Affinities with the standard deviation `sigma`, in the unit of the distances, and 30 neighbors of each point.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] unless it is positive and finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::FixedSigma;
    ///
    /// assert_eq!(FixedSigma::new(2.0)?.sigma(), 2.0);
    /// assert!(FixedSigma::new(0.0).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(sigma: f64) -> Result<Self> {
        if !(sigma > 0.0 && sigma.is_finite()) {
            let allowed = "positive and finite (it is a distance: that to a typical neighbor is a good start)";
            return Err(Error::parameter("sigma", sigma, allowed));
        }
        Ok(Self { sigma, k: DEFAULT_NEIGHBORS, symmetrization: Symmetrization::Mean })
    }

    /// The same model with `k` neighbors of each point. Default 30.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::FixedSigma;
    /// use tsne_core::{AffinityModel, Context, KnnGraph};
    ///
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0f64, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// let model = FixedSigma::new(1.0)?.with_neighbors(NonZeroUsize::MIN.saturating_add(1));
    /// let p = model.with_neighbors(NonZeroUsize::MIN).conditional(&graph, Context::new())?;
    /// assert_eq!(p.row(0), (&[1][..], &[1.0][..]));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_neighbors(self, k: NonZeroUsize) -> Self {
        Self { k, ..self }
    }

    /// The same model with another way to make the joint affinities symmetric, or none. Default
    /// [`Mean`](Symmetrization::Mean).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{FixedSigma, Symmetrization};
    /// use tsne_core::{AffinityModel, Context, KnnGraph};
    ///
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0f64, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// let model = FixedSigma::new(1.0)?.with_neighbors(NonZeroUsize::MIN.saturating_add(1));
    /// let p = model.with_symmetrization(Symmetrization::Max).joint(&graph, Context::new())?;
    /// assert_ne!(p, model.joint(&graph, Context::new())?);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_symmetrization(self, symmetrization: Symmetrization) -> Self {
        Self { symmetrization, ..self }
    }

    /// The standard deviation.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::FixedSigma;
    ///
    /// assert_eq!(FixedSigma::new(2.0)?.sigma(), 2.0);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// The number of neighbors of each point.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::FixedSigma;
    ///
    /// assert_eq!(FixedSigma::new(2.0)?.k_neighbors().get(), 30);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn k_neighbors(&self) -> NonZeroUsize {
        self.k
    }

    /// How joint affinities are made symmetric.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{FixedSigma, Symmetrization};
    ///
    /// assert_eq!(FixedSigma::new(2.0)?.symmetrization(), Symmetrization::Mean);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn symmetrization(&self) -> Symmetrization {
        self.symmetrization
    }

    /// Checks that a graph has the neighbors that the model asks for; its own calls check the same.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] if the graph has fewer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::FixedSigma;
    /// use tsne_core::KnnGraph;
    ///
    /// // Points at 0, 1 and 3 on a line.
    /// let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0f64, 3.0, 1.0, 2.0, 2.0, 3.0])?;
    /// let model = FixedSigma::new(1.0)?.with_neighbors(NonZeroUsize::MIN.saturating_add(1));
    /// assert_eq!(model.check_graph(&graph), Ok(()));
    /// assert!(FixedSigma::new(1.0)?.check_graph(&graph).is_err()); // It asks for 30 neighbors.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_graph<T: Scalar>(&self, graph: &KnnGraph<T>) -> Result<()> {
        check_graph_k(self.k, graph.k())
    }

    /// The weights of the nearest neighbors of each row, row-major.
    fn weights<T: Scalar>(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Array<T>> {
        self.check_graph(graph)?;
        row_weights(graph, self.k.get(), Gaussians::Sigma(self.sigma), cx)
    }
}

impl<T: Scalar> AffinityModel<T> for FixedSigma {
    fn neighbors_needed(&self, n: usize) -> Result<NonZeroUsize> {
        check_k(self.k, n)?;
        Ok(self.k)
    }

    fn joint(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        joint(Cow::Borrowed(graph), |graph| self.weights(graph, cx), self.symmetrization, cx)
    }

    fn joint_owned(&self, graph: KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        joint(Cow::Owned(graph), |graph| self.weights(graph, cx), self.symmetrization, cx)
    }

    fn conditional(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        let n = graph.n();
        cx.advance(Stage::Affinities, 0, n);
        let p = conditional(graph, self.weights(graph, cx.without_scratch())?, self.k.get(), cx)?;
        cx.advance(Stage::Affinities, n, n);
        Ok(p)
    }
}
