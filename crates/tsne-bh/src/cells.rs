//! Cells on their way to be nodes: how they are divided, and what they tell their parents.

use crate::moments::Moments;
use crate::node::Node;
use std::array;
use tsne_core::Scalar;
use tsne_core::morton::{Cube, key_code};

/// A cell with its points and the places of its subtree, before it is divided.
///
/// A cell of `m` points has at most `2m - 1` nodes in its subtree, since every inner node has at least two
/// children. Each subtree gets exactly that many places, so that where it goes depends on the points before it and
/// not on their nodes: subtrees are written in any order, without a pass that counts them. Places that remain
/// free at the end of a subtree are jumped over by the skip pointers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region<const D: usize> {
    /// The cube that the codes of its points refer to.
    pub(crate) cube: Cube<D>,
    /// Its first point, in sorted order.
    pub(crate) start: u32,
    /// The number of its points, at least 1.
    pub(crate) count: u32,
    /// The place of its node.
    pub(crate) node: u32,
    /// The place of the node that follows its subtree.
    pub(crate) skip: u32,
}

impl<const D: usize> Region<D> {
    /// The places of its subtree.
    pub(crate) const fn places(&self) -> usize {
        2 * self.count as usize - 1
    }
}

/// The level of the smallest cell around points with these keys, where they are to be divided; `None` if they have one code.
pub(crate) fn division<const D: usize>(keys: &[u64]) -> Option<u32> {
    let (first, last) = (keys.first()?, keys.last()?);
    let level = Cube::<D>::common_level(key_code(*first), key_code(*last));
    (level < Cube::<D>::LEVELS).then_some(level)
}

/// The children of a cell that is divided at a level, in their order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Children<const D: usize> {
    pub(crate) parent: Region<D>,
    /// The level of the parent, below [`Cube::LEVELS`].
    pub(crate) level: u32,
    /// The first point and the place of the child that comes next.
    start: u32,
    node: u32,
}

impl<const D: usize> Children<D> {
    pub(crate) const fn new(parent: Region<D>, level: u32) -> Self {
        Self { parent, level, start: parent.start, node: parent.node + 1 }
    }

    /// The next child; `keys` are those of the parent's points.
    pub(crate) fn next(&mut self, keys: &[u64]) -> Option<Region<D>> {
        let keys = keys.get((self.start - self.parent.start) as usize..)?;
        let child = Cube::<D>::child(key_code(*keys.first()?), self.level);
        let count = keys.partition_point(|&key| Cube::<D>::child(key_code(key), self.level) == child) as u32;
        let (start, node) = (self.start, self.node);
        self.start += count;
        self.node += 2 * count - 1;
        // The last child is followed by what follows its parent, the others by the next child.
        let skip = if count as usize == keys.len() { self.parent.skip } else { self.node };
        Some(Region { cube: self.parent.cube, start, count, node, skip })
    }
}

/// What a subtree tells its parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Built<const D: usize> {
    center: [f64; D],
    count: f64,
    /// The second moments of its points about their mean.
    moments: Moments<f64, D>,
    /// Its number of nodes.
    pub(crate) nodes: usize,
}

impl<const D: usize> Built<D> {
    /// Nothing: no children yet.
    pub(crate) const EMPTY: Self = Self { center: [0.0; D], count: 0.0, moments: Moments::ZERO, nodes: 0 };

    /// Joins the next child of the same cell.
    pub(crate) fn join(&mut self, child: &Self) {
        if self.nodes == 0 {
            *self = *child;
            return;
        }
        // By the parallel axis theorem, from what each part has around its own mean.
        let before = self.count;
        self.count += child.count;
        self.nodes += child.nodes;
        let share = child.count / self.count;
        let difference = array::from_fn(|a| child.center[a] - self.center[a]);
        for a in 0..D {
            self.center[a] += difference[a] * share;
        }
        self.moments.join(&child.moments);
        self.moments.add(&difference, before * share);
    }

    /// Writes the node of a cell of a level over its joined children, which are `self`.
    pub(crate) fn close<T: Scalar>(mut self, cell: &Region<D>, level: u32, node: &mut Node<T, D>) -> Self {
        *node = Node {
            center: self.center.map(T::from_f64),
            moments: self.moments.limited(),
            side2: squared(cell.cube.side_at(level)),
            start: cell.start,
            count: cell.count,
            skip: cell.skip,
        };
        self.nodes += 1;
        self
    }

    /// Writes the node of a cell without children, over its `points` with their `keys`.
    pub(crate) fn leaf<T: Scalar>(cell: &Region<D>, keys: &[u64], points: &[[T; D]], node: &mut Node<T, D>) -> Self {
        let Some(&first) = points.first() else { return Self::EMPTY };
        let side = cell.cube.side_at(division::<D>(keys).unwrap_or(Cube::<D>::LEVELS));
        let coincident = points.iter().all(|p| *p == first);
        // Relative to one of the points: accurate far from the origin, exact where all coincide, and no sum overflows.
        let mut center = first.map(T::to_f64);
        if !coincident {
            let share = 1.0 / points.len() as f64;
            for a in 0..D {
                let origin = first[a].to_f64();
                center[a] += points.iter().map(|p| (p[a].to_f64() - origin) * share).sum::<f64>();
            }
        }
        let mut moments = Moments::ZERO;
        if !coincident {
            points.iter().for_each(|p| moments.add(&array::from_fn(|a| p[a].to_f64() - center[a]), 1.0));
        }
        *node = Node {
            center: center.map(T::from_f64),
            moments: moments.limited(),
            side2: if coincident { -T::ONE } else { squared(side) },
            start: cell.start,
            count: cell.count,
            skip: cell.skip,
        };
        Self { center, count: points.len() as f64, moments, nodes: 1 }
    }
}

/// [`Node::side2`] of a side.
fn squared<T: Scalar>(side: f64) -> T {
    let side2 = T::from_f64(side * side);
    if side2 <= T::MAX { side2 } else { -T::from_f64(side).min(T::MAX) }
}
