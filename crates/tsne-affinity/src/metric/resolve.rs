//! Parameters that come from the data: variances and the inverse covariance.

use super::covariance::inverse_covariance;
use super::kind::Metric;
use super::moments::variances;
use std::sync::Arc;
use tsne_core::{Error, Points, Result, Scalar};

impl Metric {
    /// The metric with all its parameters: where variances or an inverse covariance are `None`, those of `points`.
    ///
    /// Searches do this for their indexed points. Takes `n d` operations for variances and `n d² + d³` for a covariance;
    /// sums are in `f64` and in a fixed order.
    ///
    /// # Errors
    ///
    /// Those of [`Metric::check`]; [`Error::NonFinite`]; [`Error::TooFewPoints`] for one point; [`Error::Parameter`] for
    /// points without columns and where a column is constant; [`Error::Numerical`] where variances overflow, or where the
    /// covariance is singular, which it is for no more points than columns; [`Error::Capacity`] where it has no room.
    ///
    /// ```
    /// use tsne_affinity::Metric;
    /// use tsne_core::Rows;
    ///
    /// let x = [1.0, 3.0, 5.0];
    /// let metric = Metric::SEuclidean { variances: None }.resolve(Rows::new(&x, 3, 1)?)?;
    /// assert_eq!(metric, Metric::SEuclidean { variances: Some([4.0].into()) });
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn resolve<'a, T: Scalar>(&self, points: impl Into<Points<'a, T>>) -> Result<Self> {
        let points = points.into();
        if self.reads_data() {
            points.check_finite()?;
        }
        self.resolve_finite(points)
    }

    /// Whether parameters have to come from the data.
    const fn reads_data(&self) -> bool {
        matches!(self, Self::SEuclidean { variances: None } | Self::Mahalanobis { inverse_covariance: None })
    }

    /// [`Metric::resolve`] of points that were checked to be finite where the metric needs it.
    pub(crate) fn resolve_finite<T: Scalar>(&self, points: Points<'_, T>) -> Result<Self> {
        if points.d() == 0 {
            return Err(Error::parameter("d", 0, "at least 1: points need a coordinate"));
        }
        let metric = match self {
            Self::SEuclidean { variances: None } => Self::SEuclidean { variances: Some(variances(points)?.into()) },
            Self::Mahalanobis { inverse_covariance: None } => {
                let inverse = inverse_covariance(points.dense("mahalanobis")?)?;
                Self::Mahalanobis { inverse_covariance: Some(Arc::from(inverse)) }
            }
            _ => self.clone(),
        };
        metric.check(points.d())?;
        Ok(metric)
    }
}
