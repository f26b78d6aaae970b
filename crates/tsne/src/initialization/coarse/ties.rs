//! What ties the points of a group to other groups: their affinities, in the order of the points.

use super::groups::Groups;
use std::ops::Range;
use tsne_core::buckets::Buckets;
use tsne_core::{Affinities, Context, Error, Result, Scalar, memory};

const WHAT: &str = "ties of groups";

/// The ties of groups; in a team, of some of this member's [share](Context::share) of them, whose points may be those of any member.
#[derive(Debug)]
pub(super) enum Ties<'a, T> {
    /// All rows are here.
    Here { fine: &'a Affinities<T>, groups: &'a Groups },
    /// The rows of the points of groups from `first` on, which their members have sent.
    Sent { first: usize, rows: Buckets<(usize, usize)>, ties: Vec<(u32, T)> },
}

impl<'a, T: Scalar> Ties<'a, T> {
    /// Those of the groups that each member is to have of them now.
    pub(super) fn of(
        fine: &'a Affinities<T>,
        groups: &'a Groups,
        groups_of: impl Fn(usize) -> Range<usize>,
        cx: Context<'_>,
    ) -> Result<Self> {
        if cx.members() == 1 {
            return Ok(Self::Here { fine, groups });
        }
        let own = fine.points();
        // This member's points of a group, by their rows, in their order.
        let rows_of = |group: usize| {
            let members = groups.members.bucket(group);
            let at = |end: usize| members.partition_point(|&i| (i as usize) < end);
            members[at(own.start)..at(own.end)].iter().map(|&i| i as usize - own.start)
        };
        let mut rows = vec![Vec::new(); cx.members()];
        let mut ties = vec![Vec::new(); cx.members()];
        for (to, (rows, ties)) in rows.iter_mut().zip(&mut ties).enumerate() {
            let all = || groups_of(to).flat_map(|group| rows_of(group).map(move |row| (group, row)));
            memory::reserve(WHAT, rows, all().count())?;
            memory::reserve(WHAT, ties, all().map(|(_, row)| fine.row(row).0.len()).sum())?;
            for (group, row) in all() {
                let before = ties.len();
                ties.extend(row_ties(fine, groups, row, group));
                rows.push((group as u32, (ties.len() - before) as u32));
            }
        }
        // Members come in the order of their points, and so do the rows of each group.
        let (rows, sent) = (cx.exchange(rows)?, cx.exchange(ties)?);
        let mut ties = Vec::new();
        memory::reserve(WHAT, &mut ties, sent.iter().map(Vec::len).sum())?;
        sent.into_iter().for_each(|sent| ties.extend(sent));
        let Range { start: first, end } = groups_of(cx.rank());
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
