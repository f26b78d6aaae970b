use crate::dimensions::{in_dimension, wrong_dimension};
use crate::sources::{Lists, Scratch};
use crate::sums::BlockSums;
use crate::tolerance::theta_for;
use crate::tree::{Tree, check_dimension};
use crate::walk::{Criterion, Walker, check_theta, groups};
use crate::workers;
use std::any::Any;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use tsne_core::morton::key_index;
use tsne_core::simd::{self, dispatch};
use tsne_core::{
    Context, Error, Kernel, Profile, ProfileVisitor, Repulsion, Result, Scalar, blocks, chunks, instances, memory,
    share,
};

/// The repulsion among the points of an embedding by Barnes-Hut, in `O(n log n)`.
///
/// Far cells act as one mass at the mean of their points (Barnes and Hut 1986, "A hierarchical O(N log N)
/// force-calculation algorithm"; for t-SNE van der Maaten 2014, "Accelerating t-SNE using tree-based algorithms").
/// A cell is far from a point when `side² < theta² (distance² + min(dof, 1) / 2)`: where cells are small against the length on which
/// the kernel changes, they may be near. Beside its mass a cell has its second moments, all of them. Points of one small cell share one walk through the
/// tree, in which the distance is taken from the box around them: the criterion holds for each of them, and most
/// see a more accurate sum than a walk of their own would give.
///
/// # Accuracy
///
/// The error of a far cell is of the order `theta³` relative to its action (the third moments; `theta²` on maps that are themselves
/// no larger than `theta`). At the same `theta`, maps of data err less than with the trace of the moments and the classical criterion
/// `side < theta distance`. `theta = 0` gives the exact sum up to
/// rounding, in `O(n²)`. The example `tree_accuracy` prints errors against `theta`.
///
/// # Determinism
///
/// The same bits for any number of threads, and for any number of members of a [`Team`](tsne_core::Team): each builds the whole tree,
/// and walks through it for a share of the points.
#[derive(Debug)]
pub struct BarnesHut<T, const D: usize> {
    accuracy: Accuracy,
    tree: Tree<T, D>,
    groups: Vec<u32>,
    /// In the order of the tree.
    forces: Vec<[T; D]>,
    z: Vec<f64>,
    sums: BlockSums,
    /// Where the tree has each point of the caller's rows.
    positions: Vec<AtomicU32>,
    /// Of each worker.
    scratch: Vec<Scratch<T, D>>,
}

/// What decides which cells are taken as a whole.
#[derive(Debug, Clone, Copy)]
enum Accuracy {
    Theta(f64),
    /// Of the force: the threshold depends on the kernel too.
    Tolerance(f64),
}

impl Accuracy {
    fn theta<const D: usize>(self, kernel: Kernel) -> Result<f64> {
        match self {
            Self::Theta(theta) => Ok(theta),
            Self::Tolerance(tolerance) => theta_for::<D>(tolerance, kernel),
        }
    }
}

/// The threshold of the reference implementations.
pub const DEFAULT_THETA: f64 = 0.5;

/// Groups of one task, which also checks for cancellation: some 1,000 points, about a quarter of a millisecond.
const GROUPS_PER_TASK: usize = 16;

