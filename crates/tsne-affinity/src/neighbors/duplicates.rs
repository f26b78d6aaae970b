//! Duplicated points: searched once, answered for all.
//!
//! A cluster of identical points is the worst case of every method (one endless leaf of a kd-tree, ties beyond any
//! buffer of candidates). Points with equal coordinates therefore form a group that is searched as one.

use super::dense_rows::DenseRows;
use super::equal_points::{Runs, compare_rows, hash};
use super::request::numbers;
use super::wanted::Wanted;
use crate::ordered::Kept;
use std::ops::Range;
use tsne_core::buckets::Buckets;
use tsne_core::{Context, Points, Result, Scalar, SparseRows, chunks, memory, random};

/// Rows whose duplicates are put back in one task.
const EXPAND_BLOCK: usize = 256;

/// The name of what is made here in errors.
const EQUAL: &str = "groups of equal points";

/// Which points have the same coordinates.
#[derive(Debug)]
pub(in crate::neighbors) struct Groups {
    n: usize,
    /// `None` where no two points are the same: group `g` is point `g`.
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The group of each point. Groups are numbered by their first points.
    group: Vec<u32>,
    /// Where each group starts in `members`, and the number of points last.
    starts: Vec<u32>,
    /// The points of each group, ascending.
    members: Vec<u32>,
}

impl Groups {
    /// Finds the groups of dense rows in `O(n d + n log n)`. Members of a team hash the rows of their points and share the sorting; all
    /// call this together.
    pub(in crate::neighbors) fn of_rows<T: Scalar>(rows: &DenseRows<'_, T>, cx: Context<'_>) -> Result<Self> {
        let runs = Runs::of_hashes(rows.n(), |i| hash(rows.row(i)), cx)?;
        let runs = match rows {
            DenseRows::Dealt(rows) => runs.told_apart_by_owners(rows, cx)?,
            _ => runs.told_apart(|i, j| compare_rows(rows.row(i), rows.row(j)))?,
        };
        Self::of_runs(rows.n(), &runs)
    }

    /// The same for points of any storage, in one process. Sparse rows are equal where they store equal values in the same columns.
    pub(in crate::neighbors) fn of_points<T: Scalar>(points: Points<'_, T>) -> Result<Self> {
        let alone = Context::new();
        match points {
            Points::Dense(rows) => Self::of_rows(&DenseRows::Borrowed(rows), alone),
            Points::Sparse(rows) => {
                let runs = Runs::of_hashes(rows.n(), |i| hash_sparse(rows, i), alone)?;
                let runs = runs.told_apart(|i, j| {
                    let ((ca, va), (cb, vb)) = (rows.row(i), rows.row(j));
                    ca.cmp(cb).then_with(|| compare_rows(va, vb))
                })?;
                Self::of_runs(rows.n(), &runs)
            }
            other => Self::of_rows(&DenseRows::Borrowed(other.dense("a search in one process")?), alone),
        }
    }

    /// The groups of which `runs` are those of several points.
    fn of_runs(n: usize, runs: &Runs) -> Result<Self> {
        if runs.lengths.is_empty() {
            return Ok(Self::distinct(n));
        }
        // First of the first point of each group, which is not behind any of it, then of the groups themselves.
        let mut group = numbers(n)?;
        for run in runs.iter() {
            run.iter().for_each(|&i| group[i as usize] = run[0]);
        }
        let mut count = 0;
        for i in 0..n {
            group[i] = if group[i] as usize == i {
                count += 1;
                count - 1
            } else {
                group[group[i] as usize]
            };
        }
        let (starts, members) =
            Buckets::new(count as usize, || group.iter().map(|&g| g as usize).zip(0u32..))?.into_parts();
        let starts = memory::collected(EQUAL, starts.into_iter().map(|start| start as u32))?;
        Ok(Self { n, shared: Some(Shared { group, starts, members }) })
    }

    /// The groups of `n` points no two of which are the same.
    pub(in crate::neighbors) const fn distinct(n: usize) -> Self {
        Self { n, shared: None }
    }

