//! A forest that divides points by nothing but distances: each node has two of its points as pivots and sends half of
//! its points to the one, half to the other.

use crate::neighbors::space::{Distances, check};
use rayon::prelude::*;
use std::ops::Range;
use tsne_core::{Context, Result, Scalar, random};

/// Points measured in one task.
const BLOCK: usize = 1024;
/// Nodes smaller than this are divided by one task.
const SERIAL: usize = 4096;
/// Pairs tried as pivots before a node is divided by points at the same place.
const TRIES: u64 = 4;
const STAGE_PIVOTS: u64 = 0x61_7070_0101;

/// One tree. Leaves hold ranges of `order`.
#[derive(Debug)]
pub(super) struct Tree<T> {
    root: Node<T>,
    order: Vec<u32>,
    /// The leaf of each point.
    leaves: Vec<Range<u32>>,
}

#[derive(Debug)]
enum Node<T> {
    Leaf(Range<usize>),
    /// A point goes left if it is nearer to the first pivot than to the second by at least the threshold.
    Split {
        pivots: [u32; 2],
        threshold: T,
        children: Box<[Node<T>; 2]>,
    },
}

/// What all nodes of a tree share.
struct Grower<'g, T> {
    distances: &'g dyn Distances<T>,
    leaf_size: usize,
    seed: u64,
    cx: Context<'g>,
}

impl<T: Scalar> Tree<T> {
    /// Divides all points by the medians of the difference of the distances to two pivots, down to `leaf_size`. Ties
    /// are broken by index, so equal points cannot make a tree deep.
    pub(super) fn new(
        distances: &dyn Distances<T>,
        leaf_size: usize,
        seed: u64,
        tree: u64,
        cx: Context<'_>,
    ) -> Result<Self> {
        let mut order: Vec<u32> = (0..distances.n_points() as u32).collect();
        let seed = random::element_seed(seed, STAGE_PIVOTS, tree);
        let root = Grower { distances, leaf_size: leaf_size.max(2), seed, cx }.grow(&mut order, 0, 1)?;
        let mut leaves = vec![0..0; order.len()];
        let mut nodes = vec![&root];
        while let Some(node) = nodes.pop() {
            match node {
                Node::Leaf(range) => {
                    for &point in &order[range.clone()] {
                        leaves[point as usize] = range.start as u32..range.end as u32;
                    }
                }
                Node::Split { children, .. } => nodes.extend(children.iter()),
            }
        }
        Ok(Self { root, order, leaves })
    }

    /// The points in the leaf of a point.
    pub(super) fn around(&self, point: usize) -> &[u32] {
        let leaf = &self.leaves[point];
        &self.order[leaf.start as usize..leaf.end as usize]
    }

    /// The leaf that a row belongs to.
    pub(super) fn leaf(&self, distances: &dyn Distances<T>, row: usize) -> Result<&[u32]> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(range) => return Ok(&self.order[range.clone()]),
                Node::Split { pivots, threshold, children } => {
                    let mut to = [T::ZERO; 2];
                    distances.measure(row, pivots, &mut to);
                    check(distances, row, pivots, &to)?;
                    node = &children[usize::from(to[0] - to[1] > *threshold)];
                }
            }
        }
    }
}

impl<T: Scalar> Grower<'_, T> {
    /// Divides the points that stand at `offset` of the order; `path` numbers the node.
    fn grow(&self, points: &mut [u32], offset: usize, path: u64) -> Result<Node<T>> {
        let n = points.len();
        if n <= self.leaf_size {
            points.sort_unstable();
            return Ok(Node::Leaf(offset..offset + n));
        }
        self.cx.check()?;
        let pivots = self.pivots(points, path)?;
        let mut keys = vec![(T::ZERO, 0u32); n];
        keys.par_chunks_mut(BLOCK).zip(points.par_chunks(BLOCK)).try_for_each(|(keys, points)| {
            let (mut a, mut b) = (vec![T::ZERO; points.len()], vec![T::ZERO; points.len()]);
            self.distances.measure(pivots[0] as usize, points, &mut a);
            self.distances.measure(pivots[1] as usize, points, &mut b);
            check(self.distances, pivots[0] as usize, points, &a)?;
            check(self.distances, pivots[1] as usize, points, &b)?;
            for (((key, &point), &a), &b) in keys.iter_mut().zip(points).zip(&a).zip(&b) {
                *key = (a - b, point);
            }
            Ok(())
        })?;
        let half = n / 2;
        // A total order without equal elements: the halves are sets that depend on nothing else.
        let (_, &mut (threshold, _), _) =
            keys.select_nth_unstable_by(half - 1, |x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        for (point, key) in points.iter_mut().zip(&keys) {
            *point = key.1;
        }
        drop(keys);
        let (left, right) = points.split_at_mut(half);
        let (path, middle) = (random::mix(path), offset + half);
        let (left, right) = if n <= SERIAL {
            (self.grow(left, offset, path ^ 1), self.grow(right, middle, path ^ 2))
        } else {
            rayon::join(|| self.grow(left, offset, path ^ 1), || self.grow(right, middle, path ^ 2))
        };
        Ok(Node::Split { pivots, threshold, children: Box::new([left?, right?]) })
    }

    /// Two points at different places if a few tries find them.
    fn pivots(&self, points: &[u32], path: u64) -> Result<[u32; 2]> {
        let n = points.len() as u64;
        let mut pivots = [points[0]; 2];
        for t in 0..TRIES {
            let a = random::element_seed(self.seed, path, 2 * t) % n;
            let b = (a + 1 + random::element_seed(self.seed, path, 2 * t + 1) % (n - 1)) % n;
            pivots = [points[a as usize], points[b as usize]];
            let mut apart = [T::ZERO];
            self.distances.measure(pivots[0] as usize, &pivots[1..], &mut apart);
            check(self.distances, pivots[0] as usize, &pivots[1..], &apart)?;
            if apart[0] > T::ZERO {
                break;
            }
        }
        Ok(pivots)
    }
}