impl<T: Scalar, const D: usize> BarnesHut<T, D> {
    /// Repulsion with the given threshold: the larger, the more cells are taken as a whole.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] unless `theta` is finite and not negative and `D` is 1, 2 or 3.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::{BarnesHut, Kernel};
    ///
    /// assert_eq!(BarnesHut::<f32, 2>::new(0.2)?.theta(Kernel::CAUCHY)?, 0.2);
    /// assert!(BarnesHut::<f32, 2>::new(-0.2).is_err());
    /// assert!(BarnesHut::<f32, 4>::new(0.2).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(theta: f64) -> Result<Self> {
        check_dimension::<D>()?;
        check_theta(theta)?;
        Ok(Self::with(Accuracy::Theta(theta)))
    }

    /// Repulsion with the largest threshold whose forces are expected to err by no more than `tolerance` (root mean square,
    /// relative): that of [`theta_for`], for the kernel of each call.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] unless `tolerance` is positive and finite and `D` is 1, 2 or 3.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::{BarnesHut, Kernel, theta_for};
    ///
    /// let repulsion = BarnesHut::<f32, 2>::with_tolerance(1e-2)?;
    /// assert_eq!(repulsion.theta(Kernel::CAUCHY)?, theta_for::<2>(1e-2, Kernel::CAUCHY)?);
    /// assert!(BarnesHut::<f32, 2>::with_tolerance(-1.0).is_err());
    /// # Ok::<(), tsne_bh::Error>(())
    /// ```
    pub fn with_tolerance(tolerance: f64) -> Result<Self> {
        theta_for::<D>(tolerance, Kernel::CAUCHY)?;
        Ok(Self::with(Accuracy::Tolerance(tolerance)))
    }

    fn with(accuracy: Accuracy) -> Self {
        Self {
            accuracy,
            tree: Tree::new(),
            groups: Vec::new(),
            forces: Vec::new(),
            z: Vec::new(),
            sums: BlockSums::default(),
            positions: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// The threshold for a kernel, on which it depends where a tolerance was asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a tolerance unless `D` is 1, 2 or 3.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::{BarnesHut, DEFAULT_THETA, Kernel};
    ///
    /// assert_eq!(BarnesHut::<f32, 2>::default().theta(Kernel::CAUCHY), Ok(DEFAULT_THETA));
    /// ```
    pub fn theta(&self, kernel: Kernel) -> Result<f64> {
        self.accuracy.theta::<D>(kernel)
    }

    /// Writes the un-normalized force `F_i = Σ_j w(r_ij²)^((dof+1)/dof) (y_i - y_j)` of every point of `y` into `out` and
    /// returns the normalizer `Z = Σ_{i≠j} w(r_ij²)`. The repulsive part of the gradient is `-F_i / Z`.
    ///
    /// What `out` held before is of no meaning. This is [`Repulsion::repulse`], without its trait: in a [`Team`](tsne_core::Team)
    /// `out` are the forces on this member's points, [`Context::rows`] of `y.len()`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless `out` is as long as `y`, or in a team as this member's rows, [`Error::OutOfMemory`],
    /// [`Error::Team`], and those of [`Tree::build`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::{BarnesHut, Context, Kernel};
    ///
    /// let mut forces = [[0.0f32]; 2];
    /// let z = BarnesHut::new(0.5)?.repulse(Kernel::CAUCHY, &[[0.0], [1.0]], &mut forces, Context::new())?;
    /// assert_eq!((z, forces), (1.0, [[-0.25], [0.25]]));
    /// # Ok::<(), tsne_bh::Error>(())
    /// ```
    pub fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        let rows = cx.rows(y.len()).len();
        if out.len() != rows {
            return Err(Error::shape("out", rows, out.len()));
        }
        repulse(self, kernel, y.as_flattened(), out.as_flattened_mut(), cx).unwrap_or_else(|| Err(wrong_dimension(D)))
    }

    /// [`BarnesHut::repulse`], compiled where it is called, for as many forces as rows.
    pub(crate) fn repulse_here(
        &mut self,
        kernel: Kernel,
        y: &[[T; D]],
        out: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<f64> {
        let theta = self.theta(kernel)?;
        self.tree.build_here(y, cx)?;
        let n = y.len();
        groups(&self.tree, &mut self.groups)?;
        memory::resize("forces", &mut self.forces, n, [T::ZERO; D])?;
        memory::resize("weights", &mut self.z, n, 0.0)?;
        let count = self.groups.len().div_ceil(GROUPS_PER_TASK);
        let own = cx.share(count);
        let (tree, groups, criterion) = (&self.tree, self.groups.as_slice(), Criterion::new(theta, kernel));
        // The points of a task begin where its first group does.
        let first =
            |task: usize| groups.get(task * GROUPS_PER_TASK).map_or(n, |&g| tree.nodes[g as usize].start as usize);
        let end = |rank: usize| first(share(count, rank, cx.members()).end);
        let points = first(own.start)..first(own.end);
        let workers = workers::count(own.len());
        self.scratch.resize_with(workers.max(self.scratch.len()), Scratch::default);
        let at = |task: usize| groups.len().min(task * GROUPS_PER_TASK);
        let groups = &groups[at(own.start)..at(own.end)];
        let tasks = tasks(tree, groups, &mut self.forces[points.clone()], &mut self.z[points]);
        workers::run(tasks, &mut self.scratch[..workers], |scratch, task| {
            cx.check()?;
            kernel.visit(Walks { tree, criterion, kernel, task, lists: scratch.lists()? });
            Ok(())
        })?;
        cx.gather_parts(&mut self.forces, end)?;
        let z = self.sums.of(&mut self.z, end, cx)?;
        self.scatter(cx.rows(n), out)?;
        Ok(z)
    }

    /// Copies the forces on `rows` into the order of the caller.
    fn scatter(&mut self, rows: Range<usize>, out: &mut [[T; D]]) -> Result<()> {
        let more = rows.len().saturating_sub(self.positions.len());
        memory::reserve("positions in the tree", &mut self.positions, more)?;
        self.positions.resize_with(rows.len(), AtomicU32::default);
        let (forces, positions) = (&self.forces, &self.positions);
        let keys = self.tree.keys();
        blocks::for_each(keys.len(), |range| {
            for (key, i) in keys[range.clone()].iter().zip(range) {
                // Those of other members are beyond the end, on either side.
                if let Some(position) = positions.get((key_index(*key) as usize).wrapping_sub(rows.start)) {
                    position.store(i as u32, Relaxed);
                }
            }
        });
        chunks::for_each_point(out, blocks::BLOCK, |b, out| {
            for (out, position) in out.iter_mut().zip(&positions[blocks::range(b, rows.len())]) {
                *out = forces[position.load(Relaxed) as usize];
            }
        });
        Ok(())
    }
}

instances! {
    /// [`BarnesHut::repulse`] for an `any` that is one.
    fn repulse[Repulse]<'a, 'b, T>(
        any: &'b mut dyn Any,
        kernel: Kernel,
        y: &'b [T],
        out: &'b mut [T],
        cx: Context<'b>,
    ) -> Option<Result<f64>> = repulse_any
}

fn repulse_any<T: Scalar>(
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

/// `theta` = [`DEFAULT_THETA`]. For a `D` without trees, each call returns the error that `new` would.
impl<T: Scalar, const D: usize> Default for BarnesHut<T, D> {
    fn default() -> Self {
        Self::with(Accuracy::Theta(DEFAULT_THETA))
    }
}

impl<T: Scalar, const D: usize> Repulsion<T, D> for BarnesHut<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        Self::repulse(self, kernel, y, out, cx)
    }
}

