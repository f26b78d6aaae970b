//! One, two and three dimensions: all that trees have.

use tsne_core::Error;

/// What is done with an `any` of a type in the dimension that it has; `None` where there is no code for it.
///
/// The types are generic to their users, and their computations are [`instances!`](tsne_core::instances!) for two scalars: a type
/// that is one of six is found out at run time, so that all code is compiled with this crate and not in each final binary. Points
/// go there as coordinates, point after point.
macro_rules! in_dimension {
    ($any:ident.$downcast:ident() as $type:ident<$t:ident>, |$this:ident| $done:expr) => {
        if let Some($this) = $any.$downcast::<$type<$t, 1>>() {
            Some($done)
        } else if let Some($this) = $any.$downcast::<$type<$t, 2>>() {
            Some($done)
        } else if let Some($this) = $any.$downcast::<$type<$t, 3>>() {
            Some($done)
        } else {
            None
        }
    };
}

pub(crate) use in_dimension;

pub(crate) fn wrong_dimension(dimension: usize) -> Error {
    Error::parameter("the embedding dimension D", dimension, "1, 2 or 3 for Barnes-Hut")
}
