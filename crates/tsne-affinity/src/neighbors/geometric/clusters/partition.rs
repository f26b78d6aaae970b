//! The points in clusters: where near points lie together, a search can leave most of them out. All members of a team know which point is
//! where; the rows themselves stand in [shards](super::shard).

use super::centroids::Centroids;
use super::projection::Projection;
use super::proximity::near_together;
use super::sampling::{gather, strata};
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::geometric::geometry::{Geometry, Ruler};
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use crate::neighbors::geometric::packing::Packing;
use std::num::NonZeroUsize;
use std::ops::Range;
use tsne_core::buckets::Buckets;
use tsne_core::{Context, Result, Rows, Scalar, chunks, memory};

/// Points in the sample that the centroids are fitted to, for each centroid: 64 is what keeps the fit below a seventh of
/// the search (70,000 × 50: 0.08 of 0.65 s) without a centroid of only a few points.
const SAMPLE: usize = 64;
/// Rounds of Lloyd's algorithm. Their number was not varied since rows are projected and visit a part of the clusters each.
const ROUNDS: usize = 5;
/// Rows in one search for centroids: bounds the memory of a copy.
const GATHER: usize = 16_384;
/// Rows of the sample that one member of a team gives to centroids, at the least.
const SHARED: usize = 128;
/// The name of what is made of a sample in errors.
const SAMPLED: &str = "a sample of the points";
const STAGE_SAMPLE: u64 = 0x61_7070_0001;
const STAGE_START: u64 = 0x61_7070_0002;

/// Points and their clusters, laid out cluster by cluster, near ones [together](super::proximity). A *position* is a place in that order.
pub(super) struct Clusters<V: 'static> {
    /// What the centroids are compared by, where that is not the rows as they are.
    projection: Option<Projection>,
    /// One for each cluster, projected, ready to be searched.
    pub(super) centroids: Centroids<'static, V>,
    /// Where each cluster starts, and the number of points last.
    starts: Vec<usize>,
    /// The group at each position.
    pub(super) order: Vec<u32>,
    /// How distances between the points are measured.
    pub(super) ruler: Ruler,
    /// How the matrix products see them.
    pub(super) packing: Packing,
}

impl<V: Scalar> Clusters<V> {
    /// Fits centroids to a sample by Lloyd's algorithm (Lloyd 1982, "Least squares quantization in PCM") and gives each
    /// point to the nearest.
    pub(super) fn new(given: &IndexedPoints<'_, V>, count: usize, seed: u64, cx: Context<'_>) -> Result<Self> {
        let (m, geometry) = (given.groups.len(), given.ruler.geometry);
        let projection = Projection::new(given, seed, cx)?;
        let row_of = |g: u32| given.groups.representative(g as usize);
        let sampled = strata(m, count.saturating_mul(SAMPLE), seed, STAGE_SAMPLE)?;
        let at = |s: usize| row_of(sampled[s]);
        let sample = seen_for_all(projection.as_ref(), &given.points, at, sampled.len(), geometry, cx)?;
        let d = sample.rows.d();
        let starts = strata(sampled.len(), count, seed, STAGE_START)?;
        let mut centroids: Vec<V> = Vec::new();
        memory::reserve("centroids", &mut centroids, starts.len().saturating_mul(d))?;
        starts.iter().for_each(|&s| centroids.extend_from_slice(sample.get(s as usize).0));
        let mut nearest = memory::filled("clusters of a sample", sampled.len(), 0u32)?;
        let share = cx.part(sampled.len(), SHARED);
        let own = sample.part(&share)?;
        for _ in 0..ROUNDS {
            let rows = DenseRows::Borrowed(Rows::new(&centroids, count, d)?);
            let centroids_of = Centroids::new(rows, geometry, given.ruler.magnitude())?;
            nearest[share.clone()].copy_from_slice(&centroids_of.nearest(&own, 1, cx)?.0);
            drop(centroids_of);
            cx.gather(&mut nearest, SHARED)?;
            let members = by_cluster(&nearest, count)?;
            let part = cx.part(centroids.len(), d);
            let first = part.start / d.max(1);
            chunks::for_each(&mut centroids[part], d, |c, centroid| {
                mean(members.bucket(first + c).iter().map(|&s| sample.get(s as usize)), centroid);
            });
            cx.gather(&mut centroids, d)?;
        }
        let factor = if projection.is_some() { 1.0 } else { given.ruler.factor };
        let mut in_order = Vec::new();
        memory::reserve("centroids", &mut in_order, centroids.len())?;
        for c in near_together(&centroids, d, factor, cx)? {
            in_order.extend_from_slice(&centroids[c as usize * d..(c as usize + 1) * d]);
        }
        let centroids = in_order;
        let centroids = Centroids::new(DenseRows::owned(centroids, count, d)?, geometry, given.ruler.magnitude())?;
        // The groups whose first points are this member's.
        let own = cx.rows(given.groups.n());
        let own = given.groups.first_in(own.start)..given.groups.first_in(own.end);
        let mut cluster = Vec::new();
        memory::reserve("clusters of points", &mut cluster, own.len())?;
        for first in own.clone().step_by(GATHER) {
            let at = |r| row_of((first + r) as u32);
            let rows = seen(projection.as_ref(), &given.points, at, GATHER.min(own.end - first), geometry)?;
            cluster.extend(centroids.nearest(&rows, 1, cx)?.0);
        }
        let cluster = cx.concat(cluster)?;
        let (starts, order) = by_cluster(&cluster, count)?.into_parts();
        Ok(Self { projection, centroids, starts, order, ruler: given.ruler, packing: Packing::new(given, cx)? })
    }

