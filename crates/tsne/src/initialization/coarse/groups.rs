//! Groups of points, each around one that was drawn.

use crate::initialization::random::COARSE_STREAM;
use tsne_core::buckets::Buckets;
use tsne_core::{Affinities, Context, Result, Scalar, blocks, chunks, memory, random};

const WHAT: &str = "groups of points";

/// No group yet.
const NONE: u32 = u32::MAX;

/// A division of points into groups.
#[derive(Debug)]
pub(super) struct Groups {
    /// The group of each point, whoever has it: neighbors may be any.
    pub(super) of: Vec<u32>,
    /// The rows of this member's points in each group, ascending.
    pub(super) rows: Buckets<u32>,
    /// The point of each group that was drawn, ascending.
    drawn: Vec<u32>,
}

impl Groups {
    /// About `count` groups: each point joins the drawn one to which its affinity is largest; points that know none join the group of
    /// their nearest that has one, round by round, and pieces without any drawn point are shared out by a hash.
    ///
    /// Each member of a team looks at its own points, whose rows it has, and tells the others.
    pub(super) fn of<T: Scalar>(p: &Affinities<T>, count: usize, seed: u64, cx: Context<'_>) -> Result<Self> {
        let (n, own) = (p.n_columns(), p.points());
        let share = count as f64 / n as f64;
        let hash = |i: usize| random::element_seed(seed, COARSE_STREAM, i as u64);
        let drawn = || own.clone().filter(|&i| random::unit(hash(i)) < share).map(|i| i as u32);
        let mut first = Vec::new();
        memory::reserve(WHAT, &mut first, drawn().count())?;
        first.extend(drawn());
        let mut drawn = cx.concat(first)?;
        if drawn.is_empty() {
            drawn.push(0);
        }
        let mut of = memory::filled(WHAT, n, NONE)?;
        for (group, &i) in (0u32..).zip(&drawn) {
            of[i as usize] = group;
        }
        // Nearly all join in the first round, of which all have all; of later ones, what is new goes round.
        let mut joined = memory::copied(WHAT, &of[own.clone()])?;
        chunks::for_each(&mut joined, blocks::BLOCK, |block, joined| {
            if cx.check().is_err() {
                return;
            }
            for (joined, row) in joined.iter_mut().zip(block * blocks::BLOCK..).filter(|(joined, _)| **joined == NONE) {
                *joined = nearest(p, &of, row);
            }
        });
        cx.check()?;
        of[own.clone()].copy_from_slice(&joined);
        cx.gather(&mut of, blocks::BLOCK)?;
        let none = || (0u32..).zip(&joined).filter(|(_, group)| **group == NONE).map(|(row, _)| row);
        let mut left = Vec::new();
        memory::reserve(WHAT, &mut left, none().count())?;
        left.extend(none());
        drop(joined);
        while cx.any(!left.is_empty())? {
            let found = later_round(p, &of, &left, cx)?;
            if found.is_empty() {
                for (i, of) in of.iter_mut().enumerate().filter(|(_, of)| **of == NONE) {
                    *of = (hash(i) % drawn.len() as u64) as u32;
                }
                break;
            }
            found.into_iter().for_each(|(i, group)| of[i as usize] = group);
            left.retain(|&row| of[own.start + row as usize] == NONE);
        }
        let rows = Buckets::new(drawn.len(), || of[own.clone()].iter().map(|&group| group as usize).zip(0u32..))?;
        Ok(Self { of, rows, drawn })
    }

    /// The number of groups.
    pub(super) fn len(&self) -> usize {
        self.drawn.len()
    }

    /// The drawn points of these groups.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory).
    pub(super) fn drawn(&self, groups: &[u32]) -> Result<Vec<u32>> {
        memory::collected("drawn points", groups.iter().map(|&group| self.drawn[group as usize]))
    }
}

