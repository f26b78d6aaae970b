//! Points sorted by the part of the grid on which they act.
//!
//! The grid is cut along its first axis into slabs of constant height. A point belongs to the slab of its first node and
//! reaches at most into the next one: all even slabs can be written at once, then all odd ones, without locks and in a
//! fixed order.

use crate::grid::stencil::BSpline;
use crate::layout::shape::{Lattice, Shape, axis};
use crate::scalar::GridScalar;
use std::ops::Range;
use tsne_core::{Context, Result, chunks, memory};

/// Points that are sorted together. Larger blocks mean fewer lists for a slab to visit, smaller ones more tasks.
pub(crate) const BLOCK: usize = 4096;

/// Height of a slab in nodes of the first axis, by dimension. Not below the widest stencil less one. A map of the
/// smallest grid (150 nodes a side) has nine slabs in two dimensions, one of 600 nodes has 38.
const fn height<const D: usize>() -> usize {
    match D {
        1 => 1024,
        2 => 16,
        _ => 10,
    }
}

/// The first node that a coordinate acts on along the first axis: all that slabs need of a stencil.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstNode {
    /// Nodes of the stencil.
    width: usize,
    /// Every how many nodes one can start.
    every: usize,
}

impl FirstNode {
    pub(crate) const fn spline(order: usize) -> Self {
        Self { width: order, every: 1 }
    }

    pub(crate) const fn lagrange(points: usize) -> Self {
        Self { width: points, every: points }
    }

    /// The slab of a point.
    #[inline(always)]
    pub(crate) fn slab<T: GridScalar, const D: usize>(self, lattice: &Lattice<T, D>, point: &[T; D]) -> usize {
        let u = (point[0] - lattice.origin[0]) * lattice.inverse_spacing;
        self.of(u, lattice.shape.nodes[axis::<D>(0)]) / height::<D>()
    }

    #[inline(always)]
    fn of<T: GridScalar>(self, u: T, nodes: usize) -> usize {
        let cell = BSpline.cell(u, nodes);
        let start = if self.every == 1 { cell } else { cell / self.every * self.every };
        start.min(nodes - self.width)
    }
}

/// For each block of points, or each of this member's, the lists of those that belong to each slab.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slabs {
    count: usize,
    /// The first block that there are lists of.
    first: usize,
    /// Indices of points within their block, by slab.
    order: Vec<u16>,
    /// Where the list of each slab starts, for each block.
    starts: Vec<u32>,
    /// The same when all lists are put one slab after the other.
    places: Vec<u32>,
}

impl Slabs {
    /// The height of a slab, in nodes of the first axis.
    pub(crate) const fn height<const D: usize>() -> usize {
        height::<D>()
    }

    /// The number of slabs.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Sorts points into slabs; stable, so that the order within a list is that of the points. Members of a team sort a share of the
    /// blocks each, and have the lists of all.
    pub(crate) fn assign<T: GridScalar, const D: usize>(
        &mut self,
        first: FirstNode,
        lattice: &Lattice<T, D>,
        y: &[[T; D]],
        cx: Context<'_>,
    ) -> Result<()> {
        // Of one block a team would wait for the member that sorts it.
        let cx = if y.len() <= BLOCK { cx.without_team() } else { cx };
        self.sort(first, lattice, y, (0..y.len().div_ceil(BLOCK), cx.share(y.len().div_ceil(BLOCK))))?;
        cx.gather(&mut self.order, BLOCK)?;
        cx.gather(&mut self.starts, self.count + 1)
    }

    /// The same of this member's share of the blocks alone.
    pub(crate) fn assign_own<T: GridScalar, const D: usize>(
        &mut self,
        first: FirstNode,
        lattice: &Lattice<T, D>,
        y: &[[T; D]],
        cx: Context<'_>,
    ) -> Result<()> {
        let own = cx.share(y.len().div_ceil(BLOCK));
        self.sort(first, lattice, y, (own.clone(), own))
    }

