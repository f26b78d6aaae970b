use crate::reference::Reference;
use crate::repulsion::Grid;
use crate::transforms::{Plans, Transforms};
use crate::{GridParams, reference, repulsion};
use tsne_core::{Context, Kernel, Result, Scalar};

/// A scalar that can be transformed: `f32` or `f64`.
///
/// Its hidden methods make the grids of one, two and three dimensions. They are not generic, so that the code of all
/// grids is compiled once, with this crate, and not again in every program that uses it.
pub trait GridScalar: Scalar {
    /// Plans for transforms of the given length along each axis.
    #[doc(hidden)]
    fn transforms(lengths: [usize; 3]) -> Box<dyn Transforms<Self>>;

    /// The grid of the given dimension.
    #[doc(hidden)]
    fn repulsion(params: GridParams, dimension: usize) -> Result<Box<dyn repulsion::Engine<Self>>>;

    /// The grid of a reference of the given dimension, point after point.
    #[doc(hidden)]
    fn reference(
        params: GridParams,
        dimension: usize,
        kernel: Kernel,
        reference: &[Self],
        cx: Context<'_>,
    ) -> Result<Box<dyn reference::Engine<Self>>>;
}

macro_rules! grid_scalar {
    ($T:ty) => {
        impl GridScalar for $T {
            fn transforms(lengths: [usize; 3]) -> Box<dyn Transforms<Self>> {
                Box::new(Plans::new(lengths))
            }

            fn repulsion(params: GridParams, dimension: usize) -> Result<Box<dyn repulsion::Engine<Self>>> {
                Ok(match dimension {
                    1 => Box::new(Grid::<$T, 1>::new(params)),
                    2 => Box::new(Grid::<$T, 2>::new(params)),
                    3 => Box::new(Grid::<$T, 3>::new(params)),
                    _ => return Err(repulsion::wrong_dimension(dimension)),
                })
            }

            fn reference(
                params: GridParams,
                dimension: usize,
                kernel: Kernel,
                reference: &[Self],
                cx: Context<'_>,
            ) -> Result<Box<dyn reference::Engine<Self>>> {
                Ok(match dimension {
                    1 => Box::new(Reference::<$T, 1>::new(params, kernel, reference.as_chunks().0, cx)?),
                    2 => Box::new(Reference::<$T, 2>::new(params, kernel, reference.as_chunks().0, cx)?),
                    3 => Box::new(Reference::<$T, 3>::new(params, kernel, reference.as_chunks().0, cx)?),
                    _ => return Err(repulsion::wrong_dimension(dimension)),
                })
            }
        }
    };
}
grid_scalar!(f32);
grid_scalar!(f64);
