//! The approximate search of a geometry: clusters, and as many of them visited as the wanted recall takes.

use super::partition::Clusters;
use super::probe::{Batch, Probe};
use super::sampling::{gather, strata};
use crate::neighbors::geometric::finder::{Asked, Finder, MakeFinder, Queries};
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use crate::neighbors::nearest::sort;
use crate::neighbors::progress::Counter;
use crate::neighbors::request::numbers;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, OnceLock, PoisonError};
use tsne_core::{Context, Result, Scalar, memory};

/// Points whose exact neighbors decide how many clusters a search visits. Their recalls differ by some 0.03, so the mean
/// of 256 is known to 0.002.
const CALIBRATION: usize = 256;
/// Neighbors of the sample, at least: the recall of a row of few neighbors is one of a few values, and their mean is
/// known to about the root of the missing 0.01 over this number, 0.0016 (of neighbors that are missed one by one).
const CALIBRATION_NEIGHBORS: usize = 4_000;
const STAGE_CALIBRATION: u64 = 0x61_7070_0003;

/// A search over clusters, built when first asked.
struct ClusterFinder<V: 'static> {
    clusters: OnceLock<Clusters<V>>,
    /// Clusters to visit for each `k` asked so far.
    probes: Mutex<BTreeMap<usize, NonZeroUsize>>,
    count: usize,
    recall: f64,
    seed: u64,
}

impl<V: Scalar> ClusterFinder<V> {
    fn new(count: usize, recall: f64, seed: u64) -> Self {
        Self { clusters: OnceLock::new(), probes: Mutex::default(), count, recall, seed }
    }

    fn clusters(&self, indexed: &IndexedPoints<'_, V>, cx: Context<'_>) -> Result<&Clusters<V>> {
        if let Some(clusters) = self.clusters.get() {
            return Ok(clusters);
        }
        // Not inside the lock: a thread that waits for its own tasks may run a task of somebody who waits for the lock.
        let clusters = Clusters::new(indexed, self.count, self.seed, cx)?;
        Ok(self.clusters.get_or_init(|| clusters))
    }

    /// How many clusters to visit for `k` neighbors at the wanted recall.
    fn probes(&self, probe: &Probe<'_, V>, k: usize, cx: Context<'_>) -> Result<NonZeroUsize> {
        let known = self.probes.lock().unwrap_or_else(PoisonError::into_inner).get(&k).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let probes = calibrate(probe, k, self.recall, self.seed, cx)?;
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).insert(k, probes);
        Ok(probes)
    }
}

/// Counts for a sample of points in which of its nearest clusters the true neighbors lie.
fn calibrate<V: Scalar>(
    probe: &Probe<'_, V>,
    k: usize,
    recall: f64,
    seed: u64,
    cx: Context<'_>,
) -> Result<NonZeroUsize> {
    let IndexedPoints { points, ruler, .. } = &probe.clusters.indexed;
    let all = probe.clusters.len();
    let count = CALIBRATION.max(CALIBRATION_NEIGHBORS.div_ceil(k));
    let sample = strata(points.rows.n(), count, seed, STAGE_CALIBRATION);
    let rows = PointSet::new(gather(points, |s| sample[s] as usize, sample.len())?, ruler.geometry)?;
    let ranking = probe.ranking(&rows, all, cx)?;
    let batch = Batch { points: &rows, own: Some(&sample) };
    // Neighbors of each row by the rank of their cluster.
    let mut counts = memory::filled("counts of neighbors", sample.len().saturating_mul(all.get()), 0u32)?;
    let mut ranks = vec![0u32; all.get()];
    let counter = Counter::new(sample.len(), Context::new());
    probe.search(
        &batch,
        all,
        k,
        |i, positions, _| {
            let row = i * all.get()..(i + 1) * all.get();
            for (rank, &c) in ranking[row.clone()].iter().enumerate() {
                ranks[c as usize] = rank as u32;
            }
            for &p in positions {
                counts[row.start + ranks[probe.clusters.cluster_of(p)] as usize] += 1;
            }
        },
        &counter,
        cx,
    )?;
    let mut found = vec![0u32; sample.len()];
    for probes in 1..=all.get() {
        let (mut sum, mut squares) = (0.0, 0.0);
        for (found, counts) in found.iter_mut().zip(counts.chunks_exact(all.get())) {
            *found += counts[probes - 1];
            let recall = f64::from(*found) / k as f64;
            sum += recall;
            squares += recall * recall;
        }
        let count = sample.len() as f64;
        let mean = sum / count;
        // Two standard errors of the sample, as its own rows estimate them.
        let error = ((squares / count - mean * mean).max(0.0) / count).sqrt();
        if mean - 2.0 * error >= recall {
            return Ok(NonZeroUsize::new(probes).unwrap_or(all));
        }
    }
    Ok(all)
}

impl<V: Scalar> Finder<V> for ClusterFinder<V> {
    fn search(
        &self,
        indexed: &IndexedPoints<'_, V>,
        queries: Queries<'_, '_, V>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [V],
        cx: Context<'_>,
    ) -> Result<()> {
        let clusters = self.clusters(indexed, cx)?;
        let points = &clusters.indexed.points;
        let probe = Probe { clusters };
        let probes = self.probes(&probe, k, cx)?;
        let positions: Vec<u32>;
        let batch = match queries {
            Queries::Own => {
                positions = numbers(points.rows.n())?;
                Batch { points, own: Some(&positions) }
            }
            Queries::Other(points) => Batch { points, own: None },
        };
        let own = batch.own.is_some();
        let mut nearest = Vec::new();
        let mut put = |i: usize, found: &[u32], lengths: &[V]| {
            let i = if own { clusters.order[i] as usize } else { i };
            nearest.clear();
            nearest.extend(lengths.iter().zip(found).map(|(&d, &p)| (d, clusters.order[p as usize])));
            sort(&mut nearest);
            let row = i * k..(i + 1) * k;
            for ((index, distance), &(d, g)) in indices[row.clone()].iter_mut().zip(&mut distances[row]).zip(&nearest) {
                (*index, *distance) = (g, d);
            }
        };
        let mut short = Vec::new();
        let sink = |i: usize, found: &[u32], lengths: &[V]| {
            if found.len() < k {
                short.push(i as u32);
            }
            put(i, found, lengths);
        };
        probe.search(&batch, probes, k, sink, &Counter::new(batch.points.rows.n(), cx), cx)?;
        if short.is_empty() {
            return Ok(());
        }
        // Clusters too small to hold k points: these rows visit all.
        let rows = gather(batch.points, |r| short[r] as usize, short.len())?;
        let batch = Batch { points: &PointSet::new(rows, indexed.ruler.geometry)?, own: own.then_some(&short) };
        let counter = Counter::new(short.len(), Context::new());
        probe.search(
            &batch,
            clusters.len(),
            k,
            |r, found, lengths| put(short[r] as usize, found, lengths),
            &counter,
            cx,
        )
    }

    /// What is found is not exact, nor are ranks that go with it.
    fn ranks(&self, _: &IndexedPoints<'_, V>, _: Asked<'_>, _: Context<'_>) -> Result<Option<Vec<u32>>> {
        Ok(None)
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
