//! The approximate search of a geometry: clusters, and as many of them visited as the wanted recall takes.

use super::calibration::calibrate;
use super::partition::Clusters;
use super::probe::{Batch, Probe, Target, targets};
use super::reach::Reach;
use super::sampling::gather;
use crate::neighbors::geometric::finder::{Asked, Finder, MakeFinder, Queries};
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use crate::neighbors::progress::Counter;
use crate::neighbors::request::numbers;
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use tsne_core::{Context, Result, Scalar, memory};

/// The name of what is made here in errors.
const ROWS: &str = "rows of neighbors";

/// A search over clusters, built when first asked.
struct ClusterFinder<V: 'static> {
    clusters: OnceLock<Clusters<V>>,
    /// How far to look for each `k` asked so far.
    reaches: Mutex<BTreeMap<usize, Reach>>,
    count: usize,
    recall: f64,
    seed: u64,
}

impl<V: Scalar> ClusterFinder<V> {
    fn new(count: usize, recall: f64, seed: u64) -> Self {
        Self { clusters: OnceLock::new(), reaches: Mutex::default(), count, recall, seed }
    }

    fn clusters(&self, indexed: &IndexedPoints<'_, V>, cx: Context<'_>) -> Result<&Clusters<V>> {
        if let Some(clusters) = self.clusters.get() {
            return Ok(clusters);
        }
        // Not inside the lock: a thread that waits for its own tasks may run a task of somebody who waits for the lock.
        let clusters = Clusters::new(indexed, self.count, self.seed, cx)?;
        Ok(self.clusters.get_or_init(|| clusters))
    }

    /// How far to look for `k` neighbors at the wanted recall.
    fn reach(&self, probe: &Probe<'_, V>, k: usize, cx: Context<'_>) -> Result<Reach> {
        let known = self.reaches.lock().unwrap_or_else(PoisonError::into_inner).get(&k).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let reach = calibrate(probe, k, self.recall, self.seed, cx)?;
        self.reaches.lock().unwrap_or_else(PoisonError::into_inner).insert(k, reach);
        Ok(reach)
    }
}

impl<V: Scalar> Finder<V> for ClusterFinder<V> {
    fn is_exact(&self) -> bool {
        false
    }

    fn search(
        &self,
        indexed: &IndexedPoints<'_, V>,
        queries: Queries<'_, '_, V>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [V],
        cx: Context<'_>,
    ) -> Result<()> {
        let probe = Probe { clusters: self.clusters(indexed, cx)? };
        let reach = self.reach(&probe, k, cx)?;
        self.search_within(reach, indexed, queries, (k, indices, distances), cx)
    }

    fn search_exactly(
        &self,
        indexed: &IndexedPoints<'_, V>,
        points: &PointSet<'_, V>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [V],
        cx: Context<'_>,
    ) -> Result<()> {
        let all = Reach::all(self.clusters(indexed, cx)?.len());
        self.search_within(all, indexed, Queries::Other(points), (k, indices, distances), cx)
    }

    /// What is found is not exact, nor are ranks that go with it.
    fn ranks(&self, _: &IndexedPoints<'_, V>, _: Asked<'_>, _: Context<'_>) -> Result<Option<Vec<u32>>> {
        Ok(None)
    }
}

impl<V: Scalar> ClusterFinder<V> {
    /// The search that looks as far as `reach`.
    fn search_within(
        &self,
        reach: Reach,
        indexed: &IndexedPoints<'_, V>,
        queries: Queries<'_, '_, V>,
        (k, indices, distances): (usize, &mut [u32], &mut [V]),
        cx: Context<'_>,
    ) -> Result<()> {
        let clusters = self.clusters(indexed, cx)?;
        let points = &clusters.indexed.points;
        let probe = Probe { clusters };
        let names = Some(&clusters.order[..]);
        let positions: Vec<u32>;
        let batch = match queries {
            Queries::Own => {
                positions = numbers(points.rows.n())?;
                Batch { points, own: Some(&positions), names }
            }
            Queries::Other(points) => Batch { points, own: None, names },
        };
        let own = batch.own.is_some();
        // The row of the results that a row of the batch has.
        let row_of = |i: usize| if own { clusters.order[i] as usize } else { i };
        let mut rows: Vec<Target<'_, V>> = memory::collected(ROWS, targets(k, indices, distances))?;
        let target = |i: usize| rows.get_mut(row_of(i)).map(std::mem::take).unwrap_or_default();
        let found = probe.search(&batch, reach, k, target, &Counter::new(batch.points.rows.n(), cx), cx)?;
        let is_short = |found: &u32| (*found as usize) < k;
        let mut short = Vec::new();
        memory::reserve(ROWS, &mut short, found.iter().filter(|found| is_short(found)).count())?;
        short.extend(found.iter().zip(0u32..).filter(|(found, _)| is_short(found)).map(|(_, i)| i));
        if short.is_empty() {
            return Ok(());
        }
        // Clusters too small to hold k points: these rows visit all.
        let copies = gather(batch.points, |r| short[r] as usize, short.len())?;
        let points = PointSet::new(copies, indexed.ruler.geometry)?;
        let batch = Batch { points: &points, own: own.then_some(&short), names };
        let mut rows: Vec<Target<'_, V>> = memory::collected(ROWS, targets(k, indices, distances))?;
        let target = |r: usize| rows.get_mut(row_of(short[r] as usize)).map(std::mem::take).unwrap_or_default();
        let counter = Counter::new(short.len(), Context::new());
        probe.search(&batch, Reach::all(clusters.len()), k, target, &counter, cx)?;
        Ok(())
    }
}

/// Makes searches over clusters.
pub(in crate::neighbors) struct ByClusters {
    /// The number of clusters; `None` for the square root of the number of points that differ.
    pub(in crate::neighbors) clusters: Option<usize>,
    pub(in crate::neighbors) recall: f64,
    pub(in crate::neighbors) seed: u64,
}

impl MakeFinder for ByClusters {
    fn make<'a, V: Scalar>(&self, indexed: &IndexedPoints<'a, V>) -> Result<Box<dyn Finder<V> + 'a>> {
        let m = indexed.groups.len();
        let count = self.clusters.unwrap_or(m.isqrt()).clamp(1, m.max(1));
        Ok(Box::new(ClusterFinder::new(count, self.recall, self.seed)))
    }
}
