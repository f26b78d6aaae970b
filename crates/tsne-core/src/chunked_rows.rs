//! Sparse rows as the attraction reads them.

use rayon::prelude::*;

use crate::simd::LANES;
use crate::{Error, Result, blocks};

/// Rows of a sparse matrix, each filled up to whole chunks of [`LANES`] entries with entries of weight zero.
///
/// Columns are counted from a first one of their row, in 16 bits. A row that reaches farther than 65,535 columns has two chunks
/// of columns to a chunk of weights: the lower halves of its offsets, then the upper ones. The attraction of large data is
/// bound by the memory that it reads, and columns of 32 bits would be one half of it.
///
/// All columns are below [`ChunkedRows::bound`]: [`simd::attraction`](crate::simd::attraction) reads points by them without
/// looking again.
#[derive(Debug, Clone)]
pub struct ChunkedRows<T> {
    starts: Vec<RowStart>,
    columns: Vec<[u16; LANES]>,
    weights: Vec<[T; LANES]>,
    bound: usize,
}

/// Where a row of [`ChunkedRows`] starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowStart {
    /// The column that the row's columns are counted from.
    pub first_column: u32,
    /// Its first chunk of columns.
    pub columns: usize,
    /// Its first chunk of weights.
    pub weights: usize,
}

/// The arrays of [`ChunkedRows`]: starts, columns, weights.
pub type ChunkedParts<T> = (Vec<RowStart>, Vec<[u16; LANES]>, Vec<[T; LANES]>);

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
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{ChunkedRows, RowStart};
    ///
    /// let starts = vec![RowStart { first_column: 7, columns: 0, weights: 0 }, RowStart { columns: 1, weights: 1, ..RowStart::default() }];
    /// let parts = |columns: [u16; 8]| (starts.clone(), vec![columns], vec![[0.1f32; 8]]);
    /// let (starts, columns, weights) = parts([2, 0, 3, 0, 0, 0, 0, 0]);
    /// assert_eq!(ChunkedRows::new(starts, columns, weights, 11)?.len(), 1);
    /// let (starts, columns, weights) = parts([2, 0, 4, 0, 0, 0, 0, 0]);
    /// assert!(ChunkedRows::new(starts, columns, weights, 11).is_err()); // There is no column 7 + 4.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(
        starts: Vec<RowStart>,
        columns: Vec<[u16; LANES]>,
        weights: Vec<[T; LANES]>,
        bound: usize,
    ) -> Result<Self> {
        let max = u32::MAX as usize + 1;
        if bound > max {
            return Err(Error::capacity("number of columns", bound, max));
        }
        let rows = Self { starts, columns, weights, bound };
        let bad = (0..blocks::count(rows.len())).into_par_iter().find_map_first(|b| {
            blocks::range(b, rows.len()).find_map(|r| rows.find_fault(r).map(|fault| format!("row {r} {fault}")))
        });
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
        let largest = row.largest_offset()? as usize + row.first_column as usize;
        (largest >= self.bound).then(|| format!("names column {largest}, but there are {}", self.bound))
    }
}

impl<T> ChunkedRows<T> {
    /// The number of rows.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_core::ChunkedRows::<f32>::default().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are no rows.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(tsne_core::ChunkedRows::<f32>::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number that all columns are below.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_core::ChunkedRows::<f32>::new(vec![], vec![], vec![], 3)?.bound(), 3);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn bound(&self) -> usize {
        self.bound
    }

    /// The arrays, to be filled again.
    ///
    /// # Examples
    ///
    /// ```
    /// let (starts, columns, weights) = tsne_core::ChunkedRows::<f32>::default().into_parts();
    /// assert!(starts.is_empty() && columns.is_empty() && weights.is_empty());
    /// ```
    pub fn into_parts(self) -> ChunkedParts<T> {
        (self.starts, self.columns, self.weights)
    }

    /// All weights.
    pub(crate) fn weights(&self) -> &[[T; LANES]] {
        &self.weights
    }

    /// The rows from `first` on with the weights in another type; `None` unless there are as many chunks.
    pub(crate) fn view<'a, U>(&'a self, first: usize, weights: &'a [[U; LANES]]) -> Option<ChunkedView<'a, U>> {
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
pub(crate) struct ChunkedView<'a, T> {
    starts: &'a [RowStart],
    columns: &'a [[u16; LANES]],
    weights: &'a [[T; LANES]],
}

/// One row of [`ChunkedRows`].
#[derive(Clone, Copy)]
pub(crate) struct ChunkedRow<'a, T> {
    /// The column that all others are counted from.
    pub(crate) first_column: u32,
    /// As many chunks as of weights, or twice as many.
    pub(crate) columns: &'a [[u16; LANES]],
    pub(crate) weights: &'a [[T; LANES]],
}

impl<'a, T> ChunkedView<'a, T> {
    /// Row `r`; none beyond the last.
    #[inline(always)]
    pub(crate) fn row(&self, r: usize) -> Option<ChunkedRow<'a, T>> {
        let &[start, end] = self.starts.get(r..)?.first_chunk()?;
        let columns = self.columns.get(start.columns..end.columns)?;
        let weights = self.weights.get(start.weights..end.weights)?;
        Some(ChunkedRow { first_column: start.first_column, columns, weights })
    }
}

impl<T> ChunkedRow<'_, T> {
    /// Whether offsets have 16 bits.
    #[inline(always)]
    pub(crate) fn is_narrow(&self) -> bool {
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
pub(crate) fn offset(low: u16, high: u16) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}
