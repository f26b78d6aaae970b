//! The cells around a cell.

/// A run of cells along the last axis, by its place relative to a query's own cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Along the axes but the last.
    pub(crate) offset: [isize; 2],
    /// Cells to either side along the last axis.
    pub(crate) reach: usize,
}

/// The rows of cells of side 1 that a ball of radius `cutoff` around any place of a query's own cell touches.
pub(crate) fn rows<const D: usize>(cutoff: f64, rows: &mut Vec<Row>) {
    rows.clear();
    let widest = cutoff.ceil() as isize;
    let along = |used: bool| if used { -widest..=widest } else { 0..=0 };
    // The least distance between the places of two cells.
    let apart = |cells: isize| (cells.abs() - 1).max(0) as f64;
    for first in along(D > 1) {
        for second in along(D > 2) {
            let left2 = cutoff * cutoff - apart(first).powi(2) - apart(second).powi(2);
            if left2 > 0.0 {
                rows.push(Row { offset: [first, second], reach: left2.sqrt().ceil() as usize });
            }
        }
    }
}
