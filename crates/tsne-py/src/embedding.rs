//! The map of a data set.

use crate::arrays::{
    AnyIndex, Data, Element, gains, new_array, positions, scalar_of, with_dimensions, with_index, with_scalar,
};
use crate::descent::{Call, Ended, descend, is_at, params};
use crate::error::{exception, of_document, of_file};
use crate::index::{self, AffinityIndex, ConditionalAffinities, OfConditional};
use crate::optimizer::{OptimizerState, State};
use crate::partial::Partial;
use crate::shared::{Reading, Shared};
use crate::work::{self, Failure};
use pyo3::prelude::*;
use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use tsne::core::Optimizer as _;
use tsne::{Model, NewAffinities, TransformParams};

/// A map of any number type and dimension.
pub(crate) trait AnyMap: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn copied(&self) -> Box<dyn AnyMap>;
    fn array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>>;
    fn report(&self) -> Report;
    fn state(&self) -> Option<Box<dyn State>>;
    fn index(&self) -> AnyIndex;
    /// Whether it is at these positions, with this optimizer and these affinities.
    fn is(&self, array: &Bound<'_, PyAny>, optimizer: &OptimizerState, index: &AnyIndex, dof: f64) -> PyResult<bool>;
    /// Takes over what was changed from outside: positions, gains, affinities, degrees of freedom.
    fn adopt(
        &mut self,
        array: &Bound<'_, PyAny>,
        optimizer: &OptimizerState,
        index: &AnyIndex,
        dof: f64,
    ) -> PyResult<()>;
    fn optimize(&mut self, py: Python<'_>, call: &Call<'_, '_>, failure: &Failure) -> PyResult<Ended>;
    fn divergence(&self, py: Python<'_>, exact: bool) -> PyResult<f64>;
    fn partial(
        &self,
        py: Python<'_>,
        new: &NewCall<'_, '_>,
        failure: &Failure,
    ) -> PyResult<(Partial, ConditionalAffinities)>;
    fn place(
        &self,
        py: Python<'_>,
        array: &Bound<'_, PyAny>,
        p: &ConditionalAffinities,
        parameters: &str,
    ) -> PyResult<Partial>;
    fn prepare_reference(&self, py: Python<'_>, parameters: &str) -> PyResult<()>;
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()>;
}

/// Finish, iterations, the method of repulsion, the seed, warnings.
type Report = (String, usize, String, u64, Vec<String>);

/// New points and where they start.
#[derive(Debug)]
pub(crate) struct NewCall<'a, 'py> {
    data: &'a Bound<'py, PyAny>,
    /// The document of a [`TransformParams`].
    parameters: &'a str,
    initialization: Option<&'a Bound<'py, PyAny>>,
    progress: Option<&'a Bound<'py, PyAny>>,
}

impl<T: Element + OfConditional, const D: usize> AnyMap for tsne::Embedding<T, D>
where
    ConditionalAffinities: From<NewAffinities<T>>,
{
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn copied(&self) -> Box<dyn AnyMap> {
        Box::new(self.clone())
    }

    fn array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        new_array(py, self.positions().to_vec())
    }

    fn report(&self) -> Report {
        let warnings = self.warnings().iter().map(ToString::to_string).collect();
        let method = self.negative_gradient_method().to_string();
        (format!("{:?}", self.finish()).to_lowercase(), self.iterations(), method, self.random_state(), warnings)
    }

    fn state(&self) -> Option<Box<dyn State>> {
        self.optimizer().filter(|own| own.n() > 0).map(|own| Box::new(own.clone()) as Box<dyn State>)
    }

    fn index(&self) -> AnyIndex {
        T::wrap(Arc::clone(self.affinity_index()))
    }

    fn is(&self, array: &Bound<'_, PyAny>, optimizer: &OptimizerState, index: &AnyIndex, dof: f64) -> PyResult<bool> {
        let same = Arc::ptr_eq(T::of(index)?, self.affinity_index()) && self.kernel().dof() == dof;
        Ok(same && is_at(self, array, optimizer)?)
    }

    fn adopt(
        &mut self,
        array: &Bound<'_, PyAny>,
        optimizer: &OptimizerState,
        index: &AnyIndex,
        dof: f64,
    ) -> PyResult<()> {
        let index = T::of(index)?;
        if !is_at(self, array, optimizer)? || self.kernel().dof() != dof {
            let state = gains::<T, D>(optimizer.lock().as_deref()).cloned();
            let (at, index) = (positions(array)?, Arc::clone(index));
            *self = Self::new(at, index, dof, self.params(), state).map_err(exception)?;
        } else if !Arc::ptr_eq(index, self.affinity_index()) {
            self.set_affinities(Arc::clone(index)).map_err(exception)?;
        }
        Ok(())
    }

    fn optimize(&mut self, py: Python<'_>, call: &Call<'_, '_>, failure: &Failure) -> PyResult<Ended> {
        descend(py, self, call, failure)
    }

    fn divergence(&self, py: Python<'_>, exact: bool) -> PyResult<f64> {
        work::run(py, None, &Failure::default(), false, |_, cx| {
            if exact { self.exact_kl_divergence(cx) } else { self.evaluate_kl_divergence(cx) }
        })
    }

    fn partial(
        &self,
        py: Python<'_>,
        new: &NewCall<'_, '_>,
        failure: &Failure,
    ) -> PyResult<(Partial, ConditionalAffinities)> {
        let mut params: TransformParams<T, D> =
            serde_json::from_str(new.parameters).map_err(|error| of_document(&error))?;
        if let Some(array) = new.initialization {
            params = params.initialization(positions(array)?);
        }
        let data = Data::<T>::new(new.data)?;
        let points = data.points()?;
        let partial =
            work::run(py, new.progress, failure, false, |_, cx| self.prepare_partial_with(points, &params, cx))?;
        let affinities = Arc::new(partial.affinities().clone());
        let p = NewAffinities { affinities, graph: None, warnings: Vec::new() };
        Ok((Partial::new(partial), p.into()))
    }

    fn place(
        &self,
        py: Python<'_>,
        array: &Bound<'_, PyAny>,
        p: &ConditionalAffinities,
        parameters: &str,
    ) -> PyResult<Partial> {
        let (at, params) = (positions::<T, D>(array)?, params(parameters)?);
        let affinities = Arc::clone(&T::conditional(&p.any)?.affinities);
        let partial = py.detach(|| tsne::PartialEmbedding::new(at, self, affinities, params, None));
        partial.map(Partial::new).map_err(exception)
    }

    fn prepare_reference(&self, py: Python<'_>, parameters: &str) -> PyResult<()> {
        let params: TransformParams<T, D> = serde_json::from_str(parameters).map_err(|error| of_document(&error))?;
        work::run(py, None, &Failure::default(), false, |_, cx| self.prepare_reference(&params, cx))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.save(path)).map_err(of_file)
    }
}

/// A map of a data set.
#[derive(Debug)]
#[pyclass(frozen, module = "tsne_rs._tsne_rs")]
pub(crate) struct Embedding {
    map: Shared<dyn AnyMap>,
}

impl Embedding {
    fn of(map: impl AnyMap + 'static) -> Self {
        Self { map: Shared::new(Box::new(map)) }
    }

    /// The map, for reading.
    pub(crate) fn read(&self) -> PyResult<Reading<'_, dyn AnyMap>> {
        self.map.read()
    }
}

