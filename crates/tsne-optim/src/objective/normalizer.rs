//! The normalizer of all pairs, without forces.

use super::exact::{LANES, TILE, chunk_at, split};
use std::sync::OnceLock;
use tsne_core::lanes::fold;
use tsne_core::simd::{self, Task};
use tsne_core::{Context, Kernel, Profile, ProfileVisitor, Result, Scalar, blocks, check_embedding, chunks, memory};

/// Points whose sums one task computes: few, as the sums of the first points are the longest.
const TASK_ROWS: usize = 64;

/// The normalizer `Z = Σ_{i≠j} w(r_ij²)` of the embedding `y`, each pair computed once and without the forces
/// of [`Exact`].
///
/// For any number of dimensions. Differences, weights and sums of 64 terms are taken in `T`, sums beyond in `f64`, so that the
/// relative error is that of `T`; of up to 16,384 points in double precision where they are so far from each other that weights or
/// squared distances are no numbers of `T`. Exact duplicates count with weight 1. 0 for fewer than two points, and where all weights
/// are below the numbers of `f64` too.
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
    // A row is summed over those behind it: shares of as many pairs, not of as many rows.
    let end = |rank: usize| rows_before(y.len(), rank + 1, cx.members());
    let own = rows_before(y.len(), cx.rank(), cx.members())..end(cx.rank());
    kernel.visit(Pairs { columns: &columns, y, first: own.start, sums: &mut sums[own], cx })?;
    cx.gather_parts(&mut sums, end)?;
    let z = 2.0 * sums.iter().fold(0.0, |sum, row| sum + row);
    match ln_if_lost(kernel, y, z, cx)? {
        // A number with fewer digits than a weight's is none to divide by.
        Some(ln_z) => Ok(Some(ln_z.exp()).filter(|z| z.is_normal()).unwrap_or(0.0)),
        None => Ok(z),
    }
}

/// Up to this number of points a normalizer whose weights are lost is summed by the logarithms of all. An estimate: two seconds at 30 ns
/// a pair on two threads. More points that are all so far from each other have flown apart, of which a map is warned.
const LOGARITHMS_UP_TO: usize = 16_384;

/// The logarithm of the normalizer of `y`, if their sum in `T`, `z`, may miss more than the precision of `T`: by weights that `T`
/// holds with fewer digits, or not at all.
pub(super) fn ln_if_lost<T: Scalar, const D: usize>(
    kernel: Kernel,
    y: &[[T; D]],
    z: f64,
    cx: Context<'_>,
) -> Result<Option<f64>> {
    let n = y.len() as f64;
    let is_lost = is_lost::<T>(z, n * (n - 1.0)) || Extent::of(y).squares_overflow::<T>(kernel);
    if is_lost && (2..=LOGARITHMS_UP_TO).contains(&y.len()) {
        Ok(Some(ln_normalizer(kernel, y, cx)?))
    } else {
        Ok(None)
    }
}

/// Whether a sum of so many weights in `T` may be off by more than the precision of `T` because they are below the numbers with
/// all their digits: of points that are all far from each other, the nearest too.
pub(super) fn is_lost<T: Scalar>(sum: f64, weights: f64) -> bool {
    sum < weights * (4.0 / T::MAX.to_f64()) / T::EPSILON.to_f64()
}

/// The box of some points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent<const D: usize> {
    low: [f64; D],
    high: [f64; D],
}

impl<const D: usize> Extent<D> {
    /// That of points, empty for none.
    pub(super) fn of<T: Scalar>(points: &[[T; D]]) -> Self {
        let mut extent = Self { low: [f64::INFINITY; D], high: [f64::NEG_INFINITY; D] };
        for point in points {
            for c in 0..D {
                extent.low[c] = extent.low[c].min(point[c].to_f64());
                extent.high[c] = extent.high[c].max(point[c].to_f64());
            }
        }
        extent
    }

    /// That of these points and others.
    pub(super) fn join(self, other: Self) -> Self {
        let (low, high) = (|c: usize| self.low[c].min(other.low[c]), |c: usize| self.high[c].max(other.high[c]));
        Self { low: std::array::from_fn(low), high: std::array::from_fn(high) }
    }

