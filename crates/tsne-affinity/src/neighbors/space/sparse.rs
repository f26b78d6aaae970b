//! Sparse rows: two are compared by merging their columns. Nothing is made dense.

use super::Space;
use super::form::{Form, FormSpace};
use super::kernel::{self, Kernel};
use crate::Metric;
use crate::metric::boolean;
use crate::neighbors::geometry::{Geometry, Ruler, Unit, power_of_two_for};
use rayon::prelude::*;
use std::sync::Arc;
use tsne_core::{Error, Points, Result, Scalar, SparseRows};

/// The space of sparse rows under a metric that takes them.
pub(super) fn space<'a, T: Scalar>(rows: SparseRows<'a, T>, metric: &Metric) -> Result<Box<dyn Space<T> + 'a>> {
    let points = Points::Sparse(rows);
    let squares = |unit, weights: Option<Arc<[f64]>>| {
        let largest = rows.values().iter().fold(0.0f64, |m, v| m.max(v.to_f64().abs()));
        let ruler = Ruler::new::<f64, T>(Geometry::Euclidean, unit).fit(largest, rows.d())?;
        FormSpace::boxed(points, metric, Merged(Squares { ruler, weights }))
    };
    let directions = |unit, center, roots| {
        let ruler = Ruler::new::<f64, T>(Geometry::Cosine, unit);
        FormSpace::boxed(points, metric, Directions { ruler, center, roots })
    };
    match metric {
        Metric::Euclidean => squares(Unit::Length, None),
        Metric::SqEuclidean => squares(Unit::Square, None),
        Metric::SEuclidean { variances: Some(variances) } => {
            squares(Unit::Length, Some(variances.iter().map(|v| 1.0 / v).collect()))
        }
        Metric::Manhattan => FormSpace::boxed(points, metric, Merged(kernel::Manhattan)),
        Metric::Chebyshev => FormSpace::boxed(points, metric, Merged(kernel::Chebyshev)),
        Metric::Minkowski { p, weights } => {
            FormSpace::boxed(points, metric, Merged(kernel::Minkowski { p: *p, weights: weights.clone() }))
        }
        Metric::Hamming => FormSpace::boxed(points, metric, Merged(kernel::Hamming)),
        Metric::Canberra => FormSpace::boxed(points, metric, Merged(kernel::Canberra)),
        Metric::BrayCurtis => FormSpace::boxed(points, metric, Merged(kernel::BrayCurtis)),
        Metric::Dot => FormSpace::boxed(points, metric, Merged(kernel::Dot)),
        Metric::Cosine => directions(Unit::Half, false, false),
        Metric::Correlation => directions(Unit::Half, true, false),
        Metric::Hellinger => directions(Unit::RootOfHalf, false, true),
        boolean if boolean.is_boolean() => FormSpace::boxed(points, metric, Merged(Counts(metric.clone()))),
        _ => Err(super::no_sparse(metric)),
    }
}

/// The rows of `points`.
fn sparse<'a, T: Scalar>(points: Points<'a, T>) -> Result<SparseRows<'a, T>> {
    match points {
        Points::Sparse(rows) => Ok(rows),
        _ => Err(Error::invalid("queries", "they are dense, but the indexed points are sparse: convert them")),
    }
}

/// Calls `f` with column and values for each column that is stored in one of two rows, in ascending order.
#[inline(always)]
fn merge<V: Scalar>((ca, va): (&[u32], &[V]), (cb, vb): (&[u32], &[V]), mut f: impl FnMut(usize, f64, f64)) {
    let (mut i, mut j) = (0, 0);
    while i < ca.len() && j < cb.len() {
        let (a, b) = (ca[i], cb[j]);
        let x = if a <= b { va[i].to_f64() } else { 0.0 };
        let y = if b <= a { vb[j].to_f64() } else { 0.0 };
        f(a.min(b) as usize, x, y);
        i += usize::from(a <= b);
        j += usize::from(b <= a);
    }
    ca[i..].iter().zip(&va[i..]).for_each(|(&c, v)| f(c as usize, v.to_f64(), 0.0));
    cb[j..].iter().zip(&vb[j..]).for_each(|(&c, v)| f(c as usize, 0.0, v.to_f64()));
}

/// A kernel on merged rows.
struct Merged<K, const A: usize>(K);

impl<T: Scalar, const A: usize, K: Kernel<A>> Form<T> for Merged<K, A> {
    type Table<'a> = SparseRows<'a, T>;

    fn table<'a>(&self, points: Points<'a, T>) -> Result<SparseRows<'a, T>> {
        sparse(points)
    }

    fn measure(
        &self,
        rows: &SparseRows<'_, T>,
        row: usize,
        indexed: &SparseRows<'_, T>,
        points: &[u32],
        _: bool,
        out: &mut [T],
    ) {
        let a = rows.row(row);
        for (out, &point) in out.iter_mut().zip(points) {
            let b = indexed.row(point as usize);
            let mut scale = 1.0;
            if K::SCALED {
                scale = 0.0;
                merge(a, b, |_, x, y| scale = f64::max(scale, (x - y).abs()));
                if scale == 0.0 {
                    *out = T::ZERO;
                    continue;
                }
            }
            let mut sums = [0.0; A];
            merge(a, b, |column, x, y| {
                let terms = self.0.term(column, x, y, scale);
                for s in 0..A {
                    sums[s] = K::join(sums[s], terms[s]);
                }
            });
            *out = T::from_f64(self.0.finish(sums, scale, indexed.d()));
        }
    }
}

