//! Nearest neighbors of data.

use crate::arrays::{Data, Element, matrix, scalar_of_data, with_scalar};
use crate::error::exception;
use crate::index::metric;
use crate::work::{self, Failure};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use tsne::affinity::{ApproximateSearch, AutoSearch, ExactSearch};
use tsne::core::SharedPoints;
use tsne::{
    Context, Error, KnnGraph, Metric, NeighborIndex, NeighborSearch, Points, SharedRows, SharedSparseRows, with_threads,
};

/// Indices and distances of neighbors.
type Found<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Data that neighbors are looked for in, of either number type.
#[pyclass(frozen, module = "tsne_rs._tsne_rs")]
#[derive(Debug)]
pub(crate) struct KnnIndex {
    any: Any,
    failure: Failure,
    n_jobs: i32,
}

#[derive(Debug)]
enum Any {
    F32(Searched<f32>),
    F64(Searched<f64>),
}

/// Data and the way to search them.
struct Searched<T> {
    points: SharedPoints<T>,
    search: Arc<dyn NeighborSearch<T>>,
    /// What outlives a call, where the search has such a thing.
    index: OnceLock<Option<Box<dyn NeighborIndex<T>>>>,
}

impl<T> std::fmt::Debug for Searched<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Searched").field("search", &self.search).finish_non_exhaustive()
    }
}

impl<T: Element> Searched<T> {
    fn new(data: &Bound<'_, PyAny>, method: &str, metric: Metric, seed: u64) -> PyResult<Self> {
        let data = Data::<T>::new(data)?;
        let points = match data.points()? {
            Points::Dense(rows) => {
                let values = rows.iter().flatten().copied().collect();
                SharedRows::new(values, rows.n(), rows.d()).map_err(exception)?.into()
            }
            Points::Sparse(rows) => {
                let (pointers, columns) = (rows.row_pointers().to_vec(), rows.columns().to_vec());
                let values = rows.values().to_vec();
                SharedSparseRows::new(pointers, columns, values, rows.d()).map_err(exception)?.into()
            }
            _ => return Err(PyTypeError::new_err("the data must be dense or compressed rows")),
        };
        let search: Arc<dyn NeighborSearch<T>> = match method {
            "exact" => Arc::new(ExactSearch::new(metric)),
            "approx" => Arc::new(ApproximateSearch::new(metric).with_seed(seed)),
            _ => Arc::new(AutoSearch::new(metric, seed)),
        };
        Ok(Self { points, search, index: OnceLock::new() })
    }

    /// What `f` finds in the index, which is made where there is none that outlives a call.
    fn with<R>(&self, cx: Context<'_>, f: impl FnOnce(&dyn NeighborIndex<T>) -> Result<R, Error>) -> Result<R, Error> {
        if self.index.get().is_none() {
            let built = self.search.build_shared(&self.points, cx)?;
            let _ = self.index.set(built);
        }
        match self.index.get() {
            Some(Some(index)) => f(&**index),
            _ => f(&*self.search.build(self.points.points(), cx)?),
        }
    }
}

fn arrays<'py, T: Element>(py: Python<'py>, graph: &KnnGraph<T>) -> PyResult<Found<'py>> {
    let indices = graph.indices().iter().map(|&j| i64::from(j) as i32).collect();
    let distances = graph.distances().to_vec();
    Ok((matrix::<i32>(py, indices, graph.n(), graph.k())?, matrix(py, distances, graph.n(), graph.k())?))
}

macro_rules! with_any {
    ($any:expr, $searched:ident => $body:expr) => {
        match $any {
            Any::F32($searched) => $body,
            Any::F64($searched) => $body,
        }
    };
}

/// The conversion of a searched data set to the enum of both number types.
trait Wrap: Element {
    fn any(searched: Searched<Self>) -> Any;
}

impl Wrap for f32 {
    fn any(searched: Searched<Self>) -> Any {
        Any::F32(searched)
    }
}

impl Wrap for f64 {
    fn any(searched: Searched<Self>) -> Any {
        Any::F64(searched)
    }
}

#[pymethods]
impl KnnIndex {
    /// `metric` is the document of one, or a function.
    #[new]
    fn new(data: &Bound<'_, PyAny>, method: &str, metric: &Bound<'_, PyAny>, seed: u64, n_jobs: i32) -> PyResult<Self> {
        let failure = Failure::default();
        let metric = match metric.extract::<String>() {
            Ok(document) => serde_json::from_str(&document).map_err(|error| crate::error::of_document(&error))?,
            Err(_) => self::metric(metric.clone().unbind(), &failure),
        };
        with_scalar!(scalar_of_data(data)?.as_str(), T => {
            Ok(Self { any: T::any(Searched::<T>::new(data, method, metric, seed)?), failure, n_jobs })
        })
    }

    /// The `k` nearest others of each point of the data.
    fn build<'py>(&self, py: Python<'py>, k: usize) -> PyResult<Found<'py>> {
        with_any!(&self.any, searched => {
            let n_jobs = self.n_jobs;
            let graph = work::run(py, None, &self.failure, false, |_, cx| {
                with_threads(n_jobs, || searched.with(cx, |index| index.knn_graph(wanted(k)?, cx)))
            })?;
            arrays(py, &graph)
        })
    }

    /// The `k` nearest of the data for each of other points.
    fn query<'py>(&self, py: Python<'py>, data: &Bound<'py, PyAny>, k: usize) -> PyResult<Found<'py>> {
        with_any!(&self.any, searched => {
            let data = Data::new(data)?;
            let (points, n_jobs) = (data.points()?, self.n_jobs);
            let graph = work::run(py, None, &self.failure, false, |_, cx| {
                with_threads(n_jobs, || searched.with(cx, |index| index.knn(points, wanted(k)?, cx)))
            })?;
            arrays(py, &graph)
        })
    }
}

fn wanted(k: usize) -> Result<NonZeroUsize, Error> {
    NonZeroUsize::new(k).ok_or_else(|| Error::parameter("k", k, "at least 1"))
}
