//! What a search under any metric knows: distances from rows to indexed points, and nothing else.

use tsne_core::{Error, Points, Result, Scalar};

/// Distances from the rows of one set to the points of an indexed one.
pub(in crate::neighbors) trait Distances<T>: Send + Sync {
    /// The number of rows.
    fn n_rows(&self) -> usize;
    /// The number of indexed points.
    fn n_points(&self) -> usize;
    /// Writes the distance from row `row` to each of `points` into `out` (same length).
    ///
    /// Symmetric for [`Space::own`]: `d(i, j)` and `d(j, i)` have the same bits (with [`Precomputed`](crate::metric::Metric::Precomputed) as the
    /// caller's matrix is). What is no distance, such as the NaN of a user's function, is written as it is: [`check`] it.
    fn measure(&self, row: usize, points: &[u32], out: &mut [T]);
    /// What the caller calls row `row`.
    fn row(&self, row: usize) -> usize {
        row
    }
    /// What the caller calls point `point`.
    fn point(&self, point: u32) -> u32 {
        point
    }
}

/// Indexed points, prepared for measuring.
pub(in crate::neighbors) trait Space<T>: Send + Sync {
    /// The number of points and of their columns.
    fn shape(&self) -> (usize, usize);
    /// Each indexed point as a row.
    fn own(&self) -> Box<dyn Distances<T> + '_>;
    /// Other points as rows, checked (shape, finite, the metric's own conditions).
    fn to<'q>(&'q self, queries: Points<'q, T>) -> Result<Box<dyn Distances<T> + 'q>>;
}

/// Checks what [`Distances::measure`] wrote for `row`: finite and not negative.
///
/// # Errors
///
/// [`Error::Invalid`] with the first of `points` where it is not.
pub(in crate::neighbors) fn check<T: Scalar>(
    rows: &dyn Distances<T>,
    row: usize,
    points: &[u32],
    measured: &[T],
) -> Result<()> {
    let good = measured.iter().fold(true, |all, v| all & (v.is_finite() & (*v >= T::ZERO)));
    if good {
        return Ok(());
    }
    let bad = points.iter().zip(measured).find(|(_, v)| !(v.is_finite() && **v >= T::ZERO));
    bad.map_or(Ok(()), |(&point, v)| {
        let (row, point) = (rows.row(row), rows.point(point));
        let why = format_args!(
            "from row {row} to point {point} it is {v}, but must be finite and not negative: mend the metric's function, or scale the data"
        );
        Err(Error::invalid("distance", why))
    })
}
