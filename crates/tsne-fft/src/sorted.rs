//! Points in the order of the cells of the grid, and the sums over near pairs.

use crate::GridScalar;
use crate::geometry::{Geometry, axis};
use crate::pairs::{LANES, PairShare, PairSums, Row, ShareVisitor, sum_over};
use crate::slabs::Slabs;
use crate::spread::Charges;
use crate::stencil::{BSpline, Stencil};
use std::ops;
use tsne_core::simd::{self, Task};

/// Points as columns in the order of the slabs they act on. Neighbors on the map are neighbors in memory: spreading,
/// reading back and near pairs stay within the cache.
#[derive(Debug, Default)]
pub(crate) struct Sorted<T, const D: usize> {
    /// Where the points of each slab start.
    slab_starts: Vec<usize>,
    /// Cells along each axis, one for each node.
    cells: Cells<D>,
    /// Where the points of each cell start; cells along the last axis are contiguous, and so are those of a slab.
    cell_starts: Vec<u32>,
    /// `LANES` more than there are points, for loads beyond the last one.
    columns: Columns<T, D>,
    /// Where each point stands in the columns, slab after slab in the order of their lists: what a task writes is its own,
    /// while entries by point would share cache lines with those of other tasks.
    ranks: Vec<u32>,
}

#[derive(Debug)]
struct Columns<T, const D: usize>([Vec<T>; D]);

impl<T, const D: usize> Default for Columns<T, D> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Vec::new()))
    }
}

#[derive(Debug, Clone, Copy)]
struct Cells<const D: usize>([usize; D]);

impl<const D: usize> Default for Cells<D> {
    fn default() -> Self {
        Self([1; D])
    }
}

/// What a task writes that sorts the points of some slabs.
struct Share<'a, T, const D: usize> {
    first: usize,
    columns: [&'a mut [T]; D],
    ends: &'a mut [u32],
    ranks: &'a mut [u32],
}

impl<T: GridScalar, const D: usize> Sorted<T, D> {
    /// Sorts points; stable, so that the order within a cell (or slab) is that of the points.
    pub(crate) fn assign<const M: usize>(&mut self, slabs: &mut Slabs, geometry: &Geometry<T, D>, y: &[[T; D]]) {
        let count = slabs.count();
        slabs.starts(&mut self.slab_starts);
        let height = Slabs::height::<D>();
        let nodes: [usize; D] = std::array::from_fn(|c| geometry.shape.nodes[axis::<D>(c)]);
        self.cells = Cells(nodes);
        self.cells.0[0] = count * height;
        let per_slab = self.cells.0.iter().product::<usize>() / count.max(1);
        self.cell_starts.resize(count * per_slab + 1, 0);
        for column in &mut self.columns.0 {
            column.resize(y.len() + LANES, T::ZERO);
        }
        self.ranks.resize(y.len(), 0);
        let last = nodes.map(|n| n - M);
        let Self { slab_starts, cells, cell_starts, columns, ranks } = self;
        let Some((first, ends)) = cell_starts.split_first_mut() else { return };
        *first = 0;
        let columns = columns.0.each_mut().map(|column| &mut column[..y.len()]);
        let sorter = Sorter { geometry, slabs, slab_starts, cells: *cells, per_slab, last, y };
        sorter.sort(Share { first: 0, columns, ends, ranks });
    }

    /// The point of the given rank.
    #[inline(always)]
    pub(crate) fn point(&self, rank: usize) -> [T; D] {
        std::array::from_fn(|c| self.columns.0[c][rank])
    }

    /// The points of block `b`, in no order: each by its index within the block, with its rank.
    #[inline]
    pub(crate) fn block<'a>(&'a self, slabs: &'a Slabs, b: usize) -> impl Iterator<Item = (usize, usize)> + 'a {
        slabs.block(b).map(|(i, place)| (i, self.ranks[place] as usize))
    }

    /// The cell of a place.
    #[inline(always)]
    fn cell(&self, geometry: &Geometry<T, D>, place: &[T; D]) -> [usize; D] {
        let u = geometry.coordinates(place);
        std::array::from_fn(|c| BSpline.cell(u[c], self.cells.0[c] - 1))
    }

