//! Which metrics are one of the two geometries of mapped rows, and by which map.

use super::geometry::{Geometry, Unit};
use super::row_map::RowMap;
use crate::metric::Metric;
use crate::metric::covariance::{cholesky, not_definite};
use tsne_core::{Result, Rows, Scalar};

/// A metric as one of the two geometries.
#[derive(Debug)]
pub(in crate::neighbors) struct Mapping {
    pub(in crate::neighbors) geometry: Geometry,
    pub(in crate::neighbors) unit: Unit,
    pub(in crate::neighbors) map: Option<RowMap>,
}

impl Mapping {
    /// How dense rows are measured under `metric`, whose parameters are resolved; `None` where it is neither geometry.
    pub(in crate::neighbors) fn new<T: Scalar>(metric: &Metric, rows: Rows<'_, T>) -> Result<Option<Self>> {
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
                let lower = cholesky(matrix, rows.d())?.ok_or_else(not_definite)?;
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

    /// Whether dense rows under `metric` have a mapping.
    pub(in crate::neighbors) fn serves(metric: &Metric) -> bool {
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

    /// Whether rows under a metric that is [served](Self::serves) are searched as they are, without a copy.
    pub(in crate::neighbors) fn is_as_given(metric: &Metric) -> bool {
        matches!(
            metric,
            Metric::Euclidean | Metric::SqEuclidean | Metric::Minkowski { weights: None, .. } | Metric::Cosine
        )
    }

    /// The number of coordinates that a finder sees: the cosine needs one more, for the direction of rows of zeros.
    pub(in crate::neighbors) fn coordinates(&self, d: usize) -> usize {
        d + usize::from(self.geometry == Geometry::Cosine)
    }
}
