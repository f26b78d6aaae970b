//! Affinities with what it takes to place new points.

use crate::arrays::{
    AnyIndex, Data, Element, contiguous, matrix, scalar_of, scalar_of_data, vector, with_index, with_scalar,
};
use crate::error::{exception, of_document, of_file};
use crate::work::{self, Failure};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Arc, PoisonError};
use tsne::core::AffinityKind;
use tsne::{
    Affinities, AffinityMethod, Dataset, Embedding, Input, KnnGraph, Metric, Model, NewAffinities, NewPoints,
    SearchQuality, Tsne, TsneBuilder, with_threads,
};

/// A sparse matrix: row pointers, columns, values.
type Csr<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Indices and distances of neighbors.
type Neighbors<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Joint affinities of the points of a data set.
#[pyclass(frozen, module = "tsne_rs._tsne_rs")]
#[derive(Debug)]
pub(crate) struct AffinityIndex {
    pub(crate) any: AnyIndex,
    /// That of a metric that is a function of Python.
    pub(crate) failure: Failure,
}

/// A metric by a function of Python, called with two rows.
pub(crate) fn metric(function: Py<PyAny>, failure: &Failure) -> Metric {
    let failure = Failure::clone(failure);
    Metric::function(move |a, b| {
        let slot = || failure.lock().unwrap_or_else(PoisonError::into_inner);
        // What is no number ends the search at once, and nobody takes it for a distance.
        if slot().is_some() {
            return f64::NAN;
        }
        Python::attach(|py| {
            let rows = (vector(py, a.to_vec()), vector(py, b.to_vec()));
            match function.call1(py, rows).and_then(|distance| distance.extract::<f64>(py)) {
                Ok(distance) => distance,
                Err(error) => {
                    slot().get_or_insert(error);
                    f64::NAN
                }
            }
        })
    })
}

/// The parameters of a fit, from their document.
pub(crate) fn builder<T: Element, const D: usize>(parameters: &str) -> PyResult<TsneBuilder<T, D>> {
    serde_json::from_str(parameters).map_err(|error| of_document(&error))
}

/// A rule for affinities, from its document.
pub(crate) fn method<T: Element>(document: Option<&str>) -> PyResult<Option<AffinityMethod<T>>> {
    document.map(|text| serde_json::from_str(text).map_err(|error| of_document(&error))).transpose()
}

/// A graph of neighbors.
pub(crate) fn graph<T: Element>(
    indices: &Bound<'_, PyAny>,
    distances: &Bound<'_, PyAny>,
    n: usize,
) -> PyResult<KnnGraph<T>> {
    let indices: PyReadonlyArray2<'_, u32> = indices.extract()?;
    let distances: PyReadonlyArray2<'_, T> = distances.extract()?;
    if indices.shape() != distances.shape() {
        return Err(PyValueError::new_err(format!(
            "the neighbors have the shape {:?}, but their distances {:?}: both must be n × k",
            indices.shape(),
            distances.shape()
        )));
    }
    KnnGraph::from_parts(
        indices.shape()[1],
        n,
        indices.as_array().iter().copied().collect(),
        distances.as_array().iter().copied().collect(),
    )
    .map_err(exception)
}

/// Affinities from a sparse matrix.
pub(crate) fn affinities<T: Element>(p: &Bound<'_, PyAny>, kind: AffinityKind) -> PyResult<Affinities<T>> {
    type Parts<'py, T> = (PyReadonlyArray1<'py, usize>, PyReadonlyArray1<'py, u32>, PyReadonlyArray1<'py, T>, usize);
    let (row_pointers, columns, weights, d): Parts<'_, T> = p.extract()?;
    let (row_pointers, columns) = (contiguous(&row_pointers)?.to_vec(), contiguous(&columns)?.to_vec());
    Affinities::from_parts(row_pointers, columns, contiguous(&weights)?.to_vec(), d, kind).map_err(exception)
}

/// Affinities as the parts of a sparse matrix.
fn csr<'py, T: Element>(py: Python<'py>, p: &Affinities<T>) -> Csr<'py> {
    let pointers = p.row_pointers().iter().map(|&pointer| pointer as i64).collect();
    let columns = p.columns().iter().map(|&column| i64::from(column) as i32).collect();
    (vector::<i64>(py, pointers), vector::<i32>(py, columns), vector(py, p.weights().to_vec()))
}

