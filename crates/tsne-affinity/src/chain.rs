use tsne_core::{Affinities, AffinityModel, Context, NeighborSearch, Points, Result, Scalar};

/// The joint affinities of the points `x`, `n × d`: neighbors by `search`, weights by `model`.
///
/// The graph takes `n·k` indices and distances and is dropped before returning.
///
/// # Errors
///
/// Those of [`NeighborSearch::build`], [`NeighborIndex::knn_graph`](tsne_core::NeighborIndex::knn_graph),
/// [`AffinityModel::neighbors_needed`] and [`AffinityModel::joint`].
///
/// # Examples
///
/// ```
/// use tsne_affinity::{ExactSearch, PerplexityAffinity, affinities};
/// use tsne_core::{Context, Rows};
///
/// let x: Vec<f32> = (0..200).map(|i| ((i * i) % 37) as f32).collect();
/// let p = affinities(
///     Rows::new(&x, 50, 4)?,
///     &ExactSearch::default(),
///     &PerplexityAffinity::new(10.0)?,
///     Context::new(),
/// )?;
/// assert_eq!(p.n(), 50);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn affinities<'a, T: Scalar>(
    x: impl Into<Points<'a, T>>,
    search: &dyn NeighborSearch<T>,
    model: &dyn AffinityModel<T>,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let x = x.into();
    let k = model.neighbors_needed(x.n())?;
    // The index is dropped before the weights are computed: at most one of the two is in memory.
    let graph = search.build(x, cx)?.knn_graph(k, cx)?;
    model.joint(&graph, cx)
}
