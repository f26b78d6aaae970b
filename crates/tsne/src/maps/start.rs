//! Where a descent began, to go back to.

use crate::params::optimizer::OptimizerState;

/// Where a descent began.
#[derive(Debug)]
pub(crate) struct Start<T, const D: usize> {
    pub(crate) positions: Vec<[T; D]>,
    pub(crate) optimizer: OptimizerState<T, D>,
}
