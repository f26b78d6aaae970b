//! Dense rows: sums in lanes, and the two geometries of the fast engines.

use super::column_sums::ColumnSums;
use super::form::{Form, FormSpace};
use crate::metric::Metric;
use crate::metric::distance::distribution;
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::general::distances::Space;
use crate::neighbors::geometric::geometry::{Geometry, LANES, Ruler, Unit};
use crate::neighbors::geometric::indexed::PointSet;
use crate::neighbors::geometric::row_map::{RowSource, map_rows};
use crate::neighbors::source::Source;
use std::marker::PhantomData;
use tsne_core::{Result, Scalar, simd};

/// The distance of two rows: sums in lanes, so that their order is the same for every vector unit.
#[inline(always)]
fn distance<V: Scalar, const A: usize, K: ColumnSums<A>>(sums: &K, a: &[V], b: &[V]) -> f64 {
    let d = a.len();
    let mut scale = 1.0;
    if K::SCALED {
        scale = a.iter().zip(b).fold(0.0, |m, (a, b)| {
            let difference = (a.to_f64() - b.to_f64()).abs();
            if difference > m { difference } else { m }
        });
        if scale == 0.0 {
            return 0.0;
        }
    }
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [[0.0; LANES]; A];
    for (c, (a, b)) in a.iter().zip(b).enumerate() {
        for l in 0..LANES {
            let terms = sums.term(c * LANES + l, a[l].to_f64(), b[l].to_f64(), scale);
            for s in 0..A {
                lanes[s][l] = K::join(lanes[s][l], terms[s]);
            }
        }
    }
    // Lane by lane: a loop whose length the compiler does not know would write the lanes to memory.
    for l in 0..LANES - 1 {
        if let (Some(a), Some(b)) = (a_rest.get(l), b_rest.get(l)) {
            let terms = sums.term(d - d % LANES + l, a.to_f64(), b.to_f64(), scale);
            for s in 0..A {
                lanes[s][l] = K::join(lanes[s][l], terms[s]);
            }
        }
    }
    // By halves, as in the two geometries: where neighboring lanes are joined first, the loop keeps them apart with shuffles.
    let joined = lanes.map(|[a, b, c, d, e, f, g, h]| {
        K::join(K::join(K::join(a, e), K::join(c, g)), K::join(K::join(b, f), K::join(d, h)))
    });
    sums.finish(joined, scale, d)
}

/// Distances from one row by sums over columns.
struct FromRow<'b, T, V, K, const A: usize> {
    sums: &'b K,
    row: &'b [V],
    indexed: &'b DenseRows<'b, V>,
    points: &'b [u32],
    out: &'b mut [T],
}

impl<T: Scalar, V: Scalar, const A: usize, K: ColumnSums<A>> simd::Task for FromRow<'_, T, V, K, A> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { sums, row, indexed, points, out } = self;
        for (out, &point) in out.iter_mut().zip(points) {
            *out = T::from_f64(distance::<V, A, K>(sums, row, indexed.row(point as usize)));
        }
    }
}

/// Sums over the columns of the caller's rows.
pub(super) struct Summed<K, const A: usize>(pub(super) K);

impl<T: Scalar, const A: usize, K: ColumnSums<A>> Form<T> for Summed<K, A> {
    type Table<'a> = DenseRows<'a, T>;

    fn table<'a>(&self, points: &Source<'a, T>) -> Result<DenseRows<'a, T>> {
        points.dense("this index")
    }

    fn measure(
        &self,
        rows: &DenseRows<'_, T>,
        row: usize,
        indexed: &DenseRows<'_, T>,
        points: &[u32],
        _: bool,
        out: &mut [T],
    ) {
        simd::dispatch(FromRow::<T, T, K, A> { sums: &self.0, row: rows.row(row), indexed, points, out });
    }
}

/// Sums over the columns of rows divided by their sums.
pub(super) struct Distributions<K> {
    pub(super) sums: K,
    /// Added to each value first.
    pub(super) smoothing: f64,
}

impl<T: Scalar, K: ColumnSums<1>> Form<T> for Distributions<K> {
    type Table<'a> = DenseRows<'a, f64>;

    fn table<'a>(&self, points: &Source<'a, T>) -> Result<DenseRows<'a, f64>> {
        let rows = points.points().dense("this index")?;
        // One entry more, for rows of zeros.
        map_rows(rows, rows.d() + 1, |row, out| out.copy_from_slice(&distribution(row, self.smoothing)))
    }

    fn measure(
        &self,
        rows: &DenseRows<'_, f64>,
        row: usize,
        indexed: &DenseRows<'_, f64>,
        points: &[u32],
        _: bool,
        out: &mut [T],
    ) {
        simd::dispatch(FromRow::<T, f64, K, 1> { sums: &self.sums, row: rows.row(row), indexed, points, out });
    }
}

/// One of the two geometries, on rows that come from the caller's by `source`.
struct Ruled<V, I> {
    ruler: Ruler,
    source: I,
    stored: PhantomData<fn() -> V>,
}

/// The space of dense rows whose metric is a geometry: the same numbers as from the fast engines, to the last bit.
pub(super) fn ruled<'a, T: Scalar, V: Scalar, I: RowSource<T, V>>(
    points: &Source<'a, T>,
    metric: &Metric,
    (geometry, unit): (Geometry, Unit),
    source: I,
) -> Result<Box<dyn Space<T> + 'a>> {
    let matrix = source.rows(points.dense("this index")?)?;
    let ruler = Ruler::new::<V, T>(geometry, unit).fit(matrix.largest(), matrix.d())?;
    let table = PointSet::new(matrix, geometry)?;
    Ok(FormSpace::of_table(points, metric, Ruled { ruler, source, stored: PhantomData }, table))
}

impl<T: Scalar, V: Scalar, I: RowSource<T, V>> Form<T> for Ruled<V, I> {
    type Table<'a> = PointSet<'a, V>;

    fn table<'a>(&self, points: &Source<'a, T>) -> Result<PointSet<'a, V>> {
        let rows = self.source.rows(points.dense("this index")?)?;
        self.ruler.check(rows.largest(), rows.d())?;
        PointSet::new(rows, self.ruler.geometry)
    }

    fn measure(
        &self,
        rows: &PointSet<'_, V>,
        row: usize,
        indexed: &PointSet<'_, V>,
        points: &[u32],
        _: bool,
        out: &mut [T],
    ) {
        simd::dispatch(ByRuler { ruler: self.ruler, row: rows.get(row), indexed, points, out });
    }
}

/// Distances from one row by a ruler.
struct ByRuler<'b, 'a, T, V> {
    ruler: Ruler,
    row: (&'b [V], f64),
    indexed: &'b PointSet<'a, V>,
    points: &'b [u32],
    out: &'b mut [T],
}

impl<T: Scalar, V: Scalar> simd::Task for ByRuler<'_, '_, T, V> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { ruler, row, indexed, points, out } = self;
        for (out, &point) in out.iter_mut().zip(points) {
            *out = T::from_f64(ruler.distance_of(ruler.square(row, indexed.get(point as usize))));
        }
    }
}
