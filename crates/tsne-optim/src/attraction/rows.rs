//! Sparse rows as the attraction reads them.

use super::lanes::LANES;
use std::ops::Range;
use tsne_core::{Array, Error, Result, Scalar, blocks, limits};

/// Rows of a sparse matrix, each filled up to whole chunks of [`LANES`] entries with entries of weight zero.
///
/// Columns are counted from a first one of their row, in 16 bits. A row that reaches farther than 65,535 columns has two chunks
/// of columns to a chunk of weights: the lower halves of its offsets, then the upper ones. Weights of `f32` are counts of a
/// unit of their row ([`unit_of`]), in 16 bits. The attraction of large data is bound by the memory that it reads: with 32 bits
/// for both it would be twice as much.
///
/// All columns are below [`ChunkedRows::bound`]: the attraction reads points by them without looking again.
#[derive(Debug, Clone)]
pub(super) struct ChunkedRows<T> {
    starts: Vec<RowStart<T>>,
    columns: Array<[u16; LANES]>,
    weights: Weights<T>,
    bound: usize,
}

/// Where a row of [`ChunkedRows`] starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RowStart<T> {
    /// What the row's weights count.
    pub(super) unit: T,
    /// The column that the row's columns are counted from.
    pub(super) first_column: u32,
    /// Its first chunk of columns.
    pub(super) columns: usize,
    /// Its first chunk of weights.
    pub(super) weights: usize,
}

/// Chunks of weights.
#[derive(Debug, Clone)]
pub(super) enum Weights<T> {
    /// Counts of the unit of their row.
    Counts(Array<[u16; LANES]>),
    /// The weights themselves; the unit of each row is one.
    Whole(Array<[T; LANES]>),
}

impl<T> Weights<T> {
    fn len(&self) -> usize {
        match self {
            Self::Counts(counts) => counts.len(),
            Self::Whole(weights) => weights.len(),
        }
    }

    /// The number of chunks in a range, if it is one of them.
    fn count(&self, range: Range<usize>) -> Option<usize> {
        (range.start <= range.end && range.end <= self.len()).then(|| range.len())
    }
}

/// Whether weights are kept as counts. Those of `f64` are not, whose users want its digits; in `f32` forces have an error of a
/// thousandth by the repulsion already, and the attraction of a row gets one of at most 2^-17 of its largest weight for each
/// entry.
pub(super) fn are_counts<T: Scalar>() -> bool {
    T::EPSILON.to_f64() > f64::EPSILON
}

/// The nearest count of a unit that goes into 1 `per_unit` times. What is beyond the largest count does not come up: the unit is
/// a part of the row's largest weight.
#[inline(always)]
pub(super) fn count_of<T: Scalar>(weight: T, per_unit: T) -> u16 {
    (weight * per_unit + T::HALF).to_i32() as u16
}

/// A count as a number.
#[inline(always)]
pub(super) fn number_of<T: Scalar>(count: u16) -> T {
    T::from_i32(i32::from(count))
}

/// The arrays of [`ChunkedRows`]: starts, columns, weights.
pub(super) type ChunkedParts<T> = (Vec<RowStart<T>>, Array<[u16; LANES]>, Weights<T>);

impl<T> Default for ChunkedRows<T> {
    /// No rows.
    fn default() -> Self {
        Self { starts: Vec::new(), columns: Array::default(), weights: Weights::Counts(Array::default()), bound: 0 }
    }
}

impl<T: Scalar> ChunkedRows<T> {
    /// Rows by their starts, with one more behind the last row where it ends, and the chunks of their columns, all below `bound`,
    /// and of their weights.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a row that leaves the arrays or ends before it starts, whose chunks of columns are neither as many
    /// as those of weights nor twice as many, or that names a column that is not below `bound`; [`Error::Capacity`] for a bound
    /// above 2³².
    pub(super) fn new(
        starts: Vec<RowStart<T>>,
        columns: Array<[u16; LANES]>,
        weights: Weights<T>,
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
        let (columns, weights) = (start.columns..end.columns, start.weights..end.weights);
        let (Some(columns), Some(count)) = (self.columns.get(columns), self.weights.count(weights)) else {
            let (columns, weights) = (self.columns.len(), self.weights.len());
            return Some(format!(
                "runs from {start:?} to {end:?} of {columns} chunks of columns and {weights} of weights"
            ));
        };
        if columns.len() != count && columns.len() != 2 * count {
            return Some(format!("has {} chunks of columns and {count} of weights", columns.len()));
        }
        let largest = u64::from(largest_offset(columns, columns.len() == count)?) + u64::from(start.first_column);
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
    pub(super) const fn weights(&self) -> &Weights<T> {
        &self.weights
    }

    /// The rows from `first` on with all of their weights.
    pub(super) fn view<'a, W>(&'a self, first: usize, weights: &'a [[W; LANES]]) -> ChunkedView<'a, T, W> {
        ChunkedView { starts: self.starts.get(first..).unwrap_or(&[]), columns: &self.columns, weights }
    }
}

/// Borrowed [`ChunkedRows`].
#[derive(Clone, Copy)]
pub(super) struct ChunkedView<'a, T, W> {
    starts: &'a [RowStart<T>],
    columns: &'a [[u16; LANES]],
    weights: &'a [[W; LANES]],
}

