//! The entries of a matrix, dealt to buckets of consecutive rows that they point to.
//!
//! `tsne_core::buckets` has the plain counting sort. This one is for the largest array of a fit, and is parallel: a range of
//! sources deals its entries to slots of its own, so that cores write to no line of another, and what is sorted is freed
//! while the result grows.
//!
//! Buckets are the blocks of points that members of a team share: a bucket is of one member, to which all others send what they have
//! dealt to it. That goes part by part, so that a member has its own entries and one part of what it receives.

use super::incoming::{BUCKET, Incoming, Origin, SOURCE_BITS};
use super::weighted::WeightedGraph;
use crate::ordered;
use std::ops::Range;
use std::vec;
use tsne_core::{Array, Context, Error, Result, Scalar, chunks, memory, share};

/// Bytes of the keys of buckets that are in memory, or freed, together, at the least; as many of their weights in `f32`. From
/// 32 MiB on, what glibc gets back goes back to the system, whatever the process has freed before. Of 1,000,000 × 50 the whole
/// process had a peak of 3.19 GB with pieces of 24 MB, of 2.60 with these (`tsne embed --json`).
pub(super) const TOGETHER: usize = 33 << 20;
/// Ranges of sources that are dealt at the same time: more if the ranges would be too long.
const RANGES: usize = 64;

/// How the rows of one member are cut into ranges of sources.
#[derive(Debug, Clone)]
struct Ranges {
    rows: Range<usize>,
    /// Sources in a range.
    size: usize,
}

impl Ranges {
    fn new(rows: Range<usize>) -> Self {
        let size = rows.len().div_ceil(RANGES).clamp(1, 1 << SOURCE_BITS);
        Self { rows, size }
    }

    fn count(&self) -> usize {
        self.rows.len().div_ceil(self.size)
    }

    fn sources(&self, range: usize) -> Range<usize> {
        let start = self.rows.start + range * self.size;
        start..self.rows.end.min(start + self.size)
    }
}

/// The name of these arrays in errors.
const ENTRIES: &str = "entries by their columns";

/// Entries of consecutive buckets of one member.
struct Part<T> {
    /// The place of the destination in its bucket, above that of the source in its range: bucket by bucket, and within each
    /// range by range.
    keys: Array<u32>,
    weights: Array<T>,
}

/// What a range of sources writes of one bucket.
struct Slot<'s, T> {
    keys: &'s mut [u32],
    weights: &'s mut [T],
    filled: usize,
}

/// The entries of a matrix for the buckets of all members.
pub(super) struct Dealt<T> {
    /// The parts of each member, in the order in which they are sent.
    parts: Vec<vec::IntoIter<Part<T>>>,
    /// The ranges of sources of each member.
    ranges: Vec<Ranges>,
    /// What each member has for each of this one's buckets from each of its ranges, bucket by bucket.
    lengths: Vec<Vec<usize>>,
    /// This member's buckets.
    buckets: Range<usize>,
    /// Buckets in a part.
    together: usize,
    /// How many parts there are at the most, of one member.
    rounds: usize,
}

impl<T: Scalar> Dealt<T> {
    /// All entries of `matrix`, the rows of this member.
    pub(super) fn new(matrix: &WeightedGraph<'_, T>, cx: Context<'_>) -> Result<Self> {
        let together = TOGETHER.div_ceil(matrix.j.max(1).saturating_mul(BUCKET * size_of::<u32>()));
        Self::in_parts(matrix, together, cx)
    }

