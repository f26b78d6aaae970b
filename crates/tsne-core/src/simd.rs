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
//! such call stands directly behind the run-time detection of exactly those features. [`gather`] and [`attraction`] read
//! points without bounds checks after having compared the largest of their indices with the length.
#![allow(unsafe_code)]

use crate::Scalar;

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

/// Rows of a sparse matrix, each filled up to whole chunks of [`LANES`] entries with entries of weight zero.
#[derive(Debug, Clone, Copy)]
pub struct ChunkedRows<'a, T> {
    /// Where the chunks of each row start, and behind the last row where they end.
    pub starts: &'a [usize],
    /// The columns, chunk by chunk.
    pub columns: &'a [[u32; LANES]],
    /// The weights, chunk by chunk.
    pub weights: &'a [[T; LANES]],
}

impl<'a, T> ChunkedRows<'a, T> {
    /// The chunks of row `r`, none beyond the last.
    #[inline(always)]
    fn row(&self, r: usize) -> (&'a [[u32; LANES]], &'a [[T; LANES]]) {
        let range = match self.starts.get(r..).and_then(|rest| rest.first_chunk()) {
            Some(&[start, end]) => start..end,
            None => 0..0,
        };
        let columns = self.columns.get(range.clone()).unwrap_or(&[]);
        (columns, self.weights.get(range).unwrap_or(&[]))
    }
}

/// The sums `Σ_j w_j (y_r - p_j) / (1 + |y_r - p_j|² inverse_dof)` of every row `r` of `rows` over the points `p_j` that its
/// columns name, in `LANES` running sums (entry by entry of the chunks) that are then added pairwise. Rows that name a
/// point that does not exist, and rows beyond those given, get zero.
///
/// In `f32` and two dimensions the loop is written out for AVX2: eight loads of a whole point each, and two shuffles for a
/// register of each coordinate. What the compiler makes of the plain loop takes 0.33 ns for each entry where this takes
/// 0.19 (70,000 points in the order of the map, 130 entries each, two threads).
///
/// # Examples
///
/// ```
/// use tsne_core::simd::{ChunkedRows, attraction};
///
/// let points = [[0.0f32, 0.0], [1.0, 0.0]];
/// let (columns, weights) = ([[1, 0, 0, 0, 0, 0, 0, 0]], [[0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]);
/// let rows = ChunkedRows { starts: &[0, 1], columns: &columns, weights: &weights };
/// let mut sums = [[0.0; 2]];
/// attraction(&points[..1], &points, rows, 1.0, &mut sums);
/// assert_eq!(sums, [[-0.25, 0.0]]); // 1/2 · (0 - 1) / (1 + 1)
/// ```
pub fn attraction<T: Scalar, const D: usize>(
    y: &[[T; D]],
    points: &[[T; D]],
    rows: ChunkedRows<'_, T>,
    inverse_dof: T,
    sums: &mut [[T; D]],
) {
    #[cfg(target_arch = "x86_64")]
    if D == 2
        && std::arch::is_x86_feature_detected!("avx2")
        && let (Some(y), Some(points)) = (T::as_f32(y.as_flattened()), T::as_f32(points.as_flattened()))
        && let Some(weights) = T::as_f32(rows.weights.as_flattened())
        && let Some(sums) = T::as_f32_mut(sums.as_flattened_mut())
    {
        let rows = ChunkedRows { starts: rows.starts, columns: rows.columns, weights: weights.as_chunks().0 };
        let (y, points, sums) = (y.as_chunks().0, points.as_chunks().0, sums.as_chunks_mut().0);
        // SAFETY: the feature that `attraction_avx2` is compiled for was detected above.
        unsafe { attraction_avx2(y, points, rows, inverse_dof.to_f64() as f32, sums) };
        return;
    }
    dispatch(Attraction { y, points, rows, inverse_dof, sums });
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
    rows: ChunkedRows<'a, T>,
    inverse_dof: T,
    sums: &'a mut [[T; D]],
}

