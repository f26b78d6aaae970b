//! Convolutions by shape, kept from call to call.

use crate::grid::convolver::{Convolver, Memory};
use crate::grid::spectrum::Spectrum;
use crate::layout::shape::Shape;
use crate::scalar::GridScalar;
use crate::spline::split::Smoothed;
use tsne_core::{Context, Error, Kernel, Result};

/// Convolutions that are kept beside the one in use. Near the border between two choices a map may go back and forth.
const SPARE: usize = 1;

/// The largest padded grid whose convolution is kept beside the one in use: 2,048 × 1,024, some 20 MiB of buffers in `f32`.
const MAX_SPARE_NODES: usize = 1 << 21;

/// What a grid convolves with: the kernel, or its smooth part, less what a coarser grid has of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share {
    pub(crate) kernel: Kernel,
    /// The smooth part that the grid carries, if near pairs have the rest.
    pub(crate) smoothed: Option<Smoothed>,
    /// The smooth part that a coarser grid carries.
    pub(crate) coarser: Option<Smoothed>,
}

impl Share {
    /// The value at a squared distance, as a constant and the rest of it: potentials are large numbers with small
    /// differences, which the constant keeps exact on small maps.
    fn offset(&self) -> f64 {
        match (self.smoothed, self.coarser) {
            (None, None) => 1.0,
            (None, Some(coarser)) => 1.0 - coarser.weight(0.0),
            (Some(_), _) => 0.0,
        }
    }

    fn minus_offset(&self, d2: f64) -> f64 {
        match (self.smoothed, self.coarser) {
            (None, None) => self.kernel.weight_m1(d2),
            (None, Some(coarser)) => self.kernel.weight_m1(d2) - (coarser.weight(d2) - coarser.weight(0.0)),
            (Some(smoothed), None) => smoothed.weight(d2),
            (Some(smoothed), Some(coarser)) => smoothed.weight(d2) - coarser.weight(d2),
        }
    }

    /// The value at a squared distance.
    pub(crate) fn weight(&self, d2: f64) -> f64 {
        self.offset() + self.minus_offset(d2)
    }
}

/// The convolution of one shape, kernel and spline.
#[derive(Debug)]
pub(crate) struct Convolution<T> {
    shape: Shape,
    share: Share,
    /// The order of the spline.
    order: usize,
    pub(crate) convolver: Convolver<T>,
    pub(crate) spectrum: Spectrum<T>,
}

/// Convolutions, the one in use last.
#[derive(Debug)]
pub(crate) struct Convolutions<T>(Vec<Convolution<T>>);

impl<T> Default for Convolutions<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: GridScalar> Convolutions<T> {
    /// The convolution of a shape, from among those kept or new.
    pub(crate) fn get(
        &mut self,
        shape: &Shape,
        share: &Share,
        order: usize,
        cx: Context<'_>,
    ) -> Result<&mut Convolution<T>> {
        let member = (cx.rank(), cx.members());
        let all = &mut self.0;
        let fits = |kept: &Convolution<T>| {
            kept.shape == *shape && kept.share == *share && kept.order == order && kept.convolver.member() == member
        };
        let known = all.iter().position(fits);
        // What one member has computed alone may have displaced it there: then all make it again.
        let missing = cx.any(known.is_none())?;
        if let Some(at) = known.filter(|_| !missing) {
            all[at..].rotate_left(1);
        } else {
            // All but one go, and leave the memory of the oldest to the new one.
            let kernel = share.kernel;
            let mut memory = Memory::default();
            let mut spare = Vec::with_capacity(SPARE + 1);
            // The latest first.
            for kept in all.drain(..).rev() {
                let small = kept.shape.padded_nodes() <= MAX_SPARE_NODES;
                if spare.len() < SPARE && kept.share.kernel == kernel && small {
                    spare.push(kept);
                } else {
                    memory = kept.convolver.into_memory();
                }
            }
            spare.reverse();
            *all = spare;
            let spectrum = Spectrum::new(shape, Some(order), share.offset(), |d2| share.minus_offset(d2), cx)?;
            all.push(Convolution {
                shape: *shape,
                share: *share,
                order,
                convolver: Convolver::new(*shape, memory, cx)?,
                spectrum,
            });
        }
        all.last_mut().ok_or_else(|| Error::numerical("grid", "no convolution was made"))
    }

    /// The padded nodes of all that are kept.
    pub(crate) fn nodes(&self) -> usize {
        self.0.iter().map(|kept| kept.shape.padded_nodes()).sum()
    }
}
