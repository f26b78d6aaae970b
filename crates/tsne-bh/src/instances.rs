//! Both scalars in one, two and three dimensions: every instance of the generic code of this crate, compiled here and once.
//!
//! The types are generic to their users, and their computations are those of [`instances`]: a type that is one of the six is
//! found out at run time, and in other dimensions there are none. Points go there as coordinates, point after point.

use crate::fit::BarnesHut;
use crate::reference::BarnesHutReference;
use crate::tree::Tree;
use std::any::Any;
use tsne_core::{Context, Kernel, Result, Scalar, instances};

instances! {
    /// [`BarnesHut::repulse`] for an `any` that is one.
    pub(crate) fn repulse[Repulse]<'a, 'b, T>(
        any: &'b mut dyn Any,
        kernel: Kernel,
        y: &'b [T],
        out: &'b mut [T],
        cx: Context<'b>,
    ) -> Option<Result<f64>> = repulse_in_dimension
}

instances! {
    /// [`BarnesHutReference::repulse`] for an `any` that is one.
    pub(crate) fn repulse_new[RepulseNew]<'a, 'b, T>(
        any: &'b dyn Any,
        y: &'b [T],
        out: &'b mut [T],
        z: &'b mut [T],
        cx: Context<'b>,
    ) -> Option<Result<()>> = repulse_new_in_dimension
}

instances! {
    /// [`Tree::build`] for an `any` that is one.
    pub(crate) fn build[Build]<'a, 'b, T>(
        any: &'b mut dyn Any,
        y: &'b [T],
        cx: Context<'b>,
    ) -> Option<Result<()>> = build_in_dimension
}

/// What is done with the type in the dimension that it has.
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

fn repulse_in_dimension<T: Scalar>(
    any: &mut dyn Any,
    kernel: Kernel,
    y: &[T],
    out: &mut [T],
    cx: Context<'_>,
) -> Option<Result<f64>> {
    in_dimension!(any.downcast_mut() as BarnesHut<T>, |this| {
        this.repulse_here(kernel, y.as_chunks().0, out.as_chunks_mut().0, cx)
    })
}

fn repulse_new_in_dimension<T: Scalar>(
    any: &dyn Any,
    y: &[T],
    out: &mut [T],
    z: &mut [T],
    cx: Context<'_>,
) -> Option<Result<()>> {
    in_dimension!(any.downcast_ref() as BarnesHutReference<T>, |this| {
        this.repulse_here(y.as_chunks().0, out.as_chunks_mut().0, z, cx)
    })
}

fn build_in_dimension<T: Scalar>(any: &mut dyn Any, y: &[T], cx: Context<'_>) -> Option<Result<()>> {
    in_dimension!(any.downcast_mut() as Tree<T>, |this| this.build_here(y.as_chunks().0, cx))
}
