//! How good a map is.

use crate::arrays::{Data, Element, positions, scalar_of, with_dimensions, with_scalar};
use crate::error::exception;
use crate::index::metric;
use crate::work::{self, Failure};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tsne::metrics::{self, Comparison};
use tsne::{Error, Metric, with_threads};

/// A metric by its name, or by a function.
fn parsed(given: &Bound<'_, PyAny>, failure: &Failure) -> PyResult<Metric> {
    match given.extract::<String>() {
        Ok(name) => name.parse().map_err(exception),
        Err(_) => Ok(metric(given.clone().unbind(), failure)),
    }
}

/// A measure of a map against its data, by its name; `sample` is a number of points and a seed.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "one call across the border")]
pub(crate) fn compare(
    py: Python<'_>,
    measure: &str,
    data: &Bound<'_, PyAny>,
    embedding: &Bound<'_, PyAny>,
    k: usize,
    metric: &Bound<'_, PyAny>,
    sample: Option<(usize, u64)>,
    n_jobs: i32,
) -> PyResult<f64> {
    let failure = Failure::default();
    let metric = parsed(metric, &failure)?;
    let dimensions: usize = embedding.getattr("shape")?.get_item(1)?.extract()?;
    with_scalar!(scalar_of(embedding)?.as_str(), T => with_dimensions!(dimensions, D => {
        let (data, at) = (Data::<T>::new(data)?, positions::<T, D>(embedding)?);
        let points = data.points()?;
        work::run(py, None, &failure, false, |_, cx| with_threads(n_jobs, || {
            let mut comparison = Comparison::new(points, &at)?.metric(&metric).context(cx);
            if let Some((points, seed)) = sample {
                comparison = comparison.sample(points, seed);
            }
            measured(measure, &comparison, k)
        }))
    }))
}

fn measured<T: Element, const D: usize>(measure: &str, of: &Comparison<'_, T, D>, k: usize) -> Result<f64, Error> {
    match measure {
        "trustworthiness" => of.trustworthiness(k),
        "continuity" => of.continuity(k),
        "neighbor_recall" => of.neighbor_recall(k),
        "spearman" => of.spearman(),
        other => {
            let allowed = "trustworthiness, continuity, neighbor_recall or spearman";
            Err(Error::parameter("measure", other, allowed))
        }
    }
}

/// The share of points that have the label of most of their `k` neighbors in the map.
#[pyfunction]
pub(crate) fn label_agreement(
    py: Python<'_>,
    embedding: &Bound<'_, PyAny>,
    labels: PyReadonlyArray1<'_, i64>,
    k: usize,
    n_jobs: i32,
) -> PyResult<f64> {
    let dimensions: usize = embedding.getattr("shape")?.get_item(1)?.extract()?;
    let labels = labels.as_slice().map_err(|error| PyValueError::new_err(error.to_string()))?;
    with_scalar!(scalar_of(embedding)?.as_str(), T => with_dimensions!(dimensions, D => {
        let at = positions::<T, D>(embedding)?;
        work::run(py, None, &Failure::default(), false, |_, _| {
            with_threads(n_jobs, || metrics::label_agreement(&at, labels, k))
        })
    }))
}

/// The pseudo Bayesian information criterion (Cao and Wang 2017).
#[pyfunction]
pub(crate) fn pbic(kl_divergence: f64, perplexity: f64, n: usize) -> PyResult<f64> {
    metrics::pbic(kl_divergence, perplexity, n).map_err(exception)
}
