//! Run-time dispatch to the vector units of the machine: the only module of the toolkit with `unsafe` code.
//!
//! A binary built for the baseline of its target (SSE2 on x86-64) would leave most of the vector unit idle. The
//! functions here compile the same loop again for AVX2 and choose at run time. (Loops that carry eight lanes fill the
//! registers of AVX2; a third version for AVX-512 would lengthen every build for the same width.) The loops contain no
//! fused multiply-add and no reordering of sums, and the compiler introduces neither, so that **every version
//! gives the same bits**; only the speed differs. One loop, the one that a descent spends half its time in, is written out
//! for AVX2: [`attraction`].
//!
//! # Why `unsafe` is sound here
//!
//! Calling a function compiled for more features than the caller's is undefined on a machine that lacks them. Each
//! such call stands directly behind the run-time detection of exactly those features. [`gather`] reads points without bounds
//! checks after having compared the largest of its indices with the length. [`attraction`] does after having compared the
//! bound of its rows: [`ChunkedRows`] are only made of columns below it, and never change.
#![allow(unsafe_code)]

use crate::Scalar;
use crate::chunked_rows::{ChunkedRow, ChunkedRows, ChunkedView, offset};

/// A computation that [`dispatch`] compiles for several vector units.
///
/// Mark [`Task::run`] and all it calls `#[inline(always)]`: what is not inlined keeps the baseline's features.
pub trait Task {
    /// What the computation returns.
    type Output;
    /// The computation.
    fn run(self) -> Self::Output;
}

/// Runs `task`, compiled for the widest vector unit that this machine has.
///
/// # Examples
///
/// ```
/// use tsne_core::simd::{Task, dispatch};
///
/// struct Doubled<'a>(&'a mut [f32]);
///
/// impl Task for Doubled<'_> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run(self) {
///         self.0.iter_mut().for_each(|v| *v *= 2.0);
///     }
/// }
///
/// let mut values = [1.0, 2.0, 3.0];
/// dispatch(Doubled(&mut values));
/// assert_eq!(values, [2.0, 4.0, 6.0]);
/// ```
#[inline]
pub fn dispatch<K: Task>(task: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        // `is_x86_feature_detected!` caches its answer: a load and a branch.
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the feature that `avx2` is compiled for was detected above.
            return unsafe { avx2(task) };
        }
    }
    task.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<K: Task>(task: K) -> K::Output {
    task.run()
}

/// The points that `indices` name, or `None` if one of them is beyond the last point.
///
/// One comparison for all `L` indices in place of one for each: the inner loop of the attraction is bound by loads
/// and does not hide the others.
///
/// # Examples
///
/// ```
/// use tsne_core::simd::gather;
///
/// let points = [[0.0f32, 1.0], [2.0, 3.0], [4.0, 5.0]];
/// assert_eq!(gather(&points, &[2, 0]), Some([[4.0, 5.0], [0.0, 1.0]]));
/// assert_eq!(gather(&points, &[0, 3]), None);
/// ```
#[inline(always)]
pub fn gather<T: Scalar, const D: usize, const L: usize>(points: &[[T; D]], indices: &[u32; L]) -> Option<[[T; D]; L]> {
    let largest = indices.iter().fold(0u32, |a, &b| a.max(b));
    if L == 0 || largest as usize >= points.len() {
        return None;
    }
    let mut out = [[T::ZERO; D]; L];
    for l in 0..L {
        // SAFETY: `indices[l] <= largest < points.len()`.
        out[l] = unsafe { *points.get_unchecked(indices[l] as usize) };
    }
    Some(out)
}

/// The lanes of [`attraction`]: eight `f32` fill a register of AVX2. A constant, so that the order of summation is the same on
/// every machine.
pub const LANES: usize = 8;

/// How far ahead columns and weights are fetched, in bytes: a page, at whose end the processor's own prefetching stops.
///
/// One million points in the order of 100 clusters, 150 entries each, ms of two threads: 56 without, 45 at 512, 36 from 2,048 on.
const AHEAD: usize = 4096;

