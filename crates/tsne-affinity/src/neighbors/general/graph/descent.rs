//! Neighbors of neighbors are likely neighbors (Dong, Moses and Li 2011, "Efficient k-nearest neighbor graph construction
//! for generic similarity measures"), in synchronous rounds: each row reads the lists of the last round and writes its own.

use super::params::NeighborDescent;
use super::pivot_tree::PivotTree;
use super::samples::Samples;
use crate::neighbors::general::distances::{Distances, check};
use crate::neighbors::request::stored_room;
use crate::ordered::{self, Kept};
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne_core::{Array, Context, Result, Scalar, Stage, chunks, memory, random};

/// Rows in one task.
const BLOCK: usize = 256;
/// The descent ends when a round replaces less than this part of all entries. On a mixture of 20,000 × 50 points under
/// Manhattan distances with `k = 90`, rounds replaced 0.58, 0.20, 0.021, 0.0020 and 0.0003 of them: what is left to find
/// is a tenth of what was found last.
const CHANGE: f64 = 0.025;
const STAGE_SAMPLE: u64 = 0x61_7070_0201;
const STAGE_FILL: u64 = 0x61_7070_0203;

/// The best so far: `k` neighbors of each row, ascending by (distance, point).
#[derive(Debug)]
pub(super) struct Lists<T> {
    pub(super) k: usize,
    pub(super) indices: Array<u32>,
    pub(super) distances: Array<T>,
    /// 1 for entries that no round has looked from yet, else 0.
    fresh: Array<u8>,
}

/// An entry of a list while it is made.
type Entry<T> = (T, u32, bool);

/// What a task keeps between rows.
#[derive(Default)]
struct Scratch<T> {
    points: Vec<u32>,
    distances: Vec<T>,
    entries: Vec<Entry<T>>,
    /// `mark` for points that the row knows, `mark + 1` for its candidates, less for all others.
    marks: Vec<u32>,
    mark: u32,
}

impl<T: Scalar> Scratch<T> {
    /// Begins a row among `n` points. (Marks, because sorting the candidates took three quarters of a round.)
    fn start(&mut self, n: usize) -> Result<()> {
        self.points.clear();
        if self.marks.len() != n || self.mark >= u32::MAX - 3 {
            self.marks.clear();
            memory::resize("marks of candidates", &mut self.marks, n, 0)?;
            self.mark = 0;
        }
        self.mark += 2;
        Ok(())
    }

    fn known(&mut self, j: u32) {
        self.marks[j as usize] = self.mark;
    }

    /// Takes in those of a list that are neither known nor candidates. Without a branch for each: whether a point is new is
    /// as good as random, and the wrong predictions were a tenth of the descent (20,000 × 50 points, Manhattan, `k = 90`).
    fn candidates(&mut self, list: &[u32]) {
        let mut len = self.points.len();
        self.points.resize(len + list.len(), 0);
        for &j in list {
            let mark = &mut self.marks[j as usize];
            let new = *mark < self.mark;
            *mark = if new { self.mark + 1 } else { *mark };
            self.points[len] = j;
            len += usize::from(new);
        }
        self.points.truncate(len);
    }

    fn is_candidate(&self, j: u32) -> bool {
        self.marks[j as usize] > self.mark
    }
}

impl<T: Scalar> Lists<T> {
    /// Neighbors from the leaves of `trees`, improved until the lists settle.
    pub(super) fn new(
        distances: &dyn Distances<T>,
        trees: &[PivotTree<T>],
        k: usize,
        params: &NeighborDescent,
        seed: u64,
        cx: Context<'_>,
    ) -> Result<Self> {
        let n = distances.n_points();
        let (mut indices, mut lengths) = stored_room(n, k, cx)?;
        let mut fresh = cx.zeros("marks of neighbors", indices.len())?;
        chunks::for_each(&mut fresh, BLOCK * k, |_, fresh| fresh.fill(1u8));
        for_rows(&mut indices, &mut lengths, &mut fresh, k, cx, |i, scratch, row| {
            scratch.points.clear();
            for tree in trees {
                scratch.points.extend_from_slice(tree.around(i));
            }
            fill(&mut scratch.points, i, n, k, seed);
            scratch.entries.clear();
            improve(distances, i, scratch, row)
        })?;
        let mut lists = Self { k, indices, distances: lengths, fresh };
        for round in 0..params.rounds {
            // In rows, as if all rounds were needed.
            let share = (round + 1) as f64 / (params.rounds as f64 + 1.0);
            cx.advance(Stage::Neighbors, (share * n as f64) as usize, n);
            let changes = lists.round(distances, params.max_candidates, seed, round as u64, cx)?;
            if (changes as f64) < CHANGE * (n * k) as f64 {
                break;
            }
        }
        Ok(lists)
    }

    /// One round; returns how many entries are new.
    fn round(
        &mut self,
        distances: &dyn Distances<T>,
        most: usize,
        seed: u64,
        round: u64,
        cx: Context<'_>,
    ) -> Result<usize> {
        let old = self.sample(most, random::element_seed(seed, STAGE_SAMPLE, 2 * round), false)?;
        let fresh = self.sample(most, random::element_seed(seed, STAGE_SAMPLE, 2 * round + 1), true)?;
        let changes = AtomicUsize::new(0);
        let Self { k, indices, distances: lengths, fresh: flags } = self;
        let n = distances.n_points();
        for_rows(indices, lengths, flags, *k, cx, |i, scratch, (indices, lengths, flags)| {
            scratch.start(n)?;
            scratch.known(i as u32);
            indices.iter().for_each(|&j| scratch.known(j));
            // Of two ways to a neighbor of a neighbor, one must be fresh: else the pair was compared before.
            scratch.candidates(fresh.of(i));
            for &j in fresh.of(i) {
                scratch.candidates(fresh.of(j as usize));
                scratch.candidates(old.of(j as usize));
            }
            for &j in old.of(i) {
                scratch.candidates(fresh.of(j as usize));
            }
            let kept = indices.iter().zip(lengths.iter()).zip(flags.iter());
            scratch.entries.clear();
            scratch.entries.extend(kept.map(|((&j, &d), &fresh)| (d, j, fresh != 0)));
            improve(distances, i, scratch, (&mut *indices, lengths, flags))?;
            let new = indices.iter().filter(|&&j| scratch.is_candidate(j)).count();
            changes.fetch_add(new, Ordering::Relaxed);
            Ok(())
        })?;
        Ok(cx.gather_one(changes.into_inner())?.into_iter().sum())
    }

