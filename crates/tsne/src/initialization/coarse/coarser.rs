//! A coarser graph: the affinities between groups of points.

use super::groups::Groups;
use super::ties::Ties;
use std::ops::Range;
use tsne_affinity::{Precomputed, precomputed_joint};
use tsne_core::{Affinities, Context, Result, Scalar, chunks, memory, share};

/// Entries of a row that are kept, the largest: as many as a perplexity of 20 has, with which the prototype was measured; no other
/// number was tried. It bounds the memory.
pub(super) const KEPT: usize = 60;

/// Parts that rows are computed in: some for each of sixteen processors, and few, since each has an array of all groups.
const PARTS: usize = 64;

/// Rounds in which the members of a team send each other the affinities of their points: those on their way are an eighth of all, where
/// all at once took more than twice what the affinities themselves take (70,000 points, two members: 224 MB, 138 before them).
const ROUNDS: usize = 8;

const WHAT: &str = "affinities of groups";

/// Groups, and the affinities between them.
#[derive(Debug)]
pub(super) struct Coarser<T> {
    pub(super) groups: Groups,
    pub(super) p: Affinities<T>,
}

impl<T: Scalar> Coarser<T> {
    /// `None` where no group has any affinity to another.
    pub(super) fn new(fine: &Affinities<T>, groups: Groups, cx: Context<'_>) -> Result<Option<Self>> {
        let count = groups.len();
        // In a team, groups are shared out, and all have the rows of all.
        let rounds = if cx.members() == 1 { 1 } else { ROUNDS };
        let (mut lengths, mut columns, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            let slice = |rank: usize| slice(&share(count, rank, cx.members()), round, rounds);
            let (ties, own) = (Ties::of(fine, &groups, slice, cx)?, slice(cx.rank()));
            let size = own.len().div_ceil(PARTS / rounds).max(1);
            let mut parts = Vec::new();
            parts.resize_with(own.len().div_ceil(size), || Ok(Rows::default()));
            chunks::for_each(&mut parts, 1, |part, rows| {
                let first = own.start + part * size;
                rows.fill_with(|| Rows::of(&ties, &groups, first..own.end.min(first + size), cx));
            });
            let parts = parts.into_iter().collect::<Result<Vec<Rows<T>>>>()?;
            memory::reserve(WHAT, &mut lengths, own.len())?;
            let entries = parts.iter().map(|rows| rows.columns.len()).sum();
            memory::reserve(WHAT, &mut columns, entries)?;
            memory::reserve(WHAT, &mut weights, entries)?;
            for rows in &parts {
                lengths.extend_from_slice(&rows.lengths);
                columns.extend_from_slice(&rows.columns);
                weights.extend_from_slice(&rows.weights);
            }
        }
        let (lengths, columns, weights) = (cx.concat(lengths)?, cx.concat(columns)?, cx.concat(weights)?);
        let mut pointers = vec![0];
        memory::reserve(WHAT, &mut pointers, count)?;
        let mut end = 0;
        pointers.extend(lengths.iter().map(|length| {
            end += *length as usize;
            end
        }));
        if !weights.iter().any(|weight| *weight > T::ZERO) {
            return Ok(None);
        }
        let p = precomputed_joint(&pointers, &columns, &weights, count, Precomputed::default(), cx.without_team())?;
        Ok(Some(Self { groups, p }))
    }
}

/// What of a range is for one of some rounds.
fn slice(range: &Range<usize>, round: usize, rounds: usize) -> Range<usize> {
    let of_range = share(range.len(), round, rounds);
    range.start + of_range.start..range.start + of_range.end
}

/// Rows of some groups, one after the other.
#[derive(Debug)]
struct Rows<T> {
    lengths: Vec<u32>,
    columns: Vec<u32>,
    weights: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { lengths: Vec::new(), columns: Vec::new(), weights: Vec::new() }
    }
}

impl<T: Scalar> Rows<T> {
    fn of(ties: &Ties<'_, T>, groups: &Groups, range: Range<usize>, cx: Context<'_>) -> Result<Self> {
        cx.check()?;
        let mut rows = Self::default();
        memory::reserve(WHAT, &mut rows.lengths, range.len())?;
        memory::reserve(WHAT, &mut rows.columns, range.len() * KEPT)?;
        memory::reserve(WHAT, &mut rows.weights, range.len() * KEPT)?;
        let mut sums = memory::filled(WHAT, groups.len(), T::ZERO)?;
        let mut seen = Vec::new();
        range.for_each(|group| rows.push(row_of(ties, group, &mut sums, &mut seen)));
        Ok(rows)
    }

    /// Adds a row whose weights are divided by their sum: each group counts the same, however many points it has.
    fn push(&mut self, row: &[(u32, T)]) {
        let sum: f64 = row.iter().map(|(_, weight)| weight.to_f64()).sum();
        self.columns.extend(row.iter().map(|(column, _)| *column));
        self.weights.extend(row.iter().map(|(_, weight)| T::from_f64(weight.to_f64() / sum)));
        self.lengths.push(row.len() as u32);
    }
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
    use super::Coarser;
    use tsne_core::Context;

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

    #[test]
    fn groups_that_know_only_themselves_make_no_graph() {
        let p = rings(40);
        assert!(Coarser::new(&p, one_group(&p), Context::new()).unwrap().is_none());
    }
}
