//! The upper cells of a tree: those of many points, which are divided before the subtrees below them are written in parallel.

use crate::cells::{Built, Children, Region, division};
use crate::node::Node;
use crate::order::{Order, gather};
use crate::subtree::Subtree;
use std::ops::Range;
use tsne_core::{Result, Scalar, memory};

/// Cells with more points than this are divided here, the others are tasks: 50 microseconds of work, which hide the cost of one.
const TASK: u32 = 2_048;

/// The upper cells, level by level; a function of the points alone.
#[derive(Debug, Default)]
pub(crate) struct Top<const D: usize> {
    cells: Vec<Upper<D>>,
    /// The cells that are not divided here, in the order of their points.
    tasks: Vec<u32>,
    /// What the subtrees of the tasks tell.
    built: Vec<Built<D>>,
}

#[derive(Debug, Clone)]
struct Upper<const D: usize> {
    cell: Region<D>,
    level: u32,
    /// Its children; none for a task.
    children: Range<usize>,
    built: Built<D>,
}

impl<const D: usize> Upper<D> {
    const fn new(cell: Region<D>) -> Self {
        Self { cell, level: 0, children: 0..0, built: Built::EMPTY }
    }
}

impl<const D: usize> Top<D> {
    /// Divides `root` down to tasks. Costs a binary search for each child, but where codes end (see [`Subtree`]): there the
    /// points are ordered anew.
    pub(crate) fn divide<T: Scalar>(
        &mut self,
        root: Region<D>,
        order: &mut Order<T, D>,
        y: &[[T; D]],
        keys: &mut [u64],
        points: &mut [[T; D]],
    ) -> Result<()> {
        self.cells.clear();
        self.tasks.clear();
        self.cells.push(Upper::new(root));
        let mut next = 0;
        while let Some(Upper { cell, .. }) = self.cells.get(next) {
            let mut cell = *cell;
            let range = cell.start as usize..(cell.start + cell.count) as usize;
            let mut level = None;
            while cell.count > TASK && level.is_none() {
                level = division::<D>(&keys[range.clone()]);
                if level.is_none() {
                    let Some(cube) = order.arrange(y, &mut keys[range.clone()])? else { break };
                    gather(y, &keys[range.clone()], &mut points[range.clone()]);
                    cell.cube = cube;
                }
            }
            let first = self.cells.len();
            if let Some(level) = level {
                let mut children = Children::new(cell, level);
                while let Some(child) = children.next(&keys[range.clone()]) {
                    self.cells.push(Upper::new(child));
                }
                let children = first..self.cells.len();
                self.cells[next] = Upper { level, children, ..Upper::new(cell) };
            } else {
                self.cells[next].cell = cell;
                self.tasks.push(next as u32);
            }
            next += 1;
        }
        // Level by level they were found.
        let cells = &self.cells;
        self.tasks.sort_unstable_by_key(|&task| cells[task as usize].cell.start);
        memory::resize("the subtrees of a tree", &mut self.built, self.tasks.len(), Built::EMPTY)
    }

    /// The number of tasks.
    pub(crate) const fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// The subtrees to be written, and where to put what they tell.
    pub(crate) fn subtrees<'a, T: Scalar>(
        &'a mut self,
        y: &'a [[T; D]],
        keys: &'a mut [u64],
        points: &'a mut [[T; D]],
        nodes: &'a mut [Node<T, D>],
    ) -> impl Iterator<Item = (Subtree<'a, T, D>, &'a mut Built<D>)> + Send {
        let cells = &self.cells;
        let (mut keys, mut points, mut nodes, mut place) = (keys, points, nodes, 0);
        self.tasks.iter().zip(&mut self.built).map_while(move |(&task, built)| {
            let root = cells[task as usize].cell;
            let count = root.count as usize;
            // Points without gaps; between places are those of the upper cells, and free ones.
            let subtree = Subtree {
                y,
                root,
                keys: keys.split_off_mut(..count)?,
                points: points.split_off_mut(..count)?,
                nodes: nodes
                    .split_off_mut(..root.node as usize + root.places() - place)?
                    .get_mut(root.node as usize - place..)?,
            };
            place = root.node as usize + root.places();
            Some((subtree, built))
        })
    }

    /// Writes the nodes of the upper cells, after those of all tasks, and tells of the root.
    pub(crate) fn join<T: Scalar>(&mut self, nodes: &mut [Node<T, D>]) -> Built<D> {
        for (&task, built) in self.tasks.iter().zip(&self.built) {
            self.cells[task as usize].built = *built;
        }
        for i in (0..self.cells.len()).rev() {
            let Upper { cell, level, children, .. } = self.cells[i].clone();
            if !children.is_empty() {
                let mut built = Built::EMPTY;
                self.cells[children].iter().for_each(|child| built.join(&child.built));
                self.cells[i].built = built.close(&cell, level, &mut nodes[cell.node as usize]);
            }
        }
        self.cells.first().map_or(Built::EMPTY, |root| root.built)
    }
}