/// Neighbors as arrays.
fn neighbors<'py, T: Element>(py: Python<'py>, graph: &KnnGraph<T>) -> PyResult<Neighbors<'py>> {
    let (n, k) = (graph.n(), graph.k());
    let indices = graph.indices().iter().map(|&j| i64::from(j) as i32).collect();
    Ok((matrix::<i32>(py, indices, n, k)?, matrix(py, graph.distances().to_vec(), n, k)?))
}

impl AffinityIndex {
    fn of<T: Element>(index: tsne::AffinityIndex<T>, failure: Failure) -> Self {
        Self { any: T::wrap(Arc::new(index)), failure }
    }
}

#[pymethods]
impl AffinityIndex {
    /// The affinities of data.
    #[staticmethod]
    #[pyo3(signature = (parameters, data, metric=None, progress=None))]
    fn of_data(
        py: Python<'_>,
        parameters: &str,
        data: &Bound<'_, PyAny>,
        metric: Option<Py<PyAny>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        with_scalar!(scalar_of_data(data)?.as_str(), T => {
            let failure = Failure::default();
            let mut builder = builder::<T, 2>(parameters)?;
            if let Some(function) = metric {
                builder = builder.metric(self::metric(function, &failure));
            }
            let tsne = builder.build().map_err(exception)?;
            let data = Data::<T>::new(data)?;
            let points = data.points()?;
            let make = |_: &work::Line, cx: tsne::Context<'_>| tsne.affinities_with(Dataset::from(points), cx);
            work::run(py, progress, &failure, false, make).map(|index| Self::of(index, Failure::clone(&failure)))
        })
    }

    /// The affinities of neighbors that are known: `n × k` indices and distances.
    #[staticmethod]
    fn of_neighbors(
        py: Python<'_>,
        parameters: &str,
        indices: &Bound<'_, PyAny>,
        distances: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let n = indices.getattr("shape")?.get_item(0)?.extract()?;
        with_scalar!(scalar_of(distances)?.as_str(), T => {
            let tsne: Tsne<T, 2> = builder(parameters)?.build().map_err(exception)?;
            let graph = graph::<T>(indices, distances, n)?;
            let failure = Failure::default();
            let make = |_: &work::Line, cx: tsne::Context<'_>| tsne.affinities_with(graph, cx);
            work::run(py, None, &failure, false, make).map(|index| Self::of(index, failure.clone()))
        })
    }

    /// Joint affinities that are known: the parts of a sparse matrix and its number of columns.
    #[staticmethod]
    fn of_joint(py: Python<'_>, parameters: &str, p: &Bound<'_, PyAny>) -> PyResult<Self> {
        with_scalar!(scalar_of_data(p)?.as_str(), T => {
            let tsne: Tsne<T, 2> = builder(parameters)?.build().map_err(exception)?;
            let joint = affinities::<T>(p, AffinityKind::Joint)?;
            let index = py.detach(|| tsne.affinities(Input::from(joint))).map_err(exception)?;
            Ok(Self::of(index, Failure::default()))
        })
    }