    /// The points in the cells that `row` names around the cells from `first` to `last`, which differ only along the
    /// last axis.
    #[inline(always)]
    fn row(&self, row: &Row, first: &[usize; D], last: usize) -> Option<ops::Range<usize>> {
        let mut line = 0;
        for c in 0..D - 1 {
            let at = first[c].wrapping_add_signed(row.offset[c]);
            if at >= self.cells.0[c] {
                return None;
            }
            line = line * self.cells.0[c] + at;
        }
        let length = self.cells.0[D - 1];
        let start = line * length + first[D - 1].saturating_sub(row.reach);
        let end = line * length + (last + row.reach).min(length - 1) + 1;
        Some(*self.cell_starts.get(start)? as usize..*self.cell_starts.get(end)? as usize)
    }
}

impl<T: GridScalar, const D: usize> Charges<T, D> for Sorted<T, D> {
    fn slabs(&self) -> usize {
        self.slab_starts.len().saturating_sub(1)
    }

    #[inline(always)]
    fn of_slab(&self, s: usize) -> impl Iterator<Item = ([T; D], T)> {
        (self.slab_starts[s]..self.slab_starts[s + 1]).map(|rank| (self.point(rank), T::ONE))
    }
}

struct Sorter<'a, T, const D: usize> {
    geometry: &'a Geometry<T, D>,
    slabs: &'a Slabs,
    slab_starts: &'a [usize],
    cells: Cells<D>,
    per_slab: usize,
    last: [usize; D],
    y: &'a [[T; D]],
}

impl<T: GridScalar, const D: usize> Sorter<'_, T, D> {
    /// Halves the slabs among tasks, down to single ones: every task gets its part of the columns.
    fn sort(&self, share: Share<'_, T, D>) {
        let Share { first, columns, ends, ranks } = share;
        let count = ends.len() / self.per_slab.max(1);
        if count <= 1 {
            if count == 1 {
                simd::dispatch(SortSlab { sorter: self, share: Share { first, columns, ends, ranks } });
            }
            return;
        }
        let middle = first + count / 2;
        let at = self.slab_starts[middle] - self.slab_starts[first];
        let mut halves = columns.map(|column| column.split_at_mut(at));
        let left = halves.each_mut().map(|half| std::mem::take(&mut half.0));
        let right = halves.map(|half| half.1);
        let (left_ends, right_ends) = ends.split_at_mut(count / 2 * self.per_slab);
        let (left_ranks, right_ranks) = ranks.split_at_mut(at);
        rayon::join(
            || self.sort(Share { first, columns: left, ends: left_ends, ranks: left_ranks }),
            || self.sort(Share { first: middle, columns: right, ends: right_ends, ranks: right_ranks }),
        );
    }
}

struct SortSlab<'a, 'b, T, const D: usize> {
    sorter: &'a Sorter<'a, T, D>,
    share: Share<'b, T, D>,
}

impl<T: GridScalar, const D: usize> Task for SortSlab<'_, '_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sorter { geometry, slabs, slab_starts, cells, last, y, .. } = *self.sorter;
        let Share { first: s, columns, ends, ranks } = self.share;
        let start = slab_starts[s];
        let first_row = s * Slabs::height::<D>();
        let cell = |point: &[T; D]| {
            let u = geometry.coordinates(point);
            let mut index = Stencil::<T, 1>::base(BSpline, u[0], last[0]) - first_row;
            for c in 1..D {
                index = index * cells.0[c] + Stencil::<T, 1>::base(BSpline, u[c], last[c]);
            }
            index
        };
        // Counted one cell later than they are: what is left after filling are the ends of the cells.
        ends.fill(0);
        for i in slabs.points(s) {
            if let Some(next) = ends.get_mut(cell(&y[i]) + 1) {
                *next += 1;
            }
        }
        let mut sum = start as u32;
        for end in ends.iter_mut() {
            sum += *end;
            *end = sum;
        }
        for (i, own_rank) in slabs.points(s).zip(ranks) {
            let rank = &mut ends[cell(&y[i])];
            let at = *rank as usize - start;
            for c in 0..D {
                columns[c][at] = y[i][c];
            }
            *own_rank = *rank;
            *rank += 1;
        }
    }
}

