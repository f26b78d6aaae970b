//! Sums over pairs within a cutoff, by cells.

use crate::GridScalar;
use crate::geometry::Bounds;
use crate::split::Rest;
use rayon::prelude::*;
use tsne_core::simd::{self, Task};
use tsne_core::{Context, Kernel, Profile, ProfileVisitor, Result};

/// Points per step of the inner loop: one vector register of `f32` under AVX2. A constant, so that the order of
/// summation is the same on every machine.
const LANES: usize = 8;

/// Queries to a task: some microseconds of work even where few pairs are near, and tasks for all threads where all pairs of
/// a small map are summed.
const QUERIES: usize = 64;

/// The most cells along one axis. Cells are at least as wide as the cutoff, which is several spacings of a grid whose
/// size is limited too.
const MAX_CELLS: f64 = 1024.0;

/// Points sorted by cells at least as wide as a cutoff: the partners of a query are in its own and the adjacent cells.
#[derive(Debug, Clone)]
pub(crate) struct Cells<T, const D: usize> {
    low: [T; D],
    inverse_side: T,
    counts: [usize; D],
    /// Where each cell's points start; cells along the last axis are contiguous.
    starts: Vec<u32>,
    /// The index of each sorted point.
    order: Vec<u32>,
    columns: [Vec<T>; D],
    sums: Vec<PairSums<T, D>>,
}

/// What pairs add to one point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PairSums<T, const D: usize> {
    pub(crate) weight: T,
    pub(crate) force: [T; D],
}

impl<T: GridScalar, const D: usize> Default for Cells<T, D> {
    fn default() -> Self {
        Self {
            low: [T::ZERO; D],
            inverse_side: T::ZERO,
            counts: [1; D],
            starts: Vec::new(),
            order: Vec::new(),
            columns: std::array::from_fn(|_| Vec::new()),
            sums: Vec::new(),
        }
    }
}

impl<T: GridScalar, const D: usize> Cells<T, D> {
    /// Sorts points into cells. An infinite cutoff makes one cell of all.
    pub(crate) fn build(&mut self, points: &[[T; D]], bounds: &Bounds<T, D>, cutoff: f64) {
        let side = cutoff.max(bounds.extent() / (MAX_CELLS - 1.0));
        self.low = bounds.low;
        self.inverse_side = T::from_f64(1.0 / side);
        for c in 0..D {
            let length = bounds.high[c].to_f64() - bounds.low[c].to_f64();
            self.counts[c] = if length > 0.0 { (length / side) as usize + 1 } else { 1 };
        }
        self.starts.clear();
        self.starts.resize(self.counts.iter().product::<usize>() + 1, 0);
        self.order.resize(points.len(), 0);
        for column in &mut self.columns {
            column.resize(points.len(), T::ZERO);
        }
        for point in points {
            let cell = self.index(self.cell(point));
            self.starts[cell + 1] += 1;
        }
        for cell in 1..self.starts.len() {
            self.starts[cell] += self.starts[cell - 1];
        }
        // Filling moves each start to the end of its cell; shifting by one brings them back.
        for (i, point) in points.iter().enumerate() {
            let cell = self.index(self.cell(point));
            let at = self.starts[cell] as usize;
            self.starts[cell] += 1;
            self.order[at] = i as u32;
            for c in 0..D {
                self.columns[c][at] = point[c];
            }
        }
        let last = self.starts.len() - 1;
        self.starts.copy_within(0..last, 1);
        self.starts[0] = 0;
    }

    fn cell(&self, point: &[T; D]) -> [usize; D] {
        std::array::from_fn(|c| {
            let cell = ((point[c] - self.low[c]) * self.inverse_side).to_i32().max(0) as usize;
            cell.min(self.counts[c] - 1)
        })
    }

    fn index(&self, cell: [usize; D]) -> usize {
        (0..D).fold(0, |index, c| index * self.counts[c] + cell[c])
    }

    /// The sums of every point over all others, in the order of [`Cells::order`].
    pub(crate) fn own_sums(&mut self, kernel: Kernel, rest: Rest<T>, cx: Context<'_>) -> Result<()> {
        let mut sums = std::mem::take(&mut self.sums);
        sums.resize(self.order.len(), PairSums { weight: T::ZERO, force: [T::ZERO; D] });
        let result = sums.par_chunks_mut(QUERIES).enumerate().try_for_each(|(block, sums)| {
            cx.check()?;
            let first = block * QUERIES;
            kernel.visit(Block { cells: self, queries: Queries::Own { first }, rest, sums });
            Ok(())
        });
        self.sums = sums;
        result
    }

