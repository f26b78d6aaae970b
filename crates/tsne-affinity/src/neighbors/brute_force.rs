use super::candidates::{Candidates, ScoreError};
use super::geometry::Geometry;
use super::index::{Counter, Engine, Queries};
use super::overlap::OverlapIndex;
use super::plan::{self, Method, Plan};
use super::reference::Reference;
use super::scan::Scan;
use super::space::{check_points, space};
use crate::Metric;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use tsne_core::{Context, NeighborIndex, NeighborSearch, Points, Result, Scalar, blocks};

/// Rows in one task: 70,000 points give 547 tasks, and the product reads each point 547 times from the shared cache, which
/// takes 6 % of the time.
const QUERY_TILE: usize = 128;
/// Points in one matrix product: a multiple of 96, the rows of the product's AVX-512 kernel (1,024 left 8 % of the
/// product to a smaller kernel). A tile of scores, 480 KiB, stays in the cache of a core.
const POINT_TILE: usize = 960;

/// Exact nearest neighbors by comparing all pairs, under any metric.
///
/// Dense rows under a metric that is the Euclidean distance or the cosine of mapped rows ([`Metric::Euclidean`],
/// [`Metric::SqEuclidean`], [`Metric::Minkowski`] with `p = 2`, [`Metric::SEuclidean`], [`Metric::Mahalanobis`],
/// [`Metric::Cosine`], [`Metric::Correlation`], [`Metric::SpearmanR`], [`Metric::Hellinger`]) are compared with blocked matrix
/// products, as told below; sparse rows by the columns they share; all else pair by pair, `n²` distances, in the order of
/// blocks.
///
/// With matrix products: `n² d` multiplications for `n` points at about half the speed of the machine's `f32` product, whatever the scalar: the
/// products only select candidates, with a rigorous bound on their rounding, and the candidates' distances are summed
/// again in `f64` from the differences of the given values. The result is the graph of the exact distances, with
/// ties broken by index, for any number of threads and any vector unit. Memory beside the result: one `f32` copy of
/// the data, and one in `f64` where rows are mapped.
///
/// Points are centered first, so a common offset costs nothing. Where `f32` cannot tell candidates apart (clusters much
/// farther from each other than their size times 10^3), more exact distances are computed: slower, still exact.
///
/// Sparse rows: under metrics that are sums over the columns that two rows share (all sparse ones but Chebyshev, Minkowski
/// distances with powers other than 1 and 2, and Bray–Curtis with negative values), the lists of points that have a column
/// give sums that select candidates with a rigorous bound as well: one addition for each pair of values in a column, and `n²`
/// comparisons. Weights beyond 1e±90 and sums that leave the range of numbers go pair by pair, too. Where many points tie
/// for the last place, as in data of very few values, all of them are measured. Memory: two to three copies of the stored
/// values in `f64`, with their columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BruteForceSearch {
    /// How distances are measured.
    pub metric: Metric,
}

impl BruteForceSearch {
    /// A search with the given metric.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use tsne_affinity::{BruteForceSearch, Metric};
    /// use tsne_core::{Context, NeighborSearch, Rows};
    ///
    /// let x = Rows::new(&[1.0, 0.0, 1.0, 0.5, 2.0, 0.1], 3, 2)?;
    /// let graph = BruteForceSearch::new(Metric::Manhattan).build(x.into(), Context::new())?.knn_graph(NonZeroUsize::MIN, Context::new())?;
    /// assert_eq!(graph.row(0), (&[1][..], &[0.5][..])); // (1, 0) and (1, 0.5).
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl<T: Scalar> NeighborSearch<T> for BruteForceSearch {
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
        cx.check()?;
        check_points(points, &self.metric)?;
        let metric = self.metric.resolve(points)?;
        if let Points::Dense(rows) = points
            && let Some(plan) = Plan::new(&metric, rows)?
        {
            super::space::check_rows(points, &metric)?;
            return plan::build(rows, &metric, plan, &ByProducts);
        }
        let space = space(points, &metric)?;
        let Points::Sparse(rows) = points else { return Ok(Box::new(Scan::new(space))) };
        Ok(match OverlapIndex::new(space, rows, &metric) {
            Ok(index) => Box::new(index),
            Err(space) => Box::new(Scan::new(space)),
        })
    }
}

