//! The radix sort of keys whose upper half decides.

use crate::error::Result;
use crate::{chunks, memory};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Sorts distinct 64-bit keys by their upper halves, then their lower ones, which must ascend in the input: codes with the
/// indices of their points ([`morton::key`](crate::morton::key)) in the order of the points.
///
/// A least-significant-digit radix sort: blocks of constant size count their digits, a prefix sum gives each block
/// its own places, and each block moves its keys there. The places are disjoint and do not depend on the number of
/// threads; relaxed atomic stores, plain moves on all common machines, say so to the compiler.
/// All passes are parallel but the prefix sum: a tree of joins, as a parallel quicksort is, has a first partition that one thread
/// makes alone.
///
/// # Examples
///
/// ```
/// use tsne_core::morton::key;
/// use tsne_core::radix::RadixSort;
///
/// let mut keys = [key(7, 0), key(3, 1), key(3, 2)];
/// RadixSort::default().sort(&mut keys)?;
/// assert_eq!(keys, [key(3, 1), key(3, 2), key(7, 0)]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct RadixSort {
    buffers: [Vec<AtomicU64>; 2],
    counts: Vec<[u32; RADIX]>,
}

/// A clone has memory of its own to make.
impl Clone for RadixSort {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Bits of a digit: three passes cover 32 bits.
const DIGIT_BITS: u32 = 11;
const RADIX: usize = 1 << DIGIT_BITS;
const PASSES: u32 = 32u32.div_ceil(DIGIT_BITS);

/// Keys of a block: eight times the counters that a block must clear and sum.
const SORT_BLOCK: usize = 16_384;

/// Below this many keys, clearing counters costs more than comparing keys.
const SMALL: usize = 2_048;

/// The keys of block `b` out of `n`.
fn block(b: usize, n: usize) -> Range<usize> {
    b * SORT_BLOCK..n.min((b + 1) * SORT_BLOCK)
}

#[inline(always)]
fn digit(key: u64, pass: u32) -> usize {
    (key >> (32 + pass * DIGIT_BITS)) as usize & (RADIX - 1)
}

impl RadixSort {
    /// Sorts `keys`; memory of the size of twice the keys is kept for the next call.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory), and the keys are as they were.
    pub fn sort(&mut self, keys: &mut [u64]) -> Result<()> {
        let n = keys.len();
        if n < SMALL {
            keys.sort_unstable();
            return Ok(());
        }
        for buffer in &mut self.buffers {
            let more = n.saturating_sub(buffer.len());
            memory::reserve("the sorted keys", buffer, more)?;
            buffer.resize_with(buffer.len() + more, AtomicU64::default);
        }
        let blocks = n.div_ceil(SORT_BLOCK);
        if self.counts.len() < blocks {
            memory::resize("the counts of keys", &mut self.counts, blocks, [0; RADIX])?;
        }
        let [from, to] = &mut self.buffers;
        let (mut from, mut to, counts) = (&mut from[..n], &mut to[..n], &mut self.counts[..blocks]);
        chunks::for_each(from, SORT_BLOCK, |b, into| {
            for (into, key) in into.iter_mut().zip(&keys[block(b, n)]) {
                *into.get_mut() = *key;
            }
        });
        for pass in 0..PASSES {
            let sorted: &[AtomicU64] = from;
            chunks::for_each(counts, 1, |b, counts| {
                for counts in counts {
                    counts.fill(0);
                    for key in &sorted[block(b, n)] {
                        counts[digit(key.load(Relaxed), pass)] += 1;
                    }
                }
            });
            if !places(counts, n) {
                continue;
            }
            let target: &[AtomicU64] = to;
            chunks::for_each(counts, 1, |b, places| {
                for places in places {
                    for key in &sorted[block(b, n)] {
                        let key = key.load(Relaxed);
                        let place = &mut places[digit(key, pass)];
                        target[*place as usize].store(key, Relaxed);
                        *place += 1;
                    }
                }
            });
            std::mem::swap(&mut from, &mut to);
        }
        let sorted: &[AtomicU64] = from;
        chunks::for_each(keys, SORT_BLOCK, |b, keys| {
            for (key, sorted) in keys.iter_mut().zip(&sorted[block(b, n)]) {
                *key = sorted.load(Relaxed);
            }
        });
        Ok(())
    }
}

/// Turns the counts of each block into the first place of each of its digits; `false` if all keys share one digit.
fn places(counts: &mut [[u32; RADIX]], n: usize) -> bool {
    let mut place = 0;
    for d in 0..RADIX {
        let first = place;
        for block in counts.iter_mut() {
            let count = block[d];
            block[d] = place;
            place += count;
        }
        if (place - first) as usize == n {
            return false;
        }
    }
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sorts_any_distribution_like_the_standard_library() {
        let mut sort = RadixSort::default();
        for n in [0usize, 1, SMALL - 1, SMALL, SORT_BLOCK, SORT_BLOCK + 1, 5 * SORT_BLOCK + 3] {
            for mask in [0, 1, 0xffff_0000, 0x003f_f800, 0xffff_ffff_u64] {
                let mut keys: Vec<u64> = (0..n as u64).map(|i| (crate::random::mix(i) & mask) << 32 | i).collect();
                let mut expected = keys.clone();
                expected.sort_unstable();
                sort.sort(&mut keys).unwrap();
                assert!(keys == expected, "n = {n}, mask = {mask:x}");
            }
        }
    }

    /// As many keys of one digit as of all others, and digits of which there is none: only a pass in which all keys share a digit
    /// may be left out.
    #[test]
    fn half_of_the_keys_may_share_a_digit() {
        let mut sort = RadixSort::default();
        for pass in 0..PASSES {
            let mut keys: Vec<u64> =
                (0..2 * SMALL as u64).map(|i| (1 - i % 2) << (33 + pass * DIGIT_BITS) | i).collect();
            let mut expected = keys.clone();
            expected.sort_unstable();
            sort.sort(&mut keys).unwrap();
            assert!(keys == expected, "pass {pass}");
        }
    }
}
