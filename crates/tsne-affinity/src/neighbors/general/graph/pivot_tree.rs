//! A forest that divides points by nothing but distances: each node has two of its points as pivots and sends half of
//! its points to the one, half to the other.

use crate::neighbors::general::distances::{Distances, check};
use crate::neighbors::general::halving::{self, Halving, Node};
use crate::neighbors::request::numbers;
use std::ops::Range;
use tsne_core::{Context, Result, Scalar, memory, random};

/// Pairs tried as pivots before a node is divided by points at the same place.
const TRIES: u64 = 4;
const STAGE_PIVOTS: u64 = 0x61_7070_0101;

/// One tree. Leaves hold ranges of `order`.
#[derive(Debug)]
pub(super) struct PivotTree<T> {
    nodes: Vec<Node<Division<T>>>,
    order: Vec<u32>,
    /// The leaf of each point.
    leaves: Vec<Range<u32>>,
}

/// A point goes to the first half if it is nearer to the first pivot than to the second by at least the threshold.
#[derive(Debug)]
struct Division<T> {
    pivots: [u32; 2],
    threshold: T,
}

/// Divides points by the medians of the difference of the distances to two pivots.
struct ByPivots<'g, T> {
    distances: &'g dyn Distances<T>,
    leaf_size: usize,
    seed: u64,
}

impl<T: Scalar> PivotTree<T> {
    /// Divides all points by the medians of the difference of the distances to two pivots, down to `leaf_size`. Ties
    /// are broken by index, so equal points cannot make a tree deep.
    pub(super) fn new(
        distances: &dyn Distances<T>,
        leaf_size: usize,
        seed: u64,
        tree: u64,
        cx: Context<'_>,
    ) -> Result<Self> {
        let mut order = numbers(distances.n_points())?;
        let seed = random::element_seed(seed, STAGE_PIVOTS, tree);
        let nodes = halving::build(&ByPivots { distances, leaf_size: leaf_size.max(2), seed }, &mut order, cx)?;
        let mut leaves = memory::filled("leaves of points", order.len(), 0..0)?;
        for node in &nodes {
            if let Node::Leaf(range) = node {
                for &point in &order[range.clone()] {
                    leaves[point as usize] = range.start as u32..range.end as u32;
                }
            }
        }
        Ok(Self { nodes, order, leaves })
    }

    /// The points in the leaf of a point.
    pub(super) fn around(&self, point: usize) -> &[u32] {
        let leaf = &self.leaves[point];
        &self.order[leaf.start as usize..leaf.end as usize]
    }

    /// The leaf that a row belongs to.
    pub(super) fn leaf(&self, distances: &dyn Distances<T>, row: usize) -> Result<&[u32]> {
        let mut node = 0;
        loop {
            match &self.nodes[node as usize] {
                Node::Leaf(range) => return Ok(&self.order[range.clone()]),
                Node::Split { split: Division { pivots, threshold }, children } => {
                    let mut to = [T::ZERO; 2];
                    distances.measure(row, pivots, &mut to);
                    check(distances, row, pivots, &to)?;
                    node = children[usize::from(to[0] - to[1] > *threshold)];
                }
            }
        }
    }
}

impl<T: Scalar> Halving<T> for ByPivots<'_, T> {
    type Pivots = [u32; 2];
    type Split = Division<T>;

    fn leaf(&self) -> usize {
        self.leaf_size
    }

    fn order_leaf(&self, points: &mut [u32]) {
        points.sort_unstable();
    }

    /// Two points at different places if a few tries find them.
    fn pivots(&self, points: &mut [u32], _: usize, path: u64) -> Result<([u32; 2], usize)> {
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
        Ok((pivots, 0))
    }

    fn measure(&self, pivots: [u32; 2], points: &[u32], keys: &mut [(T, u32)]) -> Result<()> {
        let mut a = memory::filled("distances from a pivot", points.len(), T::ZERO)?;
        let mut b = memory::filled("distances from a pivot", points.len(), T::ZERO)?;
        self.distances.measure(pivots[0] as usize, points, &mut a);
        self.distances.measure(pivots[1] as usize, points, &mut b);
        check(self.distances, pivots[0] as usize, points, &a)?;
        check(self.distances, pivots[1] as usize, points, &b)?;
        for (((key, &point), &a), &b) in keys.iter_mut().zip(points).zip(&a).zip(&b) {
            *key = (a - b, point);
        }
        Ok(())
    }

    fn halve(&self, pivots: [u32; 2], points: &mut [u32], keys: &mut [(T, u32)]) -> (Division<T>, usize) {
        let half = keys.len() / 2;
        // A total order without equal elements: the halves are sets that depend on nothing else.
        let (_, &mut (threshold, _), _) =
            keys.select_nth_unstable_by(half - 1, |x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        points.iter_mut().zip(keys.iter()).for_each(|(point, key)| *point = key.1);
        (Division { pivots, threshold }, half)
    }

    fn paths(&self, path: u64) -> [u64; 2] {
        let path = random::mix(path);
        [path ^ 1, path ^ 2]
    }
}