/// The method of matrix products.
struct ByProducts;

impl Method for ByProducts {
    fn engine<'a, V: Scalar>(&self, reference: &Reference<'a, V>) -> Result<Box<dyn Engine<V> + 'a>> {
        Ok(Box::new(Products::new(reference)))
    }
}

/// The points as the matrix products see them: centered, scaled, in `f32`, with the column `|y|²/2`.
struct Products {
    packed: Vec<f32>,
    /// The length of each packed point, before rounding.
    lengths: Vec<f64>,
    center: Vec<f64>,
    /// Columns of `packed`.
    width: usize,
    error: ScoreError,
}

/// Writes a point into a row of the product and returns its length. The last column is left to the caller.
fn pack<T: Scalar>((row, length): (&[T], f64), metric: Geometry, factor: f64, center: &[f64], out: &mut [f32]) -> f64 {
    let mut squared = 0.0;
    let mut put = |out: &mut f32, value: f64| {
        squared += value * value;
        *out = value as f32;
    };
    match metric {
        Geometry::Euclidean => {
            for ((out, v), &c) in out.iter_mut().zip(row).zip(center) {
                put(out, (v.to_f64() - c) * factor);
            }
        }
        Geometry::Cosine => {
            // A row of zeros is a unit vector along a coordinate of its own.
            let (inverse, zero) = if length > 0.0 { (length, 0.0) } else { (1.0, 1.0) };
            for ((out, v), &c) in out.iter_mut().zip(row).zip(center) {
                put(out, v.to_f64() / inverse - c);
            }
            if let (Some(out), Some(&c)) = (out.get_mut(row.len()), center.get(row.len())) {
                put(out, zero - c);
            }
        }
    }
    squared.sqrt()
}

impl Products {
    fn new<T: Scalar>(reference: &Reference<'_, T>) -> Self {
        let m = reference.groups.len();
        let metric = reference.ruler.geometry;
        let d = reference.points.rows.d() + usize::from(metric == Geometry::Cosine);
        let width = d + 1;
        let point = |g: usize| reference.points.get(reference.groups.representative(g));
        let center = center(m, d, metric, point);
        let factor = reference.ruler.factor;
        let mut packed = vec![0.0f32; m * width];
        let mut lengths = vec![0.0; m];
        packed.par_chunks_mut(width * blocks::BLOCK).zip(lengths.par_chunks_mut(blocks::BLOCK)).enumerate().for_each(
            |(b, (packed, lengths))| {
                for (r, (out, length)) in packed.chunks_exact_mut(width).zip(lengths).enumerate() {
                    *length = pack(point(b * blocks::BLOCK + r), metric, factor, &center, out);
                    out[d] = (0.5 * *length * *length) as f32;
                }
            },
        );
        // Normalized rows carry an error of their own, which the bound on the exact distances knows: 2^-46 there.
        let error = ScoreError::new(width, if metric == Geometry::Cosine { 2f64.powi(-46) } else { 0.0 });
        Self { packed, lengths, center, width, error }
    }

    /// Packs the query rows of a tile, negated and with 1 in the last column, so that the product is the score.
    fn pack_queries<T: Scalar>(
        &self,
        reference: &Reference<'_, T>,
        queries: &Queries<'_, '_, T>,
        first: usize,
        tile: &mut Tile<T>,
        rows: usize,
        k: usize,
    ) {
        tile.queries.resize(rows * self.width, 0.0);
        tile.candidates.resize_with(QUERY_TILE, Candidates::default);
        for (r, (out, candidates)) in tile.queries.chunks_exact_mut(self.width).zip(&mut tile.candidates).enumerate() {
            let i = first + r;
            let (own, length) = match queries {
                Queries::Own => {
                    out.copy_from_slice(&self.packed[i * self.width..(i + 1) * self.width]);
                    (i as u32, self.lengths[i])
                }
                Queries::Other(points) => {
                    (u32::MAX, pack(points.get(i), reference.ruler.geometry, reference.ruler.factor, &self.center, out))
                }
            };
            out.iter_mut().for_each(|v| *v = -*v);
            out[self.width - 1] = 1.0;
            let trusted = length < LONGEST_QUERY;
            if !trusted {
                // The scores would overflow: all points are compared exactly.
                out.fill(0.0);
            }
            candidates.reset(k, own, length, trusted);
        }
    }
}

