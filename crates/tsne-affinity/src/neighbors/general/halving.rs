//! Trees whose nodes divide their points in two halves by a number for each, built by loops.
//!
//! Halves are of equal size but for one point, whatever the data: the depth is at most `log2 n`, and no recursion follows it.
//! Nodes of many points are built level by level, each step a flat list of tasks over all nodes of the level; nodes of few
//! points, with all below them, are one task each.

use crate::ordered;
use rayon::prelude::*;
use std::ops::Range;
use tsne_core::span::Region;
use tsne_core::{Context, Result, Scalar, memory};

/// Nodes of at most this many points are built, with all below them, by one task.
const SUBTREE: usize = 4096;
/// Points measured in one task.
const BLOCK: usize = 1024;

/// The name of nodes in errors.
const NODES: &str = "nodes of a tree";

/// How points are divided.
pub(super) trait Halving<T: Scalar>: Sync {
    /// What the points of a node are measured from.
    type Pivots: Copy + Send + Sync;
    /// What a node keeps of its division.
    type Split: Send;

    /// The most points of a leaf, at least 2.
    fn leaf(&self) -> usize;

    /// Brings the points of a leaf into their order.
    fn order_leaf(&self, points: &mut [u32]);

    /// Chooses pivots for the points of a node, which start at place `start` of the whole and may be put in another order.
    /// `path` is the node's own number. The first points, as many as the second result says, belong to neither half.
    fn pivots(&self, points: &mut [u32], start: usize, path: u64) -> Result<(Self::Pivots, usize)>;

    /// Writes the number of each point, by which it is put into one half or the other, and the point.
    fn measure(&self, pivots: Self::Pivots, points: &[u32], keys: &mut [(T, u32)]) -> Result<()>;

    /// Puts the points into halves by their keys; also says where the second half starts.
    fn halve(&self, pivots: Self::Pivots, points: &mut [u32], keys: &mut [(T, u32)]) -> (Self::Split, usize);

    /// The numbers of a node's two children.
    fn paths(&self, path: u64) -> [u64; 2];
}

/// A node: points at places of the order, or a division and the places of the two children among the nodes.
#[derive(Debug)]
pub(super) enum Node<S> {
    Leaf(Range<usize>),
    Split { split: S, children: [u32; 2] },
}

/// Points that are yet to be divided.
struct Part<'o> {
    points: &'o mut [u32],
    /// Where they start in the whole.
    start: usize,
    path: u64,
    /// The place of their node.
    node: usize,
}

/// The nodes of the tree of the points in `order`, whose order becomes that of the leaves. The root is the first.
///
/// # Errors
///
/// Those of `halving`: the first in the order of levels, and in a level in that of nodes.
pub(super) fn build<T: Scalar, H: Halving<T>>(
    halving: &H,
    order: &mut [u32],
    cx: Context<'_>,
) -> Result<Vec<Node<H::Split>>> {
    let mut nodes = vec![Node::Leaf(0..order.len())];
    let mut subtrees = Vec::new();
    let mut level = vec![Part { points: order, start: 0, path: 1, node: 0 }];
    while !level.is_empty() {
        cx.check()?;
        let (large, small): (Vec<_>, Vec<_>) = level.into_iter().partition(|part| part.points.len() > SUBTREE);
        subtrees.extend(small);
        level = divide(halving, large, &mut nodes, cx)?;
    }
    let region = Region::enter();
    let built: Vec<Result<Vec<Node<H::Split>>>> =
        subtrees.par_iter_mut().map(|part| region.task(|| subtree(halving, part, cx))).collect();
    drop(region);
    let more = built.iter().flatten().map(Vec::len).sum();
    memory::reserve(NODES, &mut nodes, more)?;
    for (part, built) in subtrees.iter().zip(built) {
        // The root of a subtree stands where its parent expects it, all others follow the nodes so far.
        let offset = nodes.len() as u32 - 1;
        for (place, mut node) in built?.into_iter().enumerate() {
            if let Node::Split { children, .. } = &mut node {
                children.iter_mut().for_each(|child| *child += offset);
            }
            if place == 0 {
                nodes[part.node] = node;
            } else {
                nodes.push(node);
            }
        }
    }
    Ok(nodes)
}

/// Divides the nodes of a level; returns those of the next.
fn divide<'o, T: Scalar, H: Halving<T>>(
    halving: &H,
    mut level: Vec<Part<'o>>,
    nodes: &mut Vec<Node<H::Split>>,
    cx: Context<'_>,
) -> Result<Vec<Part<'o>>> {
    let region = Region::enter();
    let pivots = |part: &mut Part<'o>| halving.pivots(part.points, part.start, part.path);
    let chosen: Vec<Result<(H::Pivots, usize)>> =
        level.par_iter_mut().map(|part| region.task(|| pivots(part))).collect();
    drop(region);
    let chosen = chosen.into_iter().collect::<Result<Vec<_>>>()?;
    let mut keys = Vec::with_capacity(level.len());
    for (part, (_, skip)) in level.iter().zip(&chosen) {
        keys.push(memory::filled("keys of points", part.points.len() - skip, (T::ZERO, 0u32))?);
    }
    let mut tasks = Vec::new();
    for ((part, keys), &(pivots, skip)) in level.iter().zip(&mut keys).zip(&chosen) {
        let blocks = part.points[skip..].chunks(BLOCK).zip(keys.chunks_mut(BLOCK));
        tasks.extend(blocks.map(|(points, keys)| (pivots, points, keys)));
    }
    ordered::try_for_each(
        (&mut tasks, 1),
        || (),
        |(), _, tasks| {
            cx.check()?;
            tasks.iter_mut().try_for_each(|(pivots, points, keys)| halving.measure(*pivots, points, keys))
        },
    )?;
    let region = Region::enter();
    let splits: Vec<(H::Split, usize)> = level
        .par_iter_mut()
        .zip(keys)
        .zip(&chosen)
        .map(|((part, mut keys), &(pivots, skip))| {
            region.task(|| halving.halve(pivots, &mut part.points[skip..], &mut keys))
        })
        .collect();
    drop(region);
    let mut next = Vec::with_capacity(2 * level.len());
    for ((part, (_, skip)), (split, middle)) in level.into_iter().zip(chosen).zip(splits) {
        let first = nodes.len();
        nodes[part.node] = Node::Split { split, children: [first as u32, first as u32 + 1] };
        let (near, far) = part.points[skip..].split_at_mut(middle);
        let starts = [part.start + skip, part.start + skip + middle];
        for (((points, start), path), node) in
            [near, far].into_iter().zip(starts).zip(halving.paths(part.path)).zip(first..)
        {
            nodes.push(Node::Leaf(start..start + points.len()));
            next.push(Part { points, start, path, node });
        }
    }
    Ok(next)
}