    /// Some points as they are compared with the centroids.
    pub(super) fn seen(
        &self,
        points: &PointSet<'_, V>,
        at: impl Fn(usize) -> usize + Sync,
        n: usize,
    ) -> Result<PointSet<'static, V>> {
        seen(self.projection.as_ref(), points, at, n, self.ruler.geometry)
    }

    /// Consecutive points as they are compared with the centroids: copied only if that is not the rows as they are.
    pub(super) fn seen_part<'p>(&self, points: &'p PointSet<'_, V>, range: &Range<usize>) -> Result<PointSet<'p, V>> {
        match &self.projection {
            Some(_) => self.seen(points, |r| range.start + r, range.len()),
            None => points.part(range),
        }
    }

    /// The number of clusters.
    pub(super) fn len(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.starts.len() - 1).unwrap_or(NonZeroUsize::MIN)
    }

    /// The positions of cluster `c`.
    pub(super) fn members(&self, c: usize) -> Range<usize> {
        self.starts[c]..self.starts[c + 1]
    }

    /// The cluster of a position.
    pub(super) fn cluster_of(&self, position: u32) -> usize {
        self.starts.partition_point(|&start| start <= position as usize) - 1
    }
}

fn seen<V: Scalar>(
    projection: Option<&Projection>,
    points: &PointSet<'_, V>,
    at: impl Fn(usize) -> usize + Sync,
    n: usize,
    geometry: Geometry,
) -> Result<PointSet<'static, V>> {
    let rows = match projection {
        Some(projection) => projection.rows(points, at, n)?,
        // Batches of milliseconds: who asks for them looks for a cancellation in between.
        None => DenseRows::Owned(gather(points, at, n, Context::new())?),
    };
    PointSet::new(rows, geometry)
}

/// The same of any points, for all members of a team, which ask for the same: each computes what it has.
fn seen_for_all<V: Scalar>(
    projection: Option<&Projection>,
    points: &PointSet<'_, V>,
    at: impl Fn(usize) -> usize + Sync,
    n: usize,
    geometry: Geometry,
    cx: Context<'_>,
) -> Result<PointSet<'static, V>> {
    let DenseRows::Dealt(rows) = &points.rows else { return seen(projection, points, at, n, geometry) };
    let is_own = || (0..n).map(&at).filter(|i| rows.own().contains(i));
    let mut own = Vec::new();
    memory::reserve(SAMPLED, &mut own, is_own().count())?;
    own.extend(is_own());
    let own = seen(projection, points, |s| own[s], own.len(), geometry)?.rows;
    let d = own.d();
    let values = memory::copied(SAMPLED, own.values())?;
    PointSet::new(DenseRows::owned(cx.in_order_of(values, d, (at, n), rows.n())?, n, d)?, geometry)
}

/// The items of each cluster, ascending.
fn by_cluster(cluster: &[u32], count: usize) -> Result<Buckets<u32>> {
    Buckets::new(count, || cluster.iter().zip(0..).map(|(&c, item)| (c as usize, item)))
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
