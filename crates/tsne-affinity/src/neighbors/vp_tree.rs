use super::grouped::{Found, Grouped};
use super::nearest::Nearest;
use super::scan;
use super::space::{Distances, check, space};
use crate::Metric;
use std::num::NonZeroUsize;
use tsne_core::{Context, Error, KnnGraph, NeighborIndex, NeighborSearch, Points, Result, Scalar, random};

/// Points of which no further vantage point is chosen: a few distances at once cost little more than one.
const LEAF: usize = 32;
/// Subtrees of at least this many points are built as two tasks.
const TASK: usize = 4096;
/// Rows in one task, between two looks at the cancellation.
const ROWS: usize = 64;
/// The stream of random numbers that choose vantage points.
const STAGE: u64 = 0x7670;

/// By how much a user's function may break the triangle inequality, as a fraction of the distances: room for one that
/// computes in `f32`.
const FUNCTION_ROUNDING: f64 = 1e-6;
/// Haversine distances of opposite places are off by up to `2 sqrt(8 ε)` (an arcsine near 1), with room.
const HAVERSINE_ROUNDING: f64 = 1.0 / (1u64 << 22) as f64;

/// Exact nearest neighbors by a vantage-point tree (Yianilos 1993, "Data structures and algorithms for nearest neighbor
/// search in general metric spaces"), for any metric with the triangle inequality, on dense and sparse rows.
///
/// The tree takes `n log n` distances. A query takes few where points have few degrees of freedom, and degenerates to all
/// points as these grow; [`ExactSearch`](crate::ExactSearch) says when it pays. The result is that of
/// [`BruteForceSearch`](crate::BruteForceSearch), bit for bit: ties by index, the margins of all decisions wider than the
/// rounding of distances. It is the same for any number of threads. Equal rows are searched as one, but for functions and
/// [`Metric::RussellRao`], whose distance of equal rows need not be 0: there many of them take time that is quadratic in
/// their number.
///
/// # Errors
///
/// Building is an error for metrics without the triangle inequality ([`Metric::is_metric`]). Whether it holds for a
/// function is its author's word, up to a millionth of the distances; where it fails, neighbors may be missed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VpTreeSearch {
    /// How distances are measured.
    pub metric: Metric,
}

impl VpTreeSearch {
    /// A search with the given metric.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{Metric, VpTreeSearch};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = [0.0, 1.0, 5.0, 7.0];
    /// let points = Rows::new(&x, 4, 1)?.into();
    /// let index = VpTreeSearch::new(Metric::Manhattan).build(points, Context::new())?;
    /// assert_eq!(index.knn_graph(NonZeroUsize::MIN, Context::new())?.indices(), [1, 0, 3, 2]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl<T: Scalar> NeighborSearch<T> for VpTreeSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        if !self.metric.is_metric() {
            let allowed =
                "one with the triangle inequality for a vantage-point tree: use BruteForceSearch or ExactSearch";
            return Err(Error::parameter("metric", &self.metric, allowed));
        }
        cx.check()?;
        // Equal points would be the worst case of a tree, whose halves they would make all near.
        let space = Grouped::new(space(points, &self.metric)?, points, &self.metric);
        let mut order: Vec<u32> = (0..space.len() as u32).collect();
        let root = Node::new(&*space.own(), &mut order, 0, cx)?;
        let smallest =
            if size_of::<T>() == size_of::<f32>() { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
        let (relative, absolute) = match self.metric {
            Metric::Function(_) => (FUNCTION_ROUNDING, smallest),
            Metric::Haversine => (0.0, HAVERSINE_ROUNDING),
            _ => (0.0, smallest),
        };
        // A distance is a sum of terms in lanes, and rounded once to T.
        let rounding = 8.0 * T::EPSILON.to_f64() + (points.d() as f64 + 64.0) * f64::EPSILON;
        Ok(Box::new(Tree { space, root, order, margin: (relative + rounding, absolute) }))
    }
}

/// The built tree.
struct Tree<'a, T> {
    space: Grouped<'a, T>,
    root: Node,
    /// All points that differ; those of a leaf stand together.
    order: Vec<u32>,
    /// What a bound from the triangle inequality may be off by: as a fraction of the distances, and beside that.
    margin: (f64, f64),
}

