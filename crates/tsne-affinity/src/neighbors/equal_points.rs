//! Points with equal coordinates, found by a hash of them.

use rayon::prelude::*;
use std::cmp::Ordering;
use tsne_core::{Context, DealtRows, Error, Result, Scalar, blocks, chunks, memory, random};

/// The name of what is made here in errors.
const EQUAL: &str = "groups of equal points";

/// Bytes of rows that the members of a team fetch at a time: few beside what they have, and many for a message.
const FETCHED: usize = 8 << 20;

/// Points of a list that are compared in one task, at the least: an estimate.
const LONG: usize = 1024;

/// Lists of points, ascending, of two at least: those of equal hashes, then those that are equal.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Runs {
    /// One list after the other.
    points: Vec<u32>,
    pub(super) lengths: Vec<u32>,
}

impl Runs {
    /// Those of `n` points with equal hashes. Members of a team hash the points that are theirs, and sort those whose hashes are.
    pub(super) fn of_hashes(n: usize, hash: impl Fn(usize) -> u64 + Sync, cx: Context<'_>) -> Result<Self> {
        let own = cx.rows(n);
        let mut hashes = memory::filled("hashes of points", own.len(), (0u64, 0u32))?;
        chunks::for_each(&mut hashes, blocks::BLOCK, |b, hashes| {
            let first = own.start + b * blocks::BLOCK;
            hashes.iter_mut().zip(first..).for_each(|(place, i)| *place = (hash(i), i as u32));
        });
        let mut hashes = dealt_by_value(hashes, cx)?;
        hashes.par_sort_unstable();
        let mut runs = Self::default();
        if hashes.par_windows(2).any(|pair| pair[0].0 == pair[1].0) {
            let alike = || hashes.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1);
            memory::reserve(EQUAL, &mut runs.lengths, alike().count())?;
            memory::reserve(EQUAL, &mut runs.points, alike().map(<[_]>::len).sum())?;
            alike().for_each(|run| runs.push(run.iter().map(|&(_, i)| i)));
        }
        drop(hashes);
        Ok(Self { points: cx.concat(runs.points)?, lengths: cx.concat(runs.lengths)? })
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        let mut rest = &self.points[..];
        self.lengths.iter().map(move |&length| {
            let (run, after) = rest.split_at(length as usize);
            rest = after;
            run
        })
    }

    /// Appends a list, if it is one of several points, for which there is room.
    fn push(&mut self, run: impl ExactSizeIterator<Item = u32>) {
        if run.len() > 1 {
            self.lengths.push(run.len() as u32);
            self.points.extend(run);
        }
    }

    /// The lists of equal points among those of equal hashes: nearly always the same, but hashes may collide.
    pub(super) fn told_apart(self, compare: impl Fn(usize, usize) -> Ordering + Sync) -> Result<Self> {
        let compare = |a: u32, b: u32| compare(a as usize, b as usize);
        let lists = memory::collected(EQUAL, self.iter())?;
        // Lists are short, but for those of a point that comes again and again.
        let all_equal =
            lists.par_iter().all(|list| list.par_iter().with_min_len(LONG).all(|&i| compare(list[0], i).is_eq()));
        drop(lists);
        if all_equal {
            return Ok(self);
        }
        let mut apart = Self::default();
        // Lists that fall apart are more, but none is shorter than two.
        memory::reserve(EQUAL, &mut apart.lengths, self.points.len() / 2)?;
        memory::reserve(EQUAL, &mut apart.points, self.points.len())?;
        for run in self.iter() {
            let mut run = memory::copied(EQUAL, run)?;
            // A total order, so stability is not needed.
            run.par_sort_unstable_by(|&a, &b| compare(a, b).then(a.cmp(&b)));
            run.chunk_by(|&a, &b| compare(a, b).is_eq()).for_each(|equal| apart.push(equal.iter().copied()));
        }
        Ok(apart)
    }

    /// The same where each member of a team has the rows of its points: it compares these with the first rows of their lists, which come
    /// to all. Where some differ, all rows of the list do, too.
    pub(super) fn told_apart_by_owners<T: Scalar>(self, rows: &DealtRows<'_, T>, cx: Context<'_>) -> Result<Self> {
        let mut lists = memory::collected(EQUAL, self.iter())?;
        let each = (FETCHED / size_of::<T>() / rows.d().max(1)).max(1);
        let mut differing = Vec::new();
        for (part, lists) in lists.chunks(each).enumerate() {
            let first = rows.fetch(|l| lists[l][0] as usize, lists.len(), cx)?;
            for ((l, list), first) in (part * each..).zip(lists).zip(first.chunks_exact(rows.d().max(1))) {
                let own = list.iter().map(|&i| i as usize).filter(|i| rows.own().contains(i));
                if own.into_iter().any(|i| compare_rows(first, rows.row(i)).is_ne()) {
                    memory::reserve(EQUAL, &mut differing, 1)?;
                    differing.push(l);
                }
            }
        }
        let mut differing = cx.concat(differing)?;
        if differing.is_empty() {
            drop(lists);
            return Ok(self);
        }
        differing.sort_unstable();
        differing.dedup();
        let mut doubtful = Self::default();
        memory::reserve(EQUAL, &mut doubtful.lengths, differing.len())?;
        memory::reserve(EQUAL, &mut doubtful.points, differing.iter().map(|&l| lists[l].len()).sum())?;
        for &l in &differing {
            doubtful.push(std::mem::take(&mut lists[l]).iter().copied());
        }
        let values = rows.fetch(|p| doubtful.points[p] as usize, doubtful.points.len(), cx)?;
        // By their places among those that were fetched.
        let places =
            Self { points: memory::collected(EQUAL, 0..doubtful.points.len() as u32)?, lengths: doubtful.lengths };
        let row = |place: usize| values.get(place * rows.d()..(place + 1) * rows.d()).unwrap_or_default();
        let places = places.told_apart(|a, b| compare_rows(row(a), row(b)))?;
        let mut apart = Self::default();
        memory::reserve(EQUAL, &mut apart.lengths, lists.len() + places.lengths.len())?;
        memory::reserve(EQUAL, &mut apart.points, self.points.len())?;
        lists.iter().for_each(|list| apart.push(list.iter().copied()));
        places.iter().for_each(|list| apart.push(list.iter().map(|&place| doubtful.points[place as usize])));
        Ok(apart)
    }
}

