//! Dense rows that are compared as a whole: places on a sphere, a user's function, a matrix of distances.

use super::form::Form;
use crate::metric::DistanceFunction;
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::general::distances::{Distances, Space};
use crate::neighbors::geometric::row_map::map_rows;
use crate::neighbors::source::Source;
use tsne_core::{Error, Points, Result, Rows, Scalar, blocks, memory};

/// The angle between places on a sphere.
pub(super) struct Places;

impl<T: Scalar> Form<T> for Places {
    /// Latitude, longitude, cosine of the latitude.
    type Table<'a> = Vec<[f64; 3]>;

    fn table<'a>(&self, points: &Source<'a, T>) -> Result<Vec<[f64; 3]>> {
        let place = |row: &[T]| match row {
            [latitude, longitude] => [latitude.to_f64(), longitude.to_f64(), latitude.to_f64().cos()],
            _ => [f64::NAN; 3],
        };
        let rows = points.points().dense("haversine")?;
        memory::collected("places on a sphere", (0..rows.n()).map(|i| place(rows.row(i))))
    }

    fn measure(
        &self,
        rows: &Self::Table<'_>,
        row: usize,
        indexed: &Self::Table<'_>,
        points: &[u32],
        _: bool,
        out: &mut [T],
    ) {
        let [latitude, longitude, cosine] = rows[row];
        for (out, &point) in out.iter_mut().zip(points) {
            let [other_latitude, other_longitude, other_cosine] = indexed[point as usize];
            let half = |a: f64, b: f64| {
                let sine = (0.5 * (a - b)).sin();
                sine * sine
            };
            let chord = half(latitude, other_latitude) + cosine * other_cosine * half(longitude, other_longitude);
            // Clamped: rounding may leave the range of the arcsine.
            *out = T::from_f64(2.0 * chord.clamp(0.0, 1.0).sqrt().asin());
        }
    }
}

/// A user's function.
pub(super) struct Called(pub(super) DistanceFunction);

impl<T: Scalar> Form<T> for Called {
    type Table<'a> = DenseRows<'a, f64>;

    fn table<'a>(&self, points: &Source<'a, T>) -> Result<DenseRows<'a, f64>> {
        let rows = points.points().dense("a distance function")?;
        map_rows(rows, rows.d(), |row, out| out.copy_from_slice(row))
    }

    fn measure(
        &self,
        rows: &DenseRows<'_, f64>,
        row: usize,
        indexed: &DenseRows<'_, f64>,
        points: &[u32],
        own: bool,
        out: &mut [T],
    ) {
        let x = rows.row(row);
        for (out, &point) in out.iter_mut().zip(points) {
            let y = indexed.row(point as usize);
            // The lower index first: a pair has one distance, even where the function's roundings depend on the order.
            let swap = own && (point as usize) < row;
            let distance = if swap { self.0.call(y, x) } else { self.0.call(x, y) };
            // -0 would sort before 0.
            *out = T::from_f64(distance) + T::ZERO;
        }
    }
}

/// A matrix of distances.
struct Given<'a, T> {
    rows: DenseRows<'a, T>,
}

/// The space whose distances are given.
pub(super) fn precomputed<'a, T: Scalar>(points: &Source<'a, T>) -> Result<Box<dyn Space<T> + 'a>> {
    let rows = points.dense("precomputed")?;
    if rows.n() != rows.d() {
        return Err(Error::shape("the matrix of distances (columns)", rows.n(), rows.d()));
    }
    check_values(rows.view(), true)?;
    Ok(Box::new(Given { rows }))
}

/// Checks that distances are finite and not negative, but on the diagonal where rows are the points.
fn check_values<T: Scalar>(rows: Rows<'_, T>, own: bool) -> Result<()> {
    let bad = blocks::find_first(rows.n(), |i| {
        let wrong = |&(j, v): &(usize, &T)| {
            let fine = v.is_finite() && *v >= T::ZERO;
            !fine && (!own || i != j)
        };
        rows.row(i).iter().enumerate().find(wrong).map(|(j, v)| (i, j, *v))
    });
    bad.map_or(Ok(()), |(i, j, v)| {
        let why = format_args!("the distance at row {i}, column {j} is {v}, but must be finite and not negative");
        Err(Error::invalid("matrix of distances", why))
    })
}

impl<T: Scalar> Space<T> for Given<'_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.rows.n(), self.rows.d())
    }

    fn own(&self) -> Box<dyn Distances<T> + '_> {
        Box::new(Read { rows: self.rows.view() })
    }

    fn to<'q>(&'q self, queries: Points<'q, T>) -> Result<Box<dyn Distances<T> + 'q>> {
        let rows = queries.dense("precomputed")?;
        if rows.d() != self.rows.n() {
            return Err(Error::shape("a row of the queries", self.rows.n(), rows.d()));
        }
        check_values(rows, false)?;
        Ok(Box::new(Read { rows }))
    }
}

/// Distances read from a matrix.
struct Read<'q, T> {
    rows: Rows<'q, T>,
}

impl<T: Scalar> Distances<T> for Read<'_, T> {
    fn n_rows(&self) -> usize {
        self.rows.n()
    }

    fn n_points(&self) -> usize {
        self.rows.d()
    }

    fn measure(&self, row: usize, points: &[u32], out: &mut [T]) {
        let row = self.rows.row(row);
        for (out, &point) in out.iter_mut().zip(points) {
            // Adding 0 makes -0 a 0, before which it would sort.
            *out = row[point as usize] + T::ZERO;
        }
    }
}
