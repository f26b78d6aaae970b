use crate::morton::{Bounds, Cube, key, key_code, key_index};
use crate::tree::{BUCKET, Node};
use tsne_core::Scalar;

/// Writes the nodes of a tree, from the root down, over points in Morton order.
///
/// A cell of `m` points has at most `2m - 1` nodes in its subtree, since every inner node has at least two
/// children. Each subtree gets exactly that many places, so that where it goes depends on the points before it and
/// not on their nodes: subtrees are written in parallel, without a pass that counts them. Places that remain
/// free at the end of a subtree are jumped over by the skip pointers.
#[derive(Debug)]
pub(crate) struct Build<'a, T, const D: usize> {
    /// The points in the caller's order.
    pub(crate) y: &'a [[T; D]],
}

/// Where a subtree goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Its root's place.
    pub(crate) node: u32,
    /// Its first point, in sorted order.
    pub(crate) start: u32,
    /// The node that follows the subtree.
    pub(crate) skip: u32,
}

/// What a subtree tells its parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Built<const D: usize> {
    center: [f64; D],
    count: f64,
    /// The sum of the squared distances of its points from their mean.
    moment: f64,
    /// Its number of nodes.
    pub(crate) nodes: usize,
}

/// Cells with more points than this are built by two tasks: about 50 microseconds of work hide the cost of one.
const PARALLEL: usize = 2_048;

/// The most children of a cell, in 3-D.
const MAX_CHILDREN: usize = 8;

/// The children of a cell that are still to be built.
struct Children<'s, T, const D: usize> {
    cube: &'s Cube<D>,
    level: u32,
    keys: &'s mut [u64],
    points: &'s mut [[T; D]],
    nodes: &'s mut [Node<T, D>],
    place: Place,
}

impl<T: Scalar, const D: usize> Build<'_, T, D> {
    /// Writes the subtree of one cell: `points` with their `keys` in Morton order of `cube`, at least one, into the
    /// `2m - 1` places `nodes`.
    pub(crate) fn node(
        &self,
        cube: &Cube<D>,
        keys: &mut [u64],
        points: &mut [[T; D]],
        nodes: &mut [Node<T, D>],
        place: Place,
    ) -> Built<D> {
        let (Some(&first), Some(&last)) = (keys.first(), keys.last()) else {
            return Built { center: [0.0; D], count: 0.0, moment: 0.0, nodes: 0 };
        };
        let level = Cube::<D>::common_level(key_code(first), key_code(last));
        if points.len() <= BUCKET {
            return leaf(cube.side_at(level), points, nodes, place);
        }
        if level == Cube::<D>::LEVELS {
            return self.refine(keys, points, nodes, place);
        }
        let count = points.len();
        let Some((node, nodes)) = nodes.split_first_mut() else {
            return Built { center: [0.0; D], count: 0.0, moment: 0.0, nodes: 0 };
        };
        let first = Place { node: place.node + 1, ..place };
        let children = Children { cube, level, keys, points, nodes, place: first };
        let mut built = [None; MAX_CHILDREN];
        self.children(children, &mut built);
        let merged = merge(&built);
        *node = Node {
            center: merged.center.map(T::from_f64),
            moment: limited(merged.moment),
            side2: squared(cube.side_at(level)),
            start: place.start,
            count: count as u32,
            skip: place.skip,
        };
        Built { nodes: merged.nodes + 1, ..merged }
    }

    /// Writes the subtrees of the children of one cell, in their order.
    fn children(&self, children: Children<'_, T, D>, built: &mut [Option<Built<D>>]) {
        let Children { cube, level, keys, points, nodes, place } = children;
        let (Some(&first), Some((slot, slots))) = (keys.first(), built.split_first_mut()) else {
            return;
        };
        let child = Cube::<D>::child(key_code(first), level);
        let count = keys.partition_point(|&key| Cube::<D>::child(key_code(key), level) == child);
        let is_last = count == keys.len();
        let all = points.len();
        let (keys, keys_rest) = keys.split_at_mut(count);
        let (points, points_rest) = points.split_at_mut(count);
        let (nodes, nodes_rest) = nodes.split_at_mut(2 * count - 1);
        let next = place.node + (2 * count - 1) as u32;
        // The last child is followed by what follows its parent, the others by the next child.
        let own = Place { skip: if is_last { place.skip } else { next }, ..place };
        let rest = Children {
            cube,
            level,
            keys: keys_rest,
            points: points_rest,
            nodes: nodes_rest,
            place: Place { node: next, start: place.start + count as u32, skip: place.skip },
        };
        if all > PARALLEL && !is_last {
            rayon::join(|| *slot = Some(self.node(cube, keys, points, nodes, own)), || self.children(rest, slots));
        } else {
            *slot = Some(self.node(cube, keys, points, nodes, own));
            self.children(rest, slots);
        }
    }

    /// Goes on where the codes end: the points of one cell of the last level get a cube of their own, with all
    /// levels again, unless they coincide.
    ///
    /// Every cube is smaller than the one before it by the factor `2^LEVELS`, so that the range of the exponent of
    /// a number bounds how often this happens.
    #[cold]
    fn refine(&self, keys: &mut [u64], points: &mut [[T; D]], nodes: &mut [Node<T, D>], place: Place) -> Built<D> {
        let cube = Cube::new(&Bounds::of(points));
        if cube.side() == 0.0 {
            return leaf(0.0, points, nodes, place);
        }
        for (key_, p) in keys.iter_mut().zip(points.iter()) {
            *key_ = key(cube.code(p), key_index(*key_));
        }
        keys.sort_unstable();
        for (p, &key) in points.iter_mut().zip(keys.iter()) {
            *p = self.y[key_index(key) as usize];
        }
        self.node(&cube, keys, points, nodes, place)
    }
}

