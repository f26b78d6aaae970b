use crate::transforms::{Plans, Transforms};
use tsne_core::Scalar;

/// A scalar that can be transformed: `f32` or `f64`.
pub trait GridScalar: Scalar {
    /// Plans for transforms of the given length along each axis.
    #[doc(hidden)]
    fn transforms(lengths: [usize; 3]) -> Box<dyn Transforms<Self>>;
}

impl GridScalar for f32 {
    fn transforms(lengths: [usize; 3]) -> Box<dyn Transforms<Self>> {
        Box::new(Plans::new(lengths))
    }
}

impl GridScalar for f64 {
    fn transforms(lengths: [usize; 3]) -> Box<dyn Transforms<Self>> {
        Box::new(Plans::new(lengths))
    }
}
