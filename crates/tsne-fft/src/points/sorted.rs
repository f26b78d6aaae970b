//! Points in the order of the cells of the grid.

use crate::grid::spread::{Charges, Each, in_chunks};
use crate::grid::stencil::BSpline;
use crate::layout::shape::{Lattice, axis};
use crate::pairs::all::LANES;
use crate::pairs::rows::Row;
use crate::points::slabs::Slabs;
use crate::scalar::GridScalar;
use std::ops;
use tsne_core::simd::{self, Task};
use tsne_core::{Result, chunks, memory};

/// Points as columns in the order of the slabs they act on. Neighbors on the map are neighbors in memory: spreading,
/// reading back and near pairs stay within the cache.
#[derive(Debug)]
pub(crate) struct Sorted<T: 'static, const D: usize> {
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
    /// The memory of a list, empty between calls.
    shares: Vec<Share<'static, T, D>>,
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

/// What a task writes that sorts the points of one slab.
#[derive(Debug)]
struct Share<'a, T, const D: usize> {
    slab: usize,
    columns: [&'a mut [T]; D],
    ends: &'a mut [u32],
    ranks: &'a mut [u32],
}

impl<T, const D: usize> Default for Sorted<T, D> {
    fn default() -> Self {
        Self {
            slab_starts: Vec::new(),
            cells: Cells::default(),
            cell_starts: Vec::new(),
            columns: Columns::default(),
            ranks: Vec::new(),
            shares: Vec::new(),
        }
    }
}

impl<T: GridScalar, const D: usize> Sorted<T, D> {
    /// Sorts points for splines of an order; stable, so that the order within a cell (or slab) is that of the points.
    ///
    /// Not by [`tsne_core::buckets`]: slabs are sorted side by side, each into its own part of buffers that are kept from
    /// call to call.
    ///
    /// # Errors
    ///
    /// [`tsne_core::Error::OutOfMemory`].
    pub(crate) fn assign(
        &mut self,
        order: usize,
        slabs: &mut Slabs,
        lattice: &Lattice<T, D>,
        y: &[[T; D]],
    ) -> Result<()> {
        let count = slabs.count();
        slabs.starts(&mut self.slab_starts)?;
        let height = Slabs::height::<D>();
        let nodes: [usize; D] = std::array::from_fn(|c| lattice.shape.nodes[axis::<D>(c)]);
        self.cells = Cells(nodes);
        self.cells.0[0] = count * height;
        let per_slab = self.cells.0.iter().product::<usize>() / count.max(1);
        memory::resize("starts of cells", &mut self.cell_starts, count * per_slab + 1, 0)?;
        for column in &mut self.columns.0 {
            memory::resize("coordinates of sorted points", column, y.len() + LANES, T::ZERO)?;
        }
        memory::resize("ranks of points", &mut self.ranks, y.len(), 0)?;
        let last = nodes.map(|n| n - order);
        let Self { slab_starts, cells, cell_starts, columns, ranks, shares } = self;
        let Some((first, mut ends)) = cell_starts.split_first_mut() else { return Ok(()) };
        *first = 0;
        let mut columns = columns.0.each_mut().map(|column| &mut column[..y.len()]);
        let mut ranks = ranks.as_mut_slice();
        let mut list = emptied(std::mem::take(shares));
        for slab in 0..count {
            let points = slab_starts[slab + 1] - slab_starts[slab];
            list.push(Share {
                slab,
                columns: columns.each_mut().map(|column| split_off(column, points)),
                ends: split_off(&mut ends, per_slab),
                ranks: split_off(&mut ranks, points),
            });
        }
        let sorter = Sorter { lattice, slabs, slab_starts, cells: *cells, last, y };
        chunks::for_each(&mut list, 1, |_, list| {
            list.iter_mut().for_each(|share| simd::dispatch(SortSlab { sorter: &sorter, share }));
        });
        *shares = emptied(list);
        Ok(())
    }

    /// The point of the given rank.
    #[inline(always)]
    pub(crate) fn point(&self, rank: usize) -> [T; D] {
        std::array::from_fn(|c| self.columns.0[c][rank])
    }

    /// The coordinates, `LANES` more than there are points.
    #[inline(always)]
    pub(crate) fn columns(&self) -> [&[T]; D] {
        self.columns.0.each_ref().map(Vec::as_slice)
    }

    /// The number of points.
    pub(crate) const fn len(&self) -> usize {
        self.ranks.len()
    }

    /// The points of block `b`, in no order: each by its index within the block, with its rank.
    #[inline]
    pub(crate) fn block<'a>(&'a self, slabs: &'a Slabs, b: usize) -> impl Iterator<Item = (usize, usize)> + 'a {
        slabs.block(b).map(|(i, place)| (i, self.ranks[place] as usize))
    }