/// Asks for the cache lines of a slice, which is about to be read where the processor cannot foresee it.
///
/// # Examples
///
/// ```
/// tsne_core::simd::prefetch(&[1.0, 2.0]); // Nothing changes, but that reading them may be faster.
/// ```
#[inline(always)]
pub fn prefetch<T>(items: &[T]) {
    // From the start of the first line on.
    let before = items.as_ptr().addr() % LINE;
    let first = items.as_ptr().wrapping_byte_sub(before);
    for line in 0..(before + size_of_val(items)).div_ceil(LINE) {
        prefetch_line(first.wrapping_byte_add(line * LINE));
    }
}

/// Bytes of a cache line.
const LINE: usize = 64;

/// Asks for the cache line at an address, which may be any.
#[inline(always)]
fn prefetch_line<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: part of the baseline of the target; it reads nothing that a program could see, and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Asks for what comes behind a chunk of columns and one of weights.
#[inline(always)]
fn prefetch_behind<T>(columns: &[u16; LANES], weights: &[T; LANES]) {
    prefetch_line(columns.as_ptr().wrapping_byte_add(AHEAD));
    prefetch_line(weights.as_ptr().wrapping_byte_add(AHEAD));
}

/// The sums `Σ_j w_j (y_r - p_j) / (1 + |y_r - p_j|² inverse_dof)` of each row `r` of `rows` from `first` on, for as many as there
/// are positions `y` and sums: over the points `p_j` that its columns name, in `LANES` running sums (entry by entry of the
/// chunks) that are then added pairwise. Rows beyond the last get zero, and so do all where there are fewer points than
/// [`ChunkedRows::bound`].
///
/// In `f32` and two dimensions the loop is written out for AVX2: eight loads of a whole point each, and two shuffles for a
/// register of each coordinate. What the compiler makes of the plain loop takes 0.33 ns for each entry where this takes
/// 0.19 (70,000 points in the order of the map, 130 entries each, two threads).
///
/// # Examples
///
/// ```
/// use tsne_core::simd::attraction;
/// use tsne_core::{ChunkedRows, RowStart};
///
/// let points = [[0.0f32, 0.0], [1.0, 0.0]];
/// let starts = vec![RowStart::default(), RowStart { columns: 1, weights: 1, ..RowStart::default() }];
/// let (columns, weights) = (vec![[1, 0, 0, 0, 0, 0, 0, 0]], vec![[0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]);
/// let rows = ChunkedRows::new(starts, columns, weights, 2)?;
/// let mut sums = [[0.0; 2]];
/// attraction(&points[..1], &points, (&rows, 0), 1.0, &mut sums);
/// assert_eq!(sums, [[-0.25, 0.0]]); // 1/2 · (0 - 1) / (1 + 1)
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn attraction<T: Scalar, const D: usize>(
    y: &[[T; D]],
    points: &[[T; D]],
    (rows, first): (&ChunkedRows<T>, usize),
    inverse_dof: T,
    sums: &mut [[T; D]],
) {
    if points.len() < rows.bound() {
        sums.fill([T::ZERO; D]);
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if D == 2
        && std::arch::is_x86_feature_detected!("avx2")
        && let (Some(y), Some(points)) = (T::as_f32(y.as_flattened()), T::as_f32(points.as_flattened()))
        && let Some(weights) = T::as_f32(rows.weights().as_flattened())
        && let Some(rows) = rows.view(first, weights.as_chunks().0)
        && let Some(sums) = T::as_f32_mut(sums.as_flattened_mut())
    {
        let (y, points, sums) = (y.as_chunks().0, points.as_chunks().0, sums.as_chunks_mut().0);
        // SAFETY: the feature that `attraction_avx2` is compiled for was detected, and the points were counted above.
        unsafe { attraction_avx2(y, points, rows, inverse_dof.to_f64() as f32, sums) };
        return;
    }
    if let Some(rows) = rows.view(first, rows.weights()) {
        dispatch(Attraction { y, points, rows, inverse_dof, sums });
    }
}

/// The sum of the lanes, pairwise: the same tree on every machine.
///
/// # Examples
///
/// ```
/// assert_eq!(tsne_core::simd::fold([1.0f32, 2.0, 3.0, 4.0]), (1.0 + 3.0) + (2.0 + 4.0));
/// ```
#[inline(always)]
pub fn fold<T: Scalar, const L: usize>(mut lanes: [T; L]) -> T {
    let mut width = L;
    while width > 1 {
        let half = width / 2;
        for l in 0..half {
            lanes[l] += lanes[l + width - half];
        }
        width -= half;
    }
    lanes.first().copied().unwrap_or(T::ZERO)
}

/// The running sums of one row of [`attraction`].
#[derive(Debug, Clone, Copy)]
pub struct AttractionLanes<T, const D: usize>([[T; LANES]; D]);

impl<T: Scalar, const D: usize> AttractionLanes<T, D> {
    /// Sums of nothing.
    #[inline(always)]
    pub const fn new() -> Self {
        Self([[T::ZERO; LANES]; D])
    }

    /// Adds one chunk; false, and nothing is added, if it names a point that does not exist.
    #[inline(always)]
    #[must_use]
    pub fn add(
        &mut self,
        y: [T; D],
        points: &[[T; D]],
        columns: &[u32; LANES],
        weights: &[T; LANES],
        inverse_dof: T,
    ) -> bool {
        let Some(neighbors) = gather(points, columns) else { return false };
        // One operation to a loop: the compiler makes a vector instruction of each.
        let mut difference = [[T::ZERO; LANES]; D];
        for c in 0..D {
            for l in 0..LANES {
                difference[c][l] = y[c] - neighbors[l][c];
            }
        }
        let mut d2 = [T::ZERO; LANES];
        for row in &difference {
            for l in 0..LANES {
                d2[l] += row[l] * row[l];
            }
        }
        let mut factor = [T::ZERO; LANES];
        for l in 0..LANES {
            factor[l] = weights[l] * (T::ONE / (T::ONE + d2[l] * inverse_dof));
        }
        for c in 0..D {
            for l in 0..LANES {
                self.0[c][l] += factor[l] * difference[c][l];
            }
        }
        true
    }

    /// The sums of all lanes.
    #[inline(always)]
    pub fn fold(self) -> [T; D] {
        self.0.map(fold)
    }
}

impl<T: Scalar, const D: usize> Default for AttractionLanes<T, D> {
    fn default() -> Self {
        Self::new()
    }
}

struct Attraction<'a, T, const D: usize> {
    y: &'a [[T; D]],
    points: &'a [[T; D]],
    rows: ChunkedView<'a, T>,
    inverse_dof: T,
    sums: &'a mut [[T; D]],
}