/// The groups of each task, with the results of their points: groups cover consecutive points without gaps.
fn tasks<'a, T, const D: usize>(
    tree: &'a Tree<T, D>,
    groups: &'a [u32],
    mut forces: &'a mut [[T; D]],
    mut z: &'a mut [f64],
) -> impl Iterator<Item = Task<'a, T, D>> + Send
where
    T: Scalar,
{
    groups.chunks(GROUPS_PER_TASK).map_while(move |groups| {
        let points = groups.iter().map(|&g| tree.nodes[g as usize].count as usize).sum();
        Some(Task { groups, forces: forces.split_off_mut(..points)?, z: z.split_off_mut(..points)? })
    })
}

#[derive(Debug)]
struct Task<'a, T, const D: usize> {
    groups: &'a [u32],
    forces: &'a mut [[T; D]],
    z: &'a mut [f64],
}

/// One task, for any form of the kernel.
struct Walks<'a, T, const D: usize> {
    tree: &'a Tree<T, D>,
    criterion: Criterion<T>,
    kernel: Kernel,
    task: Task<'a, T, D>,
    lists: Lists<'a, T, D>,
}

impl<T: Scalar, const D: usize> ProfileVisitor<T> for Walks<'_, T, D> {
    type Output = ();

    fn visit<P: Profile<T>>(self, profile: P) {
        let Self { tree, criterion, kernel, task, lists } = self;
        dispatch(Block { walker: Walker::new(tree, criterion, kernel, profile, lists), task });
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
        let mut results = self.task.forces.iter_mut().zip(self.task.z);
        for &group in self.task.groups {
            self.walker.group(group as usize, |sum| {
                if let Some((force, z)) = results.next() {
                    *force = sum.force.map(T::from_f64);
                    *z = sum.z;
                }
            });
        }
    }
}
