//! Sparse rows as the attraction reads them.

use super::lanes::LANES;
use tsne_core::{Error, Result, blocks, limits};

/// Rows of a sparse matrix, each filled up to whole chunks of [`LANES`] entries with entries of weight zero.
///
/// Columns are counted from a first one of their row, in 16 bits. A row that reaches farther than 65,535 columns has two chunks
/// of columns to a chunk of weights: the lower halves of its offsets, then the upper ones. The attraction of large data is
/// bound by the memory that it reads, and columns of 32 bits would be one half of it.
///
/// All columns are below [`ChunkedRows::bound`]: the attraction reads points by them without looking again.
#[derive(Debug, Clone)]
pub(super) struct ChunkedRows<T> {
    starts: Vec<RowStart>,
    columns: Vec<[u16; LANES]>,
    weights: Vec<[T; LANES]>,
    bound: usize,
}

/// Where a row of [`ChunkedRows`] starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RowStart {
    /// The column that the row's columns are counted from.
    pub(super) first_column: u32,
    /// Its first chunk of columns.
    pub(super) columns: usize,
    /// Its first chunk of weights.
    pub(super) weights: usize,
}

/// The arrays of [`ChunkedRows`]: starts, columns, weights.
pub(super) type ChunkedParts<T> = (Vec<RowStart>, Vec<[u16; LANES]>, Vec<[T; LANES]>);

impl<T> Default for ChunkedRows<T> {
    /// No rows.
    fn default() -> Self {
        Self { starts: Vec::new(), columns: Vec::new(), weights: Vec::new(), bound: 0 }
    }
}

impl<T: Sync> ChunkedRows<T> {
    /// Rows by their starts, with one more behind the last row where it ends, and the chunks of their columns, all below `bound`,
    /// and of their weights.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a row that leaves the arrays or ends before it starts, whose chunks of columns are neither as many
    /// as those of weights nor twice as many, or that names a column that is not below `bound`; [`Error::Capacity`] for a bound
    /// above 2³².
    pub(super) fn new(
        starts: Vec<RowStart>,
        columns: Vec<[u16; LANES]>,
        weights: Vec<[T; LANES]>,
        bound: usize,
    ) -> Result<Self> {
        if bound > limits::INDICES {
            return Err(Error::capacity("number of columns", bound, limits::INDICES));
        }
        let rows = Self { starts, columns, weights, bound };
        let bad = blocks::find_first(rows.len(), |r| rows.find_fault(r).map(|fault| format!("row {r} {fault}")));
        match bad {
            Some(why) => Err(Error::invalid("rows", why)),
            None => Ok(rows),
        }
    }

    /// What is wrong with row `r`.
    fn find_fault(&self, r: usize) -> Option<String> {
        let (start, end) = (self.starts[r], self.starts[r + 1]);
        let Some(row) = self.row(r) else {
            let (columns, weights) = (self.columns.len(), self.weights.len());
            return Some(format!(
                "runs from {start:?} to {end:?} of {columns} chunks of columns and {weights} of weights"
            ));
        };
        if !row.is_narrow() && row.columns.len() != 2 * row.weights.len() {
            return Some(format!("has {} chunks of columns and {} of weights", row.columns.len(), row.weights.len()));
        }
        let largest = u64::from(row.largest_offset()?) + u64::from(row.first_column);
        (largest >= self.bound as u64).then(|| format!("names column {largest}, but there are {}", self.bound))
    }
}

impl<T> ChunkedRows<T> {
    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The number that all columns are below.
    pub(super) const fn bound(&self) -> usize {
        self.bound
    }

    /// The arrays, to be filled again.
    pub(super) fn into_parts(self) -> ChunkedParts<T> {
        (self.starts, self.columns, self.weights)
    }

    /// All weights.
    pub(super) fn weights(&self) -> &[[T; LANES]] {
        &self.weights
    }

    /// The rows from `first` on with the weights in another type; `None` unless there are as many chunks.
    pub(super) fn view<'a, U>(&'a self, first: usize, weights: &'a [[U; LANES]]) -> Option<ChunkedView<'a, U>> {
        let Self { starts, columns, weights: own, bound: _ } = self;
        let starts = starts.get(first..).unwrap_or(&[]);
        (weights.len() == own.len()).then_some(ChunkedView { starts, columns, weights })
    }

    /// Row `r`; none beyond the last.
    #[inline(always)]
    fn row(&self, r: usize) -> Option<ChunkedRow<'_, T>> {
        ChunkedView { starts: &self.starts, columns: &self.columns, weights: &self.weights }.row(r)
    }
}

/// Borrowed [`ChunkedRows`].
#[derive(Clone, Copy)]
pub(super) struct ChunkedView<'a, T> {
    starts: &'a [RowStart],
    columns: &'a [[u16; LANES]],
    weights: &'a [[T; LANES]],
}

