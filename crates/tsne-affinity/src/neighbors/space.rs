//! Distances under any metric, between points of any storage.
//!
//! A [`Space`] holds the indexed points in the form in which a metric measures fastest; [`Distances`] are those from a
//! set of rows to them. Searches that know nothing but distances are written against these two.

mod bits;
mod dense;
mod form;
mod kernel;
mod rows;
mod sparse;

use super::plan::Plan;
use crate::Metric;
use form::FormSpace;
use rayon::prelude::*;
pub(super) use sparse::{Directions, SparseRow, sparse_rows};
use tsne_core::{Error, Points, Result, Scalar};

/// Distances from the rows of one set to the points of an indexed one.
pub(crate) trait Distances<T>: Send + Sync {
    /// The number of rows.
    fn n_rows(&self) -> usize;
    /// The number of indexed points.
    fn n_points(&self) -> usize;
    /// Writes the distance from row `row` to each of `points` into `out` (same length).
    ///
    /// Symmetric for [`Space::own`]: `d(i, j)` and `d(j, i)` have the same bits (with [`Metric::Precomputed`] as the
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
pub(crate) trait Space<T>: Send + Sync {
    /// The number of points and of their columns.
    fn shape(&self) -> (usize, usize);
    /// Each indexed point as a row.
    fn own(&self) -> Box<dyn Distances<T> + '_>;
    /// Other points as rows, checked (shape, finite, the metric's own conditions).
    fn to<'q>(&'q self, queries: Points<'q, T>) -> Result<Box<dyn Distances<T> + 'q>>;
}

/// The space of `points` under `metric`: checks everything.
pub(crate) fn space<'a, T: Scalar>(points: Points<'a, T>, metric: &Metric) -> Result<Box<dyn Space<T> + 'a>> {
    check_points(points, metric)?;
    let metric = &metric.resolve(points)?;
    check_rows(points, metric)?;
    let rows = match points {
        Points::Dense(rows) => rows,
        Points::Sparse(rows) if metric.takes_sparse() => return sparse::space(rows, metric),
        _ => return Err(no_sparse(metric)),
    };
    if let Some(Plan { geometry, unit, map }) = Plan::new(metric, rows)? {
        return match map {
            None => dense::ruled(points, rows, metric, (geometry, unit), super::row_map::AsGiven),
            Some(map) => dense::ruled(points, rows, metric, (geometry, unit), map),
        };
    }
    match metric {
        Metric::Manhattan => FormSpace::boxed(points, metric, dense::Summed(kernel::Manhattan)),
        Metric::Chebyshev => FormSpace::boxed(points, metric, dense::Summed(kernel::Chebyshev)),
        Metric::Minkowski { p, weights } => {
            FormSpace::boxed(points, metric, dense::Summed(kernel::Minkowski { p: *p, weights: weights.clone() }))
        }
        Metric::Hamming => FormSpace::boxed(points, metric, dense::Summed(kernel::Hamming)),
        Metric::Canberra => FormSpace::boxed(points, metric, dense::Summed(kernel::Canberra)),
        Metric::BrayCurtis => FormSpace::boxed(points, metric, dense::Summed(kernel::BrayCurtis)),
        Metric::Dot => FormSpace::boxed(points, metric, dense::Summed(kernel::Dot)),
        Metric::JensenShannon => {
            FormSpace::boxed(points, metric, dense::Distributions { kernel: kernel::JensenShannon, smoothing: 0.0 })
        }
        Metric::SymmetricKl => {
            let smoothing = crate::metric::SMOOTHING;
            FormSpace::boxed(points, metric, dense::Distributions { kernel: kernel::SymmetricKl, smoothing })
        }
        Metric::Haversine => FormSpace::boxed(points, metric, rows::Places),
        Metric::Precomputed => rows::precomputed(points, rows),
        Metric::Function(f) => FormSpace::boxed(points, metric, rows::Called(f.clone())),
        _ => FormSpace::boxed(points, metric, bits::Counted(metric.clone())),
    }
}

fn no_sparse(metric: &Metric) -> Error {
    Error::invalid("points", format_args!("they are sparse, but {metric} takes dense rows: convert them"))
}