    /// Makes room for the lists of some blocks, and those of some of them.
    ///
    /// Not by [`tsne_core::buckets`]: blocks are sorted side by side, with 16 bits to a point, and nothing is allocated.
    fn sort<T: GridScalar, const D: usize>(
        &mut self,
        first: FirstNode,
        lattice: &Lattice<T, D>,
        y: &[[T; D]],
        (all, own): (Range<usize>, Range<usize>),
    ) -> Result<()> {
        let nodes = lattice.shape.nodes[axis::<D>(0)];
        self.count = nodes.div_ceil(height::<D>());
        self.first = all.start;
        let count = self.count;
        let points = |blocks: &Range<usize>| (blocks.start * BLOCK).min(y.len())..(blocks.end * BLOCK).min(y.len());
        memory::resize("the order of points", &mut self.order, points(&all).len(), 0)?;
        self.starts.clear();
        memory::resize("starts of slabs", &mut self.starts, all.len() * (count + 1), 0)?;
        let starts = &mut self.starts[(own.start - all.start) * (count + 1)..(own.end - all.start) * (count + 1)];
        let (before, own) = (points(&all).start, points(&own));
        let order = &mut self.order[own.start - before..own.end - before];
        for_each_block(order, (starts, count + 1), &y[own], &|order, starts, y| {
            let slab = |point: &[T; D]| first.slab(lattice, point);
            for point in y {
                starts[slab(point) + 1] += 1;
            }
            for s in 0..count {
                starts[s + 1] += starts[s];
            }
            // Filling moves each start to the end of its list; shifting by one slab brings them back.
            for (i, point) in y.iter().enumerate() {
                let at = &mut starts[slab(point)];
                order[*at as usize] = i as u16;
                *at += 1;
            }
            starts.copy_within(0..count, 1);
            starts[0] = 0;
        });
        Ok(())
    }

    /// Where the points of each slab start when all, if there are lists of all, are put one slab after the other; one entry more than slabs.
    pub(crate) fn starts(&mut self, starts: &mut Vec<usize>) -> Result<()> {
        starts.clear();
        starts.resize(self.count + 1, 0);
        for block in self.starts.chunks_exact(self.count + 1) {
            // What is before slab `s` in this block.
            for (sum, &start) in starts.iter_mut().zip(block) {
                *sum += start as usize;
            }
        }
        let blocks = self.starts.len() / (self.count + 1);
        memory::resize("places of points", &mut self.places, blocks * self.count, 0)?;
        let mut before: Option<(&mut [u32], &[u32])> = None;
        for (places, block) in self.places.chunks_exact_mut(self.count).zip(self.starts.chunks_exact(self.count + 1)) {
            for s in 0..self.count {
                places[s] = match &before {
                    None => starts[s] as u32,
                    Some((places, block)) => places[s] + (block[s + 1] - block[s]),
                };
            }
            before = Some((places, block));
        }
        Ok(())
    }

    /// The points of block `b`, if there are lists of all, with their places when all lists are put one slab after the other.
    #[inline]
    pub(crate) fn block(&self, b: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let order = &self.order[b * BLOCK..];
        let starts = self.starts[b * (self.count + 1)..].windows(2);
        let lists = self.places[b * self.count..(b + 1) * self.count].iter().zip(starts);
        lists.flat_map(move |(&place, list)| {
            let list = &order[list[0] as usize..list[1] as usize];
            list.iter().enumerate().map(move |(k, &i)| (usize::from(i), place as usize + k))
        })
    }

    /// The number of points of slab `s` that are listed.
    pub(crate) fn len(&self, s: usize) -> usize {
        self.starts.chunks_exact(self.count + 1).map(|starts| (starts[s + 1] - starts[s]) as usize).sum()
    }

    /// The points of slab `s` that are listed, block by block, in their order.
    #[inline]
    pub(crate) fn points(&self, s: usize) -> impl Iterator<Item = usize> + '_ {
        let blocks = self.starts.chunks_exact(self.count + 1).zip(self.order.chunks(BLOCK));
        blocks.enumerate().flat_map(move |(b, (starts, order))| {
            order[starts[s] as usize..starts[s + 1] as usize]
                .iter()
                .map(move |&i| (self.first + b) * BLOCK + usize::from(i))
        })
    }
}