impl<T: Scalar, const D: usize> Task for Attraction<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { y, points, rows, inverse_dof, sums } = self;
        for (r, (y, sum)) in y.iter().zip(sums).enumerate() {
            let (columns, weights) = rows.row(r);
            let mut lanes = AttractionLanes::new();
            let all_exist = columns
                .iter()
                .zip(weights)
                .all(|(columns, weights)| lanes.add(*y, points, columns, weights, inverse_dof));
            *sum = if all_exist { lanes.fold() } else { [T::ZERO; D] };
        }
    }
}

/// The same operations in the same order as [`Attraction::run`], so the same bits.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn attraction_avx2(
    y: &[[f32; 2]],
    points: &[[f32; 2]],
    rows: ChunkedRows<'_, f32>,
    inverse_dof: f32,
    sums: &mut [[f32; 2]],
) {
    use std::arch::x86_64::*;

    let base = points.as_ptr().cast::<f64>();
    let (one, inverse_dof) = (_mm256_set1_ps(1.0), _mm256_set1_ps(inverse_dof));
    for (r, (y, sum)) in y.iter().zip(sums).enumerate() {
        let (columns, weights) = rows.row(r);
        let mut largest = _mm256_setzero_si256();
        for columns in columns {
            // SAFETY: the unaligned load reads the 32 bytes of one array.
            largest = _mm256_max_epu32(largest, unsafe { _mm256_loadu_si256(columns.as_ptr().cast()) });
        }
        let mut lanes = [0u32; LANES];
        // SAFETY: the unaligned store writes the 32 bytes of one array.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), largest) };
        if !columns.is_empty() && lanes.iter().any(|&column| column as usize >= points.len()) {
            *sum = [0.0; 2];
            continue;
        }
        // SAFETY (of both calls): every column is below `points.len()`; a point is as long as an `f64`, which is only moved.
        let pair = |i: u32, j: u32| unsafe {
            _mm_castpd_ps(_mm_loadh_pd(_mm_load_sd(base.add(i as usize)), base.add(j as usize)))
        };
        let (y0, y1) = (_mm256_set1_ps(y[0]), _mm256_set1_ps(y[1]));
        let (mut sum0, mut sum1) = (_mm256_setzero_ps(), _mm256_setzero_ps());
        for (j, weights) in columns.iter().zip(weights) {
            let points_0145 = _mm256_set_m128(pair(j[4], j[5]), pair(j[0], j[1]));
            let points_2367 = _mm256_set_m128(pair(j[6], j[7]), pair(j[2], j[3]));
            let difference0 = _mm256_sub_ps(y0, _mm256_shuffle_ps::<0b10_00_10_00>(points_0145, points_2367));
            let difference1 = _mm256_sub_ps(y1, _mm256_shuffle_ps::<0b11_01_11_01>(points_0145, points_2367));
            let d2 = _mm256_add_ps(_mm256_mul_ps(difference0, difference0), _mm256_mul_ps(difference1, difference1));
            let kernel = _mm256_div_ps(one, _mm256_add_ps(one, _mm256_mul_ps(d2, inverse_dof)));
            // SAFETY: the unaligned load reads the 32 bytes of one array.
            let factor = _mm256_mul_ps(unsafe { _mm256_loadu_ps(weights.as_ptr()) }, kernel);
            sum0 = _mm256_add_ps(sum0, _mm256_mul_ps(factor, difference0));
            sum1 = _mm256_add_ps(sum1, _mm256_mul_ps(factor, difference1));
        }
        *sum = [sum0, sum1].map(|lanes| {
            let quarters = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps::<1>(lanes));
            let halves = _mm_add_ps(quarters, _mm_movehl_ps(quarters, quarters));
            _mm_cvtss_f32(_mm_add_ss(halves, _mm_shuffle_ps::<1>(halves, halves)))
        });
    }
}
