//! The entries of a matrix by the row that they point to.
//!
//! Entries come in buckets of consecutive destinations, in the order of their sources, and each bucket is sorted by
//! counting where it fits a core's cache. The order is that of the sources within each row: nothing is left to a schedule.

use std::ops::Range;
use tsne_core::{Array, Result, Scalar, blocks, memory};

/// Destinations in a bucket: at 90 neighbors it takes 0.7 MB, less than a core's own cache, and a million points have a
/// thousand buckets, so that the lines to which a core deals stay there, too.
pub(super) const BUCKET: usize = blocks::BLOCK;

/// Bits of the place of a source in its range; the place of a destination in its bucket stands above them.
pub(super) const SOURCE_BITS: u32 = u32::BITS - BUCKET.ilog2();
const _: () = assert!(BUCKET.is_power_of_two());

/// Buckets with their entries from all rows.
pub(super) struct Incoming<T> {
    /// The buckets, by their numbers.
    pub(super) buckets: Range<usize>,
    /// What the rows of each member of the team point to, in their order.
    pub(super) origins: Vec<Origin<T>>,
}

/// The entries of the rows of one member.
pub(super) struct Origin<T> {
    /// The place of the destination in its bucket, above that of the source in its range.
    keys: Array<u32>,
    weights: Array<T>,
    /// Where each bucket starts, and the number of entries last.
    starts: Vec<usize>,
    /// How many entries of each bucket are of each range of sources, bucket by bucket.
    lengths: Vec<usize>,
    /// The first source, the sources in a range, and the number of ranges.
    sources: (usize, usize, usize),
}

impl<T: Scalar> Origin<T> {
    /// `None` unless there are as many entries as the lengths say.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
    pub(super) fn new(
        keys: Array<u32>,
        weights: Array<T>,
        lengths: &[usize],
        sources: (usize, usize, usize),
    ) -> Result<Option<Self>> {
        let ranges = sources.2.max(1);
        let lengths = memory::copied("counts of entries", lengths)?;
        let mut starts = memory::filled("counts of entries", lengths.len() / ranges + 1, 0usize)?;
        let mut total = 0usize;
        for (end, lengths) in starts.iter_mut().skip(1).zip(lengths.chunks_exact(ranges)) {
            total = lengths.iter().fold(total, |sum, &length| sum.saturating_add(length));
            *end = total;
        }
        let fits = keys.len() == total && weights.len() == total;
        Ok(fits.then_some(Self { keys, weights, starts, lengths, sources }))
    }

    /// The entries of a bucket, by its place, and how many of them are of each range; none where there are no rows.
    fn bucket(&self, place: usize) -> (&[u32], &[T], &[usize]) {
        let ranges = self.sources.2;
        match self.starts.get(place..).and_then(<[usize]>::first_chunk) {
            Some(&[start, end]) => {
                let lengths = &self.lengths[place * ranges..(place + 1) * ranges];
                (&self.keys[start..end], &self.weights[start..end], lengths)
            }
            None => (&[], &[], &[]),
        }
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
    pub(super) fn sort(&mut self, part: &Incoming<T>, bucket: usize) -> Result<()> {
        let entries = || part.origins.iter().map(|origin| (origin, origin.bucket(bucket - part.buckets.start)));
        self.starts.clear();
        // Counts are kept two places late: counted, they become starts, and when all is placed the row's own start is there.
        memory::resize("entries of a bucket", &mut self.starts, BUCKET + 2, 0)?;
        for (_, (keys, ..)) in entries() {
            keys.iter().for_each(|key| self.starts[(key >> SOURCE_BITS) as usize + 2] += 1);
        }
        for row in 2..BUCKET + 2 {
            self.starts[row] += self.starts[row - 1];
        }
        let total = self.starts[BUCKET + 1];
        memory::resize("entries of a bucket", &mut self.sources, total, 0)?;
        memory::resize("entries of a bucket", &mut self.weights, total, T::ZERO)?;
        for (origin, (keys, weights, lengths)) in entries() {
            let mut entries = keys.iter().zip(weights);
            let (start, size, _) = origin.sources;
            for (range, &length) in lengths.iter().enumerate() {
                let first = (start + range * size) as u32;
                for (&key, &weight) in entries.by_ref().take(length) {
                    let next = &mut self.starts[(key >> SOURCE_BITS) as usize + 1];
                    self.sources[*next] = first.wrapping_add(key & ((1 << SOURCE_BITS) - 1));
                    self.weights[*next] = weight;
                    *next += 1;
                }
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