/// The numbers of a slab of the grid.
pub(crate) fn slab_len<const D: usize>(shape: &Shape) -> usize {
    // Along the first axis.
    let stride = if D == 1 { 1 } else { shape.nodes[1] * shape.padded[2] };
    height::<D>() * stride
}

/// The slabs of which charges act on a part of the grid: those that touch it, and the one before.
pub(crate) fn slabs_of<const D: usize>(shape: &Shape, part: &Range<usize>) -> Range<usize> {
    if part.is_empty() {
        return 0..0;
    }
    let length = slab_len::<D>(shape);
    (part.start / length).saturating_sub(1)..part.end.div_ceil(length)
}

/// The part of the grid that holds a part and what charges of these slabs act on before it.
pub(crate) fn reach<const D: usize>(shape: &Shape, part: &Range<usize>) -> Range<usize> {
    slabs_of::<D>(shape, part).start * slab_len::<D>(shape)..part.end
}

/// Sorts a block: the order, the starts, positions.
type SortBlockFn<'a, P> = dyn Fn(&mut [u16], &mut [u32], &[P]) + Sync + 'a;

/// Runs `f` on each block of points with its share of the order and its starts. Not generic over the stencil: the machinery
/// of the parallel loop is compiled once for all of them.
fn for_each_block<P: Sync>(
    order: &mut [u16],
    (starts, starts_each): (&mut [u32], usize),
    y: &[P],
    f: &SortBlockFn<'_, P>,
) {
    chunks::for_each2((order, BLOCK), (starts, starts_each), |b, order, starts| {
        f(order, starts, &y[b * BLOCK..][..order.len()]);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::stencil::{Lagrange, Stencil};
    use crate::layout::shape::Shape;
    use tsne_core::random::{element_seed, unit};

    #[track_caller]
    fn check<const D: usize, const M: usize, S: Stencil<f32, M>>(
        (stencil, first): (S, FirstNode),
        nodes: usize,
        n: usize,
    ) {
        let mut shape = Shape { nodes: [1; 3], padded: [1; 3], spacing: 1.0 };
        for c in 0..D {
            shape.nodes[axis::<D>(c)] = nodes;
        }
        let lattice = Lattice { shape, origin: [0.0; D], inverse_spacing: 1.0 };
        let reach = (nodes - M) as f64;
        let y: Vec<[f32; D]> =
            (0..n).map(|i| [(unit(element_seed(3, 0, i as u64)) * reach * 1.01) as f32; D]).collect();
        let mut slabs = Slabs::default();
        slabs.assign(first, &lattice, &y, Context::new()).unwrap();
        assert!(slabs.count() * height::<D>() >= nodes);
        // The widest stencil that starts in a slab ends in the next.
        assert!(M <= height::<D>() + 1);
        let mut seen = vec![0; n];
        for s in 0..slabs.count() {
            let points: Vec<usize> = slabs.points(s).collect();
            assert!(points.is_sorted());
            for i in points {
                seen[i] += 1;
                assert_eq!(stencil.base(y[i][0], nodes - M) / height::<D>(), s);
            }
        }
        assert!(seen.iter().all(|&times| times == 1));
    }

    #[test]
    fn every_point_is_in_one_slab_and_in_order() {
        for n in [0, 1, 4096, 10_000] {
            check::<1, 4, _>((BSpline, FirstNode::spline(4)), 3000, n);
            check::<2, 4, _>((BSpline, FirstNode::spline(4)), 100, n);
            check::<2, 10, _>((BSpline, FirstNode::spline(10)), 33, n);
            check::<3, 10, _>((BSpline, FirstNode::spline(10)), 25, n);
            check::<2, 9, _>((Lagrange, FirstNode::lagrange(9)), 45, n);
            check::<3, 3, _>((Lagrange, FirstNode::lagrange(3)), 30, n);
        }
    }
}
