//! Where points start.

use crate::arrays::{
    Data, new_array, positions, scalar_of, scalar_of_data, with_dimensions, with_index, with_scalar, write,
};
use crate::error::exception;
use crate::index::{AffinityIndex, graph};
use crate::work::{self, Failure};
use pyo3::prelude::*;
use tsne::initialization;
use tsne::{Kernel, with_threads};

/// Normally distributed positions.
#[pyfunction]
pub(crate) fn random(py: Python<'_>, n: usize, n_components: usize, std: f64, seed: u64) -> PyResult<Bound<'_, PyAny>> {
    with_dimensions!(n_components, D => {
        let made = py.detach(|| with_threads(1, || initialization::random::<f64, D>(n, std, seed)));
        new_array(py, made.map_err(exception)?)
    })
}

/// Principal components.
#[pyfunction]
pub(crate) fn pca<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    n_components: usize,
    seed: u64,
    n_jobs: i32,
) -> PyResult<Bound<'py, PyAny>> {
    with_scalar!(scalar_of_data(data)?.as_str(), T => with_dimensions!(n_components, D => {
        let data = Data::<T>::new(data)?;
        let points = data.points()?;
        let made = work::run(py, None, &Failure::default(), false, |_, cx| {
            with_threads(n_jobs, || initialization::pca::<T, D>(points, seed, cx))
        })?;
        new_array(py, made)
    }))
}

/// Leading eigenvectors of the random walk along the affinities.
#[pyfunction]
pub(crate) fn spectral<'py>(
    py: Python<'py>,
    index: &AffinityIndex,
    n_components: usize,
    tolerance: f64,
    max_iterations: Option<usize>,
    seed: u64,
    n_jobs: i32,
) -> PyResult<Bound<'py, PyAny>> {
    let mut params = initialization::SpectralParams::default();
    params.tolerance = tolerance;
    params.max_iterations = max_iterations.unwrap_or(params.max_iterations);
    with_index!(&index.any, index => with_dimensions!(n_components, D => {
        let p = index.affinities();
        let made = work::run(py, None, &Failure::default(), false, |_, cx| {
            with_threads(n_jobs, || initialization::spectral_with::<_, D>(p, params, seed, cx))
        })?;
        new_array(py, made)
    }))
}

/// A map of groups of points, which holds the places of the points.
#[pyfunction]
pub(crate) fn coarse<'py>(
    py: Python<'py>,
    index: &AffinityIndex,
    n_components: usize,
    dof: f64,
    seed: u64,
    n_jobs: i32,
) -> PyResult<Bound<'py, PyAny>> {
    let kernel = Kernel::new(dof).map_err(exception)?;
    with_index!(&index.any, index => with_dimensions!(n_components, D => {
        let p = index.affinities();
        let made = work::run(py, None, &Failure::default(), false, |_, cx| {
            with_threads(n_jobs, || initialization::coarse::<_, D>(p, None, kernel, seed, cx))
        })?;
        new_array(py, made)
    }))
}

/// Moves and scales the array to this deviation along its first axis; whether it could be.
#[pyfunction]
pub(crate) fn rescale(array: &Bound<'_, PyAny>, std: f64) -> PyResult<bool> {
    changed(array, std, None)
}

/// Adds normally distributed numbers of this deviation to the array.
#[pyfunction]
pub(crate) fn jitter(array: &Bound<'_, PyAny>, std: f64, seed: u64) -> PyResult<bool> {
    changed(array, std, Some(seed))
}

/// Changes positions in place: with a seed numbers are added, without one they are scaled.
fn changed(array: &Bound<'_, PyAny>, std: f64, seed: Option<u64>) -> PyResult<bool> {
    let dimensions: usize = array.getattr("shape")?.get_item(1)?.extract()?;
    with_scalar!(scalar_of(array)?.as_str(), T => with_dimensions!(dimensions, D => {
        let mut at = positions::<T, D>(array)?;
        let done = with_threads(1, || match seed {
            Some(seed) => initialization::jitter(&mut at, std, seed).map(|()| true),
            None => initialization::rescale(&mut at, std),
        });
        let done = done.map_err(exception)?;
        write(array, &at)?;
        Ok(done)
    }))
}

/// The median of the positions of the nearest points, or their mean in which nearer ones count more.
#[pyfunction]
pub(crate) fn among<'py>(
    py: Python<'py>,
    embedding: &Bound<'py, PyAny>,
    indices: &Bound<'py, PyAny>,
    distances: &Bound<'py, PyAny>,
    weighted: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let dimensions: usize = embedding.getattr("shape")?.get_item(1)?.extract()?;
    with_scalar!(scalar_of(embedding)?.as_str(), T => with_dimensions!(dimensions, D => {
        let at = positions::<T, D>(embedding)?;
        let graph = graph::<T>(indices, distances, at.len())?;
        let made = py.detach(|| with_threads(1, || {
            let place = if weighted { initialization::weighted_mean } else { initialization::median };
            place(&at, &graph, graph.k())
        }));
        new_array(py, made.map_err(exception)?)
    }))
}
