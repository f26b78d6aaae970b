//! Sums over all pairs, and over ranges of points: one query, eight points at a time.

use crate::pairs::share::{PairShare, ShareVisitor, visit_share};
use crate::scalar::GridScalar;
use crate::spline::split::Rest;
use tsne_core::simd::{self, Task};
use tsne_core::{Context, Kernel, Result, blocks, chunks, memory};

/// Points per step of the inner loop: one vector register of `f32` under AVX2. A constant, so that the order of
/// summation is the same on every machine.
pub(crate) const LANES: usize = 8;

/// Queries to a task: some microseconds of work even where few pairs are near, and tasks for all threads where all pairs of
/// a small map are summed.
pub(crate) const QUERIES: usize = 64;

// The points of a member of a team are whole tasks.
const _: () = assert!(blocks::BLOCK.is_multiple_of(QUERIES));

/// What pairs add to one point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PairSums<T, const D: usize> {
    pub(crate) weight: T,
    pub(crate) force: [T; D],
}

/// The sums of one query, without point `own`, over ranges of points. The columns hold `LANES` more than there are.
#[inline(always)]
pub(crate) fn sum_over<T: GridScalar, const D: usize, P: PairShare<T>>(
    columns: [&[T]; D],
    query: &[T; D],
    own: usize,
    share: P,
    ranges: impl Iterator<Item = std::ops::Range<usize>>,
) -> PairSums<T, D> {
    let mut lanes = SourceLanes { weights: [T::ZERO; LANES], forces: [[T::ZERO; LANES]; D] };
    for std::ops::Range { start, end } in ranges {
        let mut j = start;
        // Only a part of a vector, and the one with the query itself, need to be masked.
        if own < start || own >= end {
            while j + LANES <= end {
                lanes.add::<P, false>(columns, j, end, own, query, share);
                j += LANES;
            }
        }
        while j < end {
            lanes.add::<P, true>(columns, j, end, own, query, share);
            j += LANES;
        }
    }
    let sum = |lanes: &[T; LANES]| T::from_f64(lanes.iter().map(|v| v.to_f64()).sum::<f64>());
    PairSums { weight: sum(&lanes.weights), force: lanes.forces.each_ref().map(sum) }
}

struct SourceLanes<T, const D: usize> {
    weights: [T; LANES],
    forces: [[T; LANES]; D],
}

impl<T: GridScalar, const D: usize> SourceLanes<T, D> {
    #[inline(always)]
    fn add<P: PairShare<T>, const MASKED: bool>(
        &mut self,
        columns: [&[T]; D],
        j: usize,
        end: usize,
        own: usize,
        query: &[T; D],
        share: P,
    ) {
        let mut difference = [[T::ZERO; LANES]; D];
        let mut d2 = [T::ZERO; LANES];
        for c in 0..D {
            let Some(column) = columns[c].get(j..).and_then(|rest| rest.first_chunk::<LANES>()) else { return };
            for l in 0..LANES {
                difference[c][l] = query[c] - column[l];
                d2[l] += difference[c][l] * difference[c][l];
            }
        }
        let (left, own) = ((end - j).min(LANES) as i32, own.wrapping_sub(j).min(LANES) as i32);
        let mut factors = [T::ZERO; LANES];
        for l in 0..LANES {
            let (mut weight, mut force) = share.of(d2[l]);
            // What was loaded beyond the end belongs to other cells.
            if MASKED && (l as i32 >= left || l as i32 == own) {
                (weight, force) = (T::ZERO, T::ZERO);
            }
            self.weights[l] += weight;
            factors[l] = force;
        }
        for c in 0..D {
            for l in 0..LANES {
                self.forces[c][l] += factors[l] * difference[c][l];
            }
        }
    }
}

/// Points whose pairs are all summed.
#[derive(Debug)]
pub(crate) struct AllPairs<T, const D: usize> {
    n: usize,
    columns: [Vec<T>; D],
}

impl<T, const D: usize> Default for AllPairs<T, D> {
    fn default() -> Self {
        Self { n: 0, columns: std::array::from_fn(|_| Vec::new()) }
    }
}

impl<T: GridScalar, const D: usize> AllPairs<T, D> {
    pub(crate) fn assign(&mut self, y: &[[T; D]]) -> Result<()> {
        self.n = y.len();
        for (c, column) in self.columns.iter_mut().enumerate() {
            column.clear();
            memory::reserve("coordinates of points", column, y.len() + LANES)?;
            column.extend(y.iter().map(|point| point[c]));
            column.resize(y.len() + LANES, T::ZERO);
        }
        Ok(())
    }

    /// The forces of all points on each of this member's, and the weights' sum over all pairs: of all of the kernel, or of a rest
    /// of it.
    pub(crate) fn own_sums(
        &self,
        (kernel, rest): (Kernel, Option<Rest<T>>),
        out: &mut [[T; D]],
        sums: &mut Vec<f64>,
        cx: Context<'_>,
    ) -> Result<f64> {
        sums.clear();
        sums.resize(self.n.div_ceil(QUERIES), 0.0);
        let tasks = |rank: usize| {
            let rows = cx.rows_of(rank, self.n);
            rows.start.div_ceil(QUERIES)..rows.end.div_ceil(QUERIES)
        };
        let own = tasks(cx.rank());
        let before = own.start;
        chunks::for_each2((&mut sums[own], 1), (out.as_flattened_mut(), QUERIES * D), |block, sum, out| {
            // A call that was cancelled ends with the check below: no error of a block is waited for.
            if cx.check().is_ok() {
                let first = Some((before + block) * QUERIES);
                let out = out.as_chunks_mut().0;
                sum[0] = visit_share(kernel, rest, Block { all: self, first, query: [T::ZERO; D], out });
            }
        });
        cx.check()?;
        cx.gather_parts(sums, |rank| tasks(rank).end)?;
        Ok(sums.iter().sum())
    }

    /// The sums of one query over all points.
    pub(crate) fn query(&self, (kernel, rest): (Kernel, Option<Rest<T>>), query: &[T; D]) -> (T, [T; D]) {
        let mut out = [[T::ZERO; D]];
        let weight = visit_share(kernel, rest, Block { all: self, first: None, query: *query, out: &mut out });
        (T::from_f64(weight), out[0])
    }
}

struct Block<'a, T, const D: usize> {
    all: &'a AllPairs<T, D>,
    /// The first of the points that are the queries, if they are.
    first: Option<usize>,
    query: [T; D],
    out: &'a mut [[T; D]],
}

impl<T: GridScalar, const D: usize> ShareVisitor<T> for Block<'_, T, D> {
    type Output = f64;
    fn visit<P: PairShare<T>>(self, share: P) -> f64 {
        simd::dispatch(BlockOf { block: self, share })
    }
}

struct BlockOf<'a, T, const D: usize, P> {
    block: Block<'a, T, D>,
    share: P,
}

impl<T: GridScalar, const D: usize, P: PairShare<T>> Task for BlockOf<'_, T, D, P> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Block { all, first, query, out } = self.block;
        let columns = all.columns.each_ref().map(Vec::as_slice);
        let mut total = 0.0;
        for (q, out) in out.iter_mut().enumerate() {
            let own = first.map_or(usize::MAX, |first| first + q);
            let query = if first.is_some() { std::array::from_fn(|c| all.columns[c][own]) } else { query };
            let everything = std::iter::once(0..all.n);
            let sums = sum_over(columns, &query, own, self.share, everything);
            total += sums.weight.to_f64();
            *out = sums.force;
        }
        total
    }
}
