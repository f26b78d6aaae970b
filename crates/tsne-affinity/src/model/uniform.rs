use super::conditional::conditional;
use super::joint::joint;
use crate::neighbor_count::{DEFAULT_NEIGHBORS, check_graph_k, check_k};
use crate::symmetrize::Symmetrization;
use std::borrow::Cow;
use std::num::NonZeroUsize;
use tsne_core::{Affinities, AffinityModel, Array, Context, KnnGraph, Result, Scalar, Stage, blocks, chunks};

/// Affinities that count neighbors and do not look at distances (openTSNE's `Uniform`).
///
/// Every row of the conditional affinities is `1 / k` for each of the nearest `k` neighbors. Joint affinities are by
/// default the union of both directions: all pairs of which one is a neighbor of the other get the same weight. They were
/// found to give much the same maps as Gaussian ones, with far fewer neighbors (Böhm, Berens and Kobak 2022,
/// "Attraction-repulsion spectra in neighbor embeddings").
///
/// # Examples
///
/// ```
/// use tsne_affinity::{ExactSearch, Symmetrization, Uniform, affinities};
/// use tsne_core::{Context, Rows};
///
/// let x: Vec<f32> = (0..400).map(|i| ((i * i) % 37) as f32).collect();
/// let model = Uniform::default().with_symmetrization(Symmetrization::Mean);
/// let p = affinities(Rows::new(&x, 100, 4)?, &ExactSearch::default(), &model, Context::new())?;
/// assert_eq!(p.n(), 100);
/// # Ok::<(), tsne_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uniform {
    k: NonZeroUsize,
    symmetrization: Symmetrization,
}

/// 30 neighbors, joined by [`Symmetrization::Max`].
impl Default for Uniform {
    fn default() -> Self {
        Self::new(DEFAULT_NEIGHBORS)
    }
}

impl Uniform {
    /// Affinities of the nearest `k` neighbors, joined by [`Symmetrization::Max`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::Uniform;
    /// use tsne_core::{AffinityModel, Context, KnnGraph};
    ///
    /// let graph = KnnGraph::from_parts(1, 3, vec![1, 0, 1], vec![1.0, 1.0, 2.0])?;
    /// let p = Uniform::new(NonZeroUsize::MIN).joint(&graph, Context::new())?;
    /// assert_eq!(p.weights(), [0.25; 4]); // 0-1 and 1-2, both ways.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(k: NonZeroUsize) -> Self {
        Self { k, symmetrization: Symmetrization::Max }
    }

    /// The same model with `k` neighbors of each point. Default 30.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::Uniform;
    ///
    /// assert_eq!(Uniform::default().with_neighbors(NonZeroUsize::MIN), Uniform::new(NonZeroUsize::MIN));
    /// ```
    #[must_use]
    pub fn with_neighbors(self, k: NonZeroUsize) -> Self {
        Self { k, ..self }
    }

    /// The same model with another way to make the joint affinities symmetric, or none. Default
    /// [`Max`](Symmetrization::Max).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{Symmetrization, Uniform};
    /// use tsne_core::{AffinityModel, Context, KnnGraph};
    ///
    /// let graph = KnnGraph::from_parts(1, 3, vec![1, 0, 1], vec![1.0, 1.0, 2.0])?;
    /// let model = Uniform::new(NonZeroUsize::MIN).with_symmetrization(Symmetrization::Mean);
    /// // Points 0 and 1 name each other; 2 names 1, which counts half.
    /// assert_eq!(model.joint(&graph, Context::new())?.row(1).1, [2.0 / 6.0, 1.0 / 6.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_symmetrization(self, symmetrization: Symmetrization) -> Self {
        Self { symmetrization, ..self }
    }

    /// The number of neighbors of each point.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Uniform;
    ///
    /// assert_eq!(Uniform::default().k_neighbors().get(), 30);
    /// ```
    pub fn k_neighbors(&self) -> NonZeroUsize {
        self.k
    }

    /// How joint affinities are made symmetric.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{Symmetrization, Uniform};
    ///
    /// assert_eq!(Uniform::default().symmetrization(), Symmetrization::Max);
    /// ```
    pub fn symmetrization(&self) -> Symmetrization {
        self.symmetrization
    }

    /// Checks that a graph has the neighbors that the model asks for; its own calls check the same.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](tsne_core::Error::Parameter) if the graph has fewer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::Uniform;
    /// use tsne_core::KnnGraph;
    ///
    /// let graph = KnnGraph::from_parts(1, 3, vec![1, 0, 1], vec![1.0, 1.0, 2.0])?;
    /// assert_eq!(Uniform::new(NonZeroUsize::MIN).check_graph(&graph), Ok(()));
    /// assert!(Uniform::default().check_graph(&graph).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_graph<T: Scalar>(&self, graph: &KnnGraph<T>) -> Result<()> {
        check_graph_k(self.k, graph.k())
    }

    /// The weights of all neighbors: all the same.
    fn weights<T: Scalar>(&self, graph: &KnnGraph<T>, weight: T, cx: Context<'_>) -> Result<Array<T>> {
        self.check_graph(graph)?;
        let mut weights = cx.zeros("weights", graph.n().saturating_mul(self.k.get()))?;
        chunks::for_each(&mut weights, blocks::BLOCK, |_, weights| weights.fill(weight));
        Ok(weights)
    }
}

impl<T: Scalar> AffinityModel<T> for Uniform {
    fn neighbors_needed(&self, n: usize) -> Result<NonZeroUsize> {
        check_k(self.k, n)?;
        Ok(self.k)
    }

    fn joint(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        joint(Cow::Borrowed(graph), |graph| self.weights(graph, T::ONE, cx), self.symmetrization, cx)
    }

    fn joint_owned(&self, graph: KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        joint(Cow::Owned(graph), |graph| self.weights(graph, T::ONE, cx), self.symmetrization, cx)
    }

    fn conditional(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        let (n, k) = (graph.n(), self.k.get());
        cx.advance(Stage::Affinities, 0, n);
        let p = conditional(graph, self.weights(graph, T::from_f64(1.0 / k as f64), cx.without_scratch())?, k, cx)?;
        cx.advance(Stage::Affinities, n, n);
        Ok(p)
    }
}
