//! Reductions in a fixed order: the same bits for any number of threads.
//!
//! A range is cut into blocks of a constant size, each block is reduced by one task, and the partial results are
//! folded in the order of the blocks. Only the schedule depends on the number of threads, never a value.

use crate::chunks;
use crate::error::Result;
use crate::memory;
use crate::span::Region;
use rayon::prelude::*;
use std::ops::Range;

/// Points in a block: 1,024 points of work (some ten microseconds) hide the cost of a task, and 70,000 points still
/// give 69 tasks to balance.
pub const BLOCK: usize = 1024;

/// The number of blocks that cover `n` items.
///
/// # Examples
///
/// ```
/// use tsne_core::blocks::{BLOCK, count};
///
/// assert_eq!((count(0), count(1), count(BLOCK), count(BLOCK + 1)), (0, 1, 1, 2));
/// ```
pub const fn count(n: usize) -> usize {
    n.div_ceil(BLOCK)
}

/// The items of block `b` out of `n`.
///
/// The last block may be shorter, those beyond it are empty.
///
/// # Examples
///
/// ```
/// use tsne_core::blocks::{BLOCK, range};
///
/// assert_eq!(range(1, BLOCK + 3), BLOCK..BLOCK + 3);
/// assert!(range(2, BLOCK + 3).is_empty());
/// ```
pub fn range(b: usize, n: usize) -> Range<usize> {
    let start = b.saturating_mul(BLOCK).min(n);
    start..start.saturating_add(BLOCK).min(n)
}

/// Calls `f` for each block of `0..n`, in parallel.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
/// use tsne_core::blocks::{BLOCK, for_each};
///
/// let items = AtomicUsize::new(0);
/// for_each(BLOCK + 3, |range| _ = items.fetch_add(range.len(), Relaxed));
/// assert_eq!(items.into_inner(), BLOCK + 3);
/// ```
#[inline]
#[track_caller]
pub fn for_each(n: usize, f: impl Fn(Range<usize>) + Sync) {
    each(n, &f);
}

// By the address of the closure: rayon's functions are compiled here, once, and not for each closure (see `chunks`).
#[track_caller]
fn each(n: usize, f: &(dyn Fn(Range<usize>) + Sync)) {
    let region = Region::enter();
    (0..count(n)).into_par_iter().for_each(|b| region.task(|| f(range(b, n))));
}

/// Computes one partial result for each block of `0..n`, in parallel, into `partials` (whose memory is reused).
///
/// Fold the result in its order: `partials.iter().sum()`.
///
/// # Examples
///
/// ```
/// use tsne_core::blocks::{BLOCK, map};
///
/// let mut partials = Vec::new();
/// assert_eq!(map(&mut partials, BLOCK + 3, |range| range.len()), [BLOCK, 3]);
/// ```
#[track_caller]
pub fn map<A, F>(partials: &mut Vec<A>, n: usize, f: F) -> &[A]
where
    A: Send + Default + Clone,
    F: Fn(Range<usize>) -> A + Sync,
{
    partials.clear();
    partials.resize(count(n), A::default());
    // By chunks of one, as `chunks` does: rayon's functions once for each type of result, and not for each closure.
    chunks::for_each(partials, 1, |b, partial| partial.fill_with(|| f(range(b, n))));
    partials
}

/// Computes one result for each block of `0..n`, in parallel, or fails.
///
/// An error is a result like others: all blocks are computed, and the error is that of the first block in their order. Collecting
/// into a [`Result`] under rayon gives the one that happened first, which differs from run to run.
///
/// # Errors
///
/// The error of the first block that has one, and [`Error::OutOfMemory`](crate::Error::OutOfMemory).
///
/// # Examples
///
/// ```
/// use tsne_core::blocks::{BLOCK, try_map};
/// use tsne_core::Error;
///
/// assert_eq!(try_map(BLOCK + 3, |range| Ok(range.len()))?, [BLOCK, 3]);
/// let odd = |range: std::ops::Range<usize>| Err::<(), _>(Error::invalid("block", range.start));
/// assert_eq!(try_map(2 * BLOCK, odd), Err(Error::invalid("block", 0)));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn try_map<A, F>(n: usize, f: F) -> Result<Vec<A>>
where
    A: Send,
    F: Fn(Range<usize>) -> Result<A> + Sync,
{
    outcomes(n, &f)?.into_iter().collect()
}

#[inline(never)]
#[track_caller]
fn outcomes<A: Send>(n: usize, f: &(dyn Fn(Range<usize>) -> Result<A> + Sync)) -> Result<Vec<Result<A>>> {
    let blocks = count(n);
    let mut outcomes = Vec::new();
    memory::reserve("results of blocks", &mut outcomes, blocks)?;
    let region = Region::enter();
    (0..blocks).into_par_iter().map(|b| region.task(|| f(range(b, n)))).collect_into_vec(&mut outcomes);
    Ok(outcomes)
}

/// The first result in the order of the items `0..n`, looked for in parallel; items behind it may be looked at, or not.
///
/// # Examples
///
/// ```
/// use tsne_core::blocks;
///
/// let x: Vec<i32> = (0..5_000).collect();
/// assert_eq!(blocks::find_first(x.len(), |i| (x[i] % 700 == 699).then_some(i)), Some(699));
/// assert_eq!(blocks::find_first(x.len(), |i| (x[i] < 0).then_some(i)), None);
/// ```
#[track_caller]
pub fn find_first<A: Send>(n: usize, f: impl Fn(usize) -> Option<A> + Sync) -> Option<A> {
    first(n, &|items| items.into_iter().find_map(&f))
}

#[inline(never)]
#[track_caller]
fn first<A: Send>(n: usize, f: &(dyn Fn(Range<usize>) -> Option<A> + Sync)) -> Option<A> {
    // Items may be long rows: fewer to a task than points.
    const ITEMS: usize = 64;
    let region = Region::enter();
    let items = |b: usize| b * ITEMS..n.min(b.saturating_add(1).saturating_mul(ITEMS));
    (0..n.div_ceil(ITEMS)).into_par_iter().find_map_first(|b| region.task(|| f(items(b))))
}

/// The sum of `f` over the blocks of `0..n`, in their order.
///
/// # Examples
///
/// ```
/// use tsne_core::blocks;
///
/// let x = vec![0.5f32; 5_000];
/// let sum = blocks::sum(&mut Vec::new(), x.len(), |range| x[range].iter().map(|v| f64::from(*v)).sum());
/// assert_eq!(sum, 2_500.0);
/// ```
#[track_caller]
pub fn sum<F>(partials: &mut Vec<f64>, n: usize, f: F) -> f64
where
    F: Fn(Range<usize>) -> f64 + Sync,
{
    // From 0: the standard library's empty sum is -0.
    map(partials, n, f).iter().fold(0.0, |sum, partial| sum + partial)
}