    /// The result of [`Cells::own_sums`]: the index of each point with its sums.
    pub(crate) fn results(&self) -> impl Iterator<Item = (usize, &PairSums<T, D>)> {
        self.order.iter().map(|&i| i as usize).zip(&self.sums)
    }

    /// The sums of one query over all points.
    pub(crate) fn query(&self, kernel: Kernel, rest: Rest<T>, query: &[T; D]) -> PairSums<T, D> {
        let mut sums = [PairSums { weight: T::ZERO, force: [T::ZERO; D] }];
        kernel.visit(Block { cells: self, queries: Queries::Given(query), rest, sums: &mut sums });
        sums[0]
    }
}

enum Queries<'a, T, const D: usize> {
    /// The sorted points from `first` on, each without itself.
    Own {
        first: usize,
    },
    Given(&'a [T; D]),
}

struct Block<'a, T, const D: usize> {
    cells: &'a Cells<T, D>,
    queries: Queries<'a, T, D>,
    rest: Rest<T>,
    sums: &'a mut [PairSums<T, D>],
}

impl<T: GridScalar, const D: usize> ProfileVisitor<T> for Block<'_, T, D> {
    type Output = ();

    fn visit<P: Profile<T>>(self, profile: P) {
        let Self { cells, queries, rest, sums } = self;
        for (q, sums) in sums.iter_mut().enumerate() {
            let (query, own) = match queries {
                Queries::Own { first } => (std::array::from_fn(|c| cells.columns[c][first + q]), Some(first + q)),
                Queries::Given(query) => (*query, None),
            };
            *sums = simd::dispatch(OneQuery { cells, query, own, rest, profile });
        }
    }
}

struct OneQuery<'a, T, const D: usize, P> {
    cells: &'a Cells<T, D>,
    query: [T; D],
    own: Option<usize>,
    rest: Rest<T>,
    profile: P,
}

impl<T: GridScalar, const D: usize, P: Profile<T>> Task for OneQuery<'_, T, D, P> {
    type Output = PairSums<T, D>;

    #[inline(always)]
    fn run(self) -> PairSums<T, D> {
        let Self { cells, query, own, rest, profile } = self;
        let own = own.unwrap_or(usize::MAX);
        let cell = cells.cell(&query);
        let mut total = [0.0f64; D];
        let mut total_weight = 0.0f64;
        let around: [(usize, usize); D] =
            std::array::from_fn(|c| (cell[c].saturating_sub(1), (cell[c] + 1).min(cells.counts[c] - 1)));
        // All combinations of adjacent cells along the axes but the last, along which they are one range.
        let mut at: [usize; D] = std::array::from_fn(|c| around[c].0);
        loop {
            at[D - 1] = around[D - 1].0;
            let first = cells.index(at);
            let last = first + around[D - 1].1 - around[D - 1].0;
            let range = cells.starts[first] as usize..cells.starts[last + 1] as usize;
            let mut lanes = [[T::ZERO; LANES]; D];
            let mut weights = [T::ZERO; LANES];
            let mut j = range.start;
            while j < range.end {
                let mut difference = [[T::ZERO; LANES]; D];
                let mut d2 = [T::ZERO; LANES];
                for c in 0..D {
                    let column = load(&cells.columns[c], j);
                    for l in 0..LANES {
                        difference[c][l] = query[c] - column[l];
                        d2[l] += difference[c][l] * difference[c][l];
                    }
                }
                for l in 0..LANES {
                    let (weight, force) = rest.of(d2[l], profile.weight_and_force(d2[l]));
                    // What was loaded beyond the range belongs to other cells.
                    let counts = j + l < range.end && j + l != own;
                    let (weight, force) = if counts { (weight, force) } else { (T::ZERO, T::ZERO) };
                    weights[l] += weight;
                    for c in 0..D {
                        lanes[c][l] += force * difference[c][l];
                    }
                }
                j += LANES;
            }
            total_weight += weights.iter().map(|w| w.to_f64()).sum::<f64>();
            for c in 0..D {
                total[c] += lanes[c].iter().map(|v| v.to_f64()).sum::<f64>();
            }
            // The next combination, like an odometer over the axes but the last.
            let Some(c) = (0..D - 1).rev().find(|&c| at[c] < around[c].1) else { break };
            at[c] += 1;
            for c in c + 1..D - 1 {
                at[c] = around[c].0;
            }
        }
        PairSums { weight: T::from_f64(total_weight), force: total.map(T::from_f64) }
    }
}

