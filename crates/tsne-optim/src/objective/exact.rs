//! The repulsion by all pairs.

use std::sync::OnceLock;
use tsne_core::lanes::fold;
use tsne_core::simd::{self, Task};
use tsne_core::{
    Context, Error, Kernel, Profile, ProfileVisitor, ReferenceRepulsion, Repulsion, Result, Scalar, blocks,
    check_embedding, chunks, memory,
};

/// Positions per step of the inner loop, and the number of running sums: a constant, so that the order of summation is the
/// same on every machine. So many that the compiler keeps the step a loop and vectorizes it, whatever the kernel and the
/// dimension: with 8 and 16 some came out scalar, up to eight times slower; 32, 64 and 128 differ by a quarter at most.
pub(super) const LANES: usize = 64;

/// Points whose sums one task computes. Small, because a task of the smallest useful map (1,000 points) should still
/// leave some tens of tasks to balance.
const TASK_ROWS: usize = 32;

/// Positions summed in the scalar's own precision before the sums are carried over to double precision: the rounding
/// of an `f32` sum of `TILE / LANES` = 64 terms of one sign stays below 64 × 2⁻²⁴ ≈ 4e-6, and on average at 1e-7.
pub(super) const TILE: usize = 4096;

/// The exact repulsion, O(n²): the oracle of every approximation, and the fastest choice for small maps.
///
/// For any number of dimensions. Differences, weights and sums over 4,096 points are taken in `T`, sums beyond in
/// `f64`. A point does not act on itself; its exact duplicates count in `Z` with weight 1. Points whose squared distance is beyond the
/// numbers of `T` (1e19 apart in `f32`) do not act on each other.
#[derive(Debug, Clone)]
pub struct Exact<T, const D: usize> {
    columns: [Vec<T>; D],
    z: Vec<T>,
}

impl<T, const D: usize> Default for Exact<T, D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const D: usize> Exact<T, D> {
    /// The exact repulsion; its buffers grow with the first call.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Exact, Kernel, Repulsion};
    ///
    /// let mut force = [[0.0f64]; 2];
    /// let z = Exact::new().repulse(Kernel::CAUCHY, &[[0.0], [1.0]], &mut force, Context::new())?;
    /// assert_eq!((z, force), (1.0, [[-0.25], [0.25]])); // w = 1/2 each way; w² (y_i - y_j).
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn new() -> Self {
        Self { columns: std::array::from_fn(|_| Vec::new()), z: Vec::new() }
    }
}

impl<T: Scalar, const D: usize> Exact<T, D> {
    /// Writes the un-normalized force `F_i = Σ_j w(r_ij²)^((dof+1)/dof) (y_i - y_j)` of every point of `y` into `out` and
    /// returns the normalizer `Z = Σ_{i≠j} w(r_ij²)`. The repulsive part of the gradient is `-F_i / Z`.
    ///
    /// What `out` held before is of no meaning. This is [`Repulsion::repulse`], without its trait.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless `out` is as long as `y`, [`Error::NonFinite`] for a position that is not finite,
    /// [`Error::OutOfMemory`], [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Exact, Kernel};
    ///
    /// let mut force = [[0.0f64]; 2];
    /// let z = Exact::new().repulse(Kernel::CAUCHY, &[[0.0], [1.0]], &mut force, Context::new())?;
    /// assert_eq!((z, force), (1.0, [[-0.25], [0.25]]));
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        let own = cx.rows(y.len());
        if out.len() != own.len() {
            return Err(Error::shape("force", own.len(), out.len()));
        }
        check_embedding(y)?;
        split(y, &mut self.columns)?;
        memory::resize("weights", &mut self.z, y.len(), T::ZERO)?;
        let (queries, z, first) = (&y[own.clone()], &mut self.z[own.clone()], Some(own.start));
        kernel.visit(Sums { columns: &self.columns, n: y.len(), queries, first, out, z, cx })?;
        cx.gather(&mut self.z, blocks::BLOCK)?;
        Ok(self.z.iter().fold(0.0, |sum, z| sum + z.to_f64()))
    }
}

impl<T: Scalar, const D: usize> Repulsion<T, D> for Exact<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        Self::repulse(self, kernel, y, out, cx)
    }
}

/// The exact repulsion of new points from a fixed reference, O(n) for each.
#[derive(Debug, Clone)]
pub struct ExactReference<T, const D: usize> {
    kernel: Kernel,
    columns: [Vec<T>; D],
    n: usize,
}