#[pymethods]
impl Embedding {
    /// A map at given positions.
    #[new]
    #[pyo3(signature = (array, index, dof, parameters, optimizer))]
    fn new(
        array: &Bound<'_, PyAny>,
        index: &AffinityIndex,
        dof: f64,
        parameters: &str,
        optimizer: &OptimizerState,
    ) -> PyResult<Self> {
        let dimensions: usize = array.getattr("shape")?.get_item(1)?.extract()?;
        with_scalar!(scalar_of(array)?.as_str(), T => with_dimensions!(dimensions, D => {
            let state = gains::<T, D>(optimizer.lock().as_deref()).cloned();
            let index = Arc::clone(T::of(&index.any)?);
            let map = tsne::Embedding::new(positions::<T, D>(array)?, index, dof, params(parameters)?, state);
            Ok(Self::of(map.map_err(exception)?))
        }))
    }

    /// A map before its optimization, and the optimizer that it begins with.
    #[staticmethod]
    #[pyo3(signature = (parameters, n_components, index, initialization=None, progress=None))]
    fn prepare(
        py: Python<'_>,
        parameters: &str,
        n_components: usize,
        index: &AffinityIndex,
        initialization: Option<&Bound<'_, PyAny>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        with_index!(&index.any, affinities => with_dimensions!(n_components, D => {
            let mut builder = index::builder::<_, D>(parameters)?;
            if let Some(array) = initialization {
                builder = builder.initialization(positions(array)?);
            }
            let tsne = builder.build().map_err(exception)?;
            let make = |_: &work::Line, cx: tsne::Context<'_>| tsne.prepare_initial_with(Arc::clone(affinities), cx);
            let map = work::run(py, progress, &index.failure, false, make)?;
            Ok(Self::of(map))
        }))
    }

    /// The map of a file that [`Self::save`], or the command, wrote.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let model = Model::open(path).map_err(of_file)?;
        let name = if model.scalar() == "f32" { "float32" } else { "float64" };
        with_scalar!(name, T => with_dimensions!(model.n_components(), D => {
            let map: tsne::Embedding<T, D> = py.detach(|| model.embedding()).map_err(of_file)?;
            Ok(Self::of(map))
        }))
    }

    /// Writes the map with all that it takes to place new points.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.read()?.save(py, path)
    }

    /// A copy; none while the map is being optimized.
    fn copy(&self) -> Option<Self> {
        Some(Self { map: Shared::new(self.read().ok()?.copied()) })
    }

    /// A new array of the positions.
    fn array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.read()?.array(py)
    }

    /// How the last descent ended, iterations in all, the method of repulsion, the seed, and what deserves a second look.
    fn report(&self) -> PyResult<Report> {
        Ok(self.read()?.report())
    }

    /// The affinities.
    fn index(&self) -> PyResult<AffinityIndex> {
        Ok(AffinityIndex { any: self.read()?.index(), failure: Failure::default() })
    }

    /// Puts the state of the map's optimizer into another one.
    fn state(&self, optimizer: &OptimizerState) -> PyResult<()> {
        *optimizer.lock() = self.read()?.state();
        Ok(())
    }

    /// Takes over positions, gains, affinities and degrees of freedom, where they are others.
    fn adopt(
        &self,
        array: &Bound<'_, PyAny>,
        optimizer: &OptimizerState,
        index: &AffinityIndex,
        dof: f64,
    ) -> PyResult<()> {
        // Many threads may place new points into one map.
        if self.read()?.is(array, optimizer, &index.any, dof)? {
            return Ok(());
        }
        self.map.write()?.adopt(array, optimizer, &index.any, dof)
    }

    /// Moves the array.
    #[pyo3(signature = (array, optimizer, index, parameters, every, callback=None, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "one call across the border")]
    fn optimize(
        &self,
        py: Python<'_>,
        array: &Bound<'_, PyAny>,
        optimizer: &OptimizerState,
        index: &AffinityIndex,
        parameters: &str,
        every: Vec<usize>,
        callback: Option<&Bound<'_, PyAny>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Ended> {
        let call = Call { array, optimizer, parameters, callback, every, progress };
        self.map.write()?.optimize(py, &call, &index.failure)
    }

    /// The KL divergence; `exact` sums over all pairs.
    #[pyo3(signature = (exact=false))]
    fn kl_divergence(&self, py: Python<'_>, exact: bool) -> PyResult<f64> {
        self.read()?.divergence(py, exact)
    }

    /// New points at their starting positions, and their affinities.
    #[pyo3(signature = (data, index, parameters, initialization=None, progress=None))]
    fn prepare_partial(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        index: &AffinityIndex,
        parameters: &str,
        initialization: Option<&Bound<'_, PyAny>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Partial, ConditionalAffinities)> {
        let call = NewCall { data, parameters, initialization, progress };
        self.read()?.partial(py, &call, &index.failure)
    }

    /// Prepares what placing new points needs, before there are any.
    fn prepare_reference(&self, py: Python<'_>, parameters: &str) -> PyResult<()> {
        self.read()?.prepare_reference(py, parameters)
    }

    /// New points at given positions.
    fn place(
        &self,
        py: Python<'_>,
        array: &Bound<'_, PyAny>,
        p: &ConditionalAffinities,
        parameters: &str,
    ) -> PyResult<Partial> {
        self.read()?.place(py, array, p, parameters)
    }
}