    /// Up to `most` entries of each row that are fresh, or that are not, and up to `most` of the rows that chose it:
    /// those with the smallest hashes. Fresh entries that are chosen are fresh no more.
    fn sample(&mut self, most: usize, seed: u64, fresh: bool) -> Result<Samples> {
        let (n, k) = (self.indices.len() / self.k, self.k);
        let most = most.min(k);
        let mut forward = memory::filled("sampled neighbors", n * most, u32::MAX)?;
        let kept = Kept::new(Vec::<(u64, u32)>::new);
        let indices = &self.indices;
        chunks::for_each2((&mut forward, BLOCK * most), (&mut self.fresh, BLOCK * k), |b, forward, flags| {
            kept.with(|choice| {
                let indices = indices[b * BLOCK * k..].chunks_exact(k);
                let rows = forward.chunks_exact_mut(most).zip(flags.chunks_exact_mut(k)).zip(indices);
                for (r, ((forward, flags), indices)) in rows.enumerate() {
                    let i = (b * BLOCK + r) as u64;
                    choice.clear();
                    let wanted = flags.iter().enumerate().filter(|(_, flag)| (**flag != 0) == fresh);
                    choice
                        .extend(wanted.map(|(p, _)| (random::element_seed(seed, i, u64::from(indices[p])), p as u32)));
                    if choice.len() > most {
                        choice.select_nth_unstable(most - 1);
                        choice.truncate(most);
                        choice.sort_unstable();
                    }
                    for (out, &(_, p)) in forward.iter_mut().zip(choice.iter()) {
                        *out = indices[p as usize];
                        flags[p as usize] = 0;
                    }
                }
            });
        });
        Samples::new(&forward, n, most, seed)
    }
}

/// A row of the lists: points, distances, and whether the entries are fresh.
type Row<'r, T> = (&'r mut [u32], &'r mut [T], &'r mut [u8]);

/// Calls `f` with each row, in parallel, each on one member of a team: what it has written all members have afterwards.
fn for_rows<T: Scalar>(
    indices: &mut [u32],
    distances: &mut [T],
    fresh: &mut [u8],
    k: usize,
    cx: Context<'_>,
    f: impl Fn(usize, &mut Scratch<T>, Row<'_, T>) -> Result<()> + Sync,
) -> Result<()> {
    let size = BLOCK * k;
    let (own, part) = (cx.share(indices.len().div_ceil(size)), cx.part(indices.len(), size));
    let own_slices = (&mut indices[part.clone()], &mut distances[part.clone()], &mut fresh[part]);
    let slices = ((own_slices.0, size), (own_slices.1, size), (own_slices.2, size));
    ordered::try_for_each3(slices.0, slices.1, slices.2, Scratch::default, |scratch, b, indices, distances, fresh| {
        cx.check()?;
        let rows = indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).zip(fresh.chunks_exact_mut(k));
        for (r, ((indices, distances), fresh)) in rows.enumerate() {
            f((own.start + b) * BLOCK + r, scratch, (indices, distances, fresh))?;
        }
        Ok(())
    })?;
    cx.gather(indices, size)?;
    cx.gather(distances, size)?;
    cx.gather(fresh, size)
}

/// Puts the points of `scratch` and its entries, which have none in common, into one row.
fn improve<T: Scalar>(
    distances: &dyn Distances<T>,
    i: usize,
    scratch: &mut Scratch<T>,
    (indices, lengths, fresh): Row<'_, T>,
) -> Result<()> {
    let Scratch { points, distances: measured, entries, .. } = scratch;
    measured.clear();
    measured.resize(points.len(), T::ZERO);
    distances.measure(i, points, measured);
    check(distances, i, points, measured)?;
    let last = entries.last().map(|&(d, j, _)| (d, j));
    let better = measured
        .iter()
        .zip(points.iter())
        .filter(|&(d, j)| last.is_none_or(|(last, index)| d.total_cmp(&last).then(j.cmp(&index)).is_lt()));
    entries.extend(better.map(|(&d, &j)| (d, j, true)));
    entries.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (((index, length), fresh), &(d, j, new)) in indices.iter_mut().zip(lengths).zip(fresh).zip(entries.iter()) {
        (*index, *length, *fresh) = (j, d, u8::from(new));
    }
    Ok(())
}

/// Leaves each point once and the row itself not at all, and adds others until there are `k`.
fn fill(points: &mut Vec<u32>, i: usize, n: usize, k: usize, seed: u64) {
    points.sort_unstable();
    points.dedup();
    points.retain(|&j| j as usize != i);
    if points.len() >= k {
        return;
    }
    // Consecutive points from a random one on. At most `k` of them are there already, so this ends.
    let known = points.clone();
    let first = (random::element_seed(seed, STAGE_FILL, i as u64) % n as u64) as usize;
    let others = (0..n).map(|s| ((first + s) % n) as u32);
    let others = others.filter(|&j| j as usize != i && known.binary_search(&j).is_err());
    points.extend(others.take(k - known.len()));
}