/// Cells along the last axis that the queries of a group may span: what is near to one of them costs all of them.
pub(crate) const SPAN: usize = 8;

/// Pairs that are summed in the scalar's own precision before they are added in `f64`.
const FLUSH: usize = 1024;

/// The near pairs of sorted points or of one given place.
#[derive(Clone, Copy)]
pub(crate) struct NearPairs<'a, T, const D: usize> {
    pub(crate) sorted: &'a Sorted<T, D>,
    pub(crate) geometry: &'a Geometry<T, D>,
    pub(crate) rows: &'a [Row],
}

impl<T: GridScalar, const D: usize> NearPairs<'_, T, D> {
    /// The sums of one place over all points near it.
    #[inline(always)]
    fn of_place<P: PairShare<T>>(&self, place: &[T; D], share: P) -> PairSums<T, D> {
        let cell = self.sorted.cell(self.geometry, place);
        let columns = self.sorted.columns.0.each_ref().map(Vec::as_slice);
        let ranges = self.rows.iter().filter_map(|row| self.sorted.row(row, &cell, cell[D - 1]));
        sum_over(columns, place, usize::MAX, share, ranges)
    }

    /// The points from rank `first` on, up to `LANES` and before `end`, that share a line of cells and are close.
    #[inline(always)]
    fn group(&self, first: usize, end: usize) -> Group<D> {
        let cell = self.sorted.cell(self.geometry, &self.sorted.point(first));
        let mut group = Group { first, count: 1, cell, last: cell[D - 1] };
        while group.count < LANES && first + group.count < end {
            let next = self.sorted.cell(self.geometry, &self.sorted.point(first + group.count));
            if next[..D - 1] != cell[..D - 1] || next[D - 1] > cell[D - 1] + SPAN {
                break;
            }
            group.last = next[D - 1];
            group.count += 1;
        }
        group
    }

    /// Adds to the forces of a group, one query to a lane, and returns the sum of its weights.
    #[inline(always)]
    fn of_group<P: PairShare<T>>(&self, group: &Group<D>, share: P, forces: &mut [[T; D]]) -> f64 {
        let columns = self.sorted.columns.0.each_ref().map(Vec::as_slice);
        let mut queries = [[T::ZERO; LANES]; D];
        for c in 0..D {
            for l in 0..LANES {
                // Lanes to spare repeat the last query.
                queries[c][l] = columns[c][group.first + l.min(group.count - 1)];
            }
        }
        let mut lanes = Lanes::default();
        let mut total = Lanes::<f64, D>::default();
        let mut pending = 0;
        let own = group.first..group.first + group.count;
        for row in self.rows {
            let Some(range) = self.sorted.row(row, &group.cell, group.last) else { continue };
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
        let mut weight = 0.0;
        for (l, force) in forces.iter_mut().enumerate().take(group.count) {
            weight += total.weights[l];
            for c in 0..D {
                force[c] += T::from_f64(total.forces[c][l]);
            }
        }
        weight
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
struct Lanes<T, const D: usize> {
    weights: [T; LANES],
    forces: [[T; LANES]; D],
}

impl<T: GridScalar, const D: usize> Default for Lanes<T, D> {
    fn default() -> Self {
        Self { weights: [T::ZERO; LANES], forces: [[T::ZERO; LANES]; D] }
    }
}

impl<T: GridScalar, const D: usize> Lanes<T, D> {
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

impl<const D: usize> Lanes<f64, D> {
    /// Takes what `lanes` have summed.
    #[inline(always)]
    fn flush<T: GridScalar>(&mut self, lanes: &mut Lanes<T, D>) {
        for l in 0..LANES {
            self.weights[l] += lanes.weights[l].to_f64();
            for c in 0..D {
                self.forces[c][l] += lanes.forces[c][l].to_f64();
            }
        }
        *lanes = Lanes::default();
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

/// Adds near pairs to the forces of some queries; returns the sum of the weights.
pub(crate) struct AddNear<'a, T, const D: usize> {
    pub(crate) pairs: NearPairs<'a, T, D>,
    pub(crate) queries: Queries<'a, T, D>,
    pub(crate) forces: &'a mut [[T; D]],
}

impl<T: GridScalar, const D: usize> ShareVisitor<T> for AddNear<'_, T, D> {
    type Output = f64;

    fn visit<P: PairShare<T>>(self, share: P) -> f64 {
        simd::dispatch(AddNearOf { task: self, share })
    }
}

struct AddNearOf<'a, T, const D: usize, P> {
    task: AddNear<'a, T, D>,
    share: P,
}

impl<T: GridScalar, const D: usize, P: PairShare<T>> Task for AddNearOf<'_, T, D, P> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let AddNear { pairs, queries, forces } = self.task;
        let mut total = 0.0;
        match queries {
            Queries::Own { first } => {
                let mut done = 0;
                while done < forces.len() {
                    let group = pairs.group(first + done, first + forces.len());
                    total += pairs.of_group(&group, self.share, &mut forces[done..]);
                    done += group.count;
                }
            }
            Queries::Given(place) => {
                let sums = pairs.of_place(place, self.share);
                total += sums.weight.to_f64();
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
    use crate::GridParams;
    use crate::geometry::{Bounds, with_spacing};
    use crate::pairs::{rows, visit_share};
    use crate::slabs::BLOCK;
    use crate::split::{Rest, Sharpness, Smoothed};
    use tsne_core::random::{element_seed, unit};
    use tsne_core::{Kernel, Profile, ProfileVisitor};

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
        (0..sorted.ranks.len().div_ceil(BLOCK)).flat_map(block).collect()
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
        let geometry = with_spacing(&params, &bounds, spacing);
        let places: Vec<[f64; D]> = (0..50)
            .map(|i| std::array::from_fn(|c| bounds.low[c] + (bounds.high[c] - bounds.low[c]) * number(i, 10 + c)))
            .collect();
        for sharpness in [Sharpness::DEFAULT, Sharpness::FINE] {
            let rest = Smoothed::new(kernel, sharpness, spacing).rest();
            let mut sorted = Sorted::default();
            let mut slabs = Slabs::default();
            slabs.assign::<f64, D, 4, _>(BSpline, &geometry, &y);
            sorted.assign::<4>(&mut slabs, &geometry, &y);
            let mut around = Vec::new();
            rows::<D>(sharpness.cutoff, &mut around);
            let add = |queries, forces: &mut [[f64; D]]| {
                let pairs = NearPairs { sorted: &sorted, geometry: &geometry, rows: &around };
                visit_share(kernel, Some(rest), AddNear { pairs, queries, forces })
            };
            // Sums of n terms of size 1 (weight) and below 1 (force), once in the share's own form.
            let bound = 1e-14 * n as f64;
            let mut forces = vec![[0.0; D]; n];
            let mut total = 0.0;
            for (block, forces) in forces.chunks_mut(60).enumerate() {
                total += add(Queries::Own { first: 60 * block }, forces);
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
                let weight = add(Queries::Given(query), &mut force);
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

    #[test]
    fn points_are_sorted_by_cell_each_time_anew() {
        let mut sorted = Sorted::<f64, 2>::default();
        let mut slabs = Slabs::default();
        for n in [5_000, 9_000, 10, 5_000] {
            let y: Vec<[f64; 2]> = (0..n).map(|i| [0, 1].map(|c| 80.0 * unit(element_seed(8, c, i as u64)))).collect();
            let (bounds, _) = Bounds::of(&y, &mut Vec::new());
            let geometry = with_spacing(&GridParams::default(), &bounds, 1.0);
            slabs.assign::<f64, 2, 4, _>(BSpline, &geometry, &y);
            sorted.assign::<4>(&mut slabs, &geometry, &y);
            let mut seen = vec![false; n];
            for (i, rank) in ranks(&slabs, &sorted) {
                assert!(!std::mem::replace(&mut seen[rank], true));
                assert_eq!(sorted.point(rank), y[i]);
            }
            let cells: Vec<[usize; 2]> = (0..n).map(|rank| sorted.cell(&geometry, &sorted.point(rank))).collect();
            assert!(cells.is_sorted());
            let counts: Vec<usize> = (0..sorted.slabs()).map(|s| sorted.of_slab(s).count()).collect();
            assert_eq!(counts.iter().sum::<usize>(), n);
        }
    }
}
