//! Slices in chunks, in parallel.
//!
//! Each closure that a parallel loop is written with brings a set of rayon's functions of its own, 5 to 10 KiB of them, in every
//! scalar and dimension; together they took more time to compile than all that the closures do. Here they are generic over the
//! elements alone, and the closure of a loop is called for each chunk by its address: which costs nanoseconds where a chunk takes
//! microseconds. What is only read is not cut: [`blocks::range`](crate::blocks::range) tells the elements of a chunk.

use crate::span::Region;
use rayon::prelude::*;

/// Calls `f` with the number and the elements of each chunk of `size` elements, in parallel. The last chunk may be shorter.
///
/// # Examples
///
/// ```
/// use tsne_core::chunks;
///
/// let mut numbers = [0; 5];
/// chunks::for_each(&mut numbers, 2, |chunk, numbers| numbers.fill(chunk));
/// assert_eq!(numbers, [0, 0, 1, 1, 2]);
/// ```
#[inline]
#[track_caller]
pub fn for_each<A: Send>(a: &mut [A], size: usize, f: impl Fn(usize, &mut [A]) + Sync) {
    each(a, size, &f);
}

/// Calls `f` with the number and the points of each chunk of `size` points, in parallel. The last chunk may be shorter.
///
/// This is [`for_each`] for points, with the code of their coordinates in place of its own for each dimension.
///
/// # Examples
///
/// ```
/// use tsne_core::chunks;
///
/// let mut points = [[0.0f32, 1.0]; 3];
/// chunks::for_each_point(&mut points, 2, |chunk, points| points.iter_mut().for_each(|p| p[0] = chunk as f32));
/// assert_eq!(points, [[0.0, 1.0], [0.0, 1.0], [1.0, 1.0]]);
/// ```
#[inline]
#[track_caller]
pub fn for_each_point<T: Send, const D: usize>(
    points: &mut [[T; D]],
    size: usize,
    f: impl Fn(usize, &mut [[T; D]]) + Sync,
) {
    each(points.as_flattened_mut(), size.saturating_mul(D), &|chunk, flat| f(chunk, flat.as_chunks_mut().0));
}

/// Calls `f` with the number and the elements of each chunk of two slices, in parallel, as long as both have one: each slice
/// comes with the size of its chunks.
///
/// # Examples
///
/// ```
/// use tsne_core::chunks;
///
/// let (mut sums, mut numbers) = ([0; 3], [0; 5]);
/// chunks::for_each2((&mut sums, 1), (&mut numbers, 2), |chunk, sum, numbers| {
///     numbers.fill(chunk);
///     sum[0] = numbers.iter().sum();
/// });
/// assert_eq!((sums, numbers), ([0, 2, 2], [0, 0, 1, 1, 2]));
/// ```
#[inline]
#[track_caller]
pub fn for_each2<A: Send, B: Send>(
    a: (&mut [A], usize),
    b: (&mut [B], usize),
    f: impl Fn(usize, &mut [A], &mut [B]) + Sync,
) {
    each2(a, b, &f);
}

/// [`for_each2`] with three slices.
///
/// # Examples
///
/// ```
/// use tsne_core::chunks;
///
/// let (mut a, mut b, mut c) = ([0; 5], [0; 5], [0; 3]);
/// chunks::for_each3((&mut a, 2), (&mut b, 2), (&mut c, 1), |chunk, a, b, c| {
///     a.fill(chunk);
///     b.copy_from_slice(a);
///     c[0] = a.len();
/// });
/// assert_eq!((a, b, c), ([0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [2, 2, 1]));
/// ```
#[inline]
#[track_caller]
pub fn for_each3<A: Send, B: Send, C: Send>(
    a: (&mut [A], usize),
    b: (&mut [B], usize),
    c: (&mut [C], usize),
    f: impl Fn(usize, &mut [A], &mut [B], &mut [C]) + Sync,
) {
    each3(a, b, c, &f);
}

type Each<'f, A> = &'f (dyn Fn(usize, &mut [A]) + Sync);
type Each2<'f, A, B> = &'f (dyn Fn(usize, &mut [A], &mut [B]) + Sync);
type Each3<'f, A, B, C> = &'f (dyn Fn(usize, &mut [A], &mut [B], &mut [C]) + Sync);

// A slice of no elements, as coordinates of no dimensions are, may come with a size of 0.
#[inline(never)]
#[track_caller]
fn each<A: Send>(a: &mut [A], size: usize, f: Each<'_, A>) {
    let region = Region::enter();
    a.par_chunks_mut(size.max(1)).enumerate().for_each(|(chunk, a)| region.task(|| f(chunk, a)));
}

#[inline(never)]
#[track_caller]
fn each2<A: Send, B: Send>((a, size_a): (&mut [A], usize), (b, size_b): (&mut [B], usize), f: Each2<'_, A, B>) {
    let region = Region::enter();
    let chunks = a.par_chunks_mut(size_a.max(1)).zip(b.par_chunks_mut(size_b.max(1)));
    chunks.enumerate().for_each(|(chunk, (a, b))| region.task(|| f(chunk, a, b)));
}

#[inline(never)]
#[track_caller]
fn each3<A: Send, B: Send, C: Send>(
    (a, size_a): (&mut [A], usize),
    (b, size_b): (&mut [B], usize),
    (c, size_c): (&mut [C], usize),
    f: Each3<'_, A, B, C>,
) {
    let region = Region::enter();
    let chunks = a.par_chunks_mut(size_a.max(1)).zip(b.par_chunks_mut(size_b.max(1)));
    let chunks = chunks.zip(c.par_chunks_mut(size_c.max(1)));
    chunks.enumerate().for_each(|(chunk, ((a, b), c))| region.task(|| f(chunk, a, b, c)));
}