/// Sums of squares, each times the weight of its column.
struct Squares {
    ruler: Ruler,
    weights: Option<Arc<[f64]>>,
}

impl Kernel<1> for Squares {
    #[inline(always)]
    fn term(&self, column: usize, a: f64, b: f64, _: f64) -> [f64; 1] {
        let x = (a - b) * self.ruler.factor;
        [self.weights.as_ref().map_or(x * x, |weights| x * x * weights[column])]
    }
    #[inline(always)]
    fn finish(&self, [sum]: [f64; 1], _: f64, _: usize) -> f64 {
        self.ruler.distance_of(sum)
    }
}

/// Counts of true values: in both rows, in the first only, in the second only.
struct Counts(Metric);

impl Kernel<3> for Counts {
    #[inline(always)]
    fn term(&self, _: usize, a: f64, b: f64, _: f64) -> [f64; 3] {
        let (a, b) = (a != 0.0, b != 0.0);
        [a && b, a && !b, b && !a].map(|x| f64::from(u8::from(x)))
    }
    #[inline(always)]
    fn finish(&self, [tt, tf, ft]: [f64; 3], _: f64, d: usize) -> f64 {
        boolean(&self.0, tt, tf, ft, d as f64 - (tt + tf + ft))
    }
}

/// Rows compared by direction.
struct Directions {
    ruler: Ruler,
    /// Whether rows are centered first.
    center: bool,
    /// Whether values are replaced by their roots first.
    roots: bool,
}

/// Sparse rows with what their directions need.
struct DirectionRows<'a, T> {
    rows: SparseRows<'a, T>,
    /// The values of the rows, mapped.
    values: Vec<f64>,
    /// What is subtracted from every column of a row, and the length that is left.
    stats: Vec<(f64, f64)>,
}

/// Columns and values.
type SparseRow<'b> = (&'b [u32], &'b [f64]);

impl<T: Scalar> DirectionRows<'_, T> {
    fn row(&self, i: usize) -> (SparseRow<'_>, (f64, f64)) {
        let pointers = self.rows.row_pointers();
        let range = pointers[i]..pointers[i + 1];
        ((&self.rows.columns()[range.clone()], &self.values[range]), self.stats[i])
    }
}

impl Directions {
    /// The mean (or 0) and the length of a row of `d` columns.
    fn stats(&self, values: &[f64], d: usize) -> (f64, f64) {
        let zeros = (d - values.len()) as f64;
        let mean = if self.center { values.iter().map(|v| v / d as f64).sum::<f64>() } else { 0.0 };
        // What rounding leaves of a constant row is no direction.
        let first = if zeros > 0.0 { 0.0 } else { values.first().copied().unwrap_or(0.0) };
        if self.center && values.iter().all(|v| *v == first) {
            return (first, 0.0);
        }
        let largest = values.iter().fold(mean.abs(), |m, v| m.max((v - mean).abs()));
        let factor = power_of_two_for(largest);
        let squares = |v: f64| ((v - mean) * factor).powi(2);
        (mean, (values.iter().map(|v| squares(*v)).sum::<f64>() + zeros * squares(0.0)).sqrt() / factor)
    }
}

impl<T: Scalar> Form<T> for Directions {
    type Table<'a> = DirectionRows<'a, T>;

    fn table<'a>(&self, points: Points<'a, T>) -> Result<DirectionRows<'a, T>> {
        let rows = sparse(points)?;
        let values: Vec<f64> = rows
            .values()
            .par_iter()
            .map(|v| {
                let v = v.to_f64();
                if self.roots { v.sqrt() } else { v }
            })
            .collect();
        let pointers = rows.row_pointers();
        let row = |i: usize| self.stats(&values[pointers[i]..pointers[i + 1]], rows.d());
        let stats = (0..rows.n()).into_par_iter().map(row).collect();
        Ok(DirectionRows { rows, values, stats })
    }

    fn measure(
        &self,
        rows: &DirectionRows<'_, T>,
        row: usize,
        indexed: &DirectionRows<'_, T>,
        points: &[u32],
        _: bool,
        out: &mut [T],
    ) {
        let (a, (mean_a, length_a)) = rows.row(row);
        for (out, &point) in out.iter_mut().zip(points) {
            let (b, (mean_b, length_b)) = indexed.row(point as usize);
            let square = if length_a == 0.0 || length_b == 0.0 {
                if length_a == length_b { 0.0 } else { 2.0 }
            } else {
                let term = |x: f64, y: f64| {
                    let difference = (x - mean_a) / length_a - (y - mean_b) / length_b;
                    difference * difference
                };
                let (mut sum, mut union) = (0.0, 0);
                merge(a, b, |_, x, y| {
                    sum += term(x, y);
                    union += 1;
                });
                sum + (indexed.rows.d() - union) as f64 * term(0.0, 0.0)
            };
            *out = T::from_f64(self.ruler.distance_of(square));
        }
    }
}