    /// The same in parts of `together` buckets.
    fn in_parts(matrix: &WeightedGraph<'_, T>, together: usize, cx: Context<'_>) -> Result<Self> {
        let (n, members) = (matrix.n, cx.members());
        let buckets = n.div_ceil(BUCKET);
        let buckets_of = |member: usize| share(buckets, member, members);
        let ranges =
            memory::collected("ranges of rows", (0..members).map(|member| Ranges::new(cx.rows_of(member, n))))?;
        let own = &ranges[cx.rank()];
        let count = own.count();
        let mut counts = memory::filled("counts of entries", count * buckets, 0usize)?;
        chunks::for_each(&mut counts, buckets, |range, counts| {
            own.sources(range)
                .for_each(|i| matrix.neighbors(i).iter().for_each(|&to| counts[to as usize / BUCKET] += 1));
        });
        let mut parts: Vec<Vec<Part<T>>> = Vec::new();
        let mut lengths: Vec<Vec<usize>> = Vec::new();
        for member in 0..members {
            let buckets_there = buckets_of(member);
            let mut of_member = Vec::new();
            for first in buckets_there.clone().step_by(together) {
                let all = first..buckets_there.end.min(first + together);
                let total = (0..count).map(|range| counts[range * buckets..][all.clone()].iter().sum::<usize>()).sum();
                let (keys, weights) = (cx.zeros(ENTRIES, total)?, cx.zeros(ENTRIES, total)?);
                of_member.push(Part { keys, weights });
            }
            parts.push(of_member);
            let mut there = memory::filled("counts of entries", buckets_there.len() * count, 0usize)?;
            for (bucket, lengths) in buckets_there.zip(there.chunks_exact_mut(count.max(1))) {
                lengths.iter_mut().enumerate().for_each(|(range, length)| *length = counts[range * buckets + bucket]);
            }
            lengths.push(there);
        }
        // Bucket by bucket, and within each range by range.
        let mut slots: Vec<Vec<Slot<'_, T>>> = (0..count).map(|_| Vec::with_capacity(buckets)).collect();
        for (member, parts) in parts.iter_mut().enumerate() {
            let mut rest = buckets_of(member);
            for part in parts {
                let (mut keys, mut weights) = (&mut part.keys[..], &mut part.weights[..]);
                for bucket in rest.by_ref().take(together) {
                    for (range, slots) in slots.iter_mut().enumerate() {
                        let (keys_head, keys_tail) = keys.split_at_mut(counts[range * buckets + bucket]);
                        let (weights_head, weights_tail) = weights.split_at_mut(counts[range * buckets + bucket]);
                        slots.push(Slot { keys: keys_head, weights: weights_head, filled: 0 });
                        (keys, weights) = (keys_tail, weights_tail);
                    }
                }
            }
        }
        ordered::try_for_each(
            (&mut slots, 1),
            || (),
            |(), range, slots| {
                cx.check()?;
                let (slots, sources) = (&mut slots[0], own.sources(range));
                for i in sources.clone() {
                    for (&to, &weight) in matrix.neighbors(i).iter().zip(matrix.weights(i)) {
                        let (bucket, place) = (to as usize / BUCKET, to as usize % BUCKET);
                        let slot = &mut slots[bucket];
                        slot.keys[slot.filled] = (place << SOURCE_BITS | (i - sources.start)) as u32;
                        slot.weights[slot.filled] = weight;
                        slot.filled += 1;
                    }
                }
                Ok(())
            },
        )?;
        drop(slots);
        drop(counts);
        let lengths = cx.exchange(lengths)?;
        let rounds = (0..members).map(|member| buckets_of(member).len().div_ceil(together)).max().unwrap_or(0);
        let dealt = Self {
            parts: parts.into_iter().map(Vec::into_iter).collect(),
            ranges,
            lengths,
            buckets: buckets_of(cx.rank()),
            together,
            rounds,
        };
        for (member, (lengths, ranges)) in dealt.lengths.iter().zip(&dealt.ranges).enumerate() {
            if lengths.len() != dealt.buckets.len() * ranges.count() {
                return Err(unfit(member));
            }
        }
        Ok(dealt)
    }

    /// The number of entries that point to rows of this member.
    pub(super) fn incoming(&self) -> usize {
        self.lengths.iter().flatten().fold(0, |sum, &length| sum.saturating_add(length))
    }

    /// The next of this member's parts, with the entries of all members, while any of them has one; of no buckets where this one has no
    /// more.
    pub(super) fn next_part(&mut self, cx: Context<'_>) -> Result<Option<Incoming<T>>> {
        if self.rounds == 0 {
            return Ok(None);
        }
        self.rounds -= 1;
        let (mut keys, mut weights) = (Vec::new(), Vec::new());
        for parts in &mut self.parts {
            let part = parts.next().unwrap_or(Part { keys: Array::default(), weights: Array::default() });
            keys.push(part.keys);
            weights.push(part.weights);
        }
        let (keys, weights) = (cx.exchange_arrays(keys)?, cx.exchange_arrays(weights)?);
        let start = self.buckets.start;
        let buckets = start..self.buckets.end.min(start + self.together);
        self.buckets.start = buckets.end;
        let mut origins = Vec::new();
        for (member, (keys, weights)) in keys.into_iter().zip(weights).enumerate() {
            let ranges = &self.ranges[member];
            let count = ranges.count();
            let place = self.lengths[member].len() - (self.buckets.len() + buckets.len()) * count;
            let lengths = &self.lengths[member][place..place + buckets.len() * count];
            let origin = Origin::new(keys, weights, lengths, (ranges.rows.start, ranges.size, count))?;
            origins.push(origin.ok_or_else(|| unfit(member))?);
        }
        Ok(Some(Incoming { buckets, origins }))
    }
}