/// The points whose hashes are this member's to sort: those of a part of their range. One process has all.
fn dealt_by_value(hashes: Vec<(u64, u32)>, cx: Context<'_>) -> Result<Vec<(u64, u32)>> {
    let members = cx.members();
    if members < 2 {
        return Ok(hashes);
    }
    let member = |hash: u64| ((u128::from(hash) * members as u128) >> 64) as usize;
    let mut counts = memory::filled(EQUAL, members, 0usize)?;
    hashes.iter().for_each(|&(hash, _)| counts[member(hash)] += 1);
    let mut messages: Vec<Vec<(u64, u32)>> = Vec::new();
    memory::reserve(EQUAL, &mut messages, members)?;
    for count in counts {
        messages.push(Vec::new());
        let last = messages.last_mut().ok_or_else(|| Error::team("a team has no members"))?;
        memory::reserve(EQUAL, last, count)?;
    }
    hashes.iter().for_each(|&(hash, i)| messages[member(hash)].push((hash, i)));
    drop(hashes);
    let received = cx.exchange(messages)?;
    let mut own = Vec::new();
    memory::reserve(EQUAL, &mut own, received.iter().map(Vec::len).sum())?;
    received.into_iter().for_each(|list| own.extend(list));
    Ok(own)
}

/// Four independent chains of multiplications, so that the hash runs at the speed of the memory.
pub(super) fn hash<T: Scalar>(row: &[T]) -> u64 {
    const CHAINS: usize = 4;
    let mut state = [1u64, 2, 3, 4];
    for chunk in row.chunks(CHAINS) {
        for (s, v) in state.iter_mut().zip(chunk) {
            // Adding 0 makes -0 and 0 one value.
            *s = (*s ^ (*v + T::ZERO).bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
    }
    state.iter().fold(0, |h, &s| random::mix(h ^ s))
}

pub(super) fn compare_rows<T: Scalar>(a: &[T], b: &[T]) -> Ordering {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| (a + T::ZERO).total_cmp(&(b + T::ZERO)))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::{Rows, ThreadTeam};

    fn runs(lists: &[&[u32]]) -> Runs {
        Runs { points: lists.concat(), lengths: lists.iter().map(|list| list.len() as u32).collect() }
    }

    fn sorted(runs: &Runs) -> Vec<Vec<u32>> {
        let mut lists: Vec<Vec<u32>> = runs.iter().map(<[u32]>::to_vec).collect();
        lists.sort();
        lists
    }

    /// Hashes of few values, so that different points share them: whoever has the rows, only equal ones are together.
    #[test]
    fn points_of_equal_hashes_are_told_apart() {
        let (n, d) = (3 * blocks::BLOCK + 17, 3);
        // Of eleven rows, each of which comes again and again.
        let value = |i: usize, c: usize| ((i * 7 + i / 5) % 11 * (c + 1)) as f32;
        let x: Vec<f32> = (0..n * d).map(|at| value(at / d, at % d)).collect();
        let row = |i: usize| &x[i * d..(i + 1) * d];
        for values in [1, 4, u64::MAX] {
            let hash = |i: usize| random::mix(hash(row(i)) % values);
            let mut expected: Vec<Vec<u32>> = Vec::new();
            for i in 0..n {
                match expected.iter_mut().find(|list| row(list[0] as usize) == row(i)) {
                    Some(list) => list.push(i as u32),
                    None => expected.push(vec![i as u32]),
                }
            }
            expected.sort();
            let alone = Runs::of_hashes(n, hash, Context::new()).unwrap();
            assert_eq!(sorted(&alone.told_apart(|i, j| compare_rows(row(i), row(j))).unwrap()), expected, "{values}");
            for members in [1, 2, 3, 5] {
                let all = ThreadTeam::run(members, 1, |team| {
                    let cx = Context::new().with_team(team);
                    let own = cx.rows(n);
                    let rows = Rows::new(&x[own.start * d..own.end * d], own.len(), d)?;
                    let runs = Runs::of_hashes(n, hash, cx)?;
                    runs.told_apart_by_owners(&DealtRows::new(rows, own.start, n)?, cx)
                });
                for runs in all.unwrap() {
                    assert_eq!(sorted(&runs.unwrap()), expected, "{values} {members}");
                }
            }
        }
    }

    #[test]
    fn lists_of_equal_points_stay_as_they_are() {
        let given = [&[1, 4][..], &[0, 2, 3]];
        assert_eq!(runs(&given).told_apart(|_, _| Ordering::Equal).unwrap(), runs(&given));
        // And none is left where all differ.
        assert_eq!(runs(&given).told_apart(|i, j| i.cmp(&j)).unwrap(), Runs::default());
    }
}
