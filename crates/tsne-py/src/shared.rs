//! What many threads read, and one changes at a time.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::fmt;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A map behind a lock that nobody waits for: who finds it in use is told so.
pub(crate) struct Shared<M: ?Sized>(RwLock<Box<M>>);

/// A map that is being read.
pub(crate) type Reading<'a, M> = RwLockReadGuard<'a, Box<M>>;

impl<M: ?Sized> Shared<M> {
    pub(crate) fn new(map: Box<M>) -> Self {
        Self(RwLock::new(map))
    }

    pub(crate) fn read(&self) -> PyResult<Reading<'_, M>> {
        self.0.try_read().map_err(in_use)
    }

    pub(crate) fn write(&self) -> PyResult<RwLockWriteGuard<'_, Box<M>>> {
        self.0.try_write().map_err(in_use)
    }
}

impl<M: ?Sized> fmt::Debug for Shared<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

fn in_use<E>(_: E) -> PyErr {
    PyRuntimeError::new_err("the embedding is being optimized: wait for the end, or take a copy before")
}
