//! Sums over near pairs of sorted points: eight queries at a time, one to a lane.

use crate::layout::shape::Lattice;
use crate::pairs::all::{LANES, PairSums, sum_over};
use crate::pairs::rows::Row;
use crate::pairs::share::{PairShare, ShareVisitor};
use crate::points::sorted::Sorted;
use crate::scalar::GridScalar;
use tsne_core::simd::{self, Task};

/// Cells along the last axis that the queries of a group may span: what is near to one of them costs all of them.
pub(crate) const SPAN: usize = 8;

/// Pairs that are summed in the scalar's own precision before they are added in `f64`.
const FLUSH: usize = 1024;

/// The near pairs of sorted points or of one given place.
#[derive(Clone, Copy)]
pub(crate) struct NearPairs<'a, T: 'static, const D: usize> {
    pub(crate) sorted: &'a Sorted<T, D>,
    pub(crate) lattice: &'a Lattice<T, D>,
    pub(crate) rows: &'a [Row],
}

impl<T: GridScalar, const D: usize> NearPairs<'_, T, D> {
    /// The sums of one place over all points near it.
    #[inline(always)]
    fn of_place<P: PairShare<T>>(&self, place: &[T; D], share: P) -> PairSums<T, D> {
        let cell = self.sorted.cell(self.lattice, place);
        let columns = self.sorted.columns();
        let ranges = self.rows.iter().filter_map(|row| self.sorted.row(row, &cell, cell[D - 1]));
        sum_over(columns, place, usize::MAX, share, ranges)
    }

    /// How many points are near a place.
    #[inline(always)]
    fn count(&self, place: &[T; D]) -> usize {
        let cell = self.sorted.cell(self.lattice, place);
        self.rows.iter().filter_map(|row| self.sorted.row(row, &cell, cell[D - 1])).map(|range| range.len()).sum()
    }

    /// The points from rank `first` on, up to `LANES` and before `end`, that share a line of cells and are close.
    #[inline(always)]
    fn group(&self, first: usize, end: usize) -> Group<D> {
        let cell = self.sorted.cell(self.lattice, &self.sorted.point(first));
        let mut group = Group { first, count: 1, cell, last: cell[D - 1] };
        while group.count < LANES && first + group.count < end {
            let next = self.sorted.cell(self.lattice, &self.sorted.point(first + group.count));
            if next[..D - 1] != cell[..D - 1] || next[D - 1] > cell[D - 1] + SPAN {
                break;
            }
            group.last = next[D - 1];
            group.count += 1;
        }
        group
    }

    /// Adds to the forces of a group, one query to a lane.
    #[inline(always)]
    fn of_group<P: PairShare<T>>(&self, group: &Group<D>, share: P, forces: &mut [[T; D]]) -> Added {
        let columns = self.sorted.columns();
        let mut queries = [[T::ZERO; LANES]; D];
        for c in 0..D {
            for l in 0..LANES {
                // QueryLanes to spare repeat the last query.
                queries[c][l] = columns[c][group.first + l.min(group.count - 1)];
            }
        }
        let mut lanes = QueryLanes::default();
        let mut total = QueryLanes::<f64, D>::default();
        let mut pending = 0;
        let mut pairs = 0;
        let own = group.first..group.first + group.count;
        for row in self.rows {
            let Some(range) = self.sorted.row(row, &group.cell, group.last) else { continue };
            pairs += range.len() * group.count;
            let holds_group = range.start <= own.start && own.end <= range.end;
            let parts = if holds_group {
                [range.start..own.start, own.start..own.end, own.end..range.end]
            } else {
                [range, 0..0, 0..0]
            };
            for (part, range) in parts.into_iter().enumerate() {
                let mut from = range.start;
                while from < range.end {
                    let to = range.end.min(from + FLUSH);
                    let sources = columns.map(|column| column.get(from..to).unwrap_or(&[]));
                    if part == 1 {
                        lanes.add::<P, true>(&queries, sources, share);
                    } else {
                        lanes.add::<P, false>(&queries, sources, share);
                    }
                    pending += to - from;
                    from = to;
                    if pending >= FLUSH {
                        total.flush(&mut lanes);
                        pending = 0;
                    }
                }
            }
        }
        total.flush(&mut lanes);
        let mut added = Added { weight: 0.0, pairs };
        for (l, force) in forces.iter_mut().enumerate().take(group.count) {
            added.weight += total.weights[l];
            for c in 0..D {
                force[c] += T::from_f64(total.forces[c][l]);
            }
        }
        added
    }
}

