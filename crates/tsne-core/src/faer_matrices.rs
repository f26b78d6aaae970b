//! Matrices of `faer` as rows. They are stored by columns, so that this is a copy.

use crate::error::Result;
use crate::memory;
use crate::scalar::Scalar;
use crate::{blocks, chunks};
use faer::MatRef;

/// The values of a matrix row by row, for [`Rows::new`](crate::Rows::new). With the feature `faer`.
///
/// # Errors
///
/// [`Error::OutOfMemory`](crate::Error::OutOfMemory) where there is no room for them.
///
/// # Examples
///
/// ```
/// use faer::mat;
/// use tsne_core::{Rows, row_major};
///
/// let x = mat![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0f64]];
/// let values = row_major(x.as_ref())?;
/// assert_eq!(Rows::new(&values, x.nrows(), x.ncols())?.row(1), [3.0, 4.0]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn row_major<T: Scalar>(matrix: MatRef<'_, T>) -> Result<Vec<T>> {
    let (n, d) = (matrix.nrows(), matrix.ncols());
    let mut values = memory::filled("the rows of a matrix", n.saturating_mul(d), T::ZERO)?;
    chunks::for_each(&mut values, blocks::BLOCK.saturating_mul(d), |b, block| {
        for (row, i) in block.chunks_exact_mut(d).zip(blocks::range(b, n)) {
            row.iter_mut().enumerate().for_each(|(j, value)| *value = matrix[(i, j)]);
        }
    });
    Ok(values)
}
