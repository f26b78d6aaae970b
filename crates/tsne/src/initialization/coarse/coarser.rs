//! A coarser graph: the affinities between groups of points.

use super::groups::Groups;
use super::joined::Rows;
use super::ties::Ties;
use std::ops::Range;
use tsne_core::{Affinities, Context, Result, Scalar, blocks, chunks, memory, share};

/// Entries of a row that are kept, the largest: as many as a perplexity of 20 has, with which the prototype was measured; no other
/// number was tried. It bounds the memory.
pub(super) const KEPT: usize = 60;

/// Groups from which on the members of a team share the rows of a graph out, however many they are.
pub(super) const SHARED: usize = 5_000;

/// Members for each block of fewer groups, the graph that is mapped first, up to which they share that out, too. Beyond, messages
/// of its iterations cost more than what is shared. 250,000 x 50, three blocks, the whole start in milliseconds of CPU of the busiest of
/// 8, 16 and 32 members: 468, 273 and 214 with a map that all compute alike, 327, 154 and 190 with one that is shared out (a busy machine,
/// where one process took 1,170 to 1,400). Their waiting for each other is not in that.
const MEMBERS: usize = 8;

/// Parts that rows are computed in: some for each of sixteen processors, and few, since each has an array of all groups.
const PARTS: usize = 64;

/// Rounds in which the members of a team send each other the affinities of their points: those on their way are an eighth of all, where
/// all at once took more than twice what the affinities themselves take (70,000 points, two members: 224 MB, 138 before them).
pub(super) const ROUNDS: usize = 8;

const WHAT: &str = "affinities of groups";

/// Groups, and the affinities between them: of a team whose members [share](Self::context) them out the rows of this member's groups.
#[derive(Debug)]
pub(super) struct Coarser<T> {
    pub(super) groups: Groups,
    pub(super) p: Affinities<T>,
}

impl<T: Scalar> Coarser<T> {
    /// `None` where no group has any affinity to another.
    pub(super) fn new(fine: &Affinities<T>, groups: Groups, cx: Context<'_>) -> Result<Option<Self>> {
        let count = groups.len();
        // Rows that stay with the members are those of whole blocks.
        let size = if is_shared(count, cx) { blocks::BLOCK } else { 1 };
        let rounds = if cx.members() == 1 { 1 } else { ROUNDS };
        let mut rows = Rows::default();
        for round in 0..rounds {
            let slice = |rank: usize| slice(&cx.part_of(rank, count, size), round, rounds);
            let (ties, own) = (Ties::of(fine, &groups, slice, cx)?, slice(cx.rank()));
            let size = own.len().div_ceil(PARTS / rounds).max(1);
            let mut parts = Vec::new();
            parts.resize_with(own.len().div_ceil(size), || Ok(Rows::default()));
            chunks::for_each(&mut parts, 1, |part, rows| {
                let first = own.start + part * size;
                rows.fill_with(|| rows_of(&ties, count, first..own.end.min(first + size), cx));
            });
            let parts = parts.into_iter().collect::<Result<Vec<Rows<T>>>>()?;
            rows.reserve(own.len(), parts.iter().map(|rows| rows.columns.len()).sum())?;
            parts.iter().for_each(|part| rows.append(part));
        }
        let rows = if is_shared(count, cx) { rows } else { rows.concat(cx)? };
        let joined = rows.joined(count, context(count, cx))?;
        Ok(joined.map(|p| Self { groups, p }))
    }

    /// The context in which the rows of these affinities are those of a member: of the whole team, or of each member alone.
    pub(super) fn context<'a>(&self, cx: Context<'a>) -> Context<'a> {
        context(self.groups.len(), cx)
    }
}

fn is_shared(count: usize, cx: Context<'_>) -> bool {
    count >= SHARED || cx.members() <= MEMBERS * blocks::count(count)
}