/// Part of the points. Halves are equal but for one, so the depth is at most `log2 n`.
enum Node {
    /// The points at these places of the order.
    Leaf { start: usize, end: usize },
    /// A vantage point, and the others in two halves by their distance to it.
    Split { vantage: u32, halves: Box<[Half; 2]> },
}

/// Points whose distance to the vantage point is in a range.
struct Half {
    low: f64,
    high: f64,
    node: Node,
}

impl Node {
    /// Builds the tree of the points in `order`, which start at place `start` of the whole.
    fn new<T: Scalar>(distances: &dyn Distances<T>, order: &mut [u32], start: usize, cx: Context<'_>) -> Result<Self> {
        cx.check()?;
        let n = order.len();
        if n <= LEAF {
            return Ok(Self::Leaf { start, end: start + n });
        }
        // A function of place and size, not of the order in which subtrees are built.
        let chosen = random::unit(random::element_seed(n as u64, STAGE, start as u64)) * n as f64;
        order.swap(0, (chosen as usize).min(n - 1));
        let Some((&mut vantage, rest)) = order.split_first_mut() else { return Ok(Self::Leaf { start, end: start }) };
        let mut measured = vec![T::ZERO; rest.len()];
        distances.measure(vantage as usize, rest, &mut measured);
        check(distances, vantage as usize, rest, &measured)?;
        let mut pairs: Vec<(T, u32)> = measured.into_iter().zip(rest.iter().copied()).collect();
        let middle = pairs.len() / 2;
        pairs.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // The selection leaves the halves in an order of its own; theirs is by index.
        let (near, far) = pairs.split_at_mut(middle);
        near.sort_unstable_by_key(|pair| pair.1);
        far.sort_unstable_by_key(|pair| pair.1);
        let range = |pairs: &[(T, u32)]| {
            pairs.iter().fold((f64::INFINITY, 0.0), |(low, high), &(v, _)| {
                (f64::min(low, v.to_f64()), f64::max(high, v.to_f64()))
            })
        };
        let (near_range, far_range) = (range(near), range(far));
        rest.iter_mut().zip(&pairs).for_each(|(point, pair)| *point = pair.1);
        drop(pairs);
        let (near, far) = rest.split_at_mut(middle);
        let near_start = start + 1;
        let far_start = near_start + middle;
        let (near, far) = if n >= TASK {
            rayon::join(|| Self::new(distances, near, near_start, cx), || Self::new(distances, far, far_start, cx))
        } else {
            (Self::new(distances, near, near_start, cx), Self::new(distances, far, far_start, cx))
        };
        let half = |(low, high), node: Result<Self>| Ok(Half { low, high, node: node? });
        Ok(Self::Split { vantage, halves: Box::new([half(near_range, near)?, half(far_range, far)?]) })
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

impl<T: Scalar> Tree<'_, T> {
    fn visit(&self, node: &Node, query: &mut Query<'_, T>) -> Result<()> {
        match node {
            Node::Leaf { start, end } => {
                query.offer(&self.order[*start..*end])?;
                query.nearest.compact();
                Ok(())
            }
            Node::Split { vantage, halves } => {
                query.offer(&[*vantage])?;
                // Of itself a point needs no distance, and a function may say anything.
                let itself = query.own && *vantage as usize == query.row;
                let distance = if itself { 0.0 } else { query.measured[0].to_f64() };
                let (relative, absolute) = self.margin;
                let bounds = halves.each_ref().map(|half| {
                    let bound = f64::max(distance - half.high, half.low - distance);
                    bound - relative * (distance + half.high) - absolute
                });
                let first = usize::from(bounds[1] < bounds[0]);
                for h in [first, 1 - first] {
                    if bounds[h] <= query.nearest.reach().to_f64() {
                        self.visit(&halves[h].node, query)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn search(&self, rows: &dyn Distances<T>, own: bool, k: usize, cx: Context<'_>) -> Result<Found<T>> {
        scan::search(rows, k, ROWS, cx, |first, nearest, measured| {
            for (r, nearest) in nearest.iter_mut().enumerate() {
                let mut query = Query { rows, row: first + r, own, nearest, measured: &mut *measured };
                self.visit(&self.root, &mut query)?;
            }
            Ok(())
        })
    }
}

impl<T: Scalar> NeighborIndex<T> for Tree<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.space.shape()
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.space.knn_graph(k, cx, |rows, k| self.search(rows, true, k, cx))
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        self.space.knn(queries, k, cx, |rows, k| self.search(rows, false, k, cx))
    }
}