/// Writes a node without children.
fn leaf<T: Scalar, const D: usize>(side: f64, points: &[[T; D]], nodes: &mut [Node<T, D>], place: Place) -> Built<D> {
    let (Some(node), Some(&first)) = (nodes.first_mut(), points.first()) else {
        return Built { center: [0.0; D], count: 0.0, moment: 0.0, nodes: 0 };
    };
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
    let square = |p: &[T; D]| (0..D).map(|a| (p[a].to_f64() - center[a]).powi(2)).sum::<f64>();
    let moment = if coincident { 0.0 } else { points.iter().map(square).sum() };
    *node = Node {
        center: center.map(T::from_f64),
        moment: limited(moment),
        side2: if coincident { -T::ONE } else { squared(side) },
        start: place.start,
        count: points.len() as u32,
        skip: place.skip,
    };
    Built { center, count: points.len() as f64, moment, nodes: 1 }
}

/// The count and center of the children together, in their order.
fn merge<const D: usize>(children: &[Option<Built<D>>]) -> Built<D> {
    let mut children = children.iter().flatten();
    let Some(&(mut all)) = children.next() else {
        return Built { center: [0.0; D], count: 0.0, moment: 0.0, nodes: 0 };
    };
    for child in children {
        // By the parallel axis theorem, from what each part has around its own mean.
        let before = all.count;
        all.count += child.count;
        all.nodes += child.nodes;
        let share = child.count / all.count;
        let mut distance2 = 0.0;
        for a in 0..D {
            let difference = child.center[a] - all.center[a];
            distance2 += difference * difference;
            all.center[a] += difference * share;
        }
        all.moment += child.moment + before * share * distance2;
    }
    all
}

/// The square of a side: a squared distance that overflows is larger.
fn squared<T: Scalar>(side: f64) -> T {
    limited(side * side)
}

/// The nearest number of the type, at most the largest finite one.
fn limited<T: Scalar>(value: f64) -> T {
    T::from_f64(value).min(T::MAX)
}
