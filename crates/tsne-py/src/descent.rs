//! A descent that Python asks for: of a map, or of new points in one.

use crate::arrays::{Element, gains, holds, write};
use crate::error::of_document;
use crate::optimizer::OptimizerState;
use crate::work::{self, Failure, Line};
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tsne::core::Optimizer as _;
use tsne::optim::MomentumGains;
use tsne::{Context, Finish, Iteration, Observer, OptimizeParams, Result};

/// What maps of fitted points and of new ones have in common.
pub(crate) trait Descending<T: Element, const D: usize>: Send + Sync {
    fn positions(&self) -> &[[T; D]];
    fn optimizer(&self) -> Option<&MomentumGains<T, D>>;
    fn iterations(&self) -> usize;
    fn descend(&mut self, params: OptimizeParams<T, D>, listener: &mut Listener<'_>, cx: Context<'_>)
    -> Result<Finish>;
    fn divergence(&self, cx: Context<'_>) -> Result<f64>;
}

macro_rules! descending {
    ($($map:ident),*) => {$(
        impl<T: Element, const D: usize> Descending<T, D> for tsne::$map<T, D> {
            fn positions(&self) -> &[[T; D]] {
                self.positions()
            }

            fn optimizer(&self) -> Option<&MomentumGains<T, D>> {
                self.optimizer()
            }

            fn iterations(&self) -> usize {
                self.iterations()
            }

            fn descend(
                &mut self,
                params: OptimizeParams<T, D>,
                listener: &mut Listener<'_>,
                cx: Context<'_>,
            ) -> Result<Finish> {
                self.optimize_with(params, Some(listener), cx)
            }

            fn divergence(&self, cx: Context<'_>) -> Result<f64> {
                self.evaluate_kl_divergence(cx)
            }
        }
    )*};
}

descending!(Embedding, PartialEmbedding);

/// What a descent is told.
#[derive(Debug)]
pub(crate) struct Call<'a, 'py> {
    /// The array of the positions, which moves with the descent.
    pub(crate) array: &'a Bound<'py, PyAny>,
    pub(crate) optimizer: &'a OptimizerState,
    /// The document of an [`OptimizeParams`].
    pub(crate) parameters: &'a str,
    /// Called with the number of the iteration and the divergence, after every multiple of one of `every`.
    pub(crate) callback: Option<&'a Bound<'py, PyAny>>,
    pub(crate) every: Vec<usize>,
    pub(crate) progress: Option<&'a Bound<'py, PyAny>>,
}

/// Why it ended, how many iterations it had, and the divergence at its end; none where it was not asked for.
pub(crate) type Ended = (&'static str, usize, Option<f64>);

/// The parameters of a call.
pub(crate) fn params<T: Element, const D: usize>(document: &str) -> PyResult<OptimizeParams<T, D>> {
    serde_json::from_str(document).map_err(|error| of_document(&error))
}

/// Whether a map is at the positions of an array, with the gains and velocities of an optimizer.
pub(crate) fn is_at<T: Element, const D: usize>(
    map: &impl Descending<T, D>,
    array: &Bound<'_, PyAny>,
    optimizer: &OptimizerState,
) -> PyResult<bool> {
    let state = optimizer.lock();
    let same = match (gains::<T, D>(state.as_deref()), map.optimizer()) {
        (Some(given), Some(own)) => given == own,
        (None, own) => own.is_none_or(|own| own.n() == 0),
        (Some(_), None) => false,
    };
    Ok(same && holds(array, map.positions())?)
}

/// Runs a descent: the array and the optimizer are then those of the map, whether it came to its end or not.
pub(crate) fn descend<T: Element, const D: usize>(
    py: Python<'_>,
    map: &mut impl Descending<T, D>,
    call: &Call<'_, '_>,
    failure: &Failure,
) -> PyResult<Ended> {
    let params = params::<T, D>(call.parameters)?;
    let before = map.iterations();
    let moved = Arc::new(AtomicBool::new(false));
    let stopped = Arc::new(AtomicBool::new(false));
    let callback = call.callback.map(|callback| callback.clone().unbind());
    let array = call.array.clone().unbind();
    let (inner, every) = (&mut *map, &call.every[..]);
    let (told_moved, told_stopped) = (Arc::clone(&moved), Arc::clone(&stopped));
    let outcome = work::run(py, call.progress, failure, true, move |line, cx| {
        let mut listener = Listener { line, every, callback, array, moved: told_moved, stopped: told_stopped };
        let finish = inner.descend(params, &mut listener, cx)?;
        // Whoever interrupts wants no more.
        let divergence = if line.stops() { None } else { Some(inner.divergence(cx)?) };
        Ok((finish, divergence))
    });
    let moved = moved.load(Ordering::Relaxed);
    if !moved {
        write(call.array, map.positions())?;
    }
    *call.optimizer.lock() =
        map.optimizer().filter(|own| own.n() > 0).map(|own| Box::new(own.clone()) as Box<dyn crate::optimizer::State>);
    let (finish, divergence) = outcome?;
    let name = match finish {
        Finish::Stopped if moved && !stopped.load(Ordering::Relaxed) => "moved",
        Finish::Stopped => "stopped",
        Finish::Converged => "converged",
        _ => "completed",
    };
    Ok((name, map.iterations() - before, divergence.filter(|_| !moved)))
}

/// Calls back, and stops a descent that is to end.
#[derive(Debug)]
pub(crate) struct Listener<'a> {
    line: &'a Line,
    every: &'a [usize],
    callback: Option<Py<PyAny>>,
    array: Py<PyAny>,
    /// Whether a callback has changed the positions.
    moved: Arc<AtomicBool>,
    /// Whether a callback has stopped the descent.
    stopped: Arc<AtomicBool>,
}

impl<T: Element, const D: usize> Observer<T, D> for Listener<'_> {
    fn wants(&self, completed: usize) -> bool {
        let due = || self.every.iter().any(|&every| completed.is_multiple_of(every));
        self.line.stops() || (self.callback.is_some() && due())
    }

    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        if self.line.stops() {
            return ControlFlow::Break(());
        }
        let (callback, array) =
            Python::attach(|py| (self.callback.as_ref().map(|f| f.clone_ref(py)), self.array.clone_ref(py)));
        let Some(callback) = callback else { return ControlFlow::Continue(()) };
        let (index, divergence, positions) = (iteration.index, iteration.kl_divergence, iteration.embedding.to_vec());
        let (moved, stopped) = (Arc::clone(&self.moved), Arc::clone(&self.stopped));
        self.line.ask(move |py| {
            let array = array.bind(py);
            write(array, &positions)?;
            let stop = callback.bind(py).call1((index, divergence))?.is_truthy()?;
            stopped.fetch_or(stop, Ordering::Relaxed);
            if !holds(array, &positions)? {
                moved.store(true, Ordering::Relaxed);
            }
            Ok(stop || moved.load(Ordering::Relaxed))
        })
    }
}
