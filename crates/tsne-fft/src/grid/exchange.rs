//! A matrix that members of a team have by rows, and want by columns.

use crate::scalar::GridScalar;
use rustfft::num_complex::Complex;
use std::ops::Range;
use tsne_core::{Context, Error, Result, memory};

const WHAT: &str = "frequencies for the team";

/// Completes this member's columns, `columns(rank)`, of a matrix of which each member has its rows, `rows(rank)`. The number of a row and
/// a column is the one at the place `at` in `matrix`, the same on all members. Does nothing without a team.
///
/// # Errors
///
/// [`Error::Team`], [`Error::OutOfMemory`].
pub(crate) fn exchange<T: GridScalar>(
    matrix: &mut [Complex<T>],
    rows: impl Fn(usize) -> Range<usize>,
    columns: impl Fn(usize) -> Range<usize>,
    at: impl Fn(usize, usize) -> usize,
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
            message.extend(columns.clone().map(|column| {
                let value = matrix[at(row, column)];
                [value.re, value.im]
            }));
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
            for (column, &[re, im]) in columns.clone().zip(&mut values) {
                matrix[at(row, column)] = Complex { re, im };
            }
        }
    }
    Ok(())
}