/// One row of [`ChunkedRows`].
#[derive(Clone, Copy)]
pub(super) struct ChunkedRow<'a, T> {
    /// The column that all others are counted from.
    pub(super) first_column: u32,
    /// As many chunks as of weights, or twice as many.
    pub(super) columns: &'a [[u16; LANES]],
    pub(super) weights: &'a [[T; LANES]],
}

impl<'a, T> ChunkedView<'a, T> {
    /// Row `r`; none beyond the last.
    #[inline(always)]
    pub(super) fn row(&self, r: usize) -> Option<ChunkedRow<'a, T>> {
        let &[start, end] = self.starts.get(r..)?.first_chunk()?;
        let columns = self.columns.get(start.columns..end.columns)?;
        let weights = self.weights.get(start.weights..end.weights)?;
        Some(ChunkedRow { first_column: start.first_column, columns, weights })
    }
}

impl<T> ChunkedRow<'_, T> {
    /// Whether offsets have 16 bits.
    #[inline(always)]
    pub(super) fn is_narrow(&self) -> bool {
        self.columns.len() == self.weights.len()
    }

    fn largest_offset(&self) -> Option<u32> {
        if self.is_narrow() {
            // Lane by lane, which takes no branches.
            let mut largest = *self.columns.first()?;
            for columns in self.columns {
                for l in 0..LANES {
                    largest[l] = largest[l].max(columns[l]);
                }
            }
            return largest.iter().max().map(|&largest| u32::from(largest));
        }
        let halves = self.columns.as_chunks().0.iter();
        halves.flat_map(|[low, high]| low.iter().zip(high)).map(|(&low, &high)| offset(low, high)).max()
    }
}

/// The offset of a column by its halves.
#[inline(always)]
pub(super) fn offset(low: u16, high: u16) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(first_column: u32, columns: usize, weights: usize) -> RowStart {
        RowStart { first_column, columns, weights }
    }

    #[track_caller]
    fn message(starts: &[RowStart], columns: &[[u16; LANES]], bound: usize) -> String {
        let rows = ChunkedRows::new(starts.to_vec(), columns.to_vec(), vec![[1.0f32; LANES]; 2], bound);
        rows.unwrap_err().to_string()
    }

    #[test]
    fn rows_that_leave_the_arrays_are_refused() {
        let columns = [[0; LANES]; 4];
        for starts in [
            [start(0, 0, 0), start(0, 5, 1)],
            [start(0, 0, 0), start(0, 3, 3)],
            [start(0, 2, 1), start(0, 1, 1)],
            [start(0, 1, 2), start(0, 1, 1)],
            [start(0, usize::MAX, 0), start(0, 4, 2)],
        ] {
            let message = message(&starts, &columns, 9);
            assert!(message.contains("row 0 runs from"), "{message}");
        }
        let message = message(&[start(0, 0, 0), start(0, 1, 1), start(0, 4, 2)], &columns, 9);
        assert!(message.contains("row 1 has 3 chunks of columns and 1 of weights"), "{message}");
    }

    #[test]
    fn columns_beyond_the_bound_are_refused() {
        for position in 0..LANES {
            let mut columns = [[6u16; LANES]; 2];
            let starts = [start(3, 0, 0), start(1, 1, 1), start(0, 2, 2)];
            assert!(ChunkedRows::new(starts.to_vec(), columns.to_vec(), vec![[1.0; LANES]; 2], 10).is_ok());
            columns[1][position] = 9;
            let message = message(&starts, &columns, 10);
            assert!(message.contains("row 1 names column 10, but there are 10"), "{message}");
        }
        // In halves: 65,536 + 2 and one column more.
        for position in 0..LANES {
            let mut columns = [[2u16; LANES], [0; LANES]];
            columns[1][position] = 1;
            let starts = [start(1, 0, 0), start(0, 2, 1)];
            assert!(ChunkedRows::new(starts.to_vec(), columns.to_vec(), vec![[1.0; LANES]], 65_540).is_ok());
            let message = message(&starts, &columns, 65_539);
            assert!(message.contains("row 0 names column 65539, but there are 65539"), "{message}");
        }
        let message = message(&[start(u32::MAX, 0, 0), start(0, 1, 1)], &[[1; LANES]], limits::INDICES);
        assert!(message.contains("names column 4294967296"), "{message}");
        // On machines with words of 32 bits nothing is beyond it.
        if let Ok(beyond) = usize::try_from((1u64 << 32) + 1) {
            assert!(ChunkedRows::<f32>::new(vec![], vec![], vec![], beyond).is_err());
        }
    }

    #[test]
    fn empty_rows_are_rows() {
        let rows = ChunkedRows::<f64>::new(vec![start(7, 0, 0); 4], vec![], vec![], 0).unwrap();
        assert_eq!((rows.len(), rows.bound()), (3, 0));
        assert_eq!(ChunkedRows::<f64>::new(vec![], vec![], vec![], 0).unwrap().len(), 0);
    }
}
