//! The attraction in instructions that the compiler does not choose by itself: the loop written out for AVX2, and memory asked
//! for ahead.
//!
//! In `f32` and two dimensions: eight loads of a whole point each, and two shuffles for a register of each coordinate. What the
//! compiler makes of the plain loop (`sums.rs`) takes 0.33 ns for each entry where this takes 0.19 (70,000 points in the order
//! of the map, 130 entries each, two threads). The operations and their order are those of the plain loop, and so are the bits.
//!
//! # Why `unsafe` is sound here
//!
//! Calling a function compiled for more features than the caller's is undefined on a machine that lacks them: the one call stands
//! directly behind the detection of exactly that feature. Points are read without bounds checks after the number of points has
//! been compared with the bound of the rows: [`ChunkedRows`] are only made of columns below it, and never change.
#![allow(unsafe_code)]

use super::lanes::LANES;
use super::rows::{ChunkedRows, Weights};
use tsne_core::Scalar;

/// The sums of [`sums`](super::sums::attraction), if this machine and these types are those that the loop is written for.
///
/// False, and nothing is written, where they are not, or where there are fewer points than [`ChunkedRows::bound`].
#[inline]
pub(super) fn attraction<T: Scalar, const D: usize>(
    y: &[[T; D]],
    points: &[[T; D]],
    (rows, first): (&ChunkedRows<T>, usize),
    inverse_dof: T,
    sums: &mut [[T; D]],
) -> bool {
    #[cfg(target_arch = "x86_64")]
    if D == 2
        && points.len() >= rows.bound()
        && std::arch::is_x86_feature_detected!("avx2")
        && let (Some(y), Some(points)) = (T::as_f32(y.as_flattened()), T::as_f32(points.as_flattened()))
        && let Weights::Counts(counts) = rows.weights()
        && let Some(sums) = T::as_f32_mut(sums.as_flattened_mut())
    {
        let rows = rows.view(first, counts);
        let (y, points, sums) = (y.as_chunks().0, points.as_chunks().0, sums.as_chunks_mut().0);
        // SAFETY: the feature that `rows_of` is compiled for was detected, and the points were counted above.
        unsafe { x86_64::rows_of(y, points, rows, inverse_dof.to_f64() as f32, sums) };
        return true;
    }
    _ = (y, points, rows, first, inverse_dof, sums);
    false
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::super::rows::{ChunkedRow, ChunkedView, offset};
    use super::prefetch_behind;
    use std::arch::x86_64::*;
    use tsne_core::Scalar;

    /// The sums of all rows.
    ///
    /// # Safety
    ///
    /// The rows must be those of [`ChunkedRows`](super::ChunkedRows) with a bound of at most as many as there are `points`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn rows_of<T: Scalar>(
        y: &[[f32; 2]],
        points: &[[f32; 2]],
        rows: ChunkedView<'_, T, u16>,
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
            let counts = if row.is_narrow() {
                unsafe { one_row::<_, false>(*y, points, row, inverse_dof) }
            } else {
                unsafe { one_row::<_, true>(*y, points, row, inverse_dof) }
            };
            let unit = row.unit.to_f64() as f32;
            *sum = counts.map(|sum| unit * sum);
        }
    }

    /// The counts of one row over the points from its first column on; `WIDE` if its columns are in halves.
    ///
    /// # Safety
    ///
    /// Every offset must be below `points.len()`.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn one_row<T, const WIDE: bool>(
        y: [f32; 2],
        points: &[[f32; 2]],
        row: ChunkedRow<'_, T, u16>,
        inverse_dof: f32,
    ) -> [f32; 2] {
        let base = points.as_ptr().cast::<f64>();
        // SAFETY (of both reads): the points exist, as the caller promises; one is as long as an `f64`, which is only moved, but
        // need not be aligned like one.
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
            // SAFETY: the unaligned load reads the 16 bytes of one array.
            let counts = _mm256_cvtepu16_epi32(unsafe { _mm_loadu_si128(weights.as_ptr().cast()) });
            let factor = _mm256_mul_ps(_mm256_cvtepi32_ps(counts), kernel);
            sum0 = _mm256_add_ps(sum0, _mm256_mul_ps(factor, difference0));
            sum1 = _mm256_add_ps(sum1, _mm256_mul_ps(factor, difference1));
        }
        [sum0, sum1].map(|lanes| {
            let quarters = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps::<1>(lanes));
            let halves = _mm_add_ps(quarters, _mm_movehl_ps(quarters, quarters));
            _mm_cvtss_f32(_mm_add_ss(halves, _mm_shuffle_ps::<1>(halves, halves)))
        })
    }
}

/// How far ahead columns and weights are fetched, in bytes: a page, at whose end the processor's own prefetching stops.
///
/// One million points in the order of 100 clusters, 150 entries each, ms of two threads: 56 without, 45 at 512, 36 from 2,048 on.
const AHEAD: usize = 4096;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Asks for the cache lines of a slice, which is about to be read where the processor cannot foresee it.
#[inline(always)]
pub(super) fn prefetch<T>(items: &[T]) {
    // From the start of the first line on.
    let before = items.as_ptr().addr() % LINE;
    let first = items.as_ptr().wrapping_byte_sub(before);
    for line in 0..(before + size_of_val(items)).div_ceil(LINE) {
        prefetch_line(first.wrapping_byte_add(line * LINE));
    }
}

/// Asks for what comes behind a chunk of columns and one of weights.
#[inline(always)]
pub(super) fn prefetch_behind<T>(columns: &[u16; LANES], weights: &[T; LANES]) {
    prefetch_line(columns.as_ptr().wrapping_byte_add(AHEAD));
    prefetch_line(weights.as_ptr().wrapping_byte_add(AHEAD));
}

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