    /// The cell of a place.
    #[inline(always)]
    pub(crate) fn cell(&self, lattice: &Lattice<T, D>, place: &[T; D]) -> [usize; D] {
        let u = lattice.coordinates(place);
        std::array::from_fn(|c| BSpline.cell(u[c], self.cells.0[c] - 1))
    }

    /// The points in the cells that `row` names around the cells from `first` to `last`, which differ only along the
    /// last axis.
    #[inline(always)]
    pub(crate) fn row(&self, row: &Row, first: &[usize; D], last: usize) -> Option<ops::Range<usize>> {
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

    fn count(&self, s: usize) -> usize {
        self.slab_starts[s + 1] - self.slab_starts[s]
    }

    fn of_slab(&self, s: usize, each: &mut Each<'_, T, D>) {
        in_chunks((self.slab_starts[s]..self.slab_starts[s + 1]).map(|rank| (self.point(rank), T::ONE)), each);
    }
}

/// The list without its elements, for elements of another lifetime; its memory is kept.
fn emptied<'b, T, const D: usize>(list: Vec<Share<'_, T, D>>) -> Vec<Share<'b, T, D>> {
    #[allow(clippy::unnecessary_filter_map, reason = "a filter would keep the lifetime")]
    list.into_iter().filter_map(|_| None).collect()
}

/// Takes the first `n` elements off a slice.
fn split_off<'a, A>(slice: &mut &'a mut [A], n: usize) -> &'a mut [A] {
    let (first, rest) = std::mem::take(slice).split_at_mut(n);
    *slice = rest;
    first
}

struct Sorter<'a, T, const D: usize> {
    lattice: &'a Lattice<T, D>,
    slabs: &'a Slabs,
    slab_starts: &'a [usize],
    cells: Cells<D>,
    last: [usize; D],
    y: &'a [[T; D]],
}

struct SortSlab<'a, 'b, T, const D: usize> {
    sorter: &'a Sorter<'a, T, D>,
    share: &'a mut Share<'b, T, D>,
}

impl<T: GridScalar, const D: usize> Task for SortSlab<'_, '_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sorter { lattice, slabs, slab_starts, cells, last, y, .. } = *self.sorter;
        let Share { slab, columns, ends, ranks } = self.share;
        let s = *slab;
        let start = slab_starts[s];
        let first_row = s * Slabs::height::<D>();
        let cell = |point: &[T; D]| {
            let u = lattice.coordinates(point);
            let mut index = BSpline.cell(u[0], last[0]) - first_row;
            for c in 1..D {
                index = index * cells.0[c] + BSpline.cell(u[c], last[c]);
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
        for (i, own_rank) in slabs.points(s).zip(ranks.iter_mut()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::bounds::Bounds;
    use crate::layout::shape::with_spacing;
    use crate::params::GridParams;
    use crate::points::slabs::{BLOCK, FirstNode};
    use tsne_core::Context;
    use tsne_core::random::{element_seed, unit};

    /// All points with their ranks.
    fn ranks<const D: usize>(slabs: &Slabs, sorted: &Sorted<f64, D>) -> Vec<(usize, usize)> {
        let block = |b: usize| sorted.block(slabs, b).map(move |(i, rank)| (b * BLOCK + i, rank));
        (0..sorted.len().div_ceil(BLOCK)).flat_map(block).collect()
    }

    #[test]
    fn points_are_sorted_by_cell_each_time_anew() {
        let mut sorted = Sorted::<f64, 2>::default();
        let mut slabs = Slabs::default();
        for n in [5_000, 9_000, 10, 5_000] {
            let y: Vec<[f64; 2]> = (0..n).map(|i| [0, 1].map(|c| 80.0 * unit(element_seed(8, c, i as u64)))).collect();
            let (bounds, _) = Bounds::of(&y, &mut Vec::new());
            let lattice = with_spacing(&GridParams::default(), &bounds, 1.0);
            slabs.assign(FirstNode::spline(4), &lattice, &y, Context::new()).unwrap();
            sorted.assign(4, &mut slabs, &lattice, &y).unwrap();
            let mut seen = vec![false; n];
            for (i, rank) in ranks(&slabs, &sorted) {
                assert!(!std::mem::replace(&mut seen[rank], true));
                assert_eq!(sorted.point(rank), y[i]);
            }
            let cells: Vec<[usize; 2]> = (0..n).map(|rank| sorted.cell(&lattice, &sorted.point(rank))).collect();
            assert!(cells.is_sorted());
            let mut count = 0;
            for s in 0..sorted.slabs() {
                sorted.of_slab(s, &mut |places, _| count += places.len());
            }
            assert_eq!(count, n);
        }
    }
}
