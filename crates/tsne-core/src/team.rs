//! Processes that compute one map together.

use crate::error::{Error, Result};
use std::ops::Range;

/// Processes that compute one map together, on one machine or on many: what this process knows of them, and how it reaches them.
///
/// All members call the same functions with the same parameters in the same order. Each computes the results of a share of the
/// constant blocks that a stage is cut into ([`share`]); what the others need of them is gathered, and sums are folded from the
/// partial results of the blocks in their order, by every member alike. So the number of members changes no bit, as the number of
/// threads does not.
///
/// A [`Context`](crate::Context) brings the team along, and is what stages ask; in a context without one, this process is its own
/// team. A member that gives up (by an error of its own, or because it was cancelled) lets the others know by leaving: whatever they
/// wait for next is an [`Error::Team`](crate::Error::Team), or the end of their job. A team that one of them has had an error in serves
/// nothing else: what members wait for no longer fits together.
pub trait Team: Sync {
    /// The number of this member, from 0.
    fn rank(&self) -> usize;

    /// The number of members, at least 1.
    fn size(&self) -> usize;

    /// Completes `data`, of which this member has written its part: afterwards all members have the parts of all.
    ///
    /// The part of member `r` ends before byte `ends[r]`, and begins where the one before it ends. All members pass the same ends.
    ///
    /// # Errors
    ///
    /// [`Error::Team`](crate::Error::Team) if a member is gone.
    fn gather(&self, data: &mut [u8], ends: &[usize]) -> Result<()>;

    /// Sends the message `messages[r]` to each member `r`, and returns what each has sent to this one, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Team`](crate::Error::Team) if a member is gone; [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    fn exchange(&self, messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>>;

    /// The bytes that this member has sent to others until now: what is sent to all counts once for each other member.
    fn sent(&self) -> u64;
}

/// The share of member `rank` out of `size` in `count` blocks: consecutive ones, whose numbers differ by at most one from member to
/// member. The shares of all are all blocks, in order.
///
/// # Examples
///
/// ```
/// use tsne_core::share;
///
/// let shares = [0, 1, 2].map(|rank| share(7, rank, 3));
/// assert_eq!(shares, [0..2, 2..4, 4..7]);
/// assert!(share(1, 0, 3).is_empty()); // More members than blocks.
/// ```
pub fn share(count: usize, rank: usize, size: usize) -> Range<usize> {
    // All of it, as iterations of one process ask many times, without a division of 128 bits.
    if size < 2 && rank == 0 {
        return 0..count;
    }
    // Wide, so that no product of two sizes overflows.
    let end = |rank: usize| (count as u128 * rank as u128 / size.max(1) as u128) as usize;
    end(rank).min(count)..end(rank.saturating_add(1)).min(count)
}

/// Checks the ends of parts that [`Team::gather`] is asked for: one for each member, ascending, within the data.
///
/// # Errors
///
/// [`Error::Shape`] for another number of ends or an end beyond the data, [`Error::Invalid`] where they do not ascend.
///
/// # Examples
///
/// ```
/// use tsne_core::check_ends;
///
/// assert!(check_ends(10, &[4, 4, 10], 3).is_ok());
/// assert!(check_ends(10, &[4, 11], 2).is_err() && check_ends(10, &[5, 4], 2).is_err() && check_ends(10, &[10], 2).is_err());
/// ```
pub fn check_ends(length: usize, ends: &[usize], size: usize) -> Result<()> {
    if ends.len() != size {
        return Err(Error::shape("ends of parts", size, ends.len()));
    }
    if let Some(pair) = ends.windows(2).find(|pair| pair[0] > pair[1]) {
        return Err(Error::invalid(
            "ends of parts",
            format_args!("{} stands behind {}: they ascend", pair[1], pair[0]),
        ));
    }
    match ends.last() {
        Some(&end) if end > length => Err(Error::shape("data to gather", end, length)),
        _ => Ok(()),
    }
}
