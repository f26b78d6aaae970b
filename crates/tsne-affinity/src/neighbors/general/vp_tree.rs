//! A vantage-point tree, for any metric with the triangle inequality.

use super::distances::{Distances, check};
use super::grouped::Grouped;
use super::halving::{self, Halving, Node};
use super::scan;
use crate::metric::Metric;
use crate::neighbors::checked::Checked;
use crate::neighbors::nearest::Nearest;
use crate::neighbors::request::{Stored, numbers};
use crate::neighbors::wanted::Wanted;
use std::num::NonZeroUsize;
use tsne_core::{Context, KnnGraph, NeighborIndex, Points, Result, Scalar, memory, random};

/// Points of which no further vantage point is chosen: a few distances at once cost little more than one.
const LEAF: usize = 32;
/// Rows in one task, between two looks at the cancellation.
const ROWS: usize = 64;
/// The stream of random numbers that choose vantage points.
const STAGE: u64 = 0x7670;

/// By how much a user's function may break the triangle inequality, as a fraction of the distances: room for one that
/// computes in `f32`.
const FUNCTION_ROUNDING: f64 = 1e-6;
/// Haversine distances of opposite places are off by up to `2 sqrt(8 ε)` (an arcsine near 1), with room.
const HAVERSINE_ROUNDING: f64 = 1.0 / (1u64 << 22) as f64;

/// The built tree.
pub(in crate::neighbors) struct VpTree<'a, T> {
    space: Grouped<'a, T>,
    nodes: Vec<Node<Vantage>>,
    /// All points that differ; those of a leaf stand together.
    order: Vec<u32>,
    /// What a bound from the triangle inequality may be off by: as a fraction of the distances, and beside that.
    margin: (f64, f64),
}

/// A vantage point, and the ranges of the distances from it to the others, half by half.
struct Vantage {
    point: u32,
    halves: [(f64, f64); 2],
}

/// Divides points by their distances to one of them.
struct ByDistance<'d, T> {
    distances: &'d dyn Distances<T>,
}

impl<T: Scalar> Halving<T> for ByDistance<'_, T> {
    type Pivots = u32;
    type Split = Vantage;

    fn leaf(&self) -> usize {
        LEAF
    }

    fn order_leaf(&self, _: &mut [u32]) {}

    fn pivots(&self, points: &mut [u32], start: usize, _: u64) -> Result<(u32, usize)> {
        let n = points.len();
        // A function of place and size, not of the order in which subtrees are built.
        let chosen = random::unit(random::element_seed(n as u64, STAGE, start as u64)) * n as f64;
        points.swap(0, (chosen as usize).min(n - 1));
        Ok((points[0], 1))
    }

    fn measure(&self, vantage: u32, points: &[u32], keys: &mut [(T, u32)]) -> Result<()> {
        let mut measured = memory::filled("distances from a vantage point", points.len(), T::ZERO)?;
        self.distances.measure(vantage as usize, points, &mut measured);
        check(self.distances, vantage as usize, points, &measured)?;
        for ((key, distance), &point) in keys.iter_mut().zip(measured).zip(points) {
            *key = (distance, point);
        }
        Ok(())
    }

    fn halve(&self, point: u32, points: &mut [u32], keys: &mut [(T, u32)]) -> (Vantage, usize) {
        let middle = keys.len() / 2;
        keys.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // The selection leaves the halves in an order of its own; theirs is by index.
        let (near, far) = keys.split_at_mut(middle);
        near.sort_unstable_by_key(|key| key.1);
        far.sort_unstable_by_key(|key| key.1);
        let range = |keys: &[(T, u32)]| {
            keys.iter().fold((f64::INFINITY, 0.0), |(low, high), &(v, _)| {
                (f64::min(low, v.to_f64()), f64::max(high, v.to_f64()))
            })
        };
        let halves = [range(near), range(far)];
        points.iter_mut().zip(keys.iter()).for_each(|(point, key)| *point = key.1);
        (Vantage { point, halves }, middle)
    }

    fn paths(&self, path: u64) -> [u64; 2] {
        [path; 2]
    }
}