/// A query this long, in units of the largest coordinate of the points, is not trusted to `f32` products.
const LONGEST_QUERY: f64 = (1u64 << 40) as f64;

/// The means of the columns of the packed points, summed in the order of blocks.
fn center<'a, T: Scalar>(
    m: usize,
    d: usize,
    metric: Geometry,
    point: impl Fn(usize) -> (&'a [T], f64) + Sync,
) -> Vec<f64> {
    let mut partials: Vec<Vec<f64>> = Vec::new();
    blocks::map(&mut partials, m, |range| {
        let mut sums = vec![0.0f64; d];
        let mut row = vec![0.0f32; d];
        let zeros = vec![0.0; d];
        for g in range {
            let (values, length) = point(g);
            match metric {
                Geometry::Euclidean => sums.iter_mut().zip(values).for_each(|(s, v)| *s += v.to_f64() / m as f64),
                Geometry::Cosine => {
                    pack((values, length), metric, 1.0, &zeros, &mut row);
                    sums.iter_mut().zip(&row).for_each(|(s, v)| *s += f64::from(*v) / m as f64);
                }
            }
        }
        sums
    });
    let mut center = vec![0.0; d];
    for partial in &partials {
        center.iter_mut().zip(partial).for_each(|(c, p)| *c += p);
    }
    center
}

/// What one thread keeps between tiles.
struct Tile<T> {
    queries: Vec<f32>,
    scores: Vec<f32>,
    candidates: Vec<Candidates<T>>,
}

impl<T: Scalar> Engine<T> for Products {
    fn search(
        &self,
        reference: &Reference<'_, T>,
        queries: Queries<'_, '_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()> {
        let counter = Counter::new(indices.len() / k, cx);
        let query_at = |i: usize| match &queries {
            Queries::Own => reference.points.get(reference.groups.representative(i)),
            Queries::Other(points) => points.get(i),
        };
        indices
            .par_chunks_mut(k * QUERY_TILE)
            .zip(distances.par_chunks_mut(k * QUERY_TILE))
            .enumerate()
            .try_for_each_init(
                || Tile { queries: Vec::new(), scores: vec![0.0; QUERY_TILE * POINT_TILE], candidates: Vec::new() },
                |tile, (b, (indices, distances))| {
                    let rows = indices.len() / k;
                    let start = b * QUERY_TILE;
                    self.pack_queries(reference, &queries, start, tile, rows, k);
                    for (t, points) in self.packed.chunks(POINT_TILE * self.width).enumerate() {
                        cx.check()?;
                        let count = points.len() / self.width;
                        let scores = &mut tile.scores[..count * rows];
                        matmul(
                            MatMut::from_column_major_slice_mut(&mut *scores, count, rows),
                            Accum::Replace,
                            MatRef::from_row_major_slice(points, count, self.width),
                            MatRef::from_column_major_slice(&tile.queries, self.width, rows),
                            1.0f32,
                            Par::Seq,
                        );
                        for (r, scores) in scores.chunks_exact(count).enumerate() {
                            let first = (t * POINT_TILE) as u32;
                            let query = query_at(start + r);
                            tile.candidates[r].add(reference, query, k, self.error, scores, first);
                        }
                    }
                    for (r, (indices, distances)) in
                        indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).enumerate()
                    {
                        let found = tile.candidates[r].finish(reference, query_at(start + r), k, self.error);
                        for ((index, distance), &(d, g)) in indices.iter_mut().zip(distances).zip(found) {
                            (*index, *distance) = (g, d);
                        }
                    }
                    counter.add(rows);
                    Ok(())
                },
            )
    }
}
