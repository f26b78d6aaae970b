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

/// Completes this member's columns, `columns(rank)`, of a matrix of which each member has its rows, `rows(rank)`. The number of a row and
/// a column is the one at the place `at` in `matrix`, the same on all members; numbers travel as what they are packed into. Does nothing
/// without a team.
///
/// # Errors
///
/// [`Error::Team`], [`Error::OutOfMemory`].
pub(crate) fn exchange<V: Copy, A: Wire>(
    matrix: &mut [V],
    rows: impl Fn(usize) -> Range<usize>,
    columns: impl Fn(usize) -> Range<usize>,
    at: impl Fn(usize, usize) -> usize,
    (pack, unpack): (impl Fn(V) -> A, impl Fn(A) -> V),
    cx: Context<'_>,
) -> Result<()> {
    if cx.members() < 2 {
        return Ok(());
    }
    let others = || (0..cx.members()).filter(|rank| *rank != cx.rank());
    let mut messages = memory::filled(WHAT, cx.members(), Vec::new())?;
    for rank in others() {
        let (rows, columns) = (rows(cx.rank()), columns(rank));
        let message = &mut messages[rank];
        memory::reserve(WHAT, message, rows.len() * columns.len())?;
        for row in rows {
            message.extend(columns.clone().map(|column| pack(matrix[at(row, column)])));
        }
    }
    let received = cx.exchange(messages)?;
    for rank in others() {
        let (rows, columns) = (rows(rank), columns(cx.rank()));
        let (message, length) = (&received[rank], rows.len() * columns.len());
        if message.len() != length {
            return Err(Error::shape(WHAT, length, message.len()));
        }
        let mut values = message.iter();
        for row in rows {
            for (column, &value) in columns.clone().zip(&mut values) {
                matrix[at(row, column)] = unpack(value);
            }
        }
    }
    Ok(())
}
