use crate::dimensions::{in_dimension, wrong_dimension};
use crate::sources::{Lists, Scratch};
use crate::tree::Tree;
use crate::walk::{Criterion, Walker, check_theta};
use crate::workers;
use std::any::Any;
use tsne_core::simd::{self, dispatch};
use tsne_core::{
    Context, Error, Kernel, Profile, ProfileVisitor, ReferenceRepulsion, Result, Scalar, blocks, check_embedding,
    instances,
};

/// The repulsion of new points from a fixed reference embedding by Barnes-Hut: `O(log n)` for each new point.
///
/// The tree over the reference is built once. Each new point walks on its own, with the criterion of
/// [`BarnesHut`](crate::BarnesHut).
///
/// # Determinism
///
/// The same bits for any number of threads, and for a new point alone as among others.
#[derive(Debug)]
pub struct BarnesHutReference<T, const D: usize> {
    kernel: Kernel,
    theta: f64,
    tree: Tree<T, D>,
}

impl<T: Scalar, const D: usize> BarnesHutReference<T, D> {
    /// Prepares `reference` with the kernel and the threshold `theta`, in `O(n log n)`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] unless `theta` is finite and not negative, and those of [`Tree::build`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::BarnesHutReference;
    /// use tsne_core::{Context, Kernel, ReferenceRepulsion};
    ///
    /// let reference = BarnesHutReference::new(Kernel::CAUCHY, &[[0.0f64], [3.0]], 0.0, Context::new())?;
    /// let (mut force, mut z) = ([[0.0]], [0.0]);
    /// reference.repulse(&[[1.0]], &mut force, &mut z, Context::new())?;
    /// assert!((z[0] - (1.0 / 2.0 + 1.0 / 5.0)).abs() < 1e-15);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(kernel: Kernel, reference: &[[T; D]], theta: f64, cx: Context<'_>) -> Result<Self> {
        check_theta(theta)?;
        let mut tree = Tree::new();
        tree.build(reference, cx)?;
        Ok(Self { kernel, theta, tree })
    }

    /// The threshold.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_bh::BarnesHutReference;
    /// # use tsne_core::{Context, Kernel};
    /// let reference = BarnesHutReference::new(Kernel::CAUCHY, &[[0.0f64], [3.0]], 0.5, Context::new())?;
    /// assert_eq!(reference.theta(), 0.5);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn theta(&self) -> f64 {
        self.theta
    }

    /// The kernel.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_bh::BarnesHutReference;
    /// # use tsne_core::{Context, Kernel};
    /// let reference = BarnesHutReference::new(Kernel::CAUCHY, &[[0.0f64], [3.0]], 0.5, Context::new())?;
    /// assert_eq!(reference.kernel(), Kernel::CAUCHY);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The tree over the reference.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_bh::BarnesHutReference;
    /// # use tsne_core::{Context, Kernel};
    /// let reference = BarnesHutReference::new(Kernel::CAUCHY, &[[0.0f64], [3.0]], 0.5, Context::new())?;
    /// assert_eq!((reference.tree().n(), reference.tree().side()), (2, 3.0));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn tree(&self) -> &Tree<T, D> {
        &self.tree
    }

    /// Writes `F_i = Σ_j w^((dof+1)/dof) (y_i - r_j)` over all reference points `r_j` into `out`, and each new point's own
    /// normalizer `z_i = Σ_j w` into `z`.
    ///
    /// This is [`ReferenceRepulsion::repulse`], without its trait.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless `out` and `z` are as long as `y`, [`Error::NonFinite`] for a position that is not finite,
    /// [`Error::Parameter`] for a coordinate beyond half the largest number, [`Error::OutOfMemory`], [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::{BarnesHutReference, Context, Kernel};
    ///
    /// let reference = BarnesHutReference::new(Kernel::CAUCHY, &[[0.0f64], [3.0]], 0.0, Context::new())?;
    /// let (mut force, mut z) = ([[0.0]], [0.0]);
    /// reference.repulse(&[[1.0]], &mut force, &mut z, Context::new())?;
    /// assert!((force[0][0] - (1.0 / 4.0 - 2.0 / 25.0)).abs() < 1e-15);
    /// # Ok::<(), tsne_bh::Error>(())
    /// ```
    pub fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        for (what, given) in [("out", out.len()), ("z", z.len())] {
            if given != y.len() {
                return Err(Error::shape(what, y.len(), given));
            }
        }
        repulse(self, y.as_flattened(), out.as_flattened_mut(), z, cx).unwrap_or_else(|| Err(wrong_dimension(D)))
    }

    /// [`BarnesHutReference::repulse`], compiled where it is called.
    pub(crate) fn repulse_here(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        check_embedding(y)?;
        let tasks = y.chunks(BLOCK).zip(out.chunks_mut(BLOCK)).zip(z.chunks_mut(BLOCK));
        let mut scratch = Vec::new();
        scratch.resize_with(workers::count(tasks.len()), Scratch::default);
        workers::run(tasks, &mut scratch, |scratch, ((y, out), z)| {
            cx.check()?;
            self.kernel.visit(Walks { reference: self, task: Task { y, out, z }, lists: scratch.lists()? });
            Ok(())
        })
    }
}

instances! {
    /// [`BarnesHutReference::repulse`] for an `any` that is one.
    fn repulse[Repulse]<'a, 'b, T>(
        any: &'b dyn Any,
        y: &'b [T],
        out: &'b mut [T],
        z: &'b mut [T],
        cx: Context<'b>,
    ) -> Option<Result<()>> = repulse_any
}

fn repulse_any<T: Scalar>(any: &dyn Any, y: &[T], out: &mut [T], z: &mut [T], cx: Context<'_>) -> Option<Result<()>> {
    in_dimension!(any.downcast_ref() as BarnesHutReference<T>, |this| {
        this.repulse_here(y.as_chunks().0, out.as_chunks_mut().0, z, cx)
    })
}

impl<T: Scalar, const D: usize> ReferenceRepulsion<T, D> for BarnesHutReference<T, D> {
    fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        Self::repulse(self, y, out, z, cx)
    }
}

/// Queries of one task: a walk of its own costs each about a microsecond.
const BLOCK: usize = blocks::BLOCK / 4;

#[derive(Debug)]
struct Task<'a, T, const D: usize> {
    y: &'a [[T; D]],
    out: &'a mut [[T; D]],
    z: &'a mut [T],
}

/// One task, for any form of the kernel.
struct Walks<'a, T, const D: usize> {
    reference: &'a BarnesHutReference<T, D>,
    task: Task<'a, T, D>,
    lists: Lists<'a, T, D>,
}

impl<T: Scalar, const D: usize> ProfileVisitor<T> for Walks<'_, T, D> {
    type Output = ();

    fn visit<P: Profile<T>>(self, profile: P) {
        let Self { reference: BarnesHutReference { kernel, theta, tree }, task, lists } = self;
        dispatch(Block { walker: Walker::new(tree, Criterion::new(*theta, *kernel), *kernel, profile, lists), task });
    }
}

struct Block<'a, T, P, const D: usize> {
    walker: Walker<'a, T, P, D>,
    task: Task<'a, T, D>,
}

impl<T: Scalar, P: Profile<T>, const D: usize> simd::Task for Block<'_, T, P, D> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let Task { y, out, z } = self.task;
        for ((y, out), z) in y.iter().zip(out).zip(z) {
            let sum = self.walker.query(y);
            *out = sum.force.map(T::from_f64);
            *z = T::from_f64(sum.z);
        }
    }
}
