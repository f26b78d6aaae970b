//! How neighbors are found and affinities computed from them.

use crate::params::affinity_method::AffinityMethod;
use crate::params::neighbors::Neighbors;
use crate::warning::Warning;
use std::borrow::Cow;
use std::num::NonZeroUsize;
use tsne_affinity::Metric;
use tsne_core::{Affinities, AffinityKind, Context, Error, KnnGraph, Result, Scalar, memory};

/// How neighbors are found and affinities computed from them.
#[derive(Debug, Clone)]
pub(crate) struct Recipe<T> {
    pub(crate) method: AffinityMethod<T>,
    pub(crate) metric: Metric,
    pub(crate) neighbors: Neighbors<T>,
    pub(crate) k_neighbors: Option<usize>,
    pub(crate) random_state: u64,
}

impl<T: Scalar> Recipe<T> {
    /// The neighbors to look for among `n` points: what the rule needs, or more if more are asked for. Fewer would be ignored.
    pub(crate) fn k(&self, n: usize) -> Result<NonZeroUsize> {
        let needed = self.method.model().neighbors_needed(n)?;
        let asked = self.k_neighbors.and_then(|k| NonZeroUsize::new(k.min(n.saturating_sub(1))));
        match asked {
            Some(asked) if asked < needed => {
                let allowed = format_args!(
                    "at least {needed}, which the rule of affinities needs: give that another number of its own"
                );
                Err(Error::parameter("k_neighbors", asked, allowed))
            }
            asked => Ok(asked.unwrap_or(needed)),
        }
    }
}

/// What `method` changes about its parameters for `k` neighbors out of `n` points.
pub(super) fn warnings<T: Scalar>(method: &AffinityMethod<T>, k: usize, n: usize) -> Result<Vec<Warning>> {
    let warnings = match method {
        AffinityMethod::Perplexity(model) => model.effective_perplexities_for_graph(n, k)?.1,
        _ => Vec::new(),
    };
    Ok(warnings.into_iter().map(Warning::from).collect())
}

/// The graph with as many neighbors as a rule of the user's own asked for; rules of the toolkit read no more than theirs.
fn asked_for<'g, T: Scalar>(method: &AffinityMethod<T>, graph: &'g KnnGraph<T>) -> Result<Cow<'g, KnnGraph<T>>> {
    let AffinityMethod::Custom(model) = method else { return Ok(Cow::Borrowed(graph)) };
    let (k, wanted) = (graph.k(), model.neighbors_needed(graph.n_reference())?.get());
    if wanted >= k { Ok(Cow::Borrowed(graph)) } else { nearest(graph, wanted).map(Cow::Owned) }
}

/// The nearest `count` neighbors of a graph that has more.
pub(super) fn nearest<T: Scalar>(graph: &KnnGraph<T>, count: usize) -> Result<KnnGraph<T>> {
    let k = graph.k();
    let indices = firsts(graph.indices(), k, count)?;
    let distances = firsts(graph.distances(), k, count)?;
    KnnGraph::from_parts(count, graph.n_reference(), indices, distances)
}

/// The first `count` items of each `k`.
fn firsts<A: Copy>(rows: &[A], k: usize, count: usize) -> Result<Vec<A>> {
    let mut firsts = Vec::new();
    memory::reserve("the neighbor graph", &mut firsts, rows.len() / k * count)?;
    rows.chunks_exact(k).for_each(|row| firsts.extend_from_slice(&row[..count]));
    Ok(firsts)
}

/// What a rule makes of a graph must be of its points: code of the user's own is checked like data.
fn checked<T: Scalar>(
    affinities: Affinities<T>,
    kind: AffinityKind,
    (n, n_columns): (usize, usize),
) -> Result<Affinities<T>> {
    if affinities.kind() != kind {
        let why = format_args!("the rule returned {:?} ones, but {kind:?} ones were asked for", affinities.kind());
        return Err(Error::invalid("affinities", why));
    }
    if (affinities.n(), affinities.n_columns()) != (n, n_columns) {
        let given = (affinities.n(), affinities.n_columns());
        let why = format_args!(
            "the rule returned a matrix of {given:?}, but the graph asks for {:?}: return a row for each of its points",
            (n, n_columns)
        );
        return Err(Error::invalid("affinities", why));
    }
    Ok(affinities)
}

/// The joint affinities of a graph; one that is given away is freed as early as its rule can.
pub(super) fn joint<T: Scalar>(
    method: &AffinityMethod<T>,
    graph: Cow<'_, KnnGraph<T>>,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let (n, n_reference) = (graph.n(), graph.n_reference());
    let cut = match asked_for(method, &graph)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(cut) => Some(cut),
    };
    let joint = match (cut, graph) {
        (Some(graph), _) | (None, Cow::Owned(graph)) => method.model().joint_owned(graph, cx)?,
        (None, Cow::Borrowed(graph)) => method.model().joint(graph, cx)?,
    };
    checked(joint, AffinityKind::Joint, (n, n_reference))
}

pub(super) fn conditional<T: Scalar>(
    method: &AffinityMethod<T>,
    graph: &KnnGraph<T>,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let conditional = method.model().conditional(&*asked_for(method, graph)?, cx)?;
    checked(conditional, AffinityKind::Conditional, (graph.n(), graph.n_reference()))
}

/// The graph that a search returned is of the points that it was given.
pub(super) fn searched<T: Scalar>(
    graph: KnnGraph<T>,
    (n, n_reference): (usize, usize),
    k: NonZeroUsize,
) -> Result<KnnGraph<T>> {
    if (graph.n(), graph.n_reference()) != (n, n_reference) {
        let given = (graph.n(), graph.n_reference());
        let why = format_args!(
            "the search returned one of {} points among {}, but was asked for {n} among {n_reference}: return a row for each point",
            given.0, given.1
        );
        return Err(Error::invalid("neighbor graph", why));
    }
    if graph.k() < k.get() {
        let why = format_args!("the search returned {} neighbors of each point, but was asked for {k}", graph.k());
        return Err(Error::invalid("neighbor graph", why));
    }
    Ok(graph)
}
