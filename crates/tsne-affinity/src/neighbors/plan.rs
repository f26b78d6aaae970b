//! Which metrics the fast engines serve, and how.

use super::geometry::{Geometry, Ruler, Unit};
use super::index::{Engine, Index};
use super::matrix::Matrix;
use super::reference::Reference;
use super::row_map::{AsGiven, Input, RowMap};
use crate::Metric;
use crate::metric::{cholesky, not_definite};
use tsne_core::{NeighborIndex, Result, Rows, Scalar};

/// A metric as one of the two geometries.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) geometry: Geometry,
    pub(super) unit: Unit,
    pub(super) map: Option<RowMap>,
}

impl Plan {
    /// How dense rows are measured under `metric`, whose parameters are resolved; `None` where it is neither geometry.
    pub(super) fn new<T: Scalar>(metric: &Metric, rows: Rows<'_, T>) -> Result<Option<Self>> {
        let origin = || rows.row(0).iter().map(|v| v.to_f64()).collect::<Vec<_>>();
        let (geometry, unit, map) = match metric {
            Metric::Euclidean => (Geometry::Euclidean, Unit::Length, None),
            Metric::SqEuclidean => (Geometry::Euclidean, Unit::Square, None),
            Metric::Minkowski { p: 2.0, weights: None } => (Geometry::Euclidean, Unit::Length, None),
            Metric::Minkowski { p: 2.0, weights: Some(weights) } => {
                let factors = weights.iter().map(|w| w.sqrt()).collect();
                (Geometry::Euclidean, Unit::Length, Some(RowMap::Scale { origin: origin(), factors }))
            }
            Metric::SEuclidean { variances: Some(variances) } => {
                let factors = variances.iter().map(|v| 1.0 / v.sqrt()).collect();
                (Geometry::Euclidean, Unit::Length, Some(RowMap::Scale { origin: origin(), factors }))
            }
            Metric::Mahalanobis { inverse_covariance: Some(matrix) } => {
                let lower = cholesky(matrix, rows.d()).ok_or_else(not_definite)?;
                (Geometry::Euclidean, Unit::Length, Some(RowMap::Triangle { origin: origin(), lower }))
            }
            Metric::Cosine => (Geometry::Cosine, Unit::Half, None),
            Metric::Correlation => (Geometry::Cosine, Unit::Half, Some(RowMap::Center)),
            Metric::SpearmanR => (Geometry::Cosine, Unit::Half, Some(RowMap::Ranks)),
            Metric::Hellinger => (Geometry::Cosine, Unit::RootOfHalf, Some(RowMap::Roots)),
            _ => return Ok(None),
        };
        Ok(Some(Self { geometry, unit, map }))
    }

    /// Whether dense rows under `metric` have a plan.
    pub(super) fn serves(metric: &Metric) -> bool {
        matches!(
            metric,
            Metric::Euclidean
                | Metric::SqEuclidean
                | Metric::Minkowski { p: 2.0, .. }
                | Metric::SEuclidean { .. }
                | Metric::Mahalanobis { .. }
                | Metric::Cosine
                | Metric::Correlation
                | Metric::SpearmanR
                | Metric::Hellinger
        )
    }

    /// The number of coordinates that an engine sees: the cosine needs one more, for the direction of rows of zeros.
    pub(super) fn coordinates(&self, d: usize) -> usize {
        d + usize::from(self.geometry == Geometry::Cosine)
    }
}

/// A way to build an engine.
pub(super) trait Method {
    /// The engine over the groups of `reference`.
    fn engine<'a, V: Scalar>(&self, reference: &Reference<'a, V>) -> Result<Box<dyn Engine<V> + 'a>>;
}

/// The index of checked rows under `plan`.
pub(super) fn build<'a, T: Scalar>(
    rows: Rows<'a, T>,
    metric: &Metric,
    plan: Plan,
    method: &impl Method,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    let (geometry, unit) = (plan.geometry, plan.unit);
    match plan.map {
        None => {
            let reference = Reference::new(Matrix::Borrowed(rows), Ruler::new::<T, T>(geometry, unit))?;
            let engine = method.engine(&reference)?;
            Ok(Box::new(Index { reference, engine, input: AsGiven, metric: metric.clone() }))
        }
        Some(map) => {
            let reference = Reference::new(map.rows(rows)?, Ruler::new::<f64, T>(geometry, unit))?;
            let engine = method.engine(&reference)?;
            Ok(Box::new(Index { reference, engine, input: map, metric: metric.clone() }))
        }
    }
}
