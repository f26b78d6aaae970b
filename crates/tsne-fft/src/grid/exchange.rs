//! A matrix that members of a team have by rows, and want by columns.

use crate::layout::shape::Shape;
use std::ops::Range;
use tsne_core::{Context, Error, Result, Wire, memory};

const WHAT: &str = "frequencies for the team";

/// Lines, or frequencies, to a task. Eight complex `f32` are a cache line: gathering across lines wastes nothing.
pub(crate) const TILE: usize = 8;

/// The frequencies of the last axis whose planes are those of member `rank`: whole tiles.
pub(crate) fn frequencies_of(shape: &Shape, rank: usize, cx: Context<'_>) -> Range<usize> {
    cx.part_of(rank, shape.padded[2] / 2 + 1, TILE)
}

/// Which rows of a matrix, and which columns, are those of a member.
pub(crate) struct Parts<R, C> {
    pub(crate) rows: R,
    pub(crate) columns: C,
}

/// Gives each member all rows of its columns, of a matrix of which it has all columns of its rows. What it has is `have`, with the numbers
/// of a row in some columns at the places that go with it; what it gets goes to those of `get`. Numbers travel as what they are packed into.
///
/// # Errors
///
/// [`Error::Team`], [`Error::OutOfMemory`].
pub(crate) fn exchange<V: Copy, A: Wire, H: Iterator<Item = usize>, G: Iterator<Item = usize>>(
    (have, have_places): (&[V], impl Fn(usize, Range<usize>) -> H),
    (get, get_places): (&mut [V], impl Fn(usize, Range<usize>) -> G),
    parts: &Parts<impl Fn(usize) -> Range<usize>, impl Fn(usize) -> Range<usize>>,
    (pack, unpack): (impl Fn(V) -> A, impl Fn(A) -> V),
    cx: Context<'_>,
) -> Result<()> {
    let own = cx.rank();
    let columns = (parts.columns)(own);
    for row in (parts.rows)(own) {
        for (from, to) in have_places(row, columns.clone()).zip(get_places(row, columns.clone())) {
            get[to] = have[from];
        }
    }
    let Some(team) = cx.team().filter(|team| team.size() > 1) else { return Ok(()) };
    let others = || (0..team.size()).filter(|rank| *rank != own);
    let mut messages = memory::filled(WHAT, team.size(), Vec::new())?;
    for rank in others() {
        let (rows, columns) = ((parts.rows)(own), (parts.columns)(rank));
        let mut message = memory::filled(WHAT, rows.len() * columns.len() * A::BYTES, 0u8)?;
        let mut values = message.chunks_exact_mut(A::BYTES);
        for row in rows {
            for (at, value) in have_places(row, columns.clone()).zip(&mut values) {
                pack(have[at]).put(value);
            }
        }
        messages[rank] = message;
    }
    let received = team.exchange(messages)?;
    if received.len() != team.size() {
        return Err(Error::shape(WHAT, team.size(), received.len()));
    }
    for rank in others() {
        let (rows, columns) = ((parts.rows)(rank), (parts.columns)(own));
        let (message, length) = (&received[rank], rows.len() * columns.len() * A::BYTES);
        if message.len() != length {
            return Err(Error::shape(WHAT, length, message.len()));
        }
        let mut values = message.chunks_exact(A::BYTES);
        for row in rows {
            for (at, value) in get_places(row, columns.clone()).zip(&mut values) {
                get[at] = unpack(A::get(value));
            }
        }
    }
    Ok(())
}
