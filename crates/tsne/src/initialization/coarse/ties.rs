//! What ties the points of a group to other groups: their affinities, in the order of the points.

use super::groups::Groups;
use super::sent::{Lists, Sent};
use std::ops::Range;
use tsne_core::{Affinities, Context, Error, Result, Scalar, chunks, memory};

const WHAT: &str = "ties of groups";

/// The ties of some groups, whose points may be those of any member of the team: of its own points a member has the rows, and of the
/// others what they have sent.
#[derive(Debug)]
pub(super) struct Ties<'a, T> {
    fine: &'a Affinities<T>,
    groups: &'a Groups,
    /// The first of the groups.
    first: usize,
    sent: Sent<(u32, T)>,
    rank: usize,
}

impl<'a, T: Scalar> Ties<'a, T> {
    /// Those of the groups that each member is to have of them now.
    pub(super) fn of(
        fine: &'a Affinities<T>,
        groups: &'a Groups,
        groups_of: impl Fn(usize) -> Range<usize> + Sync,
        cx: Context<'_>,
    ) -> Result<Self> {
        let mut to = Vec::new();
        to.resize_with(cx.members(), || Ok(Lists::default()));
        chunks::for_each(&mut to, 1, |member, lists| {
            if member != cx.rank() {
                lists.fill_with(|| lists_of(fine, groups, groups_of(member), cx));
            }
        });
        let to = to.into_iter().collect::<Result<Vec<_>>>()?;
        let Range { start: first, end } = groups_of(cx.rank());
        let sent = Sent::of(to, end - first, cx)?;
        // They are places in an array of all groups.
        let most = sent.values().map(|ties| ties.iter().fold(0, |most, &(other, _)| other.max(most))).max();
        if most.is_some_and(|most| most as usize >= groups.len()) {
            return Err(Error::team("a member has a group that is none"));
        }
        Ok(Self { fine, groups, first, sent, rank: cx.rank() })
    }

    /// Calls `f` with each tie of a group to another, in the order of its points, and of their rows.
    #[inline]
    pub(super) fn for_each(&self, group: usize, mut f: impl FnMut(u32, T)) {
        // Members come in the order of their points.
        for member in 0..self.sent.members() {
            if member == self.rank {
                for &row in self.groups.rows.bucket(group) {
                    row_ties(self.fine, self.groups, row, group).for_each(|(other, weight)| f(other, weight));
                }
            } else {
                self.sent.list(member, group - self.first).iter().for_each(|&(other, weight)| f(other, weight));
            }
        }
    }
}

/// The ties of this member's points of some groups.
fn lists_of<T: Scalar>(
    fine: &Affinities<T>,
    groups: &Groups,
    range: Range<usize>,
    cx: Context<'_>,
) -> Result<Lists<(u32, T)>> {
    cx.check()?;
    let mut lists = Lists::default();
    memory::reserve(WHAT, &mut lists.lengths, range.len())?;
    let starts = &groups.rows.starts()[range.start..=range.end];
    let rows = &groups.rows.values()[starts[0]..starts[range.len()]];
    memory::reserve(WHAT, &mut lists.values, rows.iter().map(|&row| fine.row(row as usize).0.len()).sum())?;
    for group in range {
        let before = lists.values.len();
        for &row in groups.rows.bucket(group) {
            lists.values.extend(row_ties(fine, groups, row, group));
        }
        lists.lengths.push(lists.values.len() - before);
    }
    Ok(lists)
}

/// The affinities of a row to points of other groups than its own.
#[inline]
fn row_ties<T: Scalar>(
    fine: &Affinities<T>,
    groups: &Groups,
    row: u32,
    group: usize,
) -> impl Iterator<Item = (u32, T)> {
    let (columns, weights) = fine.row(row as usize);
    let ties = columns.iter().zip(weights).map(|(&j, &weight)| (groups.of[j as usize], weight));
    ties.filter(move |(other, weight)| *other as usize != group && *weight > T::ZERO)
}