    /// The number of points.
    pub(in crate::neighbors) const fn n(&self) -> usize {
        self.n
    }

    /// The number of groups: of points that differ.
    pub(in crate::neighbors) fn len(&self) -> usize {
        self.shared.as_ref().map_or(self.n, |shared| shared.starts.len() - 1)
    }

    /// Whether no two points are the same.
    pub(in crate::neighbors) const fn is_trivial(&self) -> bool {
        self.shared.is_none()
    }

    /// The first point of group `g`.
    #[inline(always)]
    pub(in crate::neighbors) fn representative(&self, g: usize) -> usize {
        self.shared.as_ref().map_or(g, |shared| shared.members[shared.starts[g] as usize] as usize)
    }

    /// The first group whose first point is not before point `i`: groups stand in the order of their first points.
    pub(in crate::neighbors) fn first_in(&self, i: usize) -> usize {
        let Some(Shared { starts, members, .. }) = &self.shared else { return i };
        let groups = starts.get(..starts.len() - 1).unwrap_or_default();
        groups.partition_point(|&start| (members[start as usize] as usize) < i)
    }

    /// Whether point `i` is the first of its group.
    pub(in crate::neighbors) fn is_first(&self, i: usize) -> bool {
        self.shared.is_none() || self.representative(self.group_of(i)) == i
    }

    /// The number of points of group `g`.
    pub(in crate::neighbors) fn size(&self, g: usize) -> usize {
        self.shared.as_ref().map_or(1, |shared| (shared.starts[g + 1] - shared.starts[g]) as usize)
    }

    /// The number of points of group `g` with a smaller number than `i`.
    pub(in crate::neighbors) fn before(&self, g: usize, i: u32) -> u32 {
        let Some(Shared { starts, members, .. }) = &self.shared else { return u32::from((g as u32) < i) };
        members[starts[g] as usize..starts[g + 1] as usize].partition_point(|&member| member < i) as u32
    }

    /// The group of point `i`.
    pub(in crate::neighbors) fn group_of(&self, i: usize) -> usize {
        self.shared.as_ref().map_or(i, |shared| shared.group[i] as usize)
    }

    /// Whether one of `points` is in group `g`.
    pub(in crate::neighbors) fn has_any(&self, g: usize, points: &Range<usize>) -> bool {
        self.before(g, points.start as u32) < self.before(g, points.end as u32)
    }

    /// The groups of `points`: what is searched where the neighbors of these are wanted. They are no more than the points, so that
    /// no member of a team has more to search than without duplicates, though a group that several have is searched by each.
    pub(in crate::neighbors) fn wanted(&self, points: &Range<usize>) -> Result<Wanted> {
        match &self.shared {
            None => Ok(Wanted::Range(points.clone())),
            Some(_) if points.len() == self.n => Ok(Wanted::all(self.len())),
            Some(Shared { group, .. }) => {
                let mut list = memory::copied(EQUAL, &group[points.clone()])?;
                list.sort_unstable();
                list.dedup();
                Ok(Wanted::List(list))
            }
        }
    }

    /// Replaces groups, ascending by (distance, group), by their points, ascending by (distance, index): the nearest
    /// `limit` of them.
    ///
    /// Groups are numbered by their first points, so the nearest `limit` groups hold the nearest `limit` points.
    pub(in crate::neighbors) fn expand<T: Scalar>(&self, groups: &[(T, u32)], limit: usize, out: &mut Vec<(T, u32)>) {
        out.clear();
        for ties in groups.chunk_by(|a, b| a.0 == b.0) {
            let start = out.len();
            for &(distance, g) in ties {
                match &self.shared {
                    None => out.push((distance, g)),
                    Some(Shared { starts, members, .. }) => {
                        let members = &members[starts[g as usize] as usize..starts[g as usize + 1] as usize];
                        out.extend(members.iter().take(limit).map(|&i| (distance, i)));
                    }
                }
            }
            out[start..].sort_unstable_by_key(|&(_, i)| i);
            out.truncate(limit);
            if out.len() == limit {
                return;
            }
        }
    }

