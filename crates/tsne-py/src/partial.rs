//! New points in a map.

use crate::arrays::{Element, gains, new_array, positions};
use crate::descent::{Call, Ended, descend, is_at};
use crate::embedding::{AnyMap, Embedding};
use crate::error::exception;
use crate::index::{ConditionalAffinities, OfConditional};
use crate::optimizer::OptimizerState;
use crate::shared::Shared;
use crate::work::{self, Failure};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use std::sync::Arc;

/// A map of new points of any number type and dimension.
pub(crate) trait AnyPartial: Send + Sync {
    fn copied(&self) -> Box<dyn AnyPartial>;
    fn array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>>;
    fn warnings(&self) -> Vec<String>;
    /// Takes over what was changed from outside: positions, gains, the map that they lie in, affinities.
    fn adopt(
        &mut self,
        array: &Bound<'_, PyAny>,
        optimizer: &OptimizerState,
        reference: &dyn AnyMap,
        p: &ConditionalAffinities,
    ) -> PyResult<()>;
    fn optimize(&mut self, py: Python<'_>, call: &Call<'_, '_>) -> PyResult<Ended>;
    fn divergence(&self, py: Python<'_>) -> PyResult<f64>;
}

impl<T: Element + OfConditional, const D: usize> AnyPartial for tsne::PartialEmbedding<T, D> {
    fn copied(&self) -> Box<dyn AnyPartial> {
        Box::new(self.clone())
    }

    fn array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        new_array(py, self.positions().to_vec())
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings().iter().map(ToString::to_string).collect()
    }

    fn adopt(
        &mut self,
        array: &Bound<'_, PyAny>,
        optimizer: &OptimizerState,
        reference: &dyn AnyMap,
        p: &ConditionalAffinities,
    ) -> PyResult<()> {
        let Some(reference) = reference.as_any().downcast_ref::<tsne::Embedding<T, D>>() else {
            return Err(PyTypeError::new_err("the map and the new points are of different number types or dimensions"));
        };
        let affinities = &T::conditional(&p.any)?.affinities;
        let same = affinities.ptr_eq(self.affinities()) && self.reference_positions() == reference.positions();
        if !same || !is_at(self, array, optimizer)? {
            let state = gains::<T, D>(optimizer.lock().as_deref()).cloned();
            let (at, affinities) = (positions(array)?, Arc::clone(affinities));
            *self = Self::new(at, reference, affinities, self.params(), state).map_err(exception)?;
        }
        Ok(())
    }

    fn optimize(&mut self, py: Python<'_>, call: &Call<'_, '_>) -> PyResult<Ended> {
        descend(py, self, call, &Failure::default())
    }

    fn divergence(&self, py: Python<'_>) -> PyResult<f64> {
        work::run(py, None, &Failure::default(), false, |_, cx| self.evaluate_kl_divergence(cx))
    }
}

/// New points in a map.
#[derive(Debug)]
#[pyclass(frozen, module = "tsne_rs._tsne_rs")]
pub(crate) struct Partial {
    map: Shared<dyn AnyPartial>,
}

impl Partial {
    pub(crate) fn new<T: Element + OfConditional, const D: usize>(map: tsne::PartialEmbedding<T, D>) -> Self {
        Self { map: Shared::new(Box::new(map)) }
    }
}

#[pymethods]
impl Partial {
    /// A copy; none while the map is being optimized.
    fn copy(&self) -> Option<Self> {
        Some(Self { map: Shared::new(self.map.read().ok()?.copied()) })
    }

    fn array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.map.read()?.array(py)
    }

    fn warnings(&self) -> PyResult<Vec<String>> {
        Ok(self.map.read()?.warnings())
    }

    /// Moves the array.
    #[pyo3(signature = (array, optimizer, reference, p, parameters, every, callback=None, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "one call across the border")]
    fn optimize(
        &self,
        py: Python<'_>,
        array: &Bound<'_, PyAny>,
        optimizer: &OptimizerState,
        reference: &Embedding,
        p: &ConditionalAffinities,
        parameters: &str,
        every: Vec<usize>,
        callback: Option<&Bound<'_, PyAny>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Ended> {
        let mut map = self.map.write()?;
        map.adopt(array, optimizer, &**reference.read()?, p)?;
        map.optimize(py, &Call { array, optimizer, parameters, callback, every, progress })
    }

    fn kl_divergence(&self, py: Python<'_>) -> PyResult<f64> {
        self.map.read()?.divergence(py)
    }
}
