//! Which positions the rows of a shard are at.

use std::ops::Range;
use tsne_core::{Result, memory};

/// The name of what is made here in errors.
const WHAT: &str = "positions of rows";

/// Ranges of positions, ascending. The rows of each stand behind those of the one before.
#[derive(Debug)]
pub(super) struct Positions {
    ranges: Vec<Range<usize>>,
    /// Where the rows of each range begin, and the number of rows last.
    starts: Vec<usize>,
}

impl Positions {
    /// Consecutive ones.
    pub(super) fn consecutive(positions: Range<usize>) -> Self {
        Self { starts: vec![0, positions.len()], ranges: vec![positions] }
    }

    /// Those of ranges that ascend and do not overlap; what follows one without a gap is of the same range.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
    pub(super) fn of_ranges(parts: impl ExactSizeIterator<Item = Range<usize>>) -> Result<Self> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        memory::reserve(WHAT, &mut ranges, parts.len())?;
        for part in parts.filter(|part| !part.is_empty()) {
            match ranges.last_mut() {
                Some(last) if last.end == part.start => last.end = part.end,
                _ => ranges.push(part),
            }
        }
        let mut starts = memory::filled(WHAT, ranges.len() + 1, 0usize)?;
        for (i, range) in ranges.iter().enumerate() {
            starts[i + 1] = starts[i] + range.len();
        }
        Ok(Self { ranges, starts })
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or_default()
    }

    /// Whether these are those of a range, and no others.
    pub(super) fn is(&self, range: &Range<usize>) -> bool {
        self.ranges.first().is_some_and(|own| own == range) && self.ranges.len() == 1
    }

    /// The position of a row.
    pub(super) fn of_row(&self, row: usize) -> usize {
        // Of one range, as all rows of one process are, this is asked for each neighbor.
        let range = if self.ranges.len() == 1 { 0 } else { self.starts.partition_point(|&start| start <= row) - 1 };
        self.ranges[range].start + row - self.starts[range]
    }

    /// The rows at those of some consecutive positions that are here: within one range, as those of a cluster are.
    pub(super) fn rows(&self, positions: &Range<usize>) -> Range<usize> {
        let range = self.ranges.partition_point(|range| range.end <= positions.start);
        let Some(own) = self.ranges.get(range) else { return 0..0 };
        let row = |position: usize| self.starts[range] + position.clamp(own.start, own.end) - own.start;
        row(positions.start)..row(positions.end)
    }

    /// The row at a position, if it is here.
    pub(super) fn row(&self, position: usize) -> Option<usize> {
        // No position is the largest number, which stands for none.
        let rows = self.rows(&(position..position.saturating_add(1)));
        (!rows.is_empty()).then_some(rows.start)
    }

    /// All positions, in the order of their rows.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + Clone {
        self.ranges.iter().cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a list of all positions.
    #[test]
    fn rows_and_positions_are_inverse() {
        let lists: [&[Range<usize>]; 5] =
            [&[], &[0..0, 3..7], &[0..2, 2..5, 9..9, 10..11], &[2..2, 4..4], &[1..2, 3..4, 4..6]];
        for ranges in lists {
            let positions = Positions::of_ranges(ranges.iter().cloned()).unwrap();
            let all: Vec<usize> = ranges.iter().cloned().flatten().collect();
            assert_eq!(positions.len(), all.len());
            assert!(positions.iter().eq(all.iter().copied()));
            for position in (0..13).chain([usize::MAX - 1, usize::MAX]) {
                assert_eq!(positions.row(position), all.iter().position(|&p| p == position), "{ranges:?} {position}");
            }
            for (row, &position) in all.iter().enumerate() {
                assert_eq!(positions.of_row(row), position);
            }
        }
        // A part of a cluster is here, or none of it.
        let positions = Positions::consecutive(10..20);
        for (cluster, rows) in [(5..12, 0..2), (12..14, 2..4), (18..30, 8..10), (0..10, 0..0), (20..25, 0..0)] {
            let found = positions.rows(&cluster);
            assert!(found == rows || found.is_empty() && rows.is_empty(), "{cluster:?}: {found:?}");
        }
        assert_eq!(Positions::consecutive(4..4).row(4), None);
    }
}