impl<'a, T: Scalar> VpTree<'a, T> {
    /// The tree of checked points under a metric with the triangle inequality.
    pub(in crate::neighbors) fn new(checked: &Checked<'a, T>, cx: Context<'_>) -> Result<Self> {
        cx.check()?;
        // Equal points would be the worst case of a tree, whose halves they would make all near.
        let space = Grouped::new(checked)?;
        let mut order = numbers(space.len())?;
        let nodes = halving::build(&ByDistance { distances: &*space.own() }, &mut order, cx)?;
        let smallest =
            if size_of::<T>() == size_of::<f32>() { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
        let (relative, absolute) = match checked.metric {
            Metric::Function(_) => (FUNCTION_ROUNDING, smallest),
            Metric::Haversine => (0.0, HAVERSINE_ROUNDING),
            _ => (0.0, smallest),
        };
        // A distance is a sum of terms in lanes, and rounded once to T.
        let rounding = 8.0 * T::EPSILON.to_f64() + (checked.points().d() as f64 + 64.0) * f64::EPSILON;
        Ok(Self { space, nodes, order, margin: (relative + rounding, absolute) })
    }

    fn search(
        &self,
        rows: &dyn Distances<T>,
        wanted: &Wanted,
        own: bool,
        k: usize,
        cx: Context<'_>,
    ) -> Result<Stored<T>> {
        scan::search(wanted.len(), k, ROWS, cx, |first, nearest, scratch: &mut Scratch<T>| {
            for (r, nearest) in nearest.iter_mut().enumerate() {
                let row = wanted.at(first + r);
                let mut query = Query { rows, row, own, nearest, measured: &mut scratch.measured };
                self.visit(&mut query, &mut scratch.rest)?;
            }
            Ok(())
        })
    }

    /// Visits the nodes that may hold one of the nearest, nearer ones first. `rest` is a buffer.
    fn visit(&self, query: &mut Query<'_, T>, rest: &mut Vec<(f64, u32)>) -> Result<()> {
        rest.clear();
        rest.push((f64::NEG_INFINITY, 0));
        while let Some((bound, node)) = rest.pop() {
            if bound > query.nearest.reach().to_f64() {
                continue;
            }
            match &self.nodes[node as usize] {
                Node::Leaf(range) => {
                    query.offer(&self.order[range.clone()])?;
                    query.nearest.compact();
                }
                Node::Split { split: Vantage { point, halves }, children } => {
                    query.offer(&[*point])?;
                    // Of itself a point needs no distance, and a function may say anything.
                    let itself = query.own && *point as usize == query.row;
                    let distance = if itself { 0.0 } else { query.measured[0].to_f64() };
                    let (relative, absolute) = self.margin;
                    let bounds = halves.map(|(low, high)| {
                        let bound = f64::max(distance - high, low - distance);
                        bound - relative * (distance + high) - absolute
                    });
                    let first = usize::from(bounds[1] < bounds[0]);
                    rest.extend([1 - first, first].map(|h| (bounds[h], children[h])));
                }
            }
        }
        Ok(())
    }
}

/// What a thread keeps between rows.
struct Scratch<T> {
    measured: Vec<T>,
    /// Nodes to visit, and lower bounds on the distances of their points; at most as many as the tree is deep, and one.
    rest: Vec<(f64, u32)>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self { measured: Vec::new(), rest: Vec::new() }
    }
}

/// The search for one row.
struct Query<'q, T> {
    rows: &'q dyn Distances<T>,
    row: usize,
    own: bool,
    nearest: &'q mut Nearest<T>,
    measured: &'q mut Vec<T>,
}

impl<T: Scalar> Query<'_, T> {
    /// Offers the points at hand, but the row itself.
    fn offer(&mut self, points: &[u32]) -> Result<()> {
        self.measured.clear();
        self.measured.resize(points.len(), T::ZERO);
        self.rows.measure(self.row, points, self.measured);
        for (&point, &distance) in points.iter().zip(self.measured.iter()) {
            if !(self.own && point as usize == self.row) {
                check(self.rows, self.row, &[point], &[distance])?;
                self.nearest.offer(distance, point);
            }
        }
        Ok(())
    }
}

impl<T: Scalar> NeighborIndex<T> for VpTree<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.space.shape()
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.space.knn_graph(k, cx, |rows, wanted, k| self.search(rows, wanted, true, k, cx))
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.space.knn(queries, k, cx, |rows, k| self.search(rows, &Wanted::all(rows.n_rows()), false, k, cx))
    }
}