    /// Rows of `k` points from rows of `k_groups` groups, each ascending by (distance, group): one for each of `points`. `own` says
    /// which groups the rows are of where the points are those of the index, each of which excludes itself. Writes them into `out`.
    pub(in crate::neighbors) fn expand_rows<V: Scalar>(
        &self,
        (group_indices, group_distances, k_groups): (&[u32], &[V], usize),
        points: &Range<usize>,
        (k, own): (usize, Option<&Wanted>),
        (indices, distances): (&mut [u32], &mut [V]),
    ) {
        let kept = Kept::new(|| (Vec::new(), Vec::new()));
        let size = k.saturating_mul(EXPAND_BLOCK);
        chunks::for_each2((indices, size), (distances, size), |b, indices, distances| {
            kept.with(|(nearest, expanded)| {
                for (r, (indices, distances)) in
                    indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).enumerate()
                {
                    let i = points.start + b * EXPAND_BLOCK + r;
                    nearest.clear();
                    let row = match own {
                        Some(wanted) => {
                            let group = self.group_of(i);
                            nearest.push((V::ZERO, group as u32));
                            wanted.place(group)
                        }
                        None => i,
                    };
                    let range = row * k_groups..(row + 1) * k_groups;
                    let found = group_distances[range.clone()].iter().zip(&group_indices[range]);
                    nearest.extend(found.map(|(&distance, &g)| (distance, g)));
                    // The own group takes its place in its tie: another at distance 0 may have a smaller number.
                    nearest.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                    self.expand(nearest, k + usize::from(own.is_some()), expanded);
                    let others = expanded.iter().filter(|&&(_, j)| own.is_none() || j as usize != i);
                    for ((index, distance), &(d, j)) in indices.iter_mut().zip(distances).zip(others) {
                        (*index, *distance) = (j, d);
                    }
                }
            });
        });
    }
}

fn hash_sparse<T: Scalar>(rows: SparseRows<'_, T>, i: usize) -> u64 {
    let (columns, values) = rows.row(i);
    columns.iter().fold(hash(values), |h, &c| random::mix(h ^ u64::from(c)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::Rows;

    #[test]
    fn groups_are_numbered_by_their_first_points() {
        let x = [5.0f32, 1.0, 5.0, -0.0, 1.0, 0.0, 7.0];
        let groups = Groups::of_points(Rows::new(&x, 7, 1).unwrap().into()).unwrap();
        assert_eq!(groups.len(), 4);
        assert_eq!((0..7).map(|i| groups.group_of(i)).collect::<Vec<_>>(), [0, 1, 0, 2, 1, 2, 3]);
        assert_eq!((0..4).map(|g| groups.representative(g)).collect::<Vec<_>>(), [0, 1, 3, 6]);
        let mut out = Vec::new();
        groups.expand(&[(0.0f32, 1), (2.0, 0), (2.0, 2)], 5, &mut out);
        assert_eq!(out, [(0.0, 1), (0.0, 4), (2.0, 0), (2.0, 2), (2.0, 3)]);
    }

    #[test]
    fn sparse_rows_are_grouped_by_columns_and_values() {
        // The same value in column 0 and in column 1, and both again; a zero that is stored; an empty row, twice.
        let pointers = [0, 1, 2, 3, 4, 5, 5, 5];
        let (columns, values) = ([0, 1, 0, 1, 0], [2.0f64, 2.0, 2.0, 2.0, 0.0]);
        let groups = Groups::of_points(SparseRows::new(&pointers, &columns, &values, 2).unwrap().into()).unwrap();
        assert_eq!((groups.n(), groups.len()), (7, 4));
        assert_eq!((0..7).map(|i| groups.group_of(i)).collect::<Vec<_>>(), [0, 1, 0, 1, 2, 3, 3]);
    }

    #[test]
    fn distinct_points_need_no_groups() {
        let x: Vec<f64> = (0..100).map(f64::from).collect();
        let groups = Groups::of_points(Rows::new(&x, 50, 2).unwrap().into()).unwrap();
        assert!(groups.is_trivial());
        assert_eq!(groups.len(), 50);
    }
}