/// The points that join a group now, and which, of those of all members: `left` are the rows of this one's that have none.
fn later_round<T: Scalar>(p: &Affinities<T>, of: &[u32], left: &[u32], cx: Context<'_>) -> Result<Vec<(u32, u32)>> {
    let mut joined = memory::filled(WHAT, left.len(), NONE)?;
    chunks::for_each(&mut joined, blocks::BLOCK, |block, joined| {
        if cx.check().is_err() {
            return;
        }
        for (joined, &row) in joined.iter_mut().zip(&left[block * blocks::BLOCK..]) {
            *joined = nearest(p, of, row as usize);
        }
    });
    cx.check()?;
    let first = p.points().start as u32;
    let found =
        || left.iter().zip(&joined).filter(|(_, group)| **group != NONE).map(|(&row, &group)| (first + row, group));
    let mut pairs = Vec::new();
    memory::reserve(WHAT, &mut pairs, found().count())?;
    pairs.extend(found());
    cx.concat(pairs)
}

/// The group of the point with the largest affinity to point `i` that has one; of equal ones the first.
fn nearest<T: Scalar>(p: &Affinities<T>, of: &[u32], row: usize) -> u32 {
    let (columns, weights) = p.row(row);
    let mut best = (T::ZERO, NONE);
    for (&j, &weight) in columns.iter().zip(weights) {
        let group = of[j as usize];
        if group != NONE && (best.1 == NONE || weight > best.0) {
            best = (weight, group);
        }
    }
    best.1
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Groups, NONE};
    use tsne_core::{Affinities, AffinityKind, Context, random};

    /// Two rings of `n` points each that know nothing of each other; each point knows the six next to it.
    pub(in crate::initialization::coarse) fn rings(n: usize) -> Affinities<f64> {
        let mut rows = vec![Vec::new(); 2 * n];
        for ring in 0..2 {
            for i in 0..n {
                for step in 1..=3 {
                    let j = (i + step) % n;
                    let weight = 0.1 + random::unit(random::mix((ring * n + i) as u64 * 8 + step as u64));
                    rows[ring * n + i].push(((ring * n + j) as u32, weight));
                    rows[ring * n + j].push(((ring * n + i) as u32, weight));
                }
            }
        }
        let sum: f64 = rows.iter().flatten().map(|(_, weight)| weight).sum();
        let (mut pointers, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
        for row in &mut rows {
            row.sort_unstable_by_key(|(column, _)| *column);
            columns.extend(row.iter().map(|(column, _)| *column));
            weights.extend(row.iter().map(|(_, weight)| weight / sum));
            pointers.push(columns.len());
        }
        Affinities::from_parts(pointers, columns, weights, 2 * n, AffinityKind::Joint).unwrap()
    }

    /// All points in one group: of the first seed that draws one.
    pub(in crate::initialization::coarse) fn one_group(p: &Affinities<f64>) -> Groups {
        let mut groups = (0..1_000).map(|seed| Groups::of(p, 1, seed, Context::new()).unwrap());
        groups.find(|groups| groups.len() == 1).unwrap()
    }

    #[test]
    fn every_point_joins_the_drawn_one_that_it_knows_best() {
        let p = rings(3_000);
        let groups = Groups::of(&p, 900, 7, Context::new()).unwrap();
        assert!((800..1_000).contains(&groups.len()), "{}", groups.len());
        let mut first_round = 0;
        for i in 0..p.n() {
            let own = groups.of[i];
            assert!(groups.rows.bucket(own as usize).contains(&(i as u32)));
            if let Ok(group) = groups.drawn.binary_search(&(i as u32)) {
                assert_eq!(own as usize, group);
                continue;
            }
            let known = p.row(i).0.iter().zip(p.row(i).1).filter(|(j, _)| groups.drawn.contains(j));
            if let Some((best, _)) = known.max_by(|a, b| a.1.total_cmp(b.1)) {
                assert_eq!(groups.drawn[own as usize], *best);
                first_round += 1;
            }
            // None is in a group of the other ring.
            assert_eq!(groups.drawn[own as usize] < 3_000, i < 3_000);
        }
        assert!(first_round > 1_000);
        assert!(groups.of.iter().all(|&group| group != NONE));
        // Another seed, other groups; the same seed, the same.
        assert_ne!(Groups::of(&p, 900, 8, Context::new()).unwrap().of, groups.of);
        assert_eq!(Groups::of(&p, 900, 7, Context::new()).unwrap().of, groups.of);
    }

    #[test]
    fn pieces_without_a_drawn_point_are_shared_out() {
        // One point is drawn, so that one ring has none.
        let p = rings(40);
        let groups = one_group(&p);
        assert!(groups.of.iter().all(|&group| group == 0));
        assert_eq!(groups.rows.bucket(0).len(), 80);
    }
}
