//! What ties the points of a group to other groups: their affinities, in the order of the points.

use super::groups::Groups;
use std::ops::Range;
use tsne_core::buckets::Buckets;
use tsne_core::{Affinities, Context, Error, Result, Scalar, memory};

const WHAT: &str = "ties of groups";

/// The ties of groups; in a team, of this member's [share](Context::share) of them, whose points may be those of any member.
#[derive(Debug)]
pub(super) enum Ties<'a, T> {
    /// All rows are here.
    Here { fine: &'a Affinities<T>, groups: &'a Groups },
    /// The rows of the points of groups from `first` on, which their members have sent.
    Sent { first: usize, rows: Buckets<(usize, usize)>, ties: Vec<(u32, T)> },
}

impl<'a, T: Scalar> Ties<'a, T> {
    pub(super) fn of(fine: &'a Affinities<T>, groups: &'a Groups, cx: Context<'_>) -> Result<Self> {
        if cx.members() == 1 {
            return Ok(Self::Here { fine, groups });
        }
        let own = fine.points();
        // The ends of the groups of each member.
        let ends: Vec<usize> =
            (0..cx.members()).map(|rank| tsne_core::share(groups.len(), rank, cx.members()).end).collect();
        let owner = |row: usize| ends.partition_point(|end| *end <= groups.of[own.start + row] as usize);
        let mut counts = vec![(0, 0); ends.len()];
        for row in 0..own.len() {
            let (rows, ties) = &mut counts[owner(row)];
            (*rows, *ties) = (*rows + 1, *ties + fine.row(row).0.len());
        }
        let mut rows = vec![Vec::new(); ends.len()];
        let mut ties = vec![Vec::new(); ends.len()];
        for (count, (rows, ties)) in counts.into_iter().zip(rows.iter_mut().zip(&mut ties)) {
            memory::reserve(WHAT, rows, count.0)?;
            memory::reserve(WHAT, ties, count.1)?;
        }
        for row in 0..own.len() {
            let (to, group) = (owner(row), groups.of[own.start + row]);
            let before = ties[to].len();
            ties[to].extend(row_ties(fine, groups, row, group as usize));
            rows[to].push((group, (ties[to].len() - before) as u32));
        }
        // Members come in the order of their points, and so do the rows of each group.
        let (rows, sent) = (cx.exchange(rows)?, cx.exchange(ties)?);
        let mut ties = Vec::new();
        memory::reserve(WHAT, &mut ties, sent.iter().map(Vec::len).sum())?;
        sent.into_iter().for_each(|sent| ties.extend(sent));
        let Range { start: first, end } = cx.share(groups.len());
        let mut at = 0;
        let mut places = Vec::new();
        memory::reserve(WHAT, &mut places, rows.iter().map(Vec::len).sum())?;
        for (group, length) in rows.into_iter().flatten() {
            let behind = at + length as usize;
            if !(first..end).contains(&(group as usize)) || behind > ties.len() {
                let why =
                    format_args!("a row of group {group} up to tie {behind} of {} came to {first}..{end}", ties.len());
                return Err(Error::team(why));
            }
            places.push((group as usize - first, (at, behind)));
            at = behind;
        }
        let rows = Buckets::new(end - first, || places.iter().copied())?;
        Ok(Self::Sent { first, rows, ties })
    }

    /// Calls `f` with each tie of a group to another, in the order of its points, and of their rows.
    #[inline]
    pub(super) fn for_each(&self, group: usize, mut f: impl FnMut(u32, T)) {
        match self {
            Self::Here { fine, groups } => {
                for &i in groups.members.bucket(group) {
                    row_ties(fine, groups, i as usize, group).for_each(|(other, weight)| f(other, weight));
                }
            }
            Self::Sent { first, rows, ties } => {
                for &(start, end) in rows.bucket(group - first) {
                    ties[start..end].iter().for_each(|&(other, weight)| f(other, weight));
                }
            }
        }
    }
}

/// The affinities of a row to points of other groups than its own.
#[inline]
fn row_ties<T: Scalar>(
    fine: &Affinities<T>,
    groups: &Groups,
    row: usize,
    group: usize,
) -> impl Iterator<Item = (u32, T)> {
    let (columns, weights) = fine.row(row);
    let ties = columns.iter().zip(weights).map(|(&j, &weight)| (groups.of[j as usize], weight));
    ties.filter(move |(other, weight)| *other as usize != group && *weight > T::ZERO)
}
