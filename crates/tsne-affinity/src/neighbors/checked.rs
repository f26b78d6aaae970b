//! Points and their metric, checked once: what all searches build their indexes from.

use super::source::Source;
use crate::limits;
use crate::metric::Metric;
use tsne_core::{Error, Points, Result, Scalar, blocks};

/// Points that were checked, and the metric with all its parameters.
#[derive(Debug, Clone)]
pub(super) struct Checked<'a, T> {
    pub(super) source: Source<'a, T>,
    pub(super) metric: Metric,
}

impl<'a, T: Scalar> Checked<'a, T> {
    /// Checks everything that points and metric are checked for, in one pass of each kind.
    pub(super) fn new(source: Source<'a, T>, metric: &Metric) -> Result<Self> {
        let points = source.points();
        check_points(points, metric)?;
        let metric = metric.resolve_finite(points)?;
        if matches!(points, Points::Sparse(_)) && !metric.takes_sparse() {
            return Err(no_sparse(&metric));
        }
        check_rows(points, &metric)?;
        Ok(Self { source, metric })
    }

    pub(super) fn points(&self) -> Points<'_, T> {
        self.source.points()
    }
}

/// The error of sparse rows under a metric that takes dense ones.
pub(super) fn no_sparse(metric: &Metric) -> Error {
    Error::invalid("points", format_args!("they are sparse, but {metric} takes dense rows: convert them"))
}

/// Checks that there are points with coordinates, and that they are finite.
fn check_points<T: Scalar>(points: Points<'_, T>, metric: &Metric) -> Result<()> {
    if points.n() == 0 {
        return Err(Error::too_few_points(0, 1));
    }
    if points.d() == 0 {
        return Err(Error::parameter("d", 0, "at least 1: points need a coordinate"));
    }
    if points.n() > limits::POINTS {
        return Err(Error::capacity("number of points", points.n(), limits::POINTS));
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
    let bad = blocks::find_first(points.n(), |i| {
        let values = match &points {
            Points::Dense(rows) => rows.row(i),
            Points::Sparse(rows) => rows.row(i).1,
            _ => &[],
        };
        metric.check_row(i, values.iter().map(|v| v.to_f64()), epsilon).err()
    });
    bad.map_or(Ok(()), Err)
}