fn context(count: usize, cx: Context<'_>) -> Context<'_> {
    if is_shared(count, cx) { cx } else { cx.without_team() }
}

/// What of a range is for one of some rounds.
fn slice(range: &Range<usize>, round: usize, rounds: usize) -> Range<usize> {
    let of_range = share(range.len(), round, rounds);
    range.start + of_range.start..range.start + of_range.end
}

/// The rows of some of `count` groups, each divided by its sum: each group counts the same, however many points it has.
fn rows_of<T: Scalar>(ties: &Ties<'_, T>, count: usize, range: Range<usize>, cx: Context<'_>) -> Result<Rows<T>> {
    cx.check()?;
    let mut rows = Rows::default();
    rows.reserve(range.len(), range.len() * KEPT)?;
    let mut sums = memory::filled(WHAT, count, T::ZERO)?;
    let mut seen = Vec::new();
    for group in range {
        let row = row_of(ties, group, &mut sums, &mut seen);
        let sum: f64 = row.iter().map(|(_, weight)| weight.to_f64()).sum();
        let shares = row.iter().map(|&(column, weight)| (column, T::from_f64(weight.to_f64() / sum)));
        rows.push(shares.filter(|(_, weight)| *weight > T::ZERO));
    }
    Ok(rows)
}

/// The largest affinities of a group to others, by column. `sums` is zero before and after.
fn row_of<'a, T: Scalar>(
    ties: &Ties<'_, T>,
    group: usize,
    sums: &mut [T],
    seen: &'a mut Vec<(u32, T)>,
) -> &'a [(u32, T)] {
    seen.clear();
    ties.for_each(group, |other, weight| {
        let sum = &mut sums[other as usize];
        if *sum == T::ZERO {
            seen.push((other, T::ZERO));
        }
        *sum += weight;
    });
    for (other, weight) in seen.iter_mut() {
        *weight = std::mem::replace(&mut sums[*other as usize], T::ZERO);
    }
    if seen.len() > KEPT {
        seen.select_nth_unstable_by(KEPT, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        seen.truncate(KEPT);
    }
    seen.sort_unstable_by_key(|(column, _)| *column);
    seen
}

#[cfg(test)]
mod tests {
    use super::super::groups::Groups;
    use super::super::groups::tests::{one_group, rings};
    use super::{Coarser, MEMBERS};
    use tsne_core::{Context, ThreadTeam, blocks};

    #[test]
    fn affinities_of_groups_are_the_sums_of_those_of_their_points() {
        let p = rings(300);
        let groups = Groups::of(&p, 60, 7, Context::new()).unwrap();
        let (m, of) = (groups.len(), groups.of.clone());
        let graph = Coarser::new(&p, groups, Context::new()).unwrap().unwrap();
        // All sums in a matrix, rows divided by their own, the mean of both directions. No row has more groups than are kept.
        let mut sums = vec![0.0; m * m];
        for i in 0..p.n() {
            for (&j, weight) in p.row(i).0.iter().zip(p.row(i).1) {
                if of[i] != of[j as usize] {
                    sums[of[i] as usize * m + of[j as usize] as usize] += weight;
                }
            }
        }
        let row_sums: Vec<f64> = sums.chunks_exact(m).map(|row| row.iter().sum()).collect();
        for a in 0..m {
            let (columns, weights) = graph.p.row(a);
            for b in 0..m {
                let expected = (sums[a * m + b] / row_sums[a] + sums[b * m + a] / row_sums[b]) / (2.0 * m as f64);
                let found = columns.iter().position(|&column| column as usize == b).map_or(0.0, |at| weights[at]);
                assert!((found - expected).abs() < 1e-15, "{a} and {b}: {found}, expected {expected}");
            }
        }
    }

    /// Of up to so many members each has the rows of its own groups, of more each has all; in both cases groups and rows are those of one
    /// process.
    #[test]
    fn groups_and_their_affinities_are_those_of_one_process() {
        let p = rings(3_000);
        let groups = Groups::of(&p, 1_200, 7, Context::new()).unwrap();
        let alone = Coarser::new(&p, groups, Context::new()).unwrap().unwrap();
        let count = alone.groups.len();
        assert_eq!(blocks::count(count), 2);
        for (members, shares) in [(2, true), (3, true), (2 * MEMBERS, true), (2 * MEMBERS + 1, false)] {
            ThreadTeam::run(members, 1, |team| {
                let cx = Context::new().with_team(team);
                let own = p.of_points(cx.rows(p.n())).unwrap();
                let groups = Groups::of(&own, 1_200, 7, cx).unwrap();
                assert_eq!(groups.of, alone.groups.of);
                let graph = Coarser::new(&own, groups, cx).unwrap().unwrap();
                let rows = if shares { cx.rows(count) } else { 0..count };
                assert_eq!((graph.p.points(), graph.context(cx).rows(count)), (rows.clone(), rows.clone()));
                for (row, i) in rows.enumerate() {
                    assert_eq!(graph.p.row(row), alone.p.row(i), "{i}, {members} members");
                }
            })
            .unwrap();
        }
    }

    #[test]
    fn groups_that_know_only_themselves_make_no_graph() {
        let p = rings(40);
        assert!(Coarser::new(&p, one_group(&p), Context::new()).unwrap().is_none());
        let seed = (0..1_000).find(|seed| Groups::of(&p, 1, *seed, Context::new()).unwrap().len() == 1).unwrap();
        let none = ThreadTeam::run(3, 1, |team| {
            let cx = Context::new().with_team(team);
            let own = p.of_points(cx.rows(p.n())).unwrap();
            Coarser::new(&own, Groups::of(&own, 1, seed, cx).unwrap(), cx).unwrap().is_none()
        });
        assert_eq!(none.unwrap(), [true; 3]);
    }
}
