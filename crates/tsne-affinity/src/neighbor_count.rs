//! How many neighbors a model reads: the checks that all models share.

use std::num::NonZeroUsize;
use tsne_core::{Error, Result};

/// Neighbors of each point where no perplexity says how many: openTSNE's default.
pub(crate) const DEFAULT_NEIGHBORS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(29);

/// Checks that there is a point beside another.
pub(crate) fn check_points(n: usize) -> Result<()> {
    if n < 2 { Err(Error::too_few_points(n, 2)) } else { Ok(()) }
}

/// Checks a number of neighbors that the caller chose against the number of points.
pub(crate) fn check_k(k: NonZeroUsize, n: usize) -> Result<()> {
    check_points(n)?;
    if k.get() < n {
        return Ok(());
    }
    Err(Error::parameter(
        "k_neighbors",
        k,
        format_args!("below the number of points: at most {} for {n} points", n - 1),
    ))
}

/// Checks a number of neighbors that the caller chose against those of a graph.
pub(crate) fn check_graph_k(given: NonZeroUsize, k: usize) -> Result<()> {
    if given.get() <= k {
        return Ok(());
    }
    Err(Error::parameter(
        "k_neighbors",
        given,
        format_args!(
            "at most {k}, the neighbors of each point in the graph: lower it, or search for {given} neighbors"
        ),
    ))
}
