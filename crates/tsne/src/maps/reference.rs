//! A fitted map as new points see it.

use crate::float::Float;
use crate::params::repulsion::RepulsionParams;
use std::fmt;
use tsne_core::{Context, Kernel, ReferenceRepulsion, Result, memory};

/// A fitted map that is fixed, with its repulsion prepared once.
pub(crate) struct Reference<T, const D: usize> {
    pub(crate) kernel: Kernel,
    /// What the repulsion was made from; nothing of it is automatic. It depends on the number of fitted points only, so that new points
    /// are placed alike however many they are.
    pub(crate) params: RepulsionParams<T, D>,
    pub(crate) positions: Vec<[T; D]>,
    pub(crate) repulsion: Box<dyn ReferenceRepulsion<T, D>>,
}

impl<T: fmt::Debug, const D: usize> fmt::Debug for Reference<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.positions.len();
        f.debug_struct("Reference").field("params", &self.params).field("n", &n).finish_non_exhaustive()
    }
}

impl<T: Float, const D: usize> Reference<T, D> {
    /// `params` with nothing automatic.
    pub(crate) fn new(
        kernel: Kernel,
        params: RepulsionParams<T, D>,
        positions: &[[T; D]],
        cx: Context<'_>,
    ) -> Result<Self> {
        let repulsion = params.prepare(kernel, positions, cx)?;
        Ok(Self { kernel, params, positions: memory::copied("the fixed map", positions)?, repulsion })
    }
}
