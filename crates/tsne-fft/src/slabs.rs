//! Points sorted by the part of the grid on which they act.
//!
//! The grid is cut along its first axis into slabs of constant height. A point belongs to the slab of its first node and
//! reaches at most into the next one: all even slabs can be written at once, then all odd ones, without locks and in a
//! fixed order.

use crate::GridScalar;
use crate::geometry::{Geometry, axis};
use crate::stencil::Stencil;
use rayon::prelude::*;

/// Points that are sorted together. Larger blocks mean fewer lists for a slab to visit, smaller ones more tasks.
const BLOCK: usize = 4096;

/// Height of a slab in nodes of the first axis, by dimension. Not below the widest stencil less one. A map of the
/// smallest grid (150 nodes a side) has nine slabs in two dimensions, one of 600 nodes has 38.
const fn height<const D: usize>() -> usize {
    match D {
        1 => 1024,
        2 => 16,
        _ => 10,
    }
}

/// For each block of points, the lists of those that belong to each slab.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slabs {
    count: usize,
    /// Indices of points within their block, by slab.
    order: Vec<u16>,
    /// Where the list of each slab starts, for each block.
    starts: Vec<u32>,
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

    /// Sorts points into slabs; stable, so that the order within a list is that of the points.
    pub(crate) fn assign<T, const D: usize, const M: usize, S>(
        &mut self,
        stencil: S,
        geometry: &Geometry<T, D>,
        y: &[[T; D]],
    ) where
        T: GridScalar,
        S: Stencil<T, M>,
    {
        let nodes = geometry.shape.nodes[axis::<D>(0)];
        self.count = nodes.div_ceil(height::<D>());
        let count = self.count;
        let last = nodes - M;
        self.order.resize(y.len(), 0);
        self.starts.clear();
        self.starts.resize(y.len().div_ceil(BLOCK) * (count + 1), 0);
        let blocks =
            self.order.par_chunks_mut(BLOCK).zip(self.starts.par_chunks_mut(count + 1)).zip(y.par_chunks(BLOCK));
        blocks.for_each(|((order, starts), y)| {
            let slab = |point: &[T; D]| {
                let u = (point[0] - geometry.origin[0]) * geometry.inverse_spacing;
                stencil.base(u, last) / height::<D>()
            };
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
    }

    /// The points of slab `s`, block by block, in their order.
    #[inline]
    pub(crate) fn points(&self, s: usize) -> impl Iterator<Item = usize> + '_ {
        let blocks = self.starts.chunks_exact(self.count + 1).zip(self.order.chunks(BLOCK));
        blocks.enumerate().flat_map(move |(b, (starts, order))| {
            order[starts[s] as usize..starts[s + 1] as usize].iter().map(move |&i| b * BLOCK + usize::from(i))
        })
    }
}
