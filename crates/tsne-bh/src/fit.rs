use crate::morton::key_index;
use crate::tree::{Tree, check_dimension};
use crate::walk::{Criterion, Walker, groups};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use tsne_core::simd::{Task, dispatch};
use tsne_core::{Context, Error, Kernel, Profile, ProfileVisitor, Repulsion, Result, Scalar, blocks};

/// The repulsion among the points of an embedding by Barnes-Hut, in `O(n log n)`.
///
/// Far cells act as one mass at the mean of their points (Barnes and Hut 1986, "A hierarchical O(N log N)
/// force-calculation algorithm"; for t-SNE van der Maaten 2014, "Accelerating t-SNE using tree-based algorithms").
/// A cell is far from a point when `side / distance < theta`. Points of one small cell share one walk through the
/// tree, in which the distance is taken from the box around them: the criterion holds for each of them, and most
/// see a more accurate sum than a walk of their own would give.
///
/// # Accuracy
///
/// The error of a far cell is of the order `theta²` relative to its action. `theta = 0` gives the exact sum up to
/// rounding, in `O(n²)`. The example `accuracy` prints errors against `theta`.
///
/// # Determinism
///
/// The same bits for any number of threads.
#[derive(Debug)]
pub struct BarnesHut<T, const D: usize> {
    theta: f64,
    tree: Tree<T, D>,
    groups: Vec<u32>,
    /// In the order of the tree.
    forces: Vec<[T; D]>,
    z: Vec<f64>,
    partials: Vec<f64>,
    /// Where the tree has each point.
    positions: Vec<AtomicU32>,
}

/// The threshold of the reference implementations.
pub const DEFAULT_THETA: f64 = 0.5;

/// Groups of one task, which also checks for cancellation: some 1,000 points, about a quarter of a millisecond.
const GROUPS_PER_TASK: usize = 16;

impl<T: Scalar, const D: usize> BarnesHut<T, D> {
    /// Repulsion with the given threshold: cells with `side / distance < theta` are taken as a whole.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] unless `theta` is finite and not negative and `D` is 1, 2 or 3.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::BarnesHut;
    ///
    /// assert_eq!(BarnesHut::<f32, 2>::new(0.2)?.theta(), 0.2);
    /// assert!(BarnesHut::<f32, 2>::new(-0.2).is_err());
    /// assert!(BarnesHut::<f32, 4>::new(0.2).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(theta: f64) -> Result<Self> {
        check_dimension::<D>()?;
        check_theta(theta)?;
        Ok(Self::with_theta(theta))
    }

    fn with_theta(theta: f64) -> Self {
        Self {
            theta,
            tree: Tree::new(),
            groups: Vec::new(),
            forces: Vec::new(),
            z: Vec::new(),
            partials: Vec::new(),
            positions: Vec::new(),
        }
    }

    /// The threshold.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::{BarnesHut, DEFAULT_THETA};
    ///
    /// assert_eq!(BarnesHut::<f32, 2>::default().theta(), DEFAULT_THETA);
    /// ```
    pub const fn theta(&self) -> f64 {
        self.theta
    }
}

/// `theta` = [`DEFAULT_THETA`]. For a `D` without trees, each call returns the error that `new` would.
impl<T: Scalar, const D: usize> Default for BarnesHut<T, D> {
    fn default() -> Self {
        Self::with_theta(DEFAULT_THETA)
    }
}

impl<T: Scalar, const D: usize> Repulsion<T, D> for BarnesHut<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        if out.len() != y.len() {
            return Err(Error::shape("out", y.len(), out.len()));
        }
        self.tree.build(y, cx)?;
        let n = y.len();
        groups(&self.tree, &mut self.groups);
        self.forces.resize(n, [T::ZERO; D]);
        self.z.resize(n, 0.0);
        let walks = Walks { tree: &self.tree, criterion: Criterion::new(self.theta), kernel, cx };
        kernel.visit(Run { walks, groups: &self.groups, forces: &mut self.forces, z: &mut self.z })?;
        self.positions.resize_with(n, AtomicU32::default);
        let (forces, positions) = (&self.forces, &self.positions);
        self.tree.keys().par_chunks(blocks::BLOCK).enumerate().for_each(|(b, keys)| {
            for (key, i) in keys.iter().zip(blocks::range(b, n)) {
                positions[key_index(*key) as usize].store(i as u32, Relaxed);
            }
        });
        out.par_chunks_mut(blocks::BLOCK).zip(positions.par_chunks(blocks::BLOCK)).for_each(|(out, positions)| {
            for (out, position) in out.iter_mut().zip(positions) {
                *out = forces[position.load(Relaxed) as usize];
            }
        });
        let z = &self.z;
        Ok(blocks::sum(&mut self.partials, n, |range| z[range].iter().sum()))
    }
}

/// Checks a threshold.
pub(crate) fn check_theta(theta: f64) -> Result<()> {
    if theta.is_finite() && theta >= 0.0 {
        Ok(())
    } else {
        Err(Error::parameter("theta", theta, "a finite number, at least 0 (0 is exact, 0.5 the usual choice)"))
    }
}

#[derive(Clone, Copy)]
struct Walks<'a, T, const D: usize> {
    tree: &'a Tree<T, D>,
    criterion: Criterion<T>,
    kernel: Kernel,
    cx: Context<'a>,
}

struct Run<'a, T, const D: usize> {
    walks: Walks<'a, T, D>,
    groups: &'a [u32],
    forces: &'a mut [[T; D]],
    z: &'a mut [f64],
}

impl<T: Scalar, const D: usize> ProfileVisitor<T> for Run<'_, T, D> {
    type Output = Result<()>;

    fn visit<P: Profile<T>>(self, profile: P) -> Result<()> {
        self.walks.split(profile, self.groups, self.forces, self.z)
    }
}

impl<T: Scalar, const D: usize> Walks<'_, T, D> {
    /// Halves the groups, with the results of their points, until they fit a task. The groups cover consecutive
    /// points without gaps.
    fn split<P: Profile<T>>(self, profile: P, groups: &[u32], forces: &mut [[T; D]], z: &mut [f64]) -> Result<()> {
        if groups.len() <= GROUPS_PER_TASK {
            self.cx.check()?;
            dispatch(Block { walker: Walker::new(self.tree, self.criterion, self.kernel, profile), groups, forces, z });
            return Ok(());
        }
        // A multiple of the size of a task: tasks are full, whatever the number of groups.
        let middle = groups.len().div_ceil(GROUPS_PER_TASK) / 2 * GROUPS_PER_TASK;
        let (left, right) = groups.split_at(middle);
        let start = |groups: &[u32]| groups.first().map_or(0, |&g| self.tree.nodes[g as usize].start as usize);
        let points = start(right) - start(left);
        let (left_forces, right_forces) = forces.split_at_mut(points);
        let (left_z, right_z) = z.split_at_mut(points);
        let (a, b) = rayon::join(
            || self.split(profile, left, left_forces, left_z),
            || self.split(profile, right, right_forces, right_z),
        );
        a.and(b)
    }
}

struct Block<'a, T, P, const D: usize> {
    walker: Walker<'a, T, P, D>,
    groups: &'a [u32],
    forces: &'a mut [[T; D]],
    z: &'a mut [f64],
}

impl<T: Scalar, P: Profile<T>, const D: usize> Task for Block<'_, T, P, D> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let mut results = self.forces.iter_mut().zip(self.z);
        for &group in self.groups {
            self.walker.group(group as usize, |sum| {
                if let Some((force, z)) = results.next() {
                    *force = sum.force.map(T::from_f64);
                    *z = sum.z;
                }
            });
        }
    }
}