impl<T: Scalar, const D: usize> ExactReference<T, D> {
    /// Prepares the reference embedding.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] for a position that is not finite, [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, ExactReference, Kernel, ReferenceRepulsion};
    ///
    /// let reference = ExactReference::new(Kernel::CAUCHY, &[[0.0f64]])?;
    /// let (mut force, mut z) = ([[0.0]], [0.0]);
    /// reference.repulse(&[[1.0]], &mut force, &mut z, Context::new())?;
    /// assert_eq!((force, z), ([[0.25]], [0.5]));
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn new(kernel: Kernel, reference: &[[T; D]]) -> Result<Self> {
        check_embedding(reference)?;
        let mut columns = std::array::from_fn(|_| Vec::new());
        split(reference, &mut columns)?;
        Ok(Self { kernel, columns, n: reference.len() })
    }
    /// Writes the un-normalized force `F_i = Σ_j w^((dof+1)/dof) (y_i - r_j)` over all reference points `r_j` into `out`, and
    /// each point's own normalizer `z_i = Σ_j w` into `z`.
    ///
    /// This is [`ReferenceRepulsion::repulse`], without its trait.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless `out` and `z` are as long as `y`, [`Error::NonFinite`] for a position that is not finite,
    /// [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, ExactReference, Kernel};
    ///
    /// let reference = ExactReference::new(Kernel::CAUCHY, &[[0.0f64]])?;
    /// let (mut force, mut z) = ([[0.0]], [0.0]);
    /// reference.repulse(&[[1.0]], &mut force, &mut z, Context::new())?;
    /// assert_eq!((force, z), ([[0.25]], [0.5]));
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        if out.len() != y.len() {
            return Err(Error::shape("force", y.len(), out.len()));
        }
        if z.len() != y.len() {
            return Err(Error::shape("z", y.len(), z.len()));
        }
        check_embedding(y)?;
        self.kernel.visit(Sums { columns: &self.columns, n: self.n, queries: y, first: None, out, z, cx })
    }
}

impl<T: Scalar, const D: usize> ReferenceRepulsion<T, D> for ExactReference<T, D> {
    fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        Self::repulse(self, y, out, z, cx)
    }
}

/// The coordinates apart from each other, filled up to whole steps with zeros that sums leave out.
pub(super) fn split<T: Scalar, const D: usize>(y: &[[T; D]], columns: &mut [Vec<T>; D]) -> Result<()> {
    for (c, column) in columns.iter_mut().enumerate() {
        memory::resize("coordinates", column, y.len().next_multiple_of(LANES), T::ZERO)?;
        let (coordinates, rest) = column.split_at_mut(y.len());
        for (coordinate, point) in coordinates.iter_mut().zip(y) {
            *coordinate = point[c];
        }
        rest.fill(T::ZERO);
    }
    Ok(())
}

struct Sums<'a, T, const D: usize> {
    columns: &'a [Vec<T>; D],
    n: usize,
    queries: &'a [[T; D]],
    /// The point that the first query is, if queries are points that do not act on themselves.
    first: Option<usize>,
    out: &'a mut [[T; D]],
    z: &'a mut [T],
    cx: Context<'a>,
}

impl<T: Scalar, const D: usize> ProfileVisitor<T> for Sums<'_, T, D> {
    type Output = Result<()>;

    fn visit<P: Profile<T>>(self, profile: P) -> Result<()> {
        let Self { columns, n, queries, first: point, out, z, cx } = self;
        let columns: [&[T]; D] = std::array::from_fn(|c| &columns[c][..]);
        let stopped = OnceLock::new();
        let out = (out.as_flattened_mut(), TASK_ROWS * D);
        chunks::for_each2(out, (z, TASK_ROWS), |task, out, z| {
            if let Err(error) = cx.check() {
                _ = stopped.set(error);
                return;
            }
            let (first, out) = (task * TASK_ROWS, out.as_chunks_mut().0);
            let queries = &queries[first..first + z.len()];
            let first = point.map(|point| point + first);
            simd::dispatch(TaskRows { columns, n, queries, first, profile, out, z });
        });
        stopped.into_inner().map_or(Ok(()), Err)
    }
}