/// The error of entries that are not as many as they should be.
fn unfit(member: usize) -> Error {
    Error::team(format_args!("the entries of member {member} are not as many as it said"))
}

#[cfg(test)]
mod tests {
    use super::super::incoming::Bucket;
    use super::super::symmetrization::Symmetrization;
    use super::super::weighted::Edges;
    use super::*;
    use tsne_core::{ThreadTeam, blocks, random};

    /// Every row has the entries that point to it, by ascending source, whatever the members and the parts.
    #[test]
    fn entries_arrive_in_the_order_of_their_sources() {
        let (n, j) = (5 * BUCKET + 77, 3);
        let drawn = |at: usize| random::element_seed(1, 2, at as u64);
        // Many point to a few.
        let to = |at: usize| (if drawn(at) % 3 == 0 { drawn(at + 1) % 10 + 2000 } else { drawn(at + 2) }) as usize % n;
        let indices: Vec<u32> = (0..n * j).map(|at| to(at) as u32).collect();
        let weights: Vec<f32> = (0..n * j).map(|at| at as f32).collect();
        let mut expected: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n];
        for (at, &to) in indices.iter().enumerate() {
            expected[to as usize].push(((at / j) as u32, weights[at]));
        }
        for (members, threads, together) in [(1, 3, 1), (1, 1, 9), (2, 2, 2), (3, 1, 1), (7, 1, 1), (4, 2, 5)] {
            let found = ThreadTeam::run(members, threads, |team| {
                let cx = Context::new().with_team(team);
                let rows = cx.rows(n);
                let own = rows.start * j..rows.end * j;
                let edges = Edges::of_parts(j, n, &indices[own.clone()]);
                let matrix = WeightedGraph { edges, weights: &weights[own], j, n, rows: rows.clone() };
                let mut dealt = Dealt::in_parts(&matrix, together, cx)?;
                let mut bucket = Bucket::default();
                let mut found = Vec::new();
                let mut incoming = dealt.incoming();
                while let Some(part) = dealt.next_part(cx)? {
                    for b in part.buckets.clone() {
                        bucket.sort(&part, b)?;
                        incoming -= bucket.len();
                        for row in blocks::range(b, n) {
                            let (sources, weights) = bucket.row(row % BUCKET);
                            found.push(sources.iter().copied().zip(weights.iter().copied()).collect::<Vec<_>>());
                        }
                    }
                }
                assert_eq!((found.len(), incoming), (rows.len(), 0));
                Ok::<_, Error>(found)
            });
            let found: Vec<_> = found.unwrap().into_iter().flat_map(Result::unwrap).collect();
            assert!(found == expected, "{members} {threads} {together}");
        }
    }

    /// As arithmetic, without the memory: the keys of all points that there can be have room for bucket and source, and more entries than
    /// 32 bits count are planned as they are.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn more_entries_than_32_bits_count_are_counted() {
        let most = crate::limits::POINTS;
        for rows in [0..most, 1 << 31..most, most - 1..most, 5..5] {
            let ranges = Ranges::new(rows.clone());
            let mut next = rows.start;
            for range in 0..ranges.count() {
                let sources = ranges.sources(range);
                assert!(sources.start == next && sources.end <= rows.end && !sources.is_empty(), "{rows:?} {range}");
                next = sources.end;
                let last = (BUCKET - 1) << SOURCE_BITS | (sources.len() - 1);
                assert!(u32::try_from(last).is_ok() && last >> SOURCE_BITS == BUCKET - 1, "{rows:?} {range}");
            }
            assert_eq!(next, rows.end, "{rows:?}");
        }
        let entries = 1u64 << 33;
        let planned = Symmetrization::Mean.peak_bytes(1 << 26, 64, entries, 4);
        assert!(planned >= 8 * entries && planned < 24 * entries, "{planned}");
    }
}