/// `LANES` values from `at` on; beyond the end, zeros.
#[inline(always)]
fn load<T: GridScalar>(column: &[T], at: usize) -> [T; LANES] {
    let rest = column.get(at..).unwrap_or(&[]);
    match rest.first_chunk::<LANES>() {
        Some(chunk) => *chunk,
        None => {
            let mut padded = [T::ZERO; LANES];
            padded[..rest.len()].copy_from_slice(rest);
            padded
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::Smoothed;
    use tsne_core::random::{element_seed, unit};

    struct Pair {
        rest: Rest<f64>,
        d2: f64,
    }

    impl ProfileVisitor<f64> for Pair {
        type Output = (f64, f64);
        fn visit<P: Profile<f64>>(self, profile: P) -> (f64, f64) {
            self.rest.of(self.d2, profile.weight_and_force(self.d2))
        }
    }

    fn brute_force<const D: usize>(
        kernel: Kernel,
        rest: Rest<f64>,
        at: &[f64; D],
        y: &[[f64; D]],
        skip: Option<usize>,
    ) -> (f64, [f64; D]) {
        let (mut sum, mut total) = (0.0, [0.0; D]);
        for (_, source) in y.iter().enumerate().filter(|&(j, _)| Some(j) != skip) {
            let difference: [f64; D] = std::array::from_fn(|c| at[c] - source[c]);
            let (weight, force) = kernel.visit(Pair { rest, d2: difference.iter().map(|v| v * v).sum() });
            sum += weight;
            for c in 0..D {
                total[c] += force * difference[c];
            }
        }
        (sum, total)
    }

    #[track_caller]
    fn check<const D: usize>(n: usize, extent: f64, cutoff: f64, dof: f64) {
        let kernel = Kernel::new(dof).unwrap();
        let rest = if cutoff.is_finite() { Smoothed::new(kernel, cutoff).rest() } else { Rest::everything() };
        let number = |i: usize, c: usize| unit(element_seed(5, c as u64, i as u64));
        // The last coordinate spans a fifth of the others: cells are not cubes of one count.
        let y: Vec<[f64; D]> = (0..n)
            .map(|i| std::array::from_fn(|c| extent * number(i, c) * if c + 1 == D && D > 1 { 0.2 } else { 1.0 }))
            .collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let mut cells = Cells::default();
        cells.build(&y, &bounds, cutoff);
        cells.own_sums(kernel, rest, Context::new()).unwrap();
        let mut seen = vec![false; n];
        // Sums of n terms of size 1 (weight) and below 1 (force).
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-15 * n as f64;
        let compare = |given: &PairSums<f64, D>, (weight, force): (f64, [f64; D])| {
            close(given.weight, weight) && (0..D).all(|c| close(given.force[c], force[c]))
        };
        for (i, sums) in cells.results() {
            assert!(!std::mem::replace(&mut seen[i], true));
            assert!(compare(sums, brute_force(kernel, rest, &y[i], &y, Some(i))), "{D}-D, point {i}");
        }
        assert!(seen.iter().all(|&s| s));
        for i in 0..50 {
            let query: [f64; D] = std::array::from_fn(|c| extent * (1.2 * number(i, 10 + c) - 0.1));
            let inside = (0..D).all(|c| query[c] >= bounds.low[c] && query[c] <= bounds.high[c]);
            // Beyond the bounds, only one cell of all points promises the partners of a query.
            if inside || cutoff.is_infinite() {
                assert!(compare(&cells.query(kernel, rest, &query), brute_force(kernel, rest, &query, &y, None)));
            }
        }
    }

    #[test]
    fn pairs_agree_with_brute_force() {
        for n in [1, 2, 9, 700] {
            for dof in [0.5, 1.0, 2.0, 3.3] {
                for cutoff in [1.0, 3.0, 40.0, f64::INFINITY] {
                    check::<1>(n, 30.0, cutoff, dof);
                    check::<2>(n, 30.0, cutoff, dof);
                    check::<3>(n, 10.0, cutoff, dof);
                }
            }
        }
    }

    #[test]
    fn cells_are_refilled_from_scratch() {
        let bounds = |y: &[[f32; 2]]| Bounds::of(y, &mut Vec::new()).0;
        let (many, few) = ([[0.0, 0.0], [5.0, 1.0], [5.5, 1.0], [9.0, 9.0]], [[1.0, 1.0], [1.0, 2.0]]);
        let mut cells = Cells::default();
        cells.build(&many, &bounds(&many), 1.0);
        cells.own_sums(Kernel::CAUCHY, Rest::everything(), Context::new()).unwrap();
        cells.build(&few, &bounds(&few), f64::INFINITY);
        cells.own_sums(Kernel::CAUCHY, Rest::everything(), Context::new()).unwrap();
        let weights: Vec<(usize, f32)> = cells.results().map(|(i, sums)| (i, sums.weight)).collect();
        assert_eq!(weights, [(0, 0.5), (1, 0.5)]);
    }
}