/// Sorted points that are summed together.
struct Group<const D: usize> {
    first: usize,
    count: usize,
    cell: [usize; D],
    /// The last point's cell along the last axis.
    last: usize,
}

/// The sums of `LANES` queries.
struct QueryLanes<T, const D: usize> {
    weights: [T; LANES],
    forces: [[T; LANES]; D],
}

impl<T: GridScalar, const D: usize> Default for QueryLanes<T, D> {
    fn default() -> Self {
        Self { weights: [T::ZERO; LANES], forces: [[T::ZERO; LANES]; D] }
    }
}

impl<T: GridScalar, const D: usize> QueryLanes<T, D> {
    /// Adds what each of `sources` acts on every query. If they are the `SAME` points, none acts on itself.
    #[inline(always)]
    fn add<P: PairShare<T>, const SAME: bool>(&mut self, queries: &[[T; LANES]; D], sources: [&[T]; D], share: P) {
        let Self { mut weights, mut forces } = *self;
        let n = sources.iter().map(|column| column.len()).min().unwrap_or_default();
        let sources = sources.map(|column| &column[..n]);
        for j in 0..n {
            let mut difference = [[T::ZERO; LANES]; D];
            let mut d2 = [T::ZERO; LANES];
            for c in 0..D {
                let source = sources[c][j];
                for l in 0..LANES {
                    difference[c][l] = queries[c][l] - source;
                    let square = difference[c][l] * difference[c][l];
                    d2[l] = if c == 0 { square } else { d2[l] + square };
                }
            }
            let mut factors = [T::ZERO; LANES];
            for l in 0..LANES {
                let (mut weight, mut force) = share.of(d2[l]);
                if SAME && l == j {
                    (weight, force) = (T::ZERO, T::ZERO);
                }
                weights[l] += weight;
                factors[l] = force;
            }
            for c in 0..D {
                for l in 0..LANES {
                    forces[c][l] += factors[l] * difference[c][l];
                }
            }
        }
        *self = Self { weights, forces };
        // The sums go through memory between two runs of the loop. Where they stay in registers the compiler arranges them as
        // the code after the loop wants them, by coordinates of a point, and shuffles within the loop: half as fast.
        std::hint::black_box(self);
    }
}

impl<const D: usize> QueryLanes<f64, D> {
    /// Takes what `lanes` have summed.
    #[inline(always)]
    fn flush<T: GridScalar>(&mut self, lanes: &mut QueryLanes<T, D>) {
        for l in 0..LANES {
            self.weights[l] += lanes.weights[l].to_f64();
            for c in 0..D {
                self.forces[c][l] += lanes.forces[c][l].to_f64();
            }
        }
        *lanes = QueryLanes::default();
    }
}

/// Where near pairs are summed: on the sorted points from a rank on, or on any place.
#[derive(Clone, Copy)]
pub(crate) enum Queries<'a, T, const D: usize> {
    /// Sorted points, each without itself.
    Own {
        /// The rank of the first.
        first: usize,
    },
    /// One place.
    Given(&'a [T; D]),
}

/// The sum of the weights of pairs, and how many pairs were summed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Added {
    pub(crate) weight: f64,
    pub(crate) pairs: usize,
}

/// Adds near pairs to the forces of some queries.
pub(crate) struct AddNear<'a, T: 'static, const D: usize> {
    pub(crate) pairs: NearPairs<'a, T, D>,
    pub(crate) queries: Queries<'a, T, D>,
    pub(crate) forces: &'a mut [[T; D]],
}

impl<T: GridScalar, const D: usize> ShareVisitor<T> for AddNear<'_, T, D> {
    type Output = Added;

    fn visit<P: PairShare<T>>(self, share: P) -> Added {
        simd::dispatch(AddNearOf { task: self, share })
    }
}

struct AddNearOf<'a, T: 'static, const D: usize, P> {
    task: AddNear<'a, T, D>,
    share: P,
}

