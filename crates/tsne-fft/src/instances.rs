//! Both scalars in one, two and three dimensions: every instance of the generic code of this crate.

use crate::erased::{ErasedReference, ErasedRepulsion};
use crate::grid::transforms::{Plans, Transforms};
use crate::params::GridParams;
use crate::reference::Reference;
use crate::repulsion::Grid;
use crate::scalar::Instances;
use tsne_core::{Context, Error, Kernel, Result};

fn wrong_dimension(dimension: usize) -> Error {
    Error::parameter("n_components", dimension, "1, 2 or 3 for the grid: use the exact repulsion beyond")
}

macro_rules! instances {
    ($T:ty) => {
        impl Instances for $T {
            fn transforms(lengths: [usize; 3]) -> Box<dyn Transforms<Self>> {
                Box::new(Plans::new(lengths))
            }

            fn repulsion(params: GridParams, dimension: usize) -> Result<Box<dyn ErasedRepulsion<Self>>> {
                Ok(match dimension {
                    1 => Box::new(Grid::<$T, 1>::new(params)),
                    2 => Box::new(Grid::<$T, 2>::new(params)),
                    3 => Box::new(Grid::<$T, 3>::new(params)),
                    _ => return Err(wrong_dimension(dimension)),
                })
            }

            fn reference(
                params: GridParams,
                dimension: usize,
                kernel: Kernel,
                reference: &[Self],
                cx: Context<'_>,
            ) -> Result<Box<dyn ErasedReference<Self>>> {
                Ok(match dimension {
                    1 => Box::new(Reference::<$T, 1>::new(params, kernel, reference.as_chunks().0, cx)?),
                    2 => Box::new(Reference::<$T, 2>::new(params, kernel, reference.as_chunks().0, cx)?),
                    3 => Box::new(Reference::<$T, 3>::new(params, kernel, reference.as_chunks().0, cx)?),
                    _ => return Err(wrong_dimension(dimension)),
                })
            }
        }
    };
}
instances!(f32);
instances!(f64);
