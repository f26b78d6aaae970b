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
    if let Some(directions) = Directions::of::<T>(metric) {
        return FormSpace::boxed(points, metric, directions);
    }
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
        boolean if boolean.is_boolean() => FormSpace::boxed(points, metric, Merged(Counts(metric.clone()))),
        _ => Err(super::no_sparse(metric)),
    }
}

/// The rows of `points`.
pub(in crate::neighbors) fn sparse_rows<'a, T: Scalar>(points: Points<'a, T>) -> Result<SparseRows<'a, T>> {
    match points {
        Points::Sparse(rows) => Ok(rows),
        _ => Err(Error::invalid("queries", "they are dense, but the indexed points are sparse: convert them")),
    }
}

/// Columns merged at a time.
const MERGED: usize = 32;

/// Calls `f` with column and values for each column that is stored in one of two rows, in ascending order. The row in
/// which it is not stored has its background there.
///
/// Which row comes next cannot be predicted. So the columns are merged first, in whole numbers and without branches, and
/// then the values are read and multiplied by 0 where they do not count (of conditions between numbers the compiler makes
/// branches). 5,000 rows of 40 values, `examples/sparse_time`: 2.9 s instead of 4.8.
#[inline(always)]
fn merge<V: Scalar>(
    (ca, va): (&[u32], &[V]),
    (cb, vb): (&[u32], &[V]),
    (background_a, background_b): (f64, f64),
    mut f: impl FnMut(usize, f64, f64),
) {
    let (va, vb) = (&va[..ca.len()], &vb[..cb.len()]);
    let (mut i, mut j) = (0, 0);
    let mut merged = [(0u32, 0u32, 0u32, 0u32); MERGED];
    while i < ca.len() && j < cb.len() {
        let mut count = 0;
        while count < MERGED && i < ca.len() && j < cb.len() {
            let (a, b) = (ca[i], cb[j]);
            let (from_a, from_b) = (u32::from(a <= b), u32::from(b <= a));
            merged[count] = (i as u32, j as u32, from_a, from_b);
            count += 1;
            i += from_a as usize;
            j += from_b as usize;
        }
        for &(i, j, from_a, from_b) in &merged[..count] {
            let value = |v: V, from: u32, background| v.to_f64() * f64::from(from) + background * f64::from(1 - from);
            let (a, x) = (ca[i as usize], value(va[i as usize], from_a, background_a));
            let (b, y) = (cb[j as usize], value(vb[j as usize], from_b, background_b));
            f(a.min(b) as usize, x, y);
        }
    }
    ca[i..].iter().zip(&va[i..]).for_each(|(&c, v)| f(c as usize, v.to_f64(), background_b));
    cb[j..].iter().zip(&vb[j..]).for_each(|(&c, v)| f(c as usize, background_a, v.to_f64()));
}

/// A kernel on merged rows.
struct Merged<K, const A: usize>(K);

impl<T: Scalar, const A: usize, K: Kernel<A>> Form<T> for Merged<K, A> {
    type Table<'a> = SparseRows<'a, T>;

    fn table<'a>(&self, points: Points<'a, T>) -> Result<SparseRows<'a, T>> {
        sparse_rows(points)
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
                merge(a, b, (0.0, 0.0), |_, x, y| scale = f64::max(scale, (x - y).abs()));
                if scale == 0.0 {
                    *out = T::ZERO;
                    continue;
                }
            }
            let mut sums = [0.0; A];
            merge(a, b, (0.0, 0.0), |column, x, y| {
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
pub(in crate::neighbors) struct Directions {
    ruler: Ruler,
    /// Whether rows are centered first.
    center: bool,
    /// Whether values are replaced by their roots first.
    roots: bool,
}

/// Sparse rows by direction: of length 1.
pub(in crate::neighbors) struct DirectionRows<'a, T> {
    rows: SparseRows<'a, T>,
    /// The stored values of the directions.
    values: Vec<f64>,
    /// What every column has that is not stored; `None` for rows without a direction.
    background: Vec<Option<f64>>,
}

/// Columns and values.
pub(in crate::neighbors) type SparseRow<'b> = (&'b [u32], &'b [f64]);

impl<T: Scalar> DirectionRows<'_, T> {
    /// Columns and values of a direction, and what every other column has; `None` for a row without one.
    pub(in crate::neighbors) fn row(&self, i: usize) -> Option<(SparseRow<'_>, f64)> {
        let pointers = self.rows.row_pointers();
        let range = pointers[i]..pointers[i + 1];
        self.background[i].map(|background| ((&self.rows.columns()[range.clone()], &self.values[range]), background))
    }
}

impl Directions {
    /// The directions of `metric`, if it compares them.
    pub(in crate::neighbors) fn of<T: Scalar>(metric: &Metric) -> Option<Self> {
        let (unit, center, roots) = match metric {
            Metric::Cosine => (Unit::Half, false, false),
            Metric::Correlation => (Unit::Half, true, false),
            Metric::Hellinger => (Unit::RootOfHalf, false, true),
            _ => return None,
        };
        Some(Self { ruler: Ruler::new::<f64, T>(Geometry::Cosine, unit), center, roots })
    }

    /// Whether a row's own mean is subtracted from it.
    pub(in crate::neighbors) const fn is_centered(&self) -> bool {
        self.center
    }

    /// The directions of rows.
    pub(in crate::neighbors) fn rows<'a, T: Scalar>(&self, rows: SparseRows<'a, T>) -> DirectionRows<'a, T> {
        let map = |v: &T| if self.roots { v.to_f64().sqrt() } else { v.to_f64() };
        let mut values: Vec<f64> = rows.values().par_iter().map(map).collect();
        let mut rest = &mut values[..];
        let parts: Vec<&mut [f64]> = rows
            .row_pointers()
            .windows(2)
            .map(|ends| rest.split_off_mut(..ends[1] - ends[0]).unwrap_or_default())
            .collect();
        let background = parts.into_par_iter().map(|values| self.direct(values, rows.d())).collect();
        DirectionRows { rows, values, background }
    }

    /// Replaces a row of `d` columns by its direction; returns what the columns have that are not stored.
    fn direct(&self, values: &mut [f64], d: usize) -> Option<f64> {
        let (mean, length) = self.stats(values, d);
        if length == 0.0 {
            return None;
        }
        values.iter_mut().for_each(|v| *v = (*v - mean) / length);
        Some((0.0 - mean) / length)
    }

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
        Ok(self.rows(sparse_rows(points)?))
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
        let a = rows.row(row);
        for (out, &point) in out.iter_mut().zip(points) {
            let square = match (a, indexed.row(point as usize)) {
                (None, None) => 0.0,
                (None, _) | (_, None) => 2.0,
                (Some((a, background_a)), Some((b, background_b))) => {
                    let term = |difference: f64| difference * difference;
                    let (mut sum, mut union) = (0.0, 0);
                    merge(a, b, (background_a, background_b), |_, x, y| {
                        sum += term(x - y);
                        union += 1;
                    });
                    sum + (indexed.rows.d() - union) as f64 * term(background_a - background_b)
                }
            };
            *out = T::from_f64(self.ruler.distance_of(square));
        }
    }
}
