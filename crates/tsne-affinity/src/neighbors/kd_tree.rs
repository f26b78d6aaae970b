use super::geometry::Geometry;
use super::index::{Counter, Engine, Queries};
use super::plan::{self, Method, Plan};
use super::reference::Reference;
use super::space::{check_points, check_rows};
use crate::Metric;
use kiddo::leaf_strategies::VecOfArenas;
use kiddo::{Eytzinger, KdTree, SquaredEuclidean};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use tsne_core::{Context, Error, NeighborIndex, NeighborSearch, Points, Result, Scalar};

/// The most coordinates a tree is compiled for.
const MAX_COORDINATES: usize = 10;
/// Points in a leaf, the tree's own default.
const LEAF: usize = 32;
/// Neighbors asked for beyond `k`: enough to see in most rows that no tie reaches across the `k`-th place.
const SURPLUS: usize = 2;
/// Rows in one task, between two looks at the cancellation.
const BLOCK: usize = 256;

type Tree<const K: usize> = KdTree<f64, u32, Eytzinger, VecOfArenas<f64, u32, K, LEAF>, K, LEAF>;

/// Exact nearest neighbors by a kd-tree (Friedman, Bentley and Finkel 1977), for data with few columns.
///
/// The tree splits the columns in turn, those with the largest variance first. A query takes `O(log n + k)` for few
/// columns and degenerates to all points as their number grows; the most is 10 (9 where rows are compared by direction, as with [`Metric::Cosine`]).
/// Metrics that are the Euclidean distance or the cosine of mapped rows are served, those that
/// [`BruteForceSearch`](crate::BruteForceSearch) answers
/// with matrix products; others are an error.
/// Ties are broken by index, also at the `k`-th place: where one reaches across it, all points at that distance are
/// collected and sorted. The result is the same for any number of threads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KdTreeSearch {
    /// How distances are measured.
    pub metric: Metric,
}

impl KdTreeSearch {
    /// A search with the given metric.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{KdTreeSearch, Metric};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = Rows::new(&[1.0, 0.0, 1.0, 0.5, 2.0, 0.1], 3, 2)?;
    /// let graph = KdTreeSearch::new(Metric::Euclidean).build(x.into(), Context::new())?.knn_graph(NonZeroUsize::MIN, Context::new())?;
    /// assert_eq!(graph.row(0), (&[1][..], &[0.5][..])); // (1, 0) and (1, 0.5).
    /// assert!(KdTreeSearch::new(Metric::Manhattan).build(x.into(), Context::new()).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl<T: Scalar> NeighborSearch<T> for KdTreeSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        cx.check()?;
        check_points(points, &self.metric)?;
        let rows = points.dense("KdTreeSearch")?;
        let metric = self.metric.resolve(points)?;
        let plan = Plan::new(&metric, rows)?.ok_or_else(|| {
            let allowed = "one that is the Euclidean distance or the cosine of mapped rows for a kd-tree: use ExactSearch, \
                           BruteForceSearch or VpTreeSearch";
            Error::parameter("metric", &metric, allowed)
        })?;
        let extra = plan.coordinates(0);
        if rows.d() + extra > MAX_COORDINATES {
            return Err(Error::parameter(
                "d",
                rows.d(),
                format_args!("at most {} for a kd-tree: use BruteForceSearch", MAX_COORDINATES - extra),
            ));
        }
        check_rows(points, &metric)?;
        plan::build(rows, &metric, plan, &ByTree)
    }
}

/// The method of the kd-tree.
struct ByTree;

impl Method for ByTree {
    fn engine<'a, V: Scalar>(&self, reference: &Reference<'a, V>) -> Result<Box<dyn Engine<V> + 'a>> {
        let extra = usize::from(reference.ruler.geometry == Geometry::Cosine);
        Ok(match reference.points.rows.d() + extra {
            ..=2 => Box::new(KdEngine::<2>::new(reference)?),
            3 => Box::new(KdEngine::<3>::new(reference)?),
            4 => Box::new(KdEngine::<4>::new(reference)?),
            5 | 6 => Box::new(KdEngine::<6>::new(reference)?),
            7 | 8 => Box::new(KdEngine::<8>::new(reference)?),
            _ => Box::new(KdEngine::<MAX_COORDINATES>::new(reference)?),
        })
    }
}

struct KdEngine<const K: usize> {
    tree: Tree<K>,
    /// The column behind each coordinate of the tree, by descending variance.
    columns: Vec<usize>,
}

