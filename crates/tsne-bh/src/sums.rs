//! The sum of what each point adds, block by block, where members of a team have the values of consecutive points each.

use std::ops::Range;
use tsne_core::blocks::{self, BLOCK};
use tsne_core::{Context, Result, chunks, memory};

/// Sums of values in the order of [`blocks`], kept for their memory.
///
/// A block is summed by the member that has its first value. What it has not of it, the *heads* of the parts behind its own, are all
/// that members must send each other besides the sums: at most a block each.
#[derive(Debug, Default)]
pub(crate) struct BlockSums {
    heads: Vec<f64>,
    partials: Vec<f64>,
}

impl BlockSums {
    /// The sum of all `values`, of which the members of the team have written a part each: that of member `r` ends before `end(r)`,
    /// and begins where the one before it ends. Afterwards there may be more of them here, for no use.
    pub(crate) fn of(&mut self, values: &mut [f64], end: impl Fn(usize) -> usize, cx: Context<'_>) -> Result<f64> {
        let n = values.len();
        let part = |rank: usize| rank.checked_sub(1).map_or(0, &end)..end(rank);
        // What stands in a part before a block begins there.
        let head = |rank: usize| {
            let Range { start, end } = part(rank);
            start..start.next_multiple_of(BLOCK).min(end)
        };
        let heads_before = |rank: usize| (0..rank).map(|r| head(r).len()).sum::<usize>();
        memory::resize("weights", &mut self.heads, heads_before(cx.members()), 0.0)?;
        let own = heads_before(cx.rank());
        self.heads[own..own + head(cx.rank()).len()].copy_from_slice(&values[head(cx.rank())]);
        cx.gather_parts(&mut self.heads, |rank| heads_before(rank + 1))?;
        for rank in 0..cx.members() {
            let (at, head) = (heads_before(rank), head(rank));
            values[head.clone()].copy_from_slice(&self.heads[at..at + head.len()]);
        }
        memory::resize("sums of blocks", &mut self.partials, blocks::count(n), 0.0)?;
        let first = part(cx.rank()).start.div_ceil(BLOCK);
        let own = first..end(cx.rank()).div_ceil(BLOCK);
        chunks::for_each(&mut self.partials[own], 1, |b, partial| {
            partial.fill_with(|| values[blocks::range(first + b, n)].iter().sum());
        });
        cx.gather_parts(&mut self.partials, |rank| end(rank).div_ceil(BLOCK))?;
        // From 0: the standard library's empty sum is -0.
        Ok(self.partials.iter().fold(0.0, |sum, partial| sum + partial))
    }
}
