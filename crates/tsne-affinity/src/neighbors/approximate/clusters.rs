//! The points in clusters: where near points lie together, a search can leave most of them out.

use super::packed::Packing;
use crate::Metric;
use crate::neighbors::BruteForceSearch;
use crate::neighbors::duplicates::Groups;
use crate::neighbors::geometry::Geometry;
use crate::neighbors::matrix::Matrix;
use crate::neighbors::reference::{PointSet, Reference};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use std::ops::Range;
use tsne_core::{Context, NeighborIndex, NeighborSearch, Result, Rows, Scalar, blocks, random};

/// Points in the sample that the centroids are fitted to, for each centroid: 64 is what keeps the fit below a seventh of
/// the search (70,000 × 50: 0.08 of 0.65 s) without a centroid of only a few points.
const SAMPLE: usize = 64;
/// Rounds of Lloyd's algorithm: on 70,000 × 784 points these take 1.3 of 5.1 s, where the search visits 14 of 264 clusters.
const ROUNDS: usize = 5;
/// Rows in one search for centroids: bounds the memory of a copy.
const GATHER: usize = 16_384;
const STAGE_SAMPLE: u64 = 0x61_7070_0001;
const STAGE_START: u64 = 0x61_7070_0002;

/// Points and their clusters, laid out cluster by cluster. A *position* is a place in that order.
pub(super) struct Clusters<V: 'static> {
    /// One row for each cluster.
    pub(super) centroids: Vec<V>,
    /// Where each cluster starts, and the number of points last.
    starts: Vec<u32>,
    /// The group at each position.
    pub(super) order: Vec<u32>,
    /// The rows by position.
    pub(super) reference: Reference<'static, V>,
    /// The rows as the matrix products see them.
    pub(super) packed: Vec<f32>,
    pub(super) packing: Packing,
}

/// `count` of `0..n`, one from each of as many ranges of nearly equal size: ascending and distinct.
pub(super) fn strata(n: usize, count: usize, seed: u64, stage: u64) -> Vec<u32> {
    let count = count.min(n);
    let start = |s: usize| (s as u128 * n as u128 / count as u128) as u64;
    (0..count)
        .map(|s| (start(s) + random::element_seed(seed, stage, s as u64) % (start(s + 1) - start(s))) as u32)
        .collect()
}

/// A copy of the rows of some points.
pub(super) fn gather<V: Scalar>(
    points: &PointSet<'_, V>,
    at: impl Fn(usize) -> usize + Sync,
    n: usize,
) -> Matrix<'static, V> {
    let d = points.rows.d();
    let mut values = vec![V::ZERO; n * d];
    values.par_chunks_mut(d * blocks::BLOCK).enumerate().for_each(|(b, values)| {
        for (r, row) in values.chunks_exact_mut(d).enumerate() {
            row.copy_from_slice(points.get(at(b * blocks::BLOCK + r)).0);
        }
    });
    Matrix::Owned { values, n, d }
}

/// The context without the listener: what runs inside has other units.
pub(super) fn quiet(cx: Context<'_>) -> Context<'_> {
    cx.cancel_token().map_or(Context::new(), |token| Context::new().with_cancel(token))
}

/// An exact index of centroids.
pub(super) fn centroid_index<V: Scalar>(
    centroids: &[V],
    d: usize,
    geometry: Geometry,
) -> Result<Box<dyn NeighborIndex<V> + '_>> {
    let metric = match geometry {
        Geometry::Euclidean => Metric::Euclidean,
        Geometry::Cosine => Metric::Cosine,
    };
    let rows = Rows::new(centroids, centroids.len() / d, d)?;
    BruteForceSearch::new(metric).build(rows.into(), Context::new())
}

/// The nearest centroid of each row.
fn nearest<V: Scalar>(index: &dyn NeighborIndex<V>, rows: &Matrix<'_, V>, cx: Context<'_>) -> Result<Vec<u32>> {
    Ok(index.knn(rows.view()?.into(), NonZeroUsize::MIN, quiet(cx))?.into_parts().2)
}

