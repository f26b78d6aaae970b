use crate::erased::{ErasedReference, ErasedRepulsion};
use crate::grid::transforms::Transforms;
use crate::params::GridParams;
use tsne_core::{Context, Kernel, Result, Scalar};

/// A scalar that can be transformed: `f32` or `f64`, and no other type.
pub trait GridScalar: Scalar + Instances {}

impl GridScalar for f32 {}
impl GridScalar for f64 {}

/// The code of all grids, compiled with this crate and not again in every program that uses it: `instances.rs`. Not nameable
/// from outside, which keeps [`GridScalar`] to the two scalars.
pub trait Instances: Sized {
    /// Plans for transforms of the given length along each axis.
    fn transforms(lengths: [usize; 3]) -> Box<dyn Transforms<Self>>;

    /// The grid of the given dimension.
    fn repulsion(params: GridParams, dimension: usize) -> Result<Box<dyn ErasedRepulsion<Self>>>;

    /// The grid of a reference of the given dimension, point after point.
    fn reference(
        params: GridParams,
        dimension: usize,
        kernel: Kernel,
        reference: &[Self],
        cx: Context<'_>,
    ) -> Result<Box<dyn ErasedReference<Self>>>;
}
