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

/// Completes this member's columns, `columns(rank)`, of a matrix of which each member has its rows, `rows(rank)`. The numbers of a row in
/// some columns are those at `places(row, columns)` in `matrix`, the same on all members; numbers travel as what they are packed into.
/// Does nothing without a team.
///
/// # Errors
///
/// [`Error::Team`], [`Error::OutOfMemory`].
pub(crate) fn exchange<V: Copy, A: Wire, P: Iterator<Item = usize>>(
    matrix: &mut [V],
    rows: impl Fn(usize) -> Range<usize>,
    columns: impl Fn(usize) -> Range<usize>,
    places: impl Fn(usize, Range<usize>) -> P,
    (pack, unpack): (impl Fn(V) -> A, impl Fn(A) -> V),
    cx: Context<'_>,
) -> Result<()> {
    let Some(team) = cx.team().filter(|team| team.size() > 1) else { return Ok(()) };
    let others = || (0..team.size()).filter(|rank| *rank != team.rank());
    let mut messages = memory::filled(WHAT, team.size(), Vec::new())?;
    for rank in others() {
        let (rows, columns) = (rows(team.rank()), columns(rank));
        let mut message = memory::filled(WHAT, rows.len() * columns.len() * A::BYTES, 0u8)?;
        let mut values = message.chunks_exact_mut(A::BYTES);
        for row in rows {
            for (at, value) in places(row, columns.clone()).zip(&mut values) {
                pack(matrix[at]).put(value);
            }
        }
        messages[rank] = message;
    }
    let received = team.exchange(messages)?;
    for rank in others() {
        let (rows, columns) = (rows(rank), columns(team.rank()));
        let (message, length) = (&received[rank], rows.len() * columns.len() * A::BYTES);
        if message.len() != length {
            return Err(Error::shape(WHAT, length, message.len()));
        }
        let mut values = message.chunks_exact(A::BYTES);
        for row in rows {
            for (at, value) in places(row, columns.clone()).zip(&mut values) {
                matrix[at] = unpack(A::get(value));
            }
        }
    }
    Ok(())
}
