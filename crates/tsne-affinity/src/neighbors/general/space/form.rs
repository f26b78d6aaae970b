//! A space from the two things that differ between metrics: how points are stored, and how two are compared.

use crate::metric::Metric;
use crate::neighbors::checked::check_rows;
use crate::neighbors::general::distances::{Distances, Space};
use crate::neighbors::source::Source;
use tsne_core::{Error, Points, Result, Scalar};

/// How a metric stores and compares points.
pub(super) trait Form<T: Scalar>: Send + Sync + 'static {
    /// Stored points.
    type Table<'a>: Send + Sync;

    /// Stores points that were checked.
    fn table<'a>(&self, points: &Source<'a, T>) -> Result<Self::Table<'a>>;

    /// Writes the distances from row `row` of `rows` to `points` of `indexed`, which `own` says are the same table.
    fn measure(
        &self,
        rows: &Self::Table<'_>,
        row: usize,
        indexed: &Self::Table<'_>,
        points: &[u32],
        own: bool,
        out: &mut [T],
    );
}

/// Indexed points in their form.
pub(super) struct FormSpace<'a, T: Scalar, F: Form<T>> {
    form: F,
    table: F::Table<'a>,
    shape: (usize, usize),
    metric: Metric,
}

impl<'a, T: Scalar, F: Form<T>> FormSpace<'a, T, F> {
    /// The space of points that were checked.
    pub(super) fn boxed(points: &Source<'a, T>, metric: &Metric, form: F) -> Result<Box<dyn Space<T> + 'a>> {
        let table = form.table(points)?;
        Ok(Self::of_table(points, metric, form, table))
    }

    /// The same with the points already in their form.
    pub(super) fn of_table(
        points: &Source<'a, T>,
        metric: &Metric,
        form: F,
        table: F::Table<'a>,
    ) -> Box<dyn Space<T> + 'a> {
        let points = points.points();
        Box::new(Self { form, table, shape: (points.n(), points.d()), metric: metric.clone() })
    }
}

impl<'a, T: Scalar, F: Form<T>> Space<T> for FormSpace<'a, T, F> {
    fn shape(&self) -> (usize, usize) {
        self.shape
    }

    fn own(&self) -> Box<dyn Distances<T> + '_> {
        Box::new(Pairs { space: self, rows: None, n_rows: self.shape.0 })
    }

    fn to<'q>(&'q self, queries: Points<'q, T>) -> Result<Box<dyn Distances<T> + 'q>> {
        if queries.d() != self.shape.1 {
            return Err(Error::shape("a row of the queries", self.shape.1, queries.d()));
        }
        queries.check_finite()?;
        check_rows(queries, &self.metric)?;
        let table = self.form.table(&Source::Borrowed(queries))?;
        Ok(Box::new(Pairs { space: self, rows: Some(table), n_rows: queries.n() }))
    }
}

/// Rows against the indexed points; `None` for the points themselves.
struct Pairs<'q, 'a, T: Scalar, F: Form<T>> {
    space: &'q FormSpace<'a, T, F>,
    rows: Option<F::Table<'q>>,
    n_rows: usize,
}

impl<'a, T: Scalar, F: Form<T>> Distances<T> for Pairs<'_, 'a, T, F> {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn n_points(&self) -> usize {
        self.space.shape.0
    }

    fn measure(&self, row: usize, points: &[u32], out: &mut [T]) {
        let FormSpace { form, table, .. } = self.space;
        match &self.rows {
            None => form.measure(table, row, table, points, true, out),
            Some(rows) => form.measure(rows, row, table, points, false, out),
        }
    }
}