/// The nodes of all points of a part, the root first.
fn subtree<T: Scalar, H: Halving<T>>(halving: &H, part: &mut Part<'_>, cx: Context<'_>) -> Result<Vec<Node<H::Split>>> {
    let mut nodes = vec![Node::Leaf(0..0)];
    let mut keys = Vec::new();
    let mut rest = vec![(0..part.points.len(), part.path, 0)];
    while let Some((range, path, node)) = rest.pop() {
        let points = &mut part.points[range.clone()];
        let start = part.start + range.start;
        if points.len() <= halving.leaf() {
            halving.order_leaf(points);
            nodes[node] = Node::Leaf(start..start + points.len());
            continue;
        }
        cx.check()?;
        let (pivots, skip) = halving.pivots(points, start, path)?;
        let points = &mut points[skip..];
        keys.clear();
        memory::resize("keys of points", &mut keys, points.len(), (T::ZERO, 0u32))?;
        halving.measure(pivots, points, &mut keys)?;
        let (split, middle) = halving.halve(pivots, points, &mut keys);
        let first = nodes.len();
        nodes[node] = Node::Split { split, children: [first as u32, first as u32 + 1] };
        memory::grow(NODES, &mut nodes, 2)?;
        nodes.extend([Node::Leaf(0..0), Node::Leaf(0..0)]);
        let middle = range.start + skip + middle;
        let [near, far] = halving.paths(path);
        // The near half is next.
        rest.push((middle..range.end, far, first + 1));
        rest.push((range.start + skip..middle, near, first));
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Divides by the values of points.
    struct ByValue(Vec<f64>);

    impl Halving<f64> for ByValue {
        type Pivots = ();
        type Split = f64;
        fn leaf(&self) -> usize {
            8
        }
        fn order_leaf(&self, points: &mut [u32]) {
            points.sort_unstable();
        }
        fn pivots(&self, _: &mut [u32], _: usize, _: u64) -> Result<((), usize)> {
            Ok(((), 0))
        }
        fn measure(&self, (): (), points: &[u32], keys: &mut [(f64, u32)]) -> Result<()> {
            keys.iter_mut().zip(points).for_each(|(key, &p)| *key = (self.0[p as usize], p));
            Ok(())
        }
        fn halve(&self, (): (), points: &mut [u32], keys: &mut [(f64, u32)]) -> (f64, usize) {
            keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            points.iter_mut().zip(keys.iter()).for_each(|(point, key)| *point = key.1);
            (keys[keys.len() / 2].0, keys.len() / 2)
        }
        fn paths(&self, path: u64) -> [u64; 2] {
            [2 * path, 2 * path + 1]
        }
    }

    /// Equal values, a geometric sequence and its mirror image, in pools whose threads have 256 KiB: the depth is that of equal
    /// halves, every point is in one leaf, and the tree is the same for any number of threads.
    #[test]
    fn trees_of_any_data_are_shallow_and_built_on_small_stacks() {
        let n = 1 << 17;
        let equal = vec![1.0; n];
        let sequence: Vec<f64> = (0..n).map(|i| 0.99f64.powi(i as i32)).collect();
        let mirrored: Vec<f64> = sequence.iter().rev().copied().collect();
        for values in [equal, sequence, mirrored] {
            let halving = ByValue(values);
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(256 << 10).build().unwrap();
                pool.install(|| {
                    let mut order: Vec<u32> = (0..n as u32).collect();
                    let nodes = build(&halving, &mut order, Context::new()).unwrap();
                    let (mut deepest, mut covered) = (0, 0);
                    let mut rest = vec![(0u32, 0)];
                    while let Some((node, depth)) = rest.pop() {
                        deepest = deepest.max(depth);
                        match &nodes[node as usize] {
                            Node::Leaf(range) => covered += range.len(),
                            Node::Split { children, .. } => rest.extend(children.map(|child| (child, depth + 1))),
                        }
                    }
                    (order, deepest, covered, nodes.len())
                })
            };
            let one = run(1);
            // 2^17 points in leaves of 8.
            assert_eq!((one.1, one.2, one.3), (14, n, 2 * (n / 8) - 1));
            assert!(run(3) == one);
            let mut order = one.0;
            order.sort_unstable();
            assert!(order.iter().zip(0..).all(|(&point, i): (&u32, u32)| point == i));
        }
    }
}
