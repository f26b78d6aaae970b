//! What stages ask of the team that their context brings: which part of the work is theirs, and the results of the others.

use crate::blocks;
use crate::chunks;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::memory;
use crate::team::{check_ends, share};
use crate::wire::Wire;
use std::ops::Range;

const WHAT: &str = "messages of the team";

impl Context<'_> {
    /// The number of this member of the team, from 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Context;
    ///
    /// assert_eq!((Context::new().rank(), Context::new().members()), (0, 1));
    /// ```
    pub fn rank(&self) -> usize {
        self.team().map_or(0, |team| team.rank())
    }

    /// The number of members of the team; 1 without one.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let sizes = ThreadTeam::run(3, 1, |team| Context::new().with_team(team).members())?;
    /// assert_eq!(sizes, [3, 3, 3]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn members(&self) -> usize {
        self.team().map_or(1, |team| team.size().max(1))
    }

    /// This member's [`share`] of `count` blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// assert_eq!(Context::new().share(5), 0..5);
    /// let shares = ThreadTeam::run(2, 1, |team| Context::new().with_team(team).share(5))?;
    /// assert_eq!(shares, [0..2, 2..5]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn share(&self, count: usize) -> Range<usize> {
        share(count, self.rank(), self.members())
    }

    /// The items of `length` that are this member's where they are cut into chunks of `size`: those of its [`share`](Self::share) of
    /// the chunks, which it writes before [`gather`](Self::gather).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// assert_eq!(Context::new().part(10, 4), 0..10);
    /// let parts = ThreadTeam::run(2, 1, |team| Context::new().with_team(team).part(10, 4))?;
    /// assert_eq!(parts, [0..4, 4..10]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn part(&self, length: usize, size: usize) -> Range<usize> {
        self.part_of(self.rank(), length, size)
    }

    /// The items that are those of member `rank`: its [`part`](Self::part).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Context;
    ///
    /// assert_eq!(Context::new().part_of(0, 10, 4), 0..10);
    /// ```
    pub fn part_of(&self, rank: usize, length: usize, size: usize) -> Range<usize> {
        let size = size.max(1);
        let chunks = share(length.div_ceil(size), rank, self.members());
        let at = |chunk: usize| chunk.saturating_mul(size).min(length);
        at(chunks.start)..at(chunks.end)
    }

    /// The points of `n` that are this member's: those of its share of the [`blocks`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::blocks::BLOCK;
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let n = 3 * BLOCK + 10;
    /// let rows = ThreadTeam::run(2, 1, |team| Context::new().with_team(team).rows(n))?;
    /// assert_eq!(rows, [0..2 * BLOCK, 2 * BLOCK..n]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn rows(&self, n: usize) -> Range<usize> {
        self.rows_of(self.rank(), n)
    }

    /// The points of `n` that are those of member `rank`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Context;
    ///
    /// assert_eq!(Context::new().rows_of(0, 10), 0..10);
    /// ```
    pub fn rows_of(&self, rank: usize, n: usize) -> Range<usize> {
        rows_of(rank, self.members(), n)
    }

    /// [`blocks::map`] of which each member computes its [`share`](Self::share) of the blocks, and all have all partial results.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`]; none without a team.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::blocks::BLOCK;
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let lengths = ThreadTeam::run(2, 1, |team| {
    ///     let mut lengths = Vec::new();
    ///     Context::new().with_team(team).map_blocks(&mut lengths, BLOCK + 3, |range| range.len())?;
    ///     Ok::<_, tsne_core::Error>(lengths)
    /// })?;
    /// assert_eq!(lengths, [Ok(vec![BLOCK, 3]), Ok(vec![BLOCK, 3])]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[track_caller]
    pub fn map_blocks<'p, A, F>(&self, partials: &'p mut Vec<A>, n: usize, f: F) -> Result<&'p [A]>
    where
        A: Wire,
        F: Fn(Range<usize>) -> A + Sync,
    {
        partials.clear();
        partials.resize(blocks::count(n), A::get(&[]));
        let own = self.share(partials.len());
        let first = own.start;
        chunks::for_each(&mut partials[own], 1, |b, partial| partial.fill_with(|| f(blocks::range(first + b, n))));
        self.gather(partials, 1)?;
        Ok(partials)
    }

    /// The sum of `f` over the blocks of `0..n` in their order, of which each member computes its share.
    ///
    /// # Errors
    ///
    /// Those of [`map_blocks`](Self::map_blocks).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam, blocks};
    ///
    /// let x = vec![0.1f64; 5_000];
    /// let sum = |cx: Context<'_>| cx.sum_blocks(&mut Vec::new(), x.len(), |range| x[range].iter().sum());
    /// let alone = blocks::sum(&mut Vec::new(), x.len(), |range| x[range].iter().sum());
    /// let together = ThreadTeam::run(3, 1, |team| sum(Context::new().with_team(team)))?;
    /// assert!(together.into_iter().all(|sum| sum == Ok(alone)));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[track_caller]
    pub fn sum_blocks<F>(&self, partials: &mut Vec<f64>, n: usize, f: F) -> Result<f64>
    where
        F: Fn(Range<usize>) -> f64 + Sync,
    {
        // From 0: the standard library's empty sum is -0.
        Ok(self.map_blocks(partials, n, f)?.iter().fold(0.0, |sum, partial| sum + partial))
    }

    /// Completes `items`, which are cut into chunks of `size`, of which this member has written those of its
    /// [`share`](Self::share): afterwards all members have all items.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let all = ThreadTeam::run(2, 1, |team| {
    ///     let cx = Context::new().with_team(team);
    ///     let mut squares = [0u32; 5];
    ///     for i in cx.share(5) {
    ///         squares[i] = (i * i) as u32;
    ///     }
    ///     cx.gather(&mut squares, 1)?;
    ///     Ok::<_, tsne_core::Error>(squares)
    /// })?;
    /// assert!(all.into_iter().all(|squares| squares == Ok([0, 1, 4, 9, 16])));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn gather<A: Wire>(&self, items: &mut [A], size: usize) -> Result<()> {
        let length = items.len();
        self.gather_parts(items, |rank| self.part_of(rank, length, size).end)
    }

    /// Completes `items`, of which this member has written its part: that of member `r` ends before `end(r)`, and begins where the
    /// one before it ends. All members pass the same ends.
    ///
    /// # Errors
    ///
    /// Those of [`check_ends`](crate::check_ends); [`Error::Team`], [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let all = ThreadTeam::run(2, 1, |team| {
    ///     let cx = Context::new().with_team(team);
    ///     let mut items = if cx.rank() == 0 { [7, 8, 9, 0u8] } else { [0, 0, 0, 10] };
    ///     cx.gather_parts(&mut items, |rank| 3 + rank)?;
    ///     Ok::<_, tsne_core::Error>(items)
    /// })?;
    /// assert!(all.into_iter().all(|items| items == Ok([7, 8, 9, 10])));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn gather_parts<A: Wire>(&self, items: &mut [A], end: impl Fn(usize) -> usize) -> Result<()> {
        let Some(team) = self.team().filter(|team| team.size() > 1) else { return Ok(()) };
        let mut ends = memory::collected(WHAT, (0..team.size()).map(end))?;
        check_ends(items.len(), &ends, team.size())?;
        let start = if team.rank() == 0 { 0 } else { ends[team.rank() - 1] };
        let (own, last) = (start..ends[team.rank()], ends[team.size() - 1]);
        if let Some(bytes) = A::bytes_mut(items) {
            ends.iter_mut().for_each(|end| *end *= A::BYTES);
            return team.gather(bytes, &ends);
        }
        // Of items within the array: no product overflows, if that of all does not.
        let mut bytes = memory::filled(WHAT, items.len().saturating_mul(A::BYTES), 0u8)?;
        encode(&items[own.clone()], &mut bytes[own.start * A::BYTES..own.end * A::BYTES]);
        ends.iter_mut().for_each(|end| *end *= A::BYTES);
        team.gather(&mut bytes, &ends)?;
        decode(&bytes[..own.start * A::BYTES], &mut items[..own.start]);
        decode(&bytes[own.end * A::BYTES..], &mut items[own.end..last]);
        Ok(())
    }

    /// One item from each member, in their order, the same for all: `own` is this one's.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let all = ThreadTeam::run(2, 1, |team| Context::new().with_team(team).gather_one(10 * team.rank()))?;
    /// assert!(all.into_iter().all(|items| items == Ok(vec![0, 10])));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn gather_one<A: Wire>(&self, own: A) -> Result<Vec<A>> {
        let mut items = memory::filled(WHAT, self.members(), own)?;
        self.gather_parts(&mut items, |rank| rank + 1)?;
        Ok(items)
    }

    /// The items of all members, one list after the other, the same for all: `own` are this one's.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let all = ThreadTeam::run(2, 1, |team| {
    ///     let own = if team.rank() == 0 { vec![1u8] } else { vec![2, 3] };
    ///     Context::new().with_team(team).concat(own)
    /// })?;
    /// assert!(all.into_iter().all(|items| items == Ok(vec![1, 2, 3])));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn concat<A: Wire>(&self, own: Vec<A>) -> Result<Vec<A>> {
        if self.members() < 2 {
            return Ok(own);
        }
        let ends = self.gather_one(own.len())?.into_iter().scan(0usize, |end, length| {
            *end = end.saturating_add(length);
            Some(*end)
        });
        let ends: Vec<usize> = ends.collect();
        let mut items = memory::filled(WHAT, ends.last().copied().unwrap_or(0), A::get(&[]))?;
        let start = ends[self.rank()] - own.len();
        items[start..ends[self.rank()]].copy_from_slice(&own);
        drop(own);
        self.gather_parts(&mut items, |rank| ends[rank])?;
        Ok(items)
    }

    /// Whether a member says so: the same answer for all.
    ///
    /// # Errors
    ///
    /// [`Error::Team`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let answers = ThreadTeam::run(3, 1, |team| Context::new().with_team(team).any(team.rank() == 2))?;
    /// assert_eq!(answers, [Ok(true), Ok(true), Ok(true)]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn any(&self, own: bool) -> Result<bool> {
        // An iteration of one process allocates nothing.
        if self.members() < 2 {
            return Ok(own);
        }
        Ok(self.gather_one(u8::from(own))?.contains(&1))
    }

    /// Sends the items `to[r]` to each member `r`, and returns what each has sent to this one, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`]; [`Error::Shape`] unless there is a list for each member.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let received = ThreadTeam::run(2, 1, |team| {
    ///     let own = 10 * team.rank() as u32;
    ///     Context::new().with_team(team).exchange(vec![vec![own], vec![own + 1, own + 2]])
    /// })?;
    /// assert_eq!(received, [Ok(vec![vec![0], vec![10]]), Ok(vec![vec![1, 2], vec![11, 12]])]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn exchange<A: Wire>(&self, to: Vec<Vec<A>>) -> Result<Vec<Vec<A>>> {
        if to.len() != self.members() {
            return Err(Error::shape("lists to exchange", self.members(), to.len()));
        }
        let Some(team) = self.team().filter(|team| team.size() > 1) else { return Ok(to) };
        let mut messages = Vec::new();
        memory::reserve(WHAT, &mut messages, to.len())?;
        for items in to {
            messages.push(encoded(&items)?);
        }
        let mut received = Vec::new();
        memory::reserve(WHAT, &mut received, messages.len())?;
        let coming = team.exchange(messages)?;
        if coming.len() != team.size() {
            return Err(Error::shape(WHAT, team.size(), coming.len()));
        }
        for bytes in coming {
            if !bytes.len().is_multiple_of(A::BYTES.max(1)) {
                return Err(Error::shape(WHAT, bytes.len().next_multiple_of(A::BYTES.max(1)), bytes.len()));
            }
            received.push(decoded(&bytes)?);
        }
        Ok(received)
    }

    /// Makes sure that all members mean the same by `what`, whose value, or a hash of it, is `own`.
    ///
    /// # Errors
    ///
    /// [`Error::Team`] that names the members that differ from the first, on all members; and those of
    /// [`gather_one`](Self::gather_one).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// let all = ThreadTeam::run(2, 1, |team| Context::new().with_team(team).agree("seed", 40 + team.rank() as u64))?;
    /// assert!(all.iter().all(|checked| checked.as_ref().unwrap_err().to_string().contains("seed of member 1 differs")));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn agree(&self, what: &'static str, own: u64) -> Result<()> {
        let all = self.gather_one(own)?;
        match all.iter().position(|value| *value != all[0]) {
            None => Ok(()),
            Some(rank) => Err(Error::team(format_args!(
                "{what} of member {rank} differs from that of member 0: start all with the same program, input and parameters"
            ))),
        }
    }
}

