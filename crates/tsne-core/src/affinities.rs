use crate::{Error, Result, Scalar};
use rayon::prelude::*;

/// What the entries of an [`Affinities`] matrix are normalized to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AffinityKind {
    /// Symmetric, all entries together sum to 1: the affinities of one set of points.
    Joint,
    /// Each row sums to 1: new points against a fixed reference.
    Conditional,
}

/// Sparse affinities `P`: compressed rows, columns ascending in each row.
///
/// Column indices are 32-bit, row pointers the machine's word: more than 2^32 non-zeros are possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Affinities<T> {
    row_pointers: Vec<usize>,
    columns: Vec<u32>,
    weights: Vec<T>,
    n_columns: usize,
    kind: AffinityKind,
}

/// The largest relative error of a sum that is accepted as 1: `f32` weights of 10^9 entries stay within it.
const SUM_TOLERANCE: f64 = 1e-3;

impl<T: Scalar> Affinities<T> {
    /// Affinities from the arrays of a compressed-row matrix: `row_pointers` (one more than rows, from 0 to the
    /// number of entries), `columns` ascending in each row, and `weights`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where lengths do not fit together, [`Error::Invalid`] where row pointers descend, a column
    /// is out of range or out of order, a weight is negative or not finite, or a sum is not 1 within 0.1 %
    /// (all entries for [`AffinityKind::Joint`], each row for [`AffinityKind::Conditional`]).
    /// Whether a joint matrix is symmetric is the caller's word.
    pub fn from_parts(
        row_pointers: Vec<usize>,
        columns: Vec<u32>,
        weights: Vec<T>,
        n_columns: usize,
        kind: AffinityKind,
    ) -> Result<Self> {
        let invalid = |why: String| Err(Error::invalid("affinities", why));
        if columns.len() != weights.len() {
            return Err(Error::Shape { what: "weights", expected: columns.len(), given: weights.len() });
        }
        let (Some(&first), Some(&last)) = (row_pointers.first(), row_pointers.last()) else {
            return Err(Error::Shape { what: "row_pointers", expected: 1, given: 0 });
        };
        if first != 0 || last != columns.len() {
            return invalid(format!(
                "row pointers run from {first} to {last}, but must run from 0 to {}",
                columns.len()
            ));
        }
        if let Some(i) = row_pointers.windows(2).position(|pair| pair[0] > pair[1]) {
            return invalid(format!("row pointer {} is below the one before it", i + 1));
        }
        let n = row_pointers.len() - 1;
        if kind == AffinityKind::Joint && n != n_columns {
            return Err(Error::Shape { what: "joint affinities (rows)", expected: n_columns, given: n });
        }
        let matrix = Self { row_pointers, columns, weights, n_columns, kind };
        let mut sums = vec![0.0f64; n];
        let bad = sums.par_iter_mut().enumerate().find_map_first(|(i, sum)| {
            let (columns, weights) = matrix.row(i);
            // From 0: the standard library's empty sum is -0, which a message would show.
            *sum = weights.iter().fold(0.0, |sum, w| sum + w.to_f64());
            if columns.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Some(format!("the columns of row {i} do not ascend, or repeat"));
            }
            if let Some(&j) = columns.last().filter(|&&j| j as usize >= n_columns) {
                return Some(format!("row {i} names column {j}, but there are {n_columns}"));
            }
            weights
                .iter()
                .find(|w| !(w.is_finite() && **w >= T::ZERO))
                .map(|w| format!("row {i} has the weight {w}, but weights are finite and not negative"))
        });
        if let Some(why) = bad {
            return invalid(why);
        }
        match kind {
            AffinityKind::Joint => {
                let sum: f64 = sums.iter().sum();
                if n > 0 && (sum - 1.0).abs() > SUM_TOLERANCE {
                    return invalid(format!("joint weights sum to {sum}, but must sum to 1: divide them by their sum"));
                }
            }
            AffinityKind::Conditional => {
                if let Some((i, sum)) = sums.iter().enumerate().find(|(_, sum)| (**sum - 1.0).abs() > SUM_TOLERANCE) {
                    return invalid(format!("row {i} sums to {sum}, but must sum to 1: divide it by its sum"));
                }
            }
        }
        Ok(matrix)
    }

    /// The number of rows.
    pub fn n(&self) -> usize {
        self.row_pointers.len() - 1
    }

    /// The number of columns: the same as rows for joint affinities, the reference points for conditional ones.
    pub const fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// The number of stored entries.
    pub fn nnz(&self) -> usize {
        self.columns.len()
    }

    /// What the entries are normalized to.
    pub const fn kind(&self) -> AffinityKind {
        self.kind
    }

    /// Columns and weights of row `i`; empty beyond the last row.
    #[inline]
    pub fn row(&self, i: usize) -> (&[u32], &[T]) {
        let (Some(&start), Some(&end)) = (self.row_pointers.get(i), self.row_pointers.get(i.saturating_add(1))) else {
            return (&[], &[]);
        };
        (&self.columns[start..end], &self.weights[start..end])
    }

    /// Where each row starts in [`Affinities::columns`], and the number of entries last.
    pub fn row_pointers(&self) -> &[usize] {
        &self.row_pointers
    }

    /// All columns, row by row.
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// All weights, row by row.
    pub fn weights(&self) -> &[T] {
        &self.weights
    }

    /// The arrays back: row pointers, columns, weights.
    pub fn into_parts(self) -> (Vec<usize>, Vec<u32>, Vec<T>) {
        (self.row_pointers, self.columns, self.weights)
    }
}
