//! Sparse rows: two are compared by merging their columns. Nothing is made dense.

use super::column_sums::{self, ColumnSums};
use super::directions::Directions;
use super::form::{Form, FormSpace};
use super::merge::merge;
use crate::metric::Metric;
use crate::metric::distance::boolean;
use crate::neighbors::checked::no_sparse;
use crate::neighbors::general::distances::Space;
use crate::neighbors::geometric::geometry::{Geometry, Ruler, Unit};
use crate::neighbors::source::{Source, SparseTable};
use std::sync::Arc;
use tsne_core::{Result, Scalar};

/// The space of sparse rows under a metric that takes them.
pub(super) fn space<'a, T: Scalar>(points: &Source<'a, T>, metric: &Metric) -> Result<Box<dyn Space<T> + 'a>> {
    let table = points.sparse()?;
    let rows = table.rows();
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
        Metric::Manhattan => FormSpace::boxed(points, metric, Merged(column_sums::Manhattan)),
        Metric::Chebyshev => FormSpace::boxed(points, metric, Merged(column_sums::Chebyshev)),
        Metric::Minkowski { p, weights } => {
            FormSpace::boxed(points, metric, Merged(column_sums::Minkowski { p: *p, weights: weights.clone() }))
        }
        Metric::Hamming => FormSpace::boxed(points, metric, Merged(column_sums::Hamming)),
        Metric::Canberra => FormSpace::boxed(points, metric, Merged(column_sums::Canberra)),
        Metric::BrayCurtis => FormSpace::boxed(points, metric, Merged(column_sums::BrayCurtis)),
        Metric::Dot => FormSpace::boxed(points, metric, Merged(column_sums::Dot)),
        boolean if boolean.is_boolean() => FormSpace::boxed(points, metric, Merged(Counts(metric.clone()))),
        _ => Err(no_sparse(metric)),
    }
}

/// Sums over the columns of merged rows.
struct Merged<K, const A: usize>(K);

impl<T: Scalar, const A: usize, K: ColumnSums<A>> Form<T> for Merged<K, A> {
    type Table<'a> = SparseTable<'a, T>;

    fn table<'a>(&self, points: &Source<'a, T>) -> Result<SparseTable<'a, T>> {
        points.sparse()
    }

    fn measure(
        &self,
        rows: &SparseTable<'_, T>,
        row: usize,
        indexed: &SparseTable<'_, T>,
        points: &[u32],
        _: bool,
        out: &mut [T],
    ) {
        let (a, indexed) = (rows.rows().row(row), indexed.rows());
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

impl ColumnSums<1> for Squares {
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

impl ColumnSums<3> for Counts {
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