impl<V: Scalar> Clusters<V> {
    /// Fits centroids to a sample by Lloyd's algorithm (Lloyd 1982, "Least squares quantization in PCM") and gives each
    /// point to the nearest.
    pub(super) fn new(reference: &Reference<'_, V>, count: usize, seed: u64, cx: Context<'_>) -> Result<Self> {
        let (m, d, geometry) = (reference.groups.len(), reference.points.rows.d(), reference.ruler.geometry);
        let row_of = |g: u32| reference.groups.representative(g as usize);
        let sampled = strata(m, count.saturating_mul(SAMPLE), seed, STAGE_SAMPLE);
        let sample = gather(&reference.points, |s| row_of(sampled[s]), sampled.len());
        let sample = PointSet::new(sample, geometry);
        let starts = strata(sampled.len(), count, seed, STAGE_START);
        let mut centroids: Vec<V> = starts.iter().flat_map(|&s| sample.get(s as usize).0.iter().copied()).collect();
        for _ in 0..ROUNDS {
            let nearest = nearest(&*centroid_index(&centroids, d, geometry)?, &sample.rows, cx)?;
            let (starts, order) = members(&nearest, count);
            centroids.par_chunks_exact_mut(d).enumerate().for_each(|(c, centroid)| {
                let members = &order[starts[c] as usize..starts[c + 1] as usize];
                mean(members.iter().map(|&s| sample.get(s as usize)), centroid);
            });
        }
        let mut cluster = Vec::with_capacity(m);
        let index = centroid_index(&centroids, d, geometry)?;
        for first in (0..m).step_by(GATHER) {
            let rows = gather(&reference.points, |r| row_of((first + r) as u32), GATHER.min(m - first));
            cluster.extend(nearest(&*index, &rows, cx)?);
        }
        drop(index);
        let (starts, order) = members(&cluster, count);
        let points = PointSet::new(gather(&reference.points, |p| row_of(order[p]), m), geometry);
        let reference = Reference { points, ruler: reference.ruler, groups: Groups::distinct(m) };
        let packing = Packing::new(&reference);
        let packed = packing.points(&reference);
        Ok(Self { centroids, starts, order, reference, packed, packing })
    }

    /// The number of clusters.
    pub(super) fn len(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.starts.len() - 1).unwrap_or(NonZeroUsize::MIN)
    }

    /// The positions of cluster `c`.
    pub(super) fn members(&self, c: usize) -> Range<usize> {
        self.starts[c] as usize..self.starts[c + 1] as usize
    }

    /// The cluster of a position.
    pub(super) fn cluster_of(&self, position: u32) -> usize {
        self.starts.partition_point(|&start| start <= position) - 1
    }
}

/// Where each cluster starts, and the items of the clusters, ascending, one cluster after the other.
fn members(cluster: &[u32], count: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; count + 1];
    for &c in cluster {
        starts[c as usize + 1] += 1;
    }
    for c in 0..count {
        starts[c + 1] += starts[c];
    }
    let mut next = starts.clone();
    let mut order = vec![0u32; cluster.len()];
    for (i, &c) in cluster.iter().enumerate() {
        order[next[c as usize] as usize] = i as u32;
        next[c as usize] += 1;
    }
    (starts, order)
}

/// The mean of rows, each divided by its length (1 but for the cosine); of no rows, the centroid stays.
fn mean<'r, V: Scalar>(rows: impl ExactSizeIterator<Item = (&'r [V], f64)>, centroid: &mut [V]) {
    let count = rows.len() as f64;
    let mut sums = vec![0.0f64; centroid.len()];
    for (row, length) in rows {
        if length > 0.0 {
            sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += v.to_f64() / length / count);
        }
    }
    if count > 0.0 {
        centroid.iter_mut().zip(&sums).for_each(|(c, &sum)| *c = V::from_f64(sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_are_distinct_and_ascend() {
        for (n, count) in [(1, 1), (1, 5), (7, 7), (100, 7), (1000, 999)] {
            let strata = strata(n, count, 3, 4);
            assert_eq!(strata.len(), count.min(n));
            assert!(strata.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(strata.iter().all(|&s| (s as usize) < n));
        }
    }

    #[test]
    fn members_are_sorted_by_cluster_then_item() {
        let (starts, order) = members(&[2, 0, 2, 0, 3], 5);
        assert_eq!(starts, [0, 2, 2, 4, 5, 5]);
        assert_eq!(order, [1, 3, 0, 2, 4]);
    }
}