    /// The index that [`Self::__getstate__`] wrote.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let model = Model::from_bytes(bytes).map_err(of_file)?;
        let name = if model.scalar() == "f32" { "float32" } else { "float64" };
        with_scalar!(name, T => {
            let embedding: Embedding<T, 1> = py.detach(|| model.embedding()).map_err(of_file)?;
            Ok(Self { any: T::wrap(Arc::clone(embedding.affinity_index())), failure: Failure::default() })
        })
    }

    /// All of the index, as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let mut bytes = Vec::new();
        with_index!(&self.any, index => py.detach(|| write_index(index, &mut bytes)))?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[getter]
    fn n(&self) -> usize {
        with_index!(&self.any, index => index.n())
    }

    /// The name of the number type.
    #[getter]
    fn dtype(&self) -> &'static str {
        match &self.any {
            AnyIndex::F32(_) => "float32",
            AnyIndex::F64(_) => "float64",
        }
    }

    /// The number of neighbors of each point that were kept.
    #[getter]
    fn k(&self) -> Option<usize> {
        with_index!(&self.any, index => index.graph().map(tsne::KnnGraph::k))
    }

    #[getter]
    fn has_data(&self) -> bool {
        with_index!(&self.any, index => index.has_data())
    }

    #[getter]
    fn random_state(&self) -> u64 {
        with_index!(&self.any, index => index.random_state())
    }

    /// What deserves a second look.
    fn warnings(&self) -> Vec<String> {
        with_index!(&self.any, index => index.warnings().iter().map(ToString::to_string).collect())
    }

    /// The share of the true neighbors that were found, where that is known.
    fn recall(&self) -> Option<f64> {
        match with_index!(&self.any, index => index.search_quality())? {
            SearchQuality::Exact => Some(1.0),
            SearchQuality::Approximate { recall, .. } => Some(recall),
            _ => None,
        }
    }

    /// The joint affinities as the parts of a sparse matrix.
    fn p<'py>(&self, py: Python<'py>) -> Csr<'py> {
        with_index!(&self.any, index => csr(py, index.affinities()))
    }

    /// The neighbors, where they were kept.
    fn neighbors<'py>(&self, py: Python<'py>) -> PyResult<Option<Neighbors<'py>>> {
        with_index!(&self.any, index => index.graph().map(|graph| neighbors(py, graph)).transpose())
    }

    /// The perplexities that were used, where the rule has any.
    fn effective_perplexities(&self) -> PyResult<Option<Vec<f64>>> {
        with_index!(&self.any, index => match (index.method(), index.graph()) {
            (AffinityMethod::Perplexity(model), Some(graph)) => {
                let found = model.effective_perplexities_for_graph(graph.n_reference(), graph.k());
                Ok(Some(found.map_err(exception)?.0))
            }
            _ => Ok(None),
        })
    }

    /// The affinities by another rule, from the same neighbors.
    fn with_method(&self, py: Python<'_>, document: &str) -> PyResult<Self> {
        with_index!(&self.any, index => {
            let Some(method) = method(Some(document))? else { return Err(PyTypeError::new_err("a rule is needed")) };
            let mut next = (**index).clone();
            py.detach(|| next.set_method(method)).map_err(exception)?;
            Ok(Self::of(next, Failure::clone(&self.failure)))
        })
    }

    /// The affinities of new points to these.
    #[pyo3(signature = (data, rule=None, progress=None))]
    fn to_new(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        rule: Option<&str>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<ConditionalAffinities> {
        with_index!(&self.any, index => {
            let (rule, data) = (method(rule)?, Data::new(data)?);
            let points = data.points()?;
            let make = |_: &work::Line, cx: tsne::Context<'_>| index.to_new(NewPoints::from(points), rule.as_ref(), cx);
            work::run(py, progress, &self.failure, false, make).map(ConditionalAffinities::from)
        })
    }

    /// The affinities of new points whose neighbors among these are known.
    #[pyo3(signature = (indices, distances, rule=None))]
    fn to_new_neighbors(
        &self,
        py: Python<'_>,
        indices: &Bound<'_, PyAny>,
        distances: &Bound<'_, PyAny>,
        rule: Option<&str>,
    ) -> PyResult<ConditionalAffinities> {
        with_index!(&self.any, index => {
            let (rule, graph) = (method(rule)?, graph(indices, distances, index.n())?);
            let make = |_: &work::Line, cx: tsne::Context<'_>| {
                let new = index.to_new(NewPoints::from(&graph), rule.as_ref(), cx)?;
                Ok(NewAffinities { graph: Some(graph), ..new })
            };
            work::run(py, None, &self.failure, false, make).map(ConditionalAffinities::from)
        })
    }
}

/// Writes the index as part of a map that has none of its own: one axis, on which the points stand in line.
fn write_index<T: Element>(index: &Arc<tsne::AffinityIndex<T>>, bytes: &mut Vec<u8>) -> PyResult<()> {
    let line = (0..index.n()).map(|i| [T::from_f64(i as f64)]).collect();
    let params = tsne::OptimizeParams::preset(tsne::Preset::OpenTsne).negative_gradient_method("fft");
    let embedding = Embedding::<T, 1>::new(line, Arc::clone(index), 1.0, params, None).map_err(exception)?;
    embedding.writer().map_err(of_file)?.write_to(bytes).map(drop).map_err(of_file)
}