    /// Whether the square of a distance between the points, or what it is over `dof`, may be beyond the numbers of `T`, where pairs
    /// count as infinitely far.
    pub(super) fn squares_overflow<T: Scalar>(&self, kernel: Kernel) -> bool {
        let of_axis = |(low, high): (&f64, &f64)| if low < high { (high - low).powi(2) } else { 0.0 };
        let diagonal2: f64 = self.low.iter().zip(&self.high).map(of_axis).sum();
        diagonal2 / kernel.dof().min(1.0) > 0.5 * T::MAX.to_f64()
    }
}

/// The logarithm of the [`normalizer`] of at least two points, of weights as small as their logarithms can be: `O(n²)`.
fn ln_normalizer<T: Scalar, const D: usize>(kernel: Kernel, y: &[[T; D]], cx: Context<'_>) -> Result<f64> {
    let of_block = |rows: std::ops::Range<usize>| {
        let mut total = LnSum::default();
        for i in rows {
            cx.check()?;
            total.add_weights(kernel, &y[i], &y[..i]);
        }
        Ok(total)
    };
    let mut total = LnSum::default();
    blocks::try_map(y.len(), of_block)?.into_iter().for_each(|block| total.join(block));
    // Each pair counts from either side.
    Ok(total.ln() + std::f64::consts::LN_2)
}

/// A sum of weights, as multiples of the largest of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct LnSum {
    /// The logarithm of the largest.
    ln_largest: f64,
    multiples: f64,
}

impl Default for LnSum {
    fn default() -> Self {
        Self { ln_largest: f64::NEG_INFINITY, multiples: 0.0 }
    }
}

impl LnSum {
    /// Adds the weights of one point for others.
    pub(super) fn add_weights<T: Scalar, const D: usize>(&mut self, kernel: Kernel, point: &[T; D], others: &[[T; D]]) {
        for other in others {
            let difference = |c: usize| point[c].to_f64() - other[c].to_f64();
            let d2: f64 = (0..D).map(|c| difference(c) * difference(c)).sum();
            // Beyond all squares one pair is as far as the other, as in the sums of the divergence over the affinities.
            self.join(Self { ln_largest: -kernel.neg_ln_weight(d2.min(f64::MAX)), multiples: 1.0 });
        }
    }

    fn join(&mut self, other: Self) {
        let (large, small) = if self.ln_largest >= other.ln_largest { (*self, other) } else { (other, *self) };
        *self = large;
        if small.ln_largest > f64::NEG_INFINITY {
            self.multiples += small.multiples * (small.ln_largest - large.ln_largest).exp();
        }
    }

    pub(super) fn ln(self) -> f64 {
        self.ln_largest + self.multiples.ln()
    }
}

/// How many rows, of the pairs of `n` points with the points behind them, are those of the first `members` out of `size`.
fn rows_before(n: usize, members: usize, size: usize) -> usize {
    let left = (n as u128 * n as u128 * (size - members.min(size)) as u128 / size as u128).isqrt();
    n - left as usize
}

/// The pairs of each point with later ones.
struct Pairs<'a, T, const D: usize> {
    columns: &'a [Vec<T>; D],
    y: &'a [[T; D]],
    /// The row of the first sum.
    first: usize,
    sums: &'a mut [f64],
    cx: Context<'a>,
}

impl<T: Scalar, const D: usize> ProfileVisitor<T> for Pairs<'_, T, D> {
    type Output = Result<()>;

    fn visit<P: Profile<T>>(self, profile: P) -> Result<()> {
        let Self { columns, y, first, sums, cx } = self;
        let columns: [&[T]; D] = std::array::from_fn(|c| &columns[c][..]);
        let stopped = OnceLock::new();
        chunks::for_each(sums, TASK_ROWS, |task, sums| {
            if let Err(error) = cx.check() {
                _ = stopped.set(error);
                return;
            }
            simd::dispatch(TaskRows { columns, y, first: first + task * TASK_ROWS, profile, sums });
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
