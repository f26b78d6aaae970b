//! A subtree, written by one worker in a loop.

use crate::cells::{Built, Children, Region, division};
use crate::node::{BUCKET, Node};
use crate::order::arrange_few;
use std::ops::Range;
use tsne_core::{Result, Scalar, memory};

/// The points and places of a subtree, as parts of those of the tree.
#[derive(Debug)]
pub(crate) struct Subtree<'a, T, const D: usize> {
    /// The points in the caller's order.
    pub(crate) y: &'a [[T; D]],
    /// The cell at its root.
    pub(crate) root: Region<D>,
    /// The keys of the root's points, in order, and the points.
    pub(crate) keys: &'a mut [u64],
    pub(crate) points: &'a mut [[T; D]],
    /// The places of the root.
    pub(crate) nodes: &'a mut [Node<T, D>],
}

/// The name of a stack in errors.
const OPEN: &str = "the open cells of a tree";

/// A cell of which some children are written.
#[derive(Debug)]
pub(crate) struct Open<const D: usize> {
    children: Children<D>,
    /// The children that are written, joined.
    built: Built<D>,
}

impl<const D: usize> Open<D> {
    /// Cells that are open at a time before a stack grows: a worker keeps it for its next subtree. Codes have at most 32 levels,
    /// and it is rare that a subtree starts over with new ones.
    const DEPTH: usize = 64;
}

impl<T: Scalar, const D: usize> Subtree<'_, T, D> {
    /// Writes the nodes. `open` is its stack: how deep a tree is, the points decide.
    pub(crate) fn write(mut self, open: &mut Vec<Open<D>>) -> Result<Built<D>> {
        open.clear();
        memory::reserve(OPEN, open, Open::<D>::DEPTH)?;
        let mut cell = self.root;
        loop {
            if let Some(level) = self.divide(&mut cell) {
                memory::grow(OPEN, open, 1)?;
                open.push(Open { children: Children::new(cell, level), built: Built::EMPTY });
            } else {
                let (points, place) = (self.range(&cell), self.place(&cell));
                let built =
                    Built::leaf(&cell, &self.keys[points.clone()], &self.points[points], &mut self.nodes[place]);
                let Some(parent) = open.last_mut() else { return Ok(built) };
                parent.built.join(&built);
            }
            // On to the next child of the innermost open cell that has one.
            cell = loop {
                let Some(Open { children, built }) = open.last_mut() else { return Ok(Built::EMPTY) };
                let parent = children.parent;
                if let Some(child) = children.next(&self.keys[self.range(&parent)]) {
                    break child;
                }
                let place = self.place(&parent);
                let built = built.close(&parent, children.level, &mut self.nodes[place]);
                open.pop();
                match open.last_mut() {
                    Some(parent) => parent.built.join(&built),
                    None => return Ok(built),
                }
            };
        }
    }

    /// The points of a cell among those of the root.
    fn range(&self, cell: &Region<D>) -> Range<usize> {
        let start = (cell.start - self.root.start) as usize;
        start..start + cell.count as usize
    }

    /// The place of a cell among those of the root.
    fn place(&self, cell: &Region<D>) -> usize {
        (cell.node - self.root.node) as usize
    }

    /// The level at which a cell is divided; `None` for a leaf, whose points are few or coincide.
    ///
    /// Where the codes end, the points of one cell of the last level get a cube of their own, with all levels again. Every cube
    /// is smaller than the one before it by the factor `2^LEVELS`, so that the range of the exponent of a number bounds how
    /// often this happens.
    fn divide(&mut self, cell: &mut Region<D>) -> Option<u32> {
        let points = self.range(cell);
        while points.len() > BUCKET {
            if let Some(level) = division::<D>(&self.keys[points.clone()]) {
                return Some(level);
            }
            cell.cube = arrange_few(self.y, &mut self.keys[points.clone()], &mut self.points[points.clone()])?;
        }
        None
    }
}