impl<T: Scalar, const D: usize> Task for Attraction<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { y, points, rows, inverse_dof, sums } = self;
        for (r, (y, sum)) in y.iter().zip(sums).enumerate() {
            *sum = [T::ZERO; D];
            let Some(row) = rows.row(r) else { continue };
            let mut lanes = AttractionLanes::new();
            let mut add = |columns: &[u32; LANES], weights| {
                // Every column is below the number of points.
                _ = lanes.add(*y, points, columns, weights, inverse_dof);
            };
            if row.is_narrow() {
                for (columns, weights) in row.columns.iter().zip(row.weights) {
                    prefetch_behind(columns, weights);
                    add(&columns.map(|low| row.first_column + u32::from(low)), weights);
                }
            } else {
                for ([low, high], weights) in row.columns.as_chunks().0.iter().zip(row.weights) {
                    prefetch_behind(low, weights);
                    let columns = std::array::from_fn(|l| row.first_column + offset(low[l], high[l]));
                    add(&columns, weights);
                }
            }
            *sum = lanes.fold();
        }
    }
}

/// The same operations in the same order as [`Attraction::run`], so the same bits.
///
/// # Safety
///
/// The rows must be those of [`ChunkedRows`] with a bound of at most as many as there are `points`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn attraction_avx2(
    y: &[[f32; 2]],
    points: &[[f32; 2]],
    rows: ChunkedView<'_, f32>,
    inverse_dof: f32,
    sums: &mut [[f32; 2]],
) {
    for (r, (y, sum)) in y.iter().zip(sums).enumerate() {
        *sum = [0.0; 2];
        let Some(row) = rows.row(r) else { continue };
        // Offsets are counted from here. An empty row may start beyond the last point.
        let points = points.get(row.first_column as usize..).unwrap_or(&[]);
        // SAFETY (of both calls): the first column and an offset are a column, which is below the bound and so below the number
        // of all points; the offset is below `points.len()`.
        *sum = if row.is_narrow() {
            unsafe { row_avx2::<false>(*y, points, row, inverse_dof) }
        } else {
            unsafe { row_avx2::<true>(*y, points, row, inverse_dof) }
        };
    }
}