/// Checks that there are points with coordinates, and that they are finite.
pub(super) fn check_points<T: Scalar>(points: Points<'_, T>, metric: &Metric) -> Result<()> {
    if points.n() == 0 {
        return Err(Error::too_few_points(0, 1));
    }
    if points.d() == 0 {
        return Err(Error::parameter("d", 0, "at least 1: points need a coordinate"));
    }
    if points.n() > u32::MAX as usize {
        return Err(Error::capacity("number of points", points.n(), u32::MAX as usize));
    }
    // The diagonal of a matrix of distances may hold anything.
    if *metric == Metric::Precomputed { Ok(()) } else { points.check_finite() }
}

/// Checks what the metric asks of values.
pub(super) fn check_rows<T: Scalar>(points: Points<'_, T>, metric: &Metric) -> Result<()> {
    if !matches!(
        metric,
        Metric::Hellinger | Metric::JensenShannon | Metric::SymmetricKl | Metric::Haversine | Metric::Dot
    ) {
        return Ok(());
    }
    let epsilon = T::EPSILON.to_f64();
    let bad = (0..points.n()).into_par_iter().find_map_first(|i| {
        let values = match &points {
            Points::Dense(rows) => rows.row(i),
            Points::Sparse(rows) => rows.row(i).1,
            _ => &[],
        };
        metric.check_row(i, values.iter().map(|v| v.to_f64()), epsilon).err()
    });
    bad.map_or(Ok(()), Err)
}

/// Checks what [`Distances::measure`] wrote for `row`: finite and not negative.
///
/// # Errors
///
/// [`Error::Invalid`] with the first of `points` where it is not.
pub(crate) fn check<T: Scalar>(rows: &dyn Distances<T>, row: usize, points: &[u32], measured: &[T]) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::{Rows, SparseRows, random};

    /// Every pair of ten rows, dense and sparse, forward and back, own and as queries.
    #[test]
    fn both_directions_of_a_pair_have_the_same_bits() {
        let (n, d) = (10, 11);
        let unit = |i: usize| random::unit(random::element_seed(1, 2, i as u64));
        // No longer than 1, not negative, with zeros.
        let x: Vec<f64> = (0..n * d).map(|i| (unit(i) - 0.3).max(0.0) / d as f64).collect();
        let pointers: Vec<usize> = (0..=n).map(|i| i * d).collect();
        let columns: Vec<u32> = (0..n).flat_map(|_| 0..d as u32).collect();
        let dense = Points::Dense(Rows::new(&x, n, d).unwrap());
        let sparse = Points::Sparse(SparseRows::new(&pointers, &columns, &x, d).unwrap());
        let names = "l2 sqeuclidean l1 linf minkowski:p=1.7 seuclidean cosine correlation hamming jaccard dice rogerstanimoto \
            russellrao sokalsneath yule canberra braycurtis hellinger dot jensenshannon symmetric-kl spearmanr";
        let metrics = names.split_whitespace().map(|name| name.parse().unwrap());
        // Not symmetric in its last digits.
        let function = Metric::function(|a, b| a.iter().zip(b).fold(0.1, |s, (a, b)| s * (1.0 + a) + b.abs()));
        let points: Vec<u32> = (0..n as u32).collect();
        for metric in metrics.chain([function]) {
            for given in [dense, sparse] {
                if matches!(given, Points::Sparse(_)) && !metric.takes_sparse() {
                    assert!(space(given, &metric).is_err());
                    continue;
                }
                let space = space(given, &metric).unwrap();
                let (own, to) = (space.own(), space.to(given).unwrap());
                assert_eq!((space.shape(), own.n_rows(), to.n_points()), ((n, d), n, n));
                let measure = |distances: &dyn Distances<f64>, i: usize, j: usize| {
                    let mut out = [0.0];
                    distances.measure(i, &[j as u32], &mut out);
                    out[0].to_bits()
                };
                for i in 0..n {
                    let mut row = vec![0.0; n];
                    own.measure(i, &points, &mut row);
                    assert!(check(&*own, i, &points, &row).is_ok());
                    for j in 0..n {
                        assert_eq!(measure(&*own, i, j), measure(&*own, j, i), "{metric}: {i} {j}");
                        assert_eq!(measure(&*own, i, j), row[j].to_bits());
                        if !matches!(metric, Metric::Function(_)) {
                            assert_eq!(measure(&*own, i, j), measure(&*to, i, j));
                        }
                    }
                }
            }
        }
    }
}