impl<T: GridScalar, const D: usize, P: PairShare<T>> Task for AddNearOf<'_, T, D, P> {
    type Output = Added;

    #[inline(always)]
    fn run(self) -> Added {
        let AddNear { pairs, queries, forces } = self.task;
        let mut total = Added::default();
        match queries {
            Queries::Own { first } => {
                let mut done = 0;
                while done < forces.len() {
                    let group = pairs.group(first + done, first + forces.len());
                    let added = pairs.of_group(&group, self.share, &mut forces[done..]);
                    total.weight += added.weight;
                    total.pairs += added.pairs;
                    done += group.count;
                }
            }
            Queries::Given(place) => {
                let sums = pairs.of_place(place, self.share);
                total = Added { weight: sums.weight.to_f64(), pairs: pairs.count(place) };
                for force in forces {
                    for c in 0..D {
                        force[c] += sums.force[c];
                    }
                }
            }
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::bounds::Bounds;
    use crate::layout::shape::with_spacing;
    use crate::pairs::rows::rows;
    use crate::pairs::share::visit_rest;
    use crate::params::GridParams;
    use crate::points::slabs::{BLOCK, FirstNode, Slabs};
    use crate::spline::split::{Rest, Sharpness, Smoothed};
    use tsne_core::random::{element_seed, unit};
    use tsne_core::{Context, Kernel, Profile, ProfileVisitor};

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

    /// All points with their ranks.
    fn ranks<const D: usize>(slabs: &Slabs, sorted: &Sorted<f64, D>) -> Vec<(usize, usize)> {
        let block = |b: usize| sorted.block(slabs, b).map(move |(i, rank)| (b * BLOCK + i, rank));
        (0..sorted.len().div_ceil(BLOCK)).flat_map(block).collect()
    }

    #[track_caller]
    fn check<const D: usize>(n: usize, extent: f64, spacing: f64, dof: f64) {
        let kernel = Kernel::new(dof).unwrap();
        let number = |i: usize, c: usize| unit(element_seed(5, c as u64, i as u64));
        // The last coordinate spans a fifth of the others: cells are not cubes of one count. Half of the points crowd.
        let y: Vec<[f64; D]> = (0..n)
            .map(|i| {
                let crowd = if i % 2 == 0 { 0.1 } else { 1.0 };
                std::array::from_fn(|c| extent * crowd * number(i, c) * if c + 1 == D && D > 1 { 0.2 } else { 1.0 })
            })
            .collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let params = GridParams::default();
        let lattice = with_spacing(&params, &bounds, spacing);
        let places: Vec<[f64; D]> = (0..50)
            .map(|i| std::array::from_fn(|c| bounds.low[c] + (bounds.high[c] - bounds.low[c]) * number(i, 10 + c)))
            .collect();
        for sharpness in [Sharpness::DEFAULT, Sharpness::FINE] {
            let rest = Smoothed::new(kernel, sharpness, spacing).rest();
            let mut sorted = Sorted::default();
            let mut slabs = Slabs::default();
            slabs.assign(FirstNode::spline(4), &lattice, &y, Context::new()).unwrap();
            sorted.assign(4, &mut slabs, &lattice, &y).unwrap();
            let mut around = Vec::new();
            rows::<D>(sharpness.cutoff, &mut around);
            let add = |queries, forces: &mut [[f64; D]]| {
                let pairs = NearPairs { sorted: &sorted, lattice: &lattice, rows: &around };
                visit_rest(kernel, rest, AddNear { pairs, queries, forces })
            };
            // Sums of n terms of size 1 (weight) and below 1 (force), once in the share's own form.
            let bound = 1e-14 * n as f64;
            let mut forces = vec![[0.0; D]; n];
            let mut total = 0.0;
            for (block, forces) in forces.chunks_mut(60).enumerate() {
                total += add(Queries::Own { first: 60 * block }, forces).weight;
            }
            let mut exact = 0.0;
            for (i, rank) in ranks(&slabs, &sorted) {
                let (weight, force) = brute_force(kernel, rest, &y[i], &y, Some(i));
                let given = forces[rank];
                assert!((0..D).all(|c| (given[c] - force[c]).abs() <= bound), "{D}-D, point {i}: {given:?}, {force:?}");
                exact += weight;
            }
            assert!((total - exact).abs() <= bound * n as f64, "{D}-D: {total}, not {exact}");
            for query in &places {
                let mut force = [[0.0; D]];
                let weight = add(Queries::Given(query), &mut force).weight;
                let (exact, exact_force) = brute_force(kernel, rest, query, &y, None);
                assert!(
                    (weight - exact).abs() <= bound && (0..D).all(|c| (force[0][c] - exact_force[c]).abs() <= bound)
                );
            }
        }
    }

    #[test]
    fn near_pairs_agree_with_brute_force() {
        for n in [1, 2, 9, 700] {
            for dof in [0.5, 1.0, 2.0, 3.3] {
                for spacing in [0.4, 1.0, 9.0] {
                    check::<1>(n, 30.0, spacing, dof);
                    check::<2>(n, 30.0, spacing, dof);
                    check::<3>(n, 10.0, spacing, dof);
                }
            }
        }
    }
}
