use crate::blocks;
use crate::error::{Error, Result};
use crate::instances;
use crate::limits;
use crate::scalar::Scalar;

/// A borrowed sparse `n × d` matrix in compressed rows: what is not stored is zero.
///
/// The three arrays are those of SciPy's `csr_matrix` (`indptr`, `indices`, `data`) with sorted indices.
#[derive(Debug, Clone, Copy)]
pub struct SparseRows<'a, T> {
    row_pointers: &'a [usize],
    columns: &'a [u32],
    values: &'a [T],
    d: usize,
}

impl<'a, T> SparseRows<'a, T> {
    /// A view of the arrays of a compressed-row matrix with `d` columns: `row_pointers` (one more than rows, from 0 to the
    /// number of entries), `columns` strictly ascending in each row, and `values`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where lengths do not fit together; [`Error::Invalid`] where row pointers descend, or a column is
    /// out of order, repeated or not below `d`; [`Error::Capacity`] for more than 2³² columns.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::SparseRows;
    ///
    /// // 5 0 0
    /// // 0 0 7
    /// let rows = SparseRows::new(&[0, 1, 2], &[0, 2], &[5.0, 7.0], 3)?;
    /// assert_eq!(rows.row(1), (&[2][..], &[7.0][..]));
    /// assert!(SparseRows::new(&[0, 1, 2], &[0, 3], &[5.0, 7.0], 3).is_err()); // There is no column 3.
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(row_pointers: &'a [usize], columns: &'a [u32], values: &'a [T], d: usize) -> Result<Self>
    where
        T: Sync,
    {
        if columns.len() != values.len() {
            return Err(Error::shape("values", columns.len(), values.len()));
        }
        let (Some(&first), Some(&last)) = (row_pointers.first(), row_pointers.last()) else {
            return Err(Error::shape("row_pointers", 1, 0));
        };
        if first != 0 || last != columns.len() {
            let why = format_args!("row pointers run from {first} to {last}, but must run from 0 to {}", columns.len());
            return Err(Error::invalid("sparse data", why));
        }
        if let Some(i) = row_pointers.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(Error::invalid(
                "sparse data",
                format_args!("row pointer {} is below the one before it", i + 1),
            ));
        }
        if d > limits::INDICES {
            return Err(Error::capacity("number of columns", d, limits::INDICES));
        }
        match find_fault(row_pointers, columns, d) {
            Some(why) => Err(Error::invalid("sparse data", why)),
            None => Ok(Self { row_pointers, columns, values, d }),
        }
    }

    /// The number of rows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::SparseRows;
    /// let rows = SparseRows::new(&[0, 2, 3], &[1, 3, 2], &[5.0, 6.0, 7.0], 4)?;
    /// assert_eq!(rows.n(), 2);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn n(&self) -> usize {
        self.row_pointers.len() - 1
    }

    /// The number of columns.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::SparseRows;
    /// let rows = SparseRows::new(&[0, 2, 3], &[1, 3, 2], &[5.0, 6.0, 7.0], 4)?;
    /// assert_eq!(rows.d(), 4);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn d(&self) -> usize {
        self.d
    }

    /// The number of stored entries.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::SparseRows;
    /// let rows = SparseRows::new(&[0, 2, 3], &[1, 3, 2], &[5.0, 6.0, 7.0], 4)?;
    /// assert_eq!(rows.nnz(), 3);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn nnz(&self) -> usize {
        self.columns.len()
    }

    /// Columns and values of row `i`; empty beyond the last row.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::SparseRows;
    /// let rows = SparseRows::new(&[0, 2, 3], &[1, 3, 2], &[5.0, 6.0, 7.0], 4)?;
    /// assert_eq!(rows.row(0), (&[1, 3][..], &[5.0, 6.0][..]));
    /// assert!(rows.row(2).0.is_empty());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[inline]
    pub fn row(&self, i: usize) -> (&'a [u32], &'a [T]) {
        let (Some(&start), Some(&end)) = (self.row_pointers.get(i), self.row_pointers.get(i.saturating_add(1))) else {
            return (&[], &[]);
        };
        (&self.columns[start..end], &self.values[start..end])
    }

    /// Where each row starts in [`SparseRows::columns`], and the number of entries last.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::SparseRows;
    /// let rows = SparseRows::new(&[0, 2, 3], &[1, 3, 2], &[5.0, 6.0, 7.0], 4)?;
    /// assert_eq!(rows.row_pointers(), [0, 2, 3]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn row_pointers(&self) -> &'a [usize] {
        self.row_pointers
    }

    /// All columns, row by row.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::SparseRows;
    /// let rows = SparseRows::new(&[0, 2, 3], &[1, 3, 2], &[5.0, 6.0, 7.0], 4)?;
    /// assert_eq!(rows.columns(), [1, 3, 2]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn columns(&self) -> &'a [u32] {
        self.columns
    }

    /// All values, row by row.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::SparseRows;
    /// let rows = SparseRows::new(&[0, 2, 3], &[1, 3, 2], &[5.0, 6.0, 7.0], 4)?;
    /// assert_eq!(rows.values(), [5.0, 6.0, 7.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn values(&self) -> &'a [T] {
        self.values
    }
}

impl<'a, T> SparseRows<'a, T> {
    /// Rows of which [`new`](Self::new) was happy before.
    pub(crate) const fn of_checked(row_pointers: &'a [usize], columns: &'a [u32], values: &'a [T], d: usize) -> Self {
        Self { row_pointers, columns, values, d }
    }
}

impl<T: Scalar> SparseRows<'_, T> {
    /// Checks that every stored value is finite.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] with the first row and column where one is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Error, SparseRows};
    ///
    /// let rows = SparseRows::new(&[0, 0, 1], &[2], &[f32::NAN], 4)?;
    /// assert_eq!(rows.check_finite(), Err(Error::non_finite("data", 1, 2)));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_finite(&self) -> Result<()> {
        match not_finite(*self) {
            Some((row, column)) => Err(Error::non_finite("data", row, column)),
            None => Ok(()),
        }
    }
}

/// What is wrong with the columns of the first row where something is.
fn find_fault(row_pointers: &[usize], columns: &[u32], d: usize) -> Option<String> {
    blocks::find_first(row_pointers.len() - 1, |i| {
        let columns = &columns[row_pointers[i]..row_pointers[i + 1]];
        if columns.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Some(format!("the columns of row {i} do not ascend, or repeat: sort them and add up repetitions"));
        }
        let beyond = columns.last().filter(|&&c| c as usize >= d);
        beyond.map(|c| format!("row {i} names column {c}, but there are {d}"))
    })
}

instances! {
    /// Row and column of the first value that is not finite.
    fn not_finite[NotFinite]<'a, 'b, T>(rows: SparseRows<'b, T>) -> Option<(usize, usize)> = first_not_finite
}

fn first_not_finite<T: Scalar>(rows: SparseRows<'_, T>) -> Option<(usize, usize)> {
    blocks::find_first(rows.n(), |i| {
        let (columns, values) = rows.row(i);
        let at = values.iter().position(|v| !v.is_finite())?;
        Some((i, columns[at] as usize))
    })
}
