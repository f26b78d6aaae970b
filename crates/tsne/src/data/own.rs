//! What a member of a team takes of something whole: the rows of its points.

use std::ops::Range;
use tsne_core::{Affinities, AffinityKind, Context, KnnGraph, Result, Scalar, memory};

/// The rows of this member, if the graph has all; `None` if it has these already.
pub(super) fn own_graph<T: Scalar>(graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Option<KnnGraph<T>>> {
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
/// [`Error::Team`], for other rows, too; [`Error::OutOfMemory`].
pub(crate) fn whole_affinities<T: Scalar>(p: &Affinities<T>, cx: Context<'_>) -> Result<Affinities<T>> {
    const WHAT: &str = "affinities of all members";
    p.check_own(cx)?;
    let lengths = memory::collected(WHAT, p.row_pointers().windows(2).map(|ends| ends[1] - ends[0]))?;
    let lengths = cx.concat(lengths)?;
    let mut row_pointers = vec![0];
    memory::reserve(WHAT, &mut row_pointers, lengths.len())?;
    let mut end = 0;
    row_pointers.extend(lengths.iter().map(|length| {
        end += length;
        end
    }));
    let columns = cx.concat(memory::copied(WHAT, p.columns())?)?;
    let weights = cx.concat(memory::copied(WHAT, p.weights())?)?;
    Affinities::from_parts(row_pointers, columns, weights, p.n_columns(), AffinityKind::Joint)
}
