//! The approximate search of a geometry: clusters, and as many of them visited as the wanted recall takes.

use super::calibration::calibrate;
use super::errands::Errands;
use super::partition::Clusters;
use super::probe::{Batch, Probe, Target, targets};
use super::reach::Reach;
use super::sampling::gather;
use crate::neighbors::duplicates::Groups;
use crate::neighbors::geometric::finder::{Asked, Finder, MakeFinder, Queries};
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use crate::neighbors::progress::Counter;
use crate::neighbors::request::{numbers, room};
use crate::neighbors::wanted::Wanted;
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
        // A member of a team may have them already, for new points of its own: then it makes them again with the others.
        let known = self.clusters.get();
        let missing = cx.any(known.is_none())?;
        if let Some(known) = known.filter(|_| !missing) {
            return Ok(known);
        }
        // Not inside the lock: a thread that waits for its own tasks may run a task of somebody who waits for the lock.
        let clusters = Clusters::new(indexed, self.count, self.seed, cx)?;
        Ok(self.clusters.get_or_init(|| clusters))
    }

    /// How far to look for `k` neighbors at the wanted recall.
    fn reach(&self, probe: &Probe<'_, V>, k: usize, cx: Context<'_>) -> Result<Reach> {
        let known = self.reaches.lock().unwrap_or_else(PoisonError::into_inner).get(&k).copied();
        let missing = cx.any(known.is_none())?;
        if let Some(known) = known.filter(|_| !missing) {
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
        // Other points each member of a team asks for when it likes: nothing waits for the others.
        let building = match queries {
            Queries::Own(_) => cx,
            Queries::Other(_) => cx.without_team(),
        };
        let probe = Probe { clusters: self.clusters(indexed, building)? };
        let reach = self.reach(&probe, k, building)?;
        match queries {
            Queries::Own(wanted) => search_own(&probe, reach, (&indexed.groups, wanted), (k, indices, distances), cx),
            Queries::Other(points) => search_other(&probe, reach, points, (k, indices, distances), cx),
        }
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
        let probe = Probe { clusters: self.clusters(indexed, cx.without_team())? };
        search_other(&probe, Reach::all(probe.clusters.len()), points, (k, indices, distances), cx)
    }

    /// What is found is not exact, nor are ranks that go with it.
    fn ranks(&self, _: &IndexedPoints<'_, V>, _: Asked<'_>, _: Context<'_>) -> Result<Option<Vec<u32>>> {
        Ok(None)
    }
}

/// The neighbors of the wanted groups: found position by position, which the members of a team share, and sent to those who want them.
fn search_own<V: Scalar>(
    probe: &Probe<'_, V>,
    reach: Reach,
    (groups, wanted): (&Groups, &Wanted),
    (k, indices, distances): (usize, &mut [u32], &mut [V]),
    cx: Context<'_>,
) -> Result<()> {
    let clusters = probe.clusters;
    let errands = Errands::new(&clusters.order, groups, wanted, cx)?;
    let (mut abroad_indices, mut abroad_distances) = room::<V>(errands.abroad, k)?;
    let positions = numbers(groups.len())?;
    let rows = errands.positions.clone();
    let names = Some(&clusters.order[..]);
    let batch = Batch { points: &clusters.indexed.points, rows, own: Some(&positions), names };
    let mut results = [(&mut *indices, &mut *distances), (&mut abroad_indices[..], &mut abroad_distances[..])];
    search_within(probe, reach, &batch, |position| errands.place(position), (k, &mut results), cx)?;
    drop(positions);
    errands.deliver(k, (indices, distances), (abroad_indices, abroad_distances), cx)
}

/// The neighbors of other points.
fn search_other<V: Scalar>(
    probe: &Probe<'_, V>,
    reach: Reach,
    points: &PointSet<'_, V>,
    (k, indices, distances): (usize, &mut [u32], &mut [V]),
    cx: Context<'_>,
) -> Result<()> {
    let batch = Batch { points, rows: 0..points.rows.n(), own: None, names: Some(&probe.clusters.order) };
    search_within(probe, reach, &batch, |i| i, (k, &mut [(indices, distances)]), cx)
}

/// Indices and distances of consecutive rows of neighbors.
type Results<'r, V> = (&'r mut [u32], &'r mut [V]);

/// The search that looks as far as `reach`. `row_of` says which of the rows in `results`, one array after the other, is that of a row
/// of the batch.
fn search_within<V: Scalar>(
    probe: &Probe<'_, V>,
    reach: Reach,
    batch: &Batch<'_, V>,
    row_of: impl Fn(usize) -> usize,
    (k, results): (usize, &mut [Results<'_, V>]),
    cx: Context<'_>,
) -> Result<()> {
    let Batch { points, rows, own, names } = batch;
    let mut targets = all_targets(k, results)?;
    let target = |i: usize| targets.get_mut(row_of(i)).map(std::mem::take).unwrap_or_default();
    let found = probe.search(batch, reach, k, target, &Counter::new(rows.len(), cx), cx)?;
    drop(targets);
    let is_short = |found: &u32| (*found as usize) < k;
    let mut short = Vec::new();
    memory::reserve(ROWS, &mut short, found.iter().filter(|found| is_short(found)).count())?;
    short.extend(found.iter().zip(rows.start as u32..).filter(|(found, _)| is_short(found)).map(|(_, i)| i));
    if short.is_empty() {
        return Ok(());
    }
    // Clusters too small to hold k points: these rows visit all.
    let copies = gather(points, |r| short[r] as usize, short.len())?;
    let points = PointSet::new(copies, probe.clusters.indexed.ruler.geometry)?;
    // Own points are numbered by their positions.
    let short_batch = Batch { points: &points, rows: 0..short.len(), own: own.map(|_| &short[..]), names: *names };
    let mut targets = all_targets(k, results)?;
    let target = |r: usize| targets.get_mut(row_of(short[r] as usize)).map(std::mem::take).unwrap_or_default();
    let counter = Counter::new(short.len(), Context::new());
    probe.search(&short_batch, Reach::all(probe.clusters.len()), k, target, &counter, cx)?;
    Ok(())
}

/// The targets of all rows of some results, one after the other.
fn all_targets<'t, V>(k: usize, results: &'t mut [Results<'_, V>]) -> Result<Vec<Target<'t, V>>> {
    let mut all = Vec::new();
    memory::reserve(ROWS, &mut all, results.iter().map(|(indices, _)| indices.len() / k).sum())?;
    results.iter_mut().for_each(|(indices, distances)| all.extend(targets(k, indices, distances)));
    Ok(all)
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