/// One row of [`attraction_avx2`] over the points from its first column on; `WIDE` if its columns are in halves.
///
/// # Safety
///
/// Every offset must be below `points.len()`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn row_avx2<const WIDE: bool>(
    y: [f32; 2],
    points: &[[f32; 2]],
    row: ChunkedRow<'_, f32>,
    inverse_dof: f32,
) -> [f32; 2] {
    use std::arch::x86_64::*;

    let base = points.as_ptr().cast::<f64>();
    // SAFETY (of both reads): the points exist, as the caller promises; one is as long as an `f64`, which is only moved, but need
    // not be aligned like one.
    let pair = |i: usize, j: usize| unsafe {
        _mm_castpd_ps(_mm_set_pd(base.add(j).read_unaligned(), base.add(i).read_unaligned()))
    };
    let (one, inverse_dof) = (_mm256_set1_ps(1.0), _mm256_set1_ps(inverse_dof));
    let (y0, y1) = (_mm256_set1_ps(y[0]), _mm256_set1_ps(y[1]));
    let (mut sum0, mut sum1) = (_mm256_setzero_ps(), _mm256_setzero_ps());
    let chunks_of_columns = if WIDE { 2 } else { 1 };
    for (columns, weights) in row.columns.chunks_exact(chunks_of_columns).zip(row.weights) {
        prefetch_behind(&columns[0], weights);
        let j = |l: usize| {
            if WIDE { offset(columns[0][l], columns[1][l]) as usize } else { usize::from(columns[0][l]) }
        };
        let points_0145 = _mm256_set_m128(pair(j(4), j(5)), pair(j(0), j(1)));
        let points_2367 = _mm256_set_m128(pair(j(6), j(7)), pair(j(2), j(3)));
        let difference0 = _mm256_sub_ps(y0, _mm256_shuffle_ps::<0b10_00_10_00>(points_0145, points_2367));
        let difference1 = _mm256_sub_ps(y1, _mm256_shuffle_ps::<0b11_01_11_01>(points_0145, points_2367));
        let d2 = _mm256_add_ps(_mm256_mul_ps(difference0, difference0), _mm256_mul_ps(difference1, difference1));
        let kernel = _mm256_div_ps(one, _mm256_add_ps(one, _mm256_mul_ps(d2, inverse_dof)));
        // SAFETY: the unaligned load reads the 32 bytes of one array.
        let factor = _mm256_mul_ps(unsafe { _mm256_loadu_ps(weights.as_ptr()) }, kernel);
        sum0 = _mm256_add_ps(sum0, _mm256_mul_ps(factor, difference0));
        sum1 = _mm256_add_ps(sum1, _mm256_mul_ps(factor, difference1));
    }
    [sum0, sum1].map(|lanes| {
        let quarters = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps::<1>(lanes));
        let halves = _mm_add_ps(quarters, _mm_movehl_ps(quarters, quarters));
        _mm_cvtss_f32(_mm_add_ss(halves, _mm_shuffle_ps::<1>(halves, halves)))
    })
}
