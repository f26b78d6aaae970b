//! The normalizer of all pairs, without forces.

use super::exact::{LANES, TILE, chunk_at, split};
use std::sync::OnceLock;
use tsne_core::lanes::fold;
use tsne_core::simd::{self, Task};
use tsne_core::{Context, Kernel, Profile, ProfileVisitor, Result, Scalar, check_embedding, chunks, memory};

/// Points whose sums one task computes: few, as the sums of the first points are the longest.
const TASK_ROWS: usize = 64;

/// The normalizer `Z = Σ_{i≠j} w(r_ij²)` of the embedding `y`, each pair computed once and without the forces
/// of [`Exact`].
///
/// For any number of dimensions. Differences, weights and sums of 64 terms are taken in `T`, sums beyond in `f64`, so that the
/// relative error is that of `T`. Exact duplicates count with weight 1, pairs whose squared distance is beyond the numbers of `T` (1e19
/// apart in `f32`) with 0. 0 for fewer than two points.
///
/// # Errors
///
/// [`Error::NonFinite`](crate::Error::NonFinite) for a position that is not finite,
/// [`Error::OutOfMemory`](crate::Error::OutOfMemory), [`Error::Cancelled`](crate::Error::Cancelled).
///
/// # Examples
///
/// ```
/// use tsne_optim::{Context, Kernel, normalizer};
///
/// // One pair at the distance 1, which counts from either side.
/// assert_eq!(normalizer(Kernel::CAUCHY, &[[0.0f64], [1.0]], Context::new())?, 1.0);
/// # Ok::<(), tsne_optim::Error>(())
/// ```
///
/// [`Exact`]: crate::Exact
pub fn normalizer<T: Scalar, const D: usize>(kernel: Kernel, y: &[[T; D]], cx: Context<'_>) -> Result<f64> {
    check_embedding(y)?;
    let mut columns = std::array::from_fn(|_| Vec::new());
    split(y, &mut columns)?;
    let mut sums = memory::filled("weights", y.len(), 0.0)?;
    kernel.visit(Pairs { columns: &columns, y, sums: &mut sums, cx })?;
    Ok(2.0 * sums.iter().fold(0.0, |sum, row| sum + row))
}

/// The pairs of each point with later ones.
struct Pairs<'a, T, const D: usize> {
    columns: &'a [Vec<T>; D],
    y: &'a [[T; D]],
    sums: &'a mut [f64],
    cx: Context<'a>,
}

impl<T: Scalar, const D: usize> ProfileVisitor<T> for Pairs<'_, T, D> {
    type Output = Result<()>;

    fn visit<P: Profile<T>>(self, profile: P) -> Result<()> {
        let Self { columns, y, sums, cx } = self;
        let columns: [&[T]; D] = std::array::from_fn(|c| &columns[c][..]);
        let stopped = OnceLock::new();
        chunks::for_each(sums, TASK_ROWS, |task, sums| {
            if let Err(error) = cx.check() {
                _ = stopped.set(error);
                return;
            }
            simd::dispatch(TaskRows { columns, y, first: task * TASK_ROWS, profile, sums });
        });
        stopped.into_inner().map_or(Ok(()), Err)
    }
}

struct TaskRows<'a, T, const D: usize, P> {
    columns: [&'a [T]; D],
    y: &'a [[T; D]],
    first: usize,
    profile: P,
    sums: &'a mut [f64],
}

impl<T: Scalar, const D: usize, P: Profile<T>> Task for TaskRows<'_, T, D, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { columns, y, first, profile, sums } = self;
        for (i, sum) in (first..).zip(sums) {
            *sum = later_weights(columns, y.len(), (i, y[i]), profile);
        }
    }
}

/// The weights of the pairs of a point with all later ones of the first `n`.
#[inline(always)]
fn later_weights<T: Scalar, const D: usize, P: Profile<T>>(
    columns: [&[T]; D],
    n: usize,
    (i, yi): (usize, [T; D]),
    profile: P,
) -> f64 {
    let mut sum = 0.0;
    for start in ((i + 1) / LANES * LANES..n).step_by(TILE) {
        let mut lanes = [T::ZERO; LANES];
        for j in (start..n.min(start + TILE)).step_by(LANES) {
            let Some(chunk) = chunk_at(columns, j) else { break };
            let mut weights = [T::ZERO; LANES];
            of_chunk(yi, chunk, profile, &mut weights);
            if j <= i || j + LANES > n {
                for (l, weight) in weights.iter_mut().enumerate() {
                    if j + l <= i || j + l >= n {
                        *weight = T::ZERO;
                    }
                }
            }
            for l in 0..LANES {
                lanes[l] += weights[l];
            }
        }
        sum += fold(lanes).to_f64();
    }
    sum
}

#[inline(always)]
fn of_chunk<T: Scalar, const D: usize, P: Profile<T>>(
    yi: [T; D],
    chunk: [&[T; LANES]; D],
    profile: P,
    weights: &mut [T; LANES],
) {
    let mut d2 = [T::ZERO; LANES];
    for l in 0..LANES {
        for c in 0..D {
            let difference = yi[c] - chunk[c][l];
            d2[l] += difference * difference;
        }
    }
    if const { P::IN_BLOCKS } {
        profile.weights_and_forces(&d2, weights, &mut [T::ZERO; LANES]);
    } else {
        for l in 0..LANES {
            weights[l] = profile.weight_and_force(d2[l]).0;
        }
    }
}