/// The points of `n` that are those of member `rank` of so many: what [`Context::rows_of`] says where there is no team yet.
///
/// # Examples
///
/// ```
/// use tsne_core::{blocks::BLOCK, rows_of};
///
/// assert_eq!(rows_of(1, 2, 3 * BLOCK + 10), 2 * BLOCK..3 * BLOCK + 10);
/// ```
pub fn rows_of(rank: usize, members: usize, n: usize) -> Range<usize> {
    let blocks = share(blocks::count(n), rank, members);
    blocks::range(blocks.start, n).start..blocks::range(blocks.end, n).start
}

/// Items as a message.
fn encoded<A: Wire>(items: &[A]) -> Result<Vec<u8>> {
    if let Some(bytes) = A::bytes(items) {
        return memory::copied(WHAT, bytes);
    }
    let mut bytes = memory::filled(WHAT, items.len().saturating_mul(A::BYTES), 0u8)?;
    encode(items, &mut bytes);
    Ok(bytes)
}

/// The items of a message.
fn decoded<A: Wire>(bytes: &[u8]) -> Result<Vec<A>> {
    let size = A::BYTES.max(1);
    // At the speed of memory, in memory that need not be cleared.
    if A::bytes(&[]).is_some() {
        return memory::collected(WHAT, bytes.chunks_exact(size).map(A::get));
    }
    let mut items = memory::filled(WHAT, bytes.len() / size, A::get(&[]))?;
    decode(bytes, &mut items);
    Ok(items)
}

/// Items that are packed or unpacked in one task: of positions in the plane 128 KiB. An estimate.
const TASK: usize = 1 << 14;

/// Packs items that are not in memory as they go, in parallel.
fn encode<A: Wire>(items: &[A], bytes: &mut [u8]) {
    let size = A::BYTES.max(1);
    chunks::for_each(bytes, TASK * size, |task, bytes| {
        let items = items.get(task * TASK..).unwrap_or_default();
        items.iter().zip(bytes.chunks_exact_mut(size)).for_each(|(item, bytes)| item.put(bytes));
    });
}

fn decode<A: Wire>(bytes: &[u8], items: &mut [A]) {
    let size = A::BYTES.max(1);
    chunks::for_each(items, TASK, |task, items| {
        let bytes = bytes.get(task * TASK * size..).unwrap_or_default();
        items.iter_mut().zip(bytes.chunks_exact(size)).for_each(|(item, bytes)| *item = A::get(bytes));
    });
}
