//! What a member of a team takes of something whole, the rows of its points; and what is whole again out of the rows of all.

use std::ops::Range;
use tsne_core::{Affinities, AffinityKind, Context, KnnGraph, Result, Scalar, Wire, memory};

/// The rows of this member, if the graph has all; `None` if it has these already.
pub(crate) fn own_graph<T: Scalar>(graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Option<KnnGraph<T>>> {
    let (n, k) = (graph.n_reference(), graph.k());
    let Some(own) = own_of(graph.n(), n, cx) else { return Ok(None) };
    let entries = own.start * k..own.end * k;
    let indices = memory::copied("the neighbor graph", &graph.indices()[entries.clone()])?;
    let distances = memory::copied("the neighbor graph", &graph.distances()[entries])?;
    KnnGraph::from_parts(k, n, indices, distances).map(Some)
}

/// The rows of this member, if the joint affinities have all; `None` if they have these already.
pub(crate) fn own_affinities<T: Scalar>(p: &Affinities<T>, cx: Context<'_>) -> Result<Option<Affinities<T>>> {
    if p.kind() != AffinityKind::Joint {
        return Ok(None);
    }
    own_of(p.n(), p.n_columns(), cx).map(|own| p.of_points(own)).transpose()
}

fn own_of(rows: usize, n: usize, cx: Context<'_>) -> Option<Range<usize>> {
    let own = cx.rows(n);
    (rows == n && own != (0..n)).then_some(own)
}

/// The joint affinities of all points, of which each member has its rows.
///
/// # Errors
///
/// [`Error::Team`](tsne_core::Error::Team), for other rows, too; [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
pub(crate) fn whole_affinities<T: Scalar>(p: &Affinities<T>, cx: Context<'_>) -> Result<Affinities<T>> {
    p.check_own(cx)?;
    let lengths = cx.concat(lengths(p)?)?;
    let columns = cx.concat(memory::copied(WHOLE, p.columns())?)?;
    let weights = cx.concat(memory::copied(WHOLE, p.weights())?)?;
    joined(p.n_columns(), &lengths, columns, weights)
}

/// The same for the first member alone; the others have `None`.
pub(crate) fn affinities_of_first<T: Scalar>(p: &Affinities<T>, cx: Context<'_>) -> Result<Option<Affinities<T>>> {
    p.check_own(cx)?;
    let (lengths, columns) = (to_first(&lengths(p)?, cx)?, to_first(p.columns(), cx)?);
    let weights = to_first(p.weights(), cx)?;
    if cx.rank() == 0 { joined(p.n_columns(), &lengths, columns, weights).map(Some) } else { Ok(None) }
}

/// The neighbors of all points, of which each member has its rows, for the first member; the others have `None`.
pub(crate) fn graph_of_first<T: Scalar>(graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Option<KnnGraph<T>>> {
    let (indices, distances) = (to_first(graph.indices(), cx)?, to_first(graph.distances(), cx)?);
    if cx.rank() > 0 {
        return Ok(None);
    }
    KnnGraph::from_parts(graph.k(), graph.n_reference(), indices, distances).map(Some)
}

/// The items of all members, for the first of them; the others have none.
pub(crate) fn to_first<A: Wire>(own: &[A], cx: Context<'_>) -> Result<Vec<A>> {
    let mut lists = memory::filled(WHOLE, cx.members(), Vec::new())?;
    lists[0] = memory::copied(WHOLE, own)?;
    let received = cx.exchange(lists)?;
    let mut all = Vec::new();
    memory::reserve(WHOLE, &mut all, received.iter().map(Vec::len).sum())?;
    received.into_iter().for_each(|items| all.extend(items));
    Ok(all)
}

/// The name of what is put together in errors.
const WHOLE: &str = "what all members of the team have";

/// Where the affinities of each point begin, and their number last, for the first member; the others have an end alone.
///
/// # Errors
///
/// Those of [`whole_affinities`].
pub(crate) fn row_pointers_of_first<T: Scalar>(p: &Affinities<T>, cx: Context<'_>) -> Result<Vec<usize>> {
    p.check_own(cx)?;
    ends(&to_first(&lengths(p)?, cx)?)
}

fn lengths<T: Scalar>(p: &Affinities<T>) -> Result<Vec<usize>> {
    memory::collected(WHOLE, p.row_pointers().windows(2).map(|ends| ends[1] - ends[0]))
}

/// Affinities of rows of these lengths.
fn joined<T: Scalar>(n: usize, lengths: &[usize], columns: Vec<u32>, weights: Vec<T>) -> Result<Affinities<T>> {
    Affinities::from_parts(ends(lengths)?, columns, weights, n, AffinityKind::Joint)
}

/// Where rows of these lengths begin, and where the last one ends.
fn ends(lengths: &[usize]) -> Result<Vec<usize>> {
    let mut row_pointers = vec![0];
    memory::reserve(WHOLE, &mut row_pointers, lengths.len())?;
    row_pointers.extend(lengths.iter().scan(0usize, |end, &length| {
        *end = end.saturating_add(length);
        Some(*end)
    }));
    Ok(row_pointers)
}