/// The coordinates that the tree sees: scaled or normalized, in `f64` whatever the scalar, so that its own distances
/// are right to the last digits.
fn coordinates<const K: usize, T: Scalar>(
    columns: &[usize],
    (row, length): (&[T], f64),
    metric: Geometry,
    factor: f64,
) -> [f64; K] {
    let mut out = [0.0; K];
    for (out, &column) in out.iter_mut().zip(columns) {
        *out = match (metric, row.get(column)) {
            (Geometry::Euclidean, Some(v)) => v.to_f64() * factor,
            (Geometry::Euclidean, None) => 0.0,
            (Geometry::Cosine, Some(v)) if length > 0.0 => v.to_f64() / length,
            (Geometry::Cosine, Some(_)) => 0.0,
            (Geometry::Cosine, None) => f64::from(u8::from(length == 0.0)),
        };
    }
    out
}

impl<const K: usize> KdEngine<K> {
    fn new<T: Scalar>(reference: &Reference<'_, T>) -> Result<Self> {
        let m = reference.groups.len();
        let d = reference.points.rows.d();
        let natural: Vec<usize> = (0..d + usize::from(reference.ruler.geometry == Geometry::Cosine)).collect();
        let at = |g: usize, columns: &[usize]| {
            let point = reference.points.get(reference.groups.representative(g));
            coordinates::<K, T>(columns, point, reference.ruler.geometry, reference.ruler.factor)
        };
        let mut points: Vec<[f64; K]> = (0..m).into_par_iter().map(|g| at(g, &natural)).collect();
        let variance: Vec<f64> = natural
            .iter()
            .map(|&column| {
                let mean = points.iter().map(|p| p[column]).sum::<f64>() / m as f64;
                points.iter().map(|p| (p[column] - mean).powi(2)).sum::<f64>()
            })
            .collect();
        let mut columns = natural;
        columns.sort_by(|&a, &b| variance[b].total_cmp(&variance[a]));
        points.par_iter_mut().enumerate().for_each(|(g, p)| *p = at(g, &columns));
        let tree = Tree::<K>::new_from_slice(&points).map_err(|e| Error::numerical("kd-tree construction", e))?;
        Ok(Self { tree, columns })
    }
}

impl<T: Scalar, const K: usize> Engine<T> for KdEngine<K> {
    fn search(
        &self,
        reference: &Reference<'_, T>,
        queries: Queries<'_, '_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()> {
        let own = matches!(queries, Queries::Own);
        let query_at = |i: usize| match &queries {
            Queries::Own => reference.points.get(reference.groups.representative(i)),
            Queries::Other(points) => points.get(i),
        };
        let wanted = NonZeroUsize::MIN.saturating_add(k + SURPLUS - 1 + usize::from(own));
        let counter = Counter::new(indices.len() / k, cx);
        indices.par_chunks_mut(k * BLOCK).zip(distances.par_chunks_mut(k * BLOCK)).enumerate().try_for_each_init(
            || (self.tree.create_scratch::<SquaredEuclidean<f64>>(), Vec::new(), Vec::new()),
            |(scratch, candidates, exact), (b, (indices, distances))| {
                cx.check()?;
                for (r, (indices, distances)) in
                    indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).enumerate()
                {
                    let i = b * BLOCK + r;
                    let query = query_at(i);
                    let at =
                        coordinates::<K, T>(&self.columns, query, reference.ruler.geometry, reference.ruler.factor);
                    let hits =
                        self.tree.query(&at).nearest_n::<SquaredEuclidean<f64>>(wanted).with_scratch(scratch).execute();
                    let other = |g: u32| !own || g as usize != i;
                    candidates.clear();
                    candidates.extend(hits.iter().map(|hit| hit.item).filter(|&g| other(g)));
                    exact.clear();
                    reference.distances(query, candidates, exact);
                    if hits.len() == wanted.get() {
                        // Whatever may still tie with the k-th place lies within this bound.
                        sort(exact);
                        let bound = exact.get(k - 1).map_or(f64::INFINITY, |kth| reference.squared_bound(kth.0));
                        if hits.last().is_none_or(|hit| hit.distance <= bound) {
                            let hits = self
                                .tree
                                .query(&at)
                                .within::<SquaredEuclidean<f64>>(bound)
                                .with_scratch(scratch)
                                .execute();
                            candidates.clear();
                            candidates.extend(hits.iter().map(|hit| hit.item).filter(|&g| other(g)));
                            exact.clear();
                            reference.distances(query, candidates, exact);
                        }
                    }
                    sort(exact);
                    for ((index, distance), &(d, g)) in indices.iter_mut().zip(distances).zip(exact.iter()) {
                        (*index, *distance) = (g, d);
                    }
                }
                counter.add(indices.len() / k);
                Ok(())
            },
        )
    }
}

/// Ascending by (distance, index).
pub(super) fn sort<T: Scalar>(pairs: &mut [(T, u32)]) {
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
}
