//! The entries of a matrix by the row that they point to.
//!
//! Entries are dealt to buckets of consecutive destinations, in the order of their sources, and each bucket is sorted by
//! counting where it fits a core's cache. The order is that of the sources within each row: nothing is left to a schedule.
//!
//! `tsne_core::buckets` has the plain counting sort. This one is for the largest array of a fit, and is parallel: a range of
//! sources deals its entries to slots of its own, so that cores write to no line of another, and what is sorted is freed
//! while the result grows.

use super::weighted::WeightedGraph;
use crate::ordered;
use tsne_core::{Context, Result, Scalar, chunks, memory};

/// Destinations in a bucket: at 90 neighbors it takes 0.7 MB, less than a core's own cache, and a million points have a
/// thousand buckets, so that the lines to which a core deals stay there, too.
pub(super) const BUCKET: usize = 1024;
/// Bytes of the keys of buckets that are in memory, or freed, together, at the least; as many of their weights in `f32`. From
/// 32 MiB on, what glibc gets back goes back to the system, whatever the process has freed before. Of 1,000,000 × 50 the whole
/// process had a peak of 3.19 GB with pieces of 24 MB, of 2.60 with these (`tsne embed --json`).
pub(super) const TOGETHER: usize = 33 << 20;
/// Ranges of sources that are dealt at the same time: more if the ranges would be too long.
const RANGES: usize = 64;
/// Bits of the place of a source in its range; the place of a destination in its bucket stands above them.
const SOURCE_BITS: u32 = u32::BITS - BUCKET.ilog2();
const _: () = assert!(BUCKET.is_power_of_two());

/// Buckets of consecutive destinations.
pub(super) struct BucketRange<T> {
    /// The place of the destination in its bucket, above that of the source in its range.
    keys: Vec<u32>,
    weights: Vec<T>,
    /// Where each bucket starts, and the number of entries last.
    starts: Vec<usize>,
    /// How many entries of each bucket are of each range of sources, bucket by bucket.
    lengths: Vec<usize>,
    /// The sources in a range.
    range: usize,
    /// The first bucket.
    first: usize,
}

/// What a range of sources writes of one bucket.
struct Slot<'s, T> {
    keys: &'s mut [u32],
    weights: &'s mut [T],
    filled: usize,
}

impl<T: Scalar> BucketRange<T> {
    /// All entries of `matrix`, in ranges of buckets.
    pub(super) fn all(matrix: &WeightedGraph<'_, T>, cx: Context<'_>) -> Result<Vec<Self>> {
        let n = matrix.n;
        let buckets = n.div_ceil(BUCKET);
        let rows = n.div_ceil(RANGES).min(1 << SOURCE_BITS);
        let sources = |range: usize| range * rows..n.min((range + 1) * rows);
        let ranges = n.div_ceil(rows);
        let mut counts = memory::filled("counts of entries", ranges * buckets, 0usize)?;
        chunks::for_each(&mut counts, buckets, |range, counts| {
            sources(range).for_each(|i| matrix.neighbors(i).iter().for_each(|&to| counts[to as usize / BUCKET] += 1));
        });
        let together = TOGETHER.div_ceil(matrix.j.max(1).saturating_mul(BUCKET * size_of::<u32>()));
        let mut parts: Vec<Self> = (0..buckets)
            .step_by(together)
            .map(|first| {
                let (mut starts, mut lengths) = (vec![0], Vec::new());
                let mut total = 0;
                for bucket in first..buckets.min(first + together) {
                    lengths.extend((0..ranges).map(|range| counts[range * buckets + bucket]));
                    total += lengths[lengths.len() - ranges..].iter().sum::<usize>();
                    starts.push(total);
                }
                let keys = memory::filled("entries by their columns", total, 0u32)?;
                let weights = memory::filled("entries by their columns", total, T::ZERO)?;
                Ok(Self { keys, weights, starts, lengths, range: rows, first })
            })
            .collect::<Result<_>>()?;
        // Bucket by bucket, and within each range by range.
        let mut slots: Vec<Vec<Slot<'_, T>>> = (0..ranges).map(|_| Vec::with_capacity(buckets)).collect();
        for part in &mut parts {
            let (mut keys, mut weights) = (&mut part.keys[..], &mut part.weights[..]);
            for bucket in part.first..part.first + part.starts.len() - 1 {
                for (range, slots) in slots.iter_mut().enumerate() {
                    let (keys_head, keys_tail) = keys.split_at_mut(counts[range * buckets + bucket]);
                    let (weights_head, weights_tail) = weights.split_at_mut(counts[range * buckets + bucket]);
                    slots.push(Slot { keys: keys_head, weights: weights_head, filled: 0 });
                    (keys, weights) = (keys_tail, weights_tail);
                }
            }
        }
        ordered::try_for_each(
            (&mut slots, 1),
            || (),
            |(), range, slots| {
                cx.check()?;
                let slots = &mut slots[0];
                for i in sources(range) {
                    for (&to, &weight) in matrix.neighbors(i).iter().zip(matrix.weights(i)) {
                        let (bucket, place) = (to as usize / BUCKET, to as usize % BUCKET);
                        let slot = &mut slots[bucket];
                        slot.keys[slot.filled] = (place << SOURCE_BITS | (i - range * rows)) as u32;
                        slot.weights[slot.filled] = weight;
                        slot.filled += 1;
                    }
                }
                Ok(())
            },
        )?;
        Ok(parts)
    }

    /// The buckets, by their numbers.
    pub(super) fn buckets(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.starts.len() - 1
    }
}

/// The entries of one bucket, row by row, each ascending by source.
#[derive(Default)]
pub(super) struct Bucket<T> {
    sources: Vec<u32>,
    weights: Vec<T>,
    /// Where each row starts, and the number of entries last.
    starts: Vec<usize>,
}

impl<T: Scalar> Bucket<T> {
    /// Takes in a bucket.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory): all points may point to one.
    pub(super) fn sort(&mut self, part: &BucketRange<T>, bucket: usize) -> Result<()> {
        let own = bucket - part.first;
        let entries = part.starts[own]..part.starts[own + 1];
        let (keys, weights) = (&part.keys[entries.clone()], &part.weights[entries]);
        self.starts.clear();
        // Counts are kept two places late: counted, they become starts, and when all is placed the row's own start is there.
        memory::resize("entries of a bucket", &mut self.starts, BUCKET + 2, 0)?;
        keys.iter().for_each(|key| self.starts[(key >> SOURCE_BITS) as usize + 2] += 1);
        for row in 2..BUCKET + 2 {
            self.starts[row] += self.starts[row - 1];
        }
        memory::resize("entries of a bucket", &mut self.sources, keys.len(), 0)?;
        memory::resize("entries of a bucket", &mut self.weights, keys.len(), T::ZERO)?;
        let mut entries = keys.iter().zip(weights);
        let ranges = part.lengths.len() / (part.starts.len() - 1);
        for (range, &length) in part.lengths[own * ranges..(own + 1) * ranges].iter().enumerate() {
            let first = (range * part.range) as u32;
            for (&key, &weight) in entries.by_ref().take(length) {
                let next = &mut self.starts[(key >> SOURCE_BITS) as usize + 1];
                self.sources[*next] = first + (key & ((1 << SOURCE_BITS) - 1));
                self.weights[*next] = weight;
                *next += 1;
            }
        }
        Ok(())
    }

    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// The sources and weights of the entries that point to row `row` of the bucket.
    pub(super) fn row(&self, row: usize) -> (&[u32], &[T]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.sources[range.clone()], &self.weights[range])
    }
}