struct TaskRows<'a, T, const D: usize, P> {
    columns: [&'a [T]; D],
    n: usize,
    queries: &'a [[T; D]],
    first: Option<usize>,
    profile: P,
    out: &'a mut [[T; D]],
    z: &'a mut [T],
}

impl<T: Scalar, const D: usize, P: Profile<T>> Task for TaskRows<'_, T, D, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { columns, n, queries, first, profile, out, z } = self;
        for (r, ((yi, out), z)) in queries.iter().zip(out).zip(z).enumerate() {
            let own = first.map(|first| first + r);
            let sums = row_sums(columns, n, *yi, own, profile);
            *z = T::from_f64(sums.weight);
            *out = sums.force.map(T::from_f64);
        }
    }
}

struct RowSums<const D: usize> {
    weight: f64,
    force: [f64; D],
}

struct Lanes<T, const D: usize> {
    weight: [T; LANES],
    force: [[T; LANES]; D],
}

/// The sums of one point over the first `n` positions, without the one that is its own.
#[inline(always)]
fn row_sums<T: Scalar, const D: usize, P: Profile<T>>(
    columns: [&[T]; D],
    n: usize,
    yi: [T; D],
    own: Option<usize>,
    profile: P,
) -> RowSums<D> {
    let mut sums = RowSums { weight: 0.0, force: [0.0; D] };
    for start in (0..n).step_by(TILE) {
        let mut lanes = Lanes { weight: [T::ZERO; LANES], force: [[T::ZERO; LANES]; D] };
        for j in (start..n.min(start + TILE)).step_by(LANES) {
            let Some(chunk) = chunk_at(columns, j) else { break };
            if j + LANES <= n && own.is_none_or(|i| i / LANES != j / LANES) {
                add_chunk(&mut lanes, yi, chunk, profile, |_| T::ONE);
            } else {
                let mut keep = [T::ZERO; LANES];
                for (l, keep) in keep.iter_mut().enumerate() {
                    if j + l < n && own != Some(j + l) {
                        *keep = T::ONE;
                    }
                }
                add_chunk(&mut lanes, yi, chunk, profile, |l| keep[l]);
            }
        }
        sums.weight += fold(lanes.weight).to_f64();
        for c in 0..D {
            sums.force[c] += fold(lanes.force[c]).to_f64();
        }
    }
    sums
}

#[inline(always)]
pub(super) fn chunk_at<T, const D: usize>(columns: [&[T]; D], j: usize) -> Option<[&[T; LANES]; D]> {
    let first = columns.first()?.get(j..)?.first_chunk::<LANES>()?;
    let mut chunk = [first; D];
    for c in 1..D {
        chunk[c] = columns[c].get(j..)?.first_chunk::<LANES>()?;
    }
    Some(chunk)
}

/// Adds one term to each of the running sums, times `keep` (0 or 1) of its lane.
///
/// The sums are in memory and not in registers, so that all lanes are independent: the loads and stores pass while the
/// division is computed.
#[inline(always)]
fn add_chunk<T: Scalar, const D: usize, P: Profile<T>>(
    lanes: &mut Lanes<T, D>,
    yi: [T; D],
    chunk: [&[T; LANES]; D],
    profile: P,
    keep: impl Fn(usize) -> T,
) {
    if const { P::IN_BLOCKS } {
        let mut d2 = [T::ZERO; LANES];
        for l in 0..LANES {
            for c in 0..D {
                let difference = yi[c] - chunk[c][l];
                d2[l] += difference * difference;
            }
        }
        let (mut weights, mut forces) = ([T::ZERO; LANES], [T::ZERO; LANES]);
        profile.weights_and_forces(&d2, &mut weights, &mut forces);
        for l in 0..LANES {
            lanes.weight[l] += weights[l] * keep(l);
            let force = forces[l] * keep(l);
            for c in 0..D {
                lanes.force[c][l] += force * (yi[c] - chunk[c][l]);
            }
        }
        return;
    }
    for l in 0..LANES {
        let difference: [T; D] = std::array::from_fn(|c| yi[c] - chunk[c][l]);
        let mut d2 = T::ZERO;
        for c in 0..D {
            d2 += difference[c] * difference[c];
        }
        let (w, force) = profile.weight_and_force(d2);
        lanes.weight[l] += w * keep(l);
        let force = force * keep(l);
        for c in 0..D {
            lanes.force[c][l] += force * difference[c];
        }
    }
}
