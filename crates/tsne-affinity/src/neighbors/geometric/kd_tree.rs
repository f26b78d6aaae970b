//! A kd-tree of the points of a geometry, for few coordinates.

use super::finder::{Asked, Finder, MakeFinder, Queries};
use super::geometry::Geometry;
use super::indexed::IndexedPoints;
use super::packed::PackedPoints;
use super::ranks::ranks;
use super::strips;
use crate::neighbors::nearest::sort;
use crate::neighbors::progress::Counter;
use crate::ordered;
use kiddo::leaf_strategies::VecOfArenas;
use kiddo::{Eytzinger, KdTree, SquaredEuclidean};
use std::num::NonZeroUsize;
use tsne_core::{Context, Error, Result, Scalar, blocks, chunks, memory};

/// The most coordinates a tree is compiled for.
pub(in crate::neighbors) const MAX_COORDINATES: usize = 10;
/// Points in a leaf, the tree's own default.
const LEAF: usize = 32;
/// Neighbors asked for beyond `k`: enough to see in most rows that no tie reaches across the `k`-th place.
const SURPLUS: usize = 2;
/// Rows in one task, between two looks at the cancellation.
const BLOCK: usize = 256;
/// The name in errors of what the tree has found for a row.
const HITS: &str = "points that are near a row";

type Tree<const K: usize> = KdTree<f64, u32, Eytzinger, VecOfArenas<f64, u32, K, LEAF>, K, LEAF>;

/// Makes kd-trees.
pub(in crate::neighbors) struct ByKdTree;

impl MakeFinder for ByKdTree {
    fn make<'a, V: Scalar>(&self, indexed: &IndexedPoints<'a, V>, _: Context<'_>) -> Result<Box<dyn Finder<V> + 'a>> {
        let extra = usize::from(indexed.ruler.geometry == Geometry::Cosine);
        Ok(match indexed.points.rows.d() + extra {
            ..=2 => Box::new(KdFinder::<2>::new(indexed)?),
            3 => Box::new(KdFinder::<3>::new(indexed)?),
            4 => Box::new(KdFinder::<4>::new(indexed)?),
            5 | 6 => Box::new(KdFinder::<6>::new(indexed)?),
            7 | 8 => Box::new(KdFinder::<8>::new(indexed)?),
            _ => Box::new(KdFinder::<MAX_COORDINATES>::new(indexed)?),
        })
    }
}

struct KdFinder<const K: usize> {
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

/// Writes each point, by its number.
fn place<const K: usize>(points: &mut [[f64; K]], at: impl Fn(usize) -> [f64; K] + Sync) {
    chunks::for_each_point(points, blocks::BLOCK, |b, points| {
        points.iter_mut().enumerate().for_each(|(r, p)| *p = at(b * blocks::BLOCK + r));
    });
}

impl<const K: usize> KdFinder<K> {
    fn new<T: Scalar>(indexed: &IndexedPoints<'_, T>) -> Result<Self> {
        let m = indexed.groups.len();
        let d = indexed.points.rows.d();
        let natural: Vec<usize> = (0..d + usize::from(indexed.ruler.geometry == Geometry::Cosine)).collect();
        let at = |g: usize, columns: &[usize]| {
            let point = indexed.points.get(indexed.groups.representative(g));
            coordinates::<K, T>(columns, point, indexed.ruler.geometry, indexed.ruler.factor)
        };
        let mut points = memory::filled("coordinates of a kd-tree", m, [0.0; K])?;
        place(&mut points, |g| at(g, &natural));
        let variance: Vec<f64> = natural
            .iter()
            .map(|&column| {
                let mean = points.iter().map(|p| p[column]).sum::<f64>() / m as f64;
                points.iter().map(|p| (p[column] - mean).powi(2)).sum::<f64>()
            })
            .collect();
        let mut columns = natural;
        columns.sort_by(|&a, &b| variance[b].total_cmp(&variance[a]));
        place(&mut points, |g| at(g, &columns));
        // The tree takes its memory without asking: whether there is room is seen before. A copy of the points, and their numbers twice.
        let mut room = Vec::<[f64; K]>::new();
        memory::reserve("kd-tree", &mut room, m.saturating_mul(2))?;
        drop(std::hint::black_box(room));
        let tree = Tree::<K>::new_from_slice(&points).map_err(|e| Error::numerical("kd-tree construction", e))?;
        Ok(Self { tree, columns })
    }
}

impl<T: Scalar, const K: usize> Finder<T> for KdFinder<K> {
    fn is_exact(&self) -> bool {
        true
    }

    fn search(
        &self,
        indexed: &IndexedPoints<'_, T>,
        queries: Queries<'_, '_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()> {
        let own_at = |i: usize| match &queries {
            Queries::Own(wanted) => Some(wanted.at(i)),
            Queries::Other(_) => None,
        };
        let own = matches!(queries, Queries::Own(_));
        let query_at = |i: usize| match &queries {
            Queries::Own(wanted) => indexed.points.get(indexed.groups.representative(wanted.at(i))),
            Queries::Other(points) => points.get(i),
        };
        let wanted = NonZeroUsize::MIN.saturating_add(k + SURPLUS - 1 + usize::from(own));
        let counter = Counter::new(indices.len() / k, cx);
        ordered::try_for_each2(
            (indices, k.saturating_mul(BLOCK)),
            (distances, k.saturating_mul(BLOCK)),
            || (self.tree.create_scratch::<SquaredEuclidean<f64>>(), Vec::new(), Vec::new()),
            |(scratch, candidates, exact), b, indices, distances| {
                cx.check()?;
                for (r, (indices, distances)) in
                    indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).enumerate()
                {
                    let i = b * BLOCK + r;
                    let query = query_at(i);
                    let at = coordinates::<K, T>(&self.columns, query, indexed.ruler.geometry, indexed.ruler.factor);
                    let hits =
                        self.tree.query(&at).nearest_n::<SquaredEuclidean<f64>>(wanted).with_scratch(scratch).execute();
                    let itself = own_at(i);
                    let other = |g: u32| Some(g as usize) != itself;
                    candidates.clear();
                    memory::reserve(HITS, candidates, hits.len())?;
                    candidates.extend(hits.iter().map(|hit| hit.item).filter(|&g| other(g)));
                    exact.clear();
                    indexed.distances(query, candidates, exact)?;
                    if hits.len() == wanted.get() {
                        // Whatever may still tie with the k-th place lies within this bound.
                        sort(exact);
                        let bound = exact.get(k - 1).map_or(f64::INFINITY, |kth| indexed.squared_bound(kth.0));
                        if hits.last().is_none_or(|hit| hit.distance <= bound) {
                            let hits = self
                                .tree
                                .query(&at)
                                .within::<SquaredEuclidean<f64>>(bound)
                                .with_scratch(scratch)
                                .execute();
                            candidates.clear();
                            memory::reserve(HITS, candidates, hits.len())?;
                            candidates.extend(hits.iter().map(|hit| hit.item).filter(|&g| other(g)));
                            exact.clear();
                            indexed.distances(query, candidates, exact)?;
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
    fn ranks(&self, indexed: &IndexedPoints<'_, T>, asked: Asked<'_>, cx: Context<'_>) -> Result<Option<Vec<u32>>> {
        match strips::ranks(indexed, asked, cx)? {
            Some(ranks) => Ok(Some(ranks)),
            None => ranks(indexed, &PackedPoints::new(indexed, cx)?, asked, cx).map(Some),
        }
    }
}