/// Affinities of new points to those of a map, each row summing to 1.
#[pyclass(frozen, module = "tsne_rs._tsne_rs")]
#[derive(Debug)]
pub(crate) struct ConditionalAffinities {
    pub(crate) any: AnyConditional,
}

/// Affinities of new points of either number type.
#[derive(Debug)]
pub(crate) enum AnyConditional {
    F32(NewAffinities<f32>),
    F64(NewAffinities<f64>),
}

impl From<NewAffinities<f32>> for ConditionalAffinities {
    fn from(new: NewAffinities<f32>) -> Self {
        Self { any: AnyConditional::F32(new) }
    }
}

impl From<NewAffinities<f64>> for ConditionalAffinities {
    fn from(new: NewAffinities<f64>) -> Self {
        Self { any: AnyConditional::F64(new) }
    }
}

/// `$body` with `$new` of the number type at hand.
macro_rules! with_new {
    ($any:expr, $new:ident => $body:expr) => {
        match $any {
            AnyConditional::F32($new) => $body,
            AnyConditional::F64($new) => $body,
        }
    };
}

#[pymethods]
impl ConditionalAffinities {
    /// Affinities that are known: the parts of a sparse matrix and its number of columns.
    #[staticmethod]
    fn of_matrix(p: &Bound<'_, PyAny>) -> PyResult<Self> {
        with_scalar!(scalar_of_data(p)?.as_str(), T => {
            let affinities = Arc::new(affinities::<T>(p, AffinityKind::Conditional)?);
            Ok(NewAffinities { affinities, graph: None, warnings: Vec::new() }.into())
        })
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        match &self.any {
            AnyConditional::F32(_) => "float32",
            AnyConditional::F64(_) => "float64",
        }
    }

    /// The affinities of points whose neighbors among `n` others are known.
    #[staticmethod]
    fn of_neighbors(
        py: Python<'_>,
        indices: &Bound<'_, PyAny>,
        distances: &Bound<'_, PyAny>,
        n: usize,
        rule: &str,
        n_jobs: i32,
    ) -> PyResult<Self> {
        with_scalar!(scalar_of(distances)?.as_str(), T => {
            let graph = graph::<T>(indices, distances, n)?;
            let Some(rule) = method::<T>(Some(rule))? else { return Err(PyTypeError::new_err("a rule is needed")) };
            let affinities = work::run(py, None, &Failure::default(), false, |_, cx| {
                with_threads(n_jobs, || rule.model().conditional(&graph, cx))
            })?;
            Ok(NewAffinities { affinities: Arc::new(affinities), graph: Some(graph), warnings: Vec::new() }.into())
        })
    }

    #[getter]
    fn shape(&self) -> (usize, usize) {
        with_new!(&self.any, new => (new.affinities.n(), new.affinities.n_columns()))
    }

    fn p<'py>(&self, py: Python<'py>) -> Csr<'py> {
        with_new!(&self.any, new => csr(py, &new.affinities))
    }

    fn neighbors<'py>(&self, py: Python<'py>) -> PyResult<Option<Neighbors<'py>>> {
        with_new!(&self.any, new => new.graph.as_ref().map(|graph| neighbors(py, graph)).transpose())
    }

    fn warnings(&self) -> Vec<String> {
        with_new!(&self.any, new => new.warnings.iter().map(ToString::to_string).collect())
    }
}

/// Affinities of new points of a number type.
pub(crate) trait OfConditional: Element {
    fn conditional(any: &AnyConditional) -> PyResult<&NewAffinities<Self>>;
}

impl OfConditional for f32 {
    fn conditional(any: &AnyConditional) -> PyResult<&NewAffinities<Self>> {
        match any {
            AnyConditional::F32(new) => Ok(new),
            AnyConditional::F64(_) => Err(PyTypeError::new_err("the affinities of the new points are not of float32")),
        }
    }
}

impl OfConditional for f64 {
    fn conditional(any: &AnyConditional) -> PyResult<&NewAffinities<Self>> {
        match any {
            AnyConditional::F64(new) => Ok(new),
            AnyConditional::F32(_) => Err(PyTypeError::new_err("the affinities of the new points are not of float64")),
        }
    }
}
