//! The state of an optimizer.

use crate::arrays::{Element, new_array, positions, scalar_of, with_dimensions, with_scalar};
use crate::error::exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tsne::Momentum;
use tsne::core::Optimizer as _;
use tsne::optim::MomentumGains;

/// Gains and velocities of any number type and dimension.
pub(crate) trait State: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn copied(&self) -> Box<dyn State>;
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Parts<'py>>;
}

/// Momentum rule, gains, velocities, steps and slope.
type Parts<'py> = (&'static str, Bound<'py, PyAny>, Bound<'py, PyAny>, usize, Option<f64>);

impl<T: Element, const D: usize> State for MomentumGains<T, D> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn copied(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }

    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Parts<'py>> {
        let rule = if self.momentum() == Momentum::Nesterov { "nesterov" } else { "classical" };
        let (gains, velocity) = (new_array(py, self.gains().to_vec())?, new_array(py, self.velocity().to_vec())?);
        Ok((rule, gains, velocity, self.steps(), self.slope()))
    }
}

/// What an optimizer remembers from one call to the next; nothing, before the first.
#[pyclass(frozen, module = "tsne_rs._tsne_rs")]
pub(crate) struct OptimizerState {
    state: Mutex<Option<Box<dyn State>>>,
}

impl std::fmt::Debug for OptimizerState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OptimizerState").finish_non_exhaustive()
    }
}

impl OptimizerState {
    /// The state, for as long as it is looked at.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Box<dyn State>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl OptimizerState {
    #[new]
    fn new() -> Self {
        Self { state: Mutex::new(None) }
    }

    /// The state of these parts.
    #[staticmethod]
    fn from_parts(
        momentum: &str,
        gains: &Bound<'_, PyAny>,
        velocity: &Bound<'_, PyAny>,
        steps: usize,
        slope: Option<f64>,
    ) -> PyResult<Self> {
        let momentum = match momentum {
            "classical" => Momentum::Classical,
            "nesterov" => Momentum::Nesterov,
            other => {
                return Err(PyValueError::new_err(format!(
                    "the momentum is {other:?}, but must be \"classical\" or \"nesterov\""
                )));
            }
        };
        let dimensions: usize = gains.getattr("shape")?.get_item(1)?.extract()?;
        let state: Box<dyn State> = with_scalar!(scalar_of(gains)?.as_str(), T => with_dimensions!(dimensions, D => {
            let (gains, velocity) = (positions::<T, D>(gains)?, positions::<T, D>(velocity)?);
            let state = MomentumGains::from_state(momentum, gains, velocity).map_err(exception)?;
            Ok(Box::new(state.with_steps(steps).with_slope(slope)) as Box<dyn State>)
        }))?;
        Ok(Self { state: Mutex::new(Some(state)) })
    }

    /// Momentum rule, gains, velocities, steps and slope; nothing before the first step.
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Option<Parts<'py>>> {
        self.lock().as_ref().map(|state| state.parts(py)).transpose()
    }

    fn copy(&self) -> Self {
        Self { state: Mutex::new(self.lock().as_ref().map(|state| state.copied())) }
    }
}
