//! The numbers on the nodes of a grid: charges, and then their potential.

use crate::grid::room::fit;
use crate::layout::shape::Shape;
use crate::points::slabs::reach;
use crate::scalar::GridScalar;
use std::ops::Range;
use tsne_core::Result;

/// Charges on the nodes of a grid, which a convolution replaces by their potential.
#[derive(Debug)]
pub(crate) struct Nodes<T> {
    /// Lines of the padded length, those of a part of the grid with what its charges reach: charges, and without a team the potential.
    pub(crate) lines: Vec<T>,
    /// Where on the grid they begin.
    pub(crate) start: usize,
    /// The potential in a team, as members send it to each other: all lines without padding, and none without a team.
    pub(crate) gathered: Vec<T>,
    /// The length of the lines that hold the potential.
    pub(crate) length: usize,
}

impl<T> Default for Nodes<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), start: 0, gathered: Vec::new(), length: 0 }
    }
}

impl<T: GridScalar> Nodes<T> {
    /// Makes them those of a part of a grid; what they hold is of no meaning.
    pub(crate) fn fit<const D: usize>(&mut self, shape: &Shape, part: &Range<usize>) -> Result<()> {
        let reach = reach::<D>(shape, part);
        self.start = reach.start;
        fit("the grid", &mut self.lines, reach.len(), T::ZERO)
    }

    /// The lines of a part of the grid, if they are here.
    pub(crate) fn part(&mut self, part: Range<usize>) -> Option<&mut [T]> {
        if part.is_empty() {
            return Some(&mut []);
        }
        self.lines.get_mut(part.start.checked_sub(self.start)?..part.end.checked_sub(self.start)?)
    }

    /// The potential, after a convolution.
    #[inline(always)]
    pub(crate) fn potential(&self) -> Lines<'_, T> {
        let values = if self.gathered.is_empty() { &self.lines } else { &self.gathered };
        Lines { values, length: self.length }
    }
}

/// Lines of the last axis, one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'a, T> {
    pub(crate) values: &'a [T],
    /// Of a line.
    pub(crate) length: usize,
}
