//! Sparse rows by direction, and what every column has that is not stored.

use super::form::Form;
use super::merge::merge;
use crate::metric::Metric;
use crate::neighbors::geometric::geometry::{Geometry, Ruler, Unit, power_of_two_for};
use crate::neighbors::source::{Source, SparseTable};
use rayon::prelude::*;
use tsne_core::span::Region;
use tsne_core::{Result, Scalar, blocks, chunks, memory};

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
    rows: SparseTable<'a, T>,
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
        let rows = self.rows.rows();
        let pointers = rows.row_pointers();
        let range = pointers[i]..pointers[i + 1];
        self.background[i].map(|background| ((&rows.columns()[range.clone()], &self.values[range]), background))
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
    pub(in crate::neighbors) fn rows<'a, T: Scalar>(&self, table: SparseTable<'a, T>) -> Result<DirectionRows<'a, T>> {
        let rows = table.rows();
        let map = |v: &T| if self.roots { v.to_f64().sqrt() } else { v.to_f64() };
        let mut values = memory::filled("directions", rows.nnz(), 0.0)?;
        chunks::for_each(&mut values, blocks::BLOCK, |b, values| {
            let from = &rows.values()[b * blocks::BLOCK..];
            values.iter_mut().zip(from).for_each(|(to, v)| *to = map(v));
        });
        let mut rest = &mut values[..];
        let parts = rows.row_pointers().windows(2);
        let parts = parts.map(|ends| rest.split_off_mut(..ends[1] - ends[0]).unwrap_or_default());
        let mut parts: Vec<&mut [f64]> = memory::collected("directions", parts)?;
        let mut background = memory::filled("directions", parts.len(), None)?;
        let region = Region::enter();
        let both = parts.par_iter_mut().zip(&mut background);
        both.for_each(|(values, background)| *background = region.task(|| self.direct(values, rows.d())));
        drop(region);
        Ok(DirectionRows { rows: table, values, background })
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

    fn table<'a>(&self, points: &Source<'a, T>) -> Result<DirectionRows<'a, T>> {
        self.rows(points.sparse()?)
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
                    sum + (indexed.rows.rows().d() - union) as f64 * term(background_a - background_b)
                }
            };
            *out = T::from_f64(self.ruler.distance_of(square));
        }
    }
}