/// One row of [`ChunkedRows`].
#[derive(Clone, Copy)]
pub(super) struct ChunkedRow<'a, T, W> {
    /// What the weights count.
    pub(super) unit: T,
    /// The column that all others are counted from.
    pub(super) first_column: u32,
    /// As many chunks as of weights, or twice as many.
    pub(super) columns: &'a [[u16; LANES]],
    pub(super) weights: &'a [[W; LANES]],
}

impl<'a, T: Copy, W> ChunkedView<'a, T, W> {
    /// Row `r`; none beyond the last.
    #[inline(always)]
    pub(super) fn row(&self, r: usize) -> Option<ChunkedRow<'a, T, W>> {
        let &[start, end] = self.starts.get(r..)?.first_chunk()?;
        let columns = self.columns.get(start.columns..end.columns)?;
        let weights = self.weights.get(start.weights..end.weights)?;
        Some(ChunkedRow { unit: start.unit, first_column: start.first_column, columns, weights })
    }
}

impl<T, W> ChunkedRow<'_, T, W> {
    /// Whether offsets have 16 bits.
    #[inline(always)]
    pub(super) fn is_narrow(&self) -> bool {
        self.columns.len() == self.weights.len()
    }
}

fn largest_offset(columns: &[[u16; LANES]], is_narrow: bool) -> Option<u32> {
    if is_narrow {
        // Lane by lane, which takes no branches.
        let mut largest = *columns.first()?;
        for columns in columns {
            for l in 0..LANES {
                largest[l] = largest[l].max(columns[l]);
            }
        }
        return largest.iter().max().map(|&largest| u32::from(largest));
    }
    let halves = columns.as_chunks().0.iter();
    halves.flat_map(|[low, high]| low.iter().zip(high)).map(|(&low, &high)| offset(low, high)).max()
}

/// The unit of which a row of weights has counts: the 65,535th part of the largest.
#[inline(always)]
pub(super) fn unit_of<T: Scalar>(weights: &[T]) -> T {
    // Lane by lane, which takes no branches.
    let (chunks, rest) = weights.as_chunks::<LANES>();
    let mut largest = [T::ZERO; LANES];
    for weights in chunks {
        for l in 0..LANES {
            largest[l] = largest[l].max(weights[l]);
        }
    }
    let largest = largest.iter().chain(rest).fold(T::ZERO, |largest, weight| largest.max(*weight)).to_f64();
    let unit = T::from_f64(largest / f64::from(u16::MAX));
    // Below it, the inverse would not be finite: all counts are zero.
    if (1.0 / unit.to_f64()) <= T::MAX.to_f64() { unit } else { T::ZERO }
}

/// How often a unit goes into 1; never, if it is 0.
#[inline(always)]
pub(super) fn per_unit<T: Scalar>(unit: T) -> T {
    if unit > T::ZERO { T::ONE / unit } else { T::ZERO }
}

/// The offset of a column by its halves.
#[inline(always)]
pub(super) fn offset(low: u16, high: u16) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start<T: Scalar>(first_column: u32, columns: usize, weights: usize) -> RowStart<T> {
        RowStart { unit: T::ONE, first_column, columns, weights }
    }

    #[track_caller]
    fn message(starts: &[RowStart<f32>], columns: &[[u16; LANES]], bound: usize) -> String {
        let rows = ChunkedRows::<f32>::new(
            starts.to_vec(),
            columns.to_vec().into(),
            Weights::Counts(vec![[1; LANES]; 2].into()),
            bound,
        );
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
            assert!(
                ChunkedRows::<f32>::new(
                    starts.to_vec(),
                    columns.to_vec().into(),
                    Weights::Counts(vec![[1; LANES]; 2].into()),
                    10
                )
                .is_ok()
            );
            columns[1][position] = 9;
            let message = message(&starts, &columns, 10);
            assert!(message.contains("row 1 names column 10, but there are 10"), "{message}");
        }
        // In halves: 65,536 + 2 and one column more.
        for position in 0..LANES {
            let mut columns = [[2u16; LANES], [0; LANES]];
            columns[1][position] = 1;
            let starts = [start(1, 0, 0), start(0, 2, 1)];
            assert!(
                ChunkedRows::<f32>::new(
                    starts.to_vec(),
                    columns.to_vec().into(),
                    Weights::Counts(vec![[1; LANES]].into()),
                    65_540
                )
                .is_ok()
            );
            let message = message(&starts, &columns, 65_539);
            assert!(message.contains("row 0 names column 65539, but there are 65539"), "{message}");
        }
        let message = message(&[start(u32::MAX, 0, 0), start(0, 1, 1)], &[[1; LANES]], limits::INDICES);
        assert!(message.contains("names column 4294967296"), "{message}");
        // On machines with words of 32 bits nothing is beyond it.
        if let Ok(beyond) = usize::try_from((1u64 << 32) + 1) {
            assert!(
                ChunkedRows::<f32>::new(vec![], Array::default(), Weights::Counts(Array::default()), beyond).is_err()
            );
        }
    }

    #[test]
    fn empty_rows_are_rows() {
        let rows =
            ChunkedRows::<f64>::new(vec![start(7, 0, 0); 4], Array::default(), Weights::Whole(Array::default()), 0)
                .unwrap();
        assert_eq!((rows.len(), rows.bound()), (3, 0));
        assert_eq!(
            ChunkedRows::<f64>::new(vec![], Array::default(), Weights::Whole(Array::default()), 0).unwrap().len(),
            0
        );
    }
}
