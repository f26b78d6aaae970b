//! A descent that was stopped on its way, with what it takes to go on as if it had not been.
//!
//! What is left of its schedule is a part of it, which has the bits of the whole by itself. The guard of the first descent
//! ([`restart`](super::restart)) looks further: where the descent fails it begins again from where it began, and whether it has
//! failed shows in the divergence before its normal phase. Both are kept.

use crate::float::Float;
use crate::maps::run::{Buffers, Descended, Run};
use crate::maps::start::Start;
use crate::params::optimize::OptimizeParams;
use std::sync::Arc;
use tsne_core::Result;

/// A descent that was stopped before the end of its schedule.
#[derive(Debug, Clone)]
pub(crate) struct Unfinished<T, const D: usize> {
    /// Those of the call, with the part of the schedule that was not run.
    pub(crate) params: OptimizeParams<T, D>,
    /// Of a descent that would have begun again had it failed.
    pub(crate) guard: Option<Guard<T, D>>,
}

/// What the guard of a descent remembers.
#[derive(Debug, Clone)]
pub(crate) struct Guard<T, const D: usize> {
    pub(crate) start: Arc<Start<T, D>>,
    /// The divergence before the normal phase, once that has begun.
    pub(crate) before_normal: Option<f64>,
}

/// How a descent is watched.
#[derive(Debug)]
pub(crate) enum Watch<T, const D: usize> {
    /// Not at all.
    Unguarded,
    /// From the beginning of this call.
    FromHere,
    /// From the beginning of an earlier one.
    From(Guard<T, D>),
}

impl<T: Float, const D: usize> Watch<T, D> {
    pub(crate) const fn is_guarded(&self) -> bool {
        !matches!(self, Self::Unguarded)
    }

    pub(crate) fn before_normal(&self) -> Option<f64> {
        match self {
            Self::From(guard) => guard.before_normal,
            _ => None,
        }
    }

    /// Makes a map what it was where the descent began; `buffers` have the beginning of this call.
    pub(crate) fn restore<K>(&self, buffers: &Buffers<T, D>, run: &mut Run<T, D, K>) -> Result<()> {
        match self {
            Self::From(guard) => {
                run.positions.copy_from_slice(&guard.start.positions);
                run.optimizer = guard.start.optimizer.clone();
                run.iterations = 0;
                run.forget();
                Ok(())
            }
            _ => buffers.restore(run),
        }
    }

    /// What is left of a descent, if anything is.
    pub(crate) fn unfinished(
        self,
        params: &OptimizeParams<T, D>,
        done: &Descended,
        buffers: &Buffers<T, D>,
    ) -> Result<Option<Unfinished<T, D>>> {
        let mut params = params.clone();
        params.schedule = params.schedule.rest(done.at);
        if done.whole {
            return Ok(None);
        }
        let guard = |start| Guard { start, before_normal: done.before_normal };
        let guard = match self {
            Self::Unguarded => None,
            Self::FromHere => Some(guard(Arc::new(buffers.start()?))),
            Self::From(earlier) => Some(guard(earlier.start)),
        };
        Ok(Some(Unfinished { params, guard }))
    }
}
