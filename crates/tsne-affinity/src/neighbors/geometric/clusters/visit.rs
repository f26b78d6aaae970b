//! The approximate search of a geometry: clusters, and as many of them visited as the wanted recall takes.

use super::calibration::calibrate;
use super::errands::Errands;
use super::partition::Clusters;
use super::probe::{Batch, Own, Probe, Target, Visits, batches, targets};
use super::reach::Reach;
use super::rounds::Rounds;
use super::sampling::gather;
use super::shard::Shard;
use super::some_rows::Nearest;
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::geometric::finder::{Asked, Finder, MakeFinder, Queries};
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use crate::neighbors::progress::Counter;
use crate::neighbors::request::room;
use crate::neighbors::wanted::Wanted;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tsne_core::{Context, Error, Points, Result, Scalar, memory};

/// The name of what is made here in errors.
const ROWS: &str = "rows of neighbors";

/// Rows of all members that are compared with all rows at a time, at most, and their bytes, about, with those of their neighbors: they
/// stand on each member. Estimates.
const SHORT: usize = 16_384;
const SHORT_BYTES: usize = 16 << 20;

/// A search over clusters, built when first asked.
struct ClusterFinder<V: 'static> {
    clusters: OnceLock<Clusters<V>>,
    /// The rows at the positions of this member of the team that has searched last.
    own: Mutex<Option<Arc<Shard<V>>>>,
    /// All rows, where one process has.
    whole: OnceLock<Shard<V>>,
    /// How far to look for each `k` asked so far.
    reaches: Mutex<BTreeMap<usize, Reach>>,
    count: usize,
    recall: f64,
    seed: u64,
}

impl<V: Scalar> ClusterFinder<V> {
    fn new(count: usize, recall: f64, seed: u64) -> Self {
        let (clusters, own, whole, reaches) = (OnceLock::new(), Mutex::default(), OnceLock::new(), Mutex::default());
        Self { clusters, own, whole, reaches, count, recall, seed }
    }

    fn clusters(&self, indexed: &IndexedPoints<'_, V>, cx: Context<'_>) -> Result<&Clusters<V>> {
        if cx.members() < 2 {
            all_at_hand(indexed)?;
        }
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

    /// All rows.
    fn whole(&self, clusters: &Clusters<V>, indexed: &IndexedPoints<'_, V>, cx: Context<'_>) -> Result<&Shard<V>> {
        if let Some(known) = self.whole.get() {
            return Ok(known);
        }
        let whole = Shard::whole(clusters, indexed, cx)?;
        Ok(self.whole.get_or_init(|| whole))
    }

    /// Calls `search` with the rows at the positions of this member of a team: in one process with all.
    fn with_own<R>(
        &self,
        (clusters, indexed): (&Clusters<V>, &IndexedPoints<'_, V>),
        cx: Context<'_>,
        search: impl FnOnce(&Shard<V>) -> Result<R>,
    ) -> Result<R> {
        if cx.members() < 2 {
            return search(self.whole(clusters, indexed, cx)?);
        }
        let known = || self.own.lock().unwrap_or_else(PoisonError::into_inner);
        // Of another team they are those of other positions.
        let positions = cx.rows(clusters.order.len());
        let own = known().clone().filter(|own| own.positions.is(&positions));
        let missing = cx.any(own.is_none())?;
        let own = match own.filter(|_| !missing) {
            Some(own) => own,
            None => Arc::new(Shard::new(clusters, indexed, cx)?),
        };
        *known() = Some(Arc::clone(&own));
        search(&own)
    }

    /// How far to look for `k` neighbors at the wanted recall.
    fn reach(
        &self,
        indexed: &IndexedPoints<'_, V>,
        (clusters, own): (&Clusters<V>, &Shard<V>),
        k: usize,
        cx: Context<'_>,
    ) -> Result<Reach> {
        let known = self.reaches.lock().unwrap_or_else(PoisonError::into_inner).get(&k).copied();
        let missing = cx.any(known.is_none())?;
        if let Some(known) = known.filter(|_| !missing) {
            return Ok(known);
        }
        let reach = calibrate(indexed, (clusters, own), (k, self.recall), self.seed, cx)?;
        self.reaches.lock().unwrap_or_else(PoisonError::into_inner).insert(k, reach);
        Ok(reach)
    }

    /// The neighbors of the wanted groups: found position by position, which the members of a team share, and sent to those who want
    /// them.
    fn search_own(
        &self,
        indexed: &IndexedPoints<'_, V>,
        wanted: &Wanted,
        (k, indices, distances): (usize, &mut [u32], &mut [V]),
        cx: Context<'_>,
    ) -> Result<()> {
        let clusters = self.clusters(indexed, cx)?;
        self.with_own((clusters, indexed), cx, |own| {
            self.search_in((indexed, clusters, own), wanted, (k, &mut *indices, &mut *distances), cx)
        })
    }

    fn search_in(
        &self,
        (indexed, clusters, own): (&IndexedPoints<'_, V>, &Clusters<V>, &Shard<V>),
        wanted: &Wanted,
        (k, indices, distances): (usize, &mut [u32], &mut [V]),
        cx: Context<'_>,
    ) -> Result<()> {
        let reach = self.reach(indexed, (clusters, own), k, cx)?;
        let errands = Errands::new(&clusters.order, &indexed.groups, wanted, cx)?;
        let (mut abroad_indices, mut abroad_distances) = room::<V>(errands.abroad, k)?;
        let first = errands.positions.start;
        let (points, rows) = (&own.indexed.points, 0..errands.positions.len());
        let batch = Batch { points, rows, own: Own::From(first), names: Some(&clusters.order) };
        let mut results = [(&mut *indices, &mut *distances), (&mut abroad_indices[..], &mut abroad_distances[..])];
        let place = |row: usize| errands.place(first + row);
        search_within((clusters, own), reach, &batch, place, (k, &mut results), cx)?;
        errands.deliver(k, (indices, distances), (abroad_indices, abroad_distances), cx)
    }

    /// The neighbors of other points, which each member of a team asks for when it likes: nothing waits for the others.
    fn search_other(
        &self,
        indexed: &IndexedPoints<'_, V>,
        points: &PointSet<'_, V>,
        (k, indices, distances): (usize, &mut [u32], &mut [V]),
        cx: Context<'_>,
    ) -> Result<()> {
        let cx = cx.without_team();
        let clusters = self.clusters(indexed, cx)?;
        let whole = self.whole(clusters, indexed, cx)?;
        let reach = self.reach(indexed, (clusters, whole), k, cx)?;
        let batch = Batch { points, rows: 0..points.rows.n(), own: Own::None, names: Some(&clusters.order) };
        search_within((clusters, whole), reach, &batch, |i| i, (k, &mut [(indices, distances)]), cx)
    }

    /// The nearest of other points in all clusters, which all members of a team ask for together.
    fn search_all(
        &self,
        indexed: &IndexedPoints<'_, V>,
        points: &PointSet<'_, V>,
        (k, indices, distances): (usize, &mut [u32], &mut [V]),
        cx: Context<'_>,
    ) -> Result<()> {
        let clusters = self.clusters(indexed, cx)?;
        let mut results = indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
        self.with_own((clusters, indexed), cx, |own| {
            let batch = Batch { points, rows: 0..points.rows.n(), own: Own::None, names: Some(&clusters.order) };
            nearest_of_all((clusters, own), &batch, k, cx, |_, nearest| {
                if let Some((indices, distances)) = results.next() {
                    set((indices, distances), nearest);
                }
            })
        })
    }
}

/// Calls `put` with each row of a batch, in order, and its `k` nearest among all: of the same batch, which all members of a team ask for
/// together.
fn nearest_of_all<V: Scalar>(
    (clusters, own): (&Clusters<V>, &Shard<V>),
    batch: &Batch<'_, V>,
    k: usize,
    cx: Context<'_>,
    mut put: impl FnMut(usize, &[(V, u32)]),
) -> Result<()> {
    let all = Reach::all(clusters.len());
    let mut nearest = Vec::new();
    for rows in batches(clusters, all, &batch.rows) {
        let visits = Visits::new(clusters, batch.points, &rows, all, cx)?;
        let part = Batch { rows, names: None, ..*batch };
        let found = Nearest::of_all((clusters, own), &part, visits, k, cx)?;
        for (place, row) in part.rows.enumerate() {
            found.named(place, batch.names, &mut nearest);
            put(row, &nearest);
        }
    }
    Ok(())
}

/// Writes the neighbors of a row.
fn set<V: Scalar>((indices, distances): (&mut [u32], &mut [V]), nearest: &[(V, u32)]) {
    let slots = indices.iter_mut().zip(distances);
    slots.zip(nearest).for_each(|((index, distance), &(length, name))| (*index, *distance) = (name, length));
}

/// Checks that this process has all rows.
fn all_at_hand<V: Scalar>(indexed: &IndexedPoints<'_, V>) -> Result<()> {
    match &indexed.points.rows {
        DenseRows::Dealt(rows) if rows.own() != (0..rows.n()) => {
            Points::Dealt(*rows).dense("a search by one member alone").map(drop)
        }
        _ => Ok(()),
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
        match queries {
            Queries::Own(wanted) => self.search_own(indexed, wanted, (k, indices, distances), cx),
            Queries::Other(points) => self.search_other(indexed, points, (k, indices, distances), cx),
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
        self.search_all(indexed, points, (k, indices, distances), cx)
    }

    /// What is found is not exact, nor are ranks that go with it.
    fn ranks(&self, _: &IndexedPoints<'_, V>, _: Asked<'_>, _: Context<'_>) -> Result<Option<Vec<u32>>> {
        Ok(None)
    }
}

/// Indices and distances of consecutive rows of neighbors.
type Results<'r, V> = (&'r mut [u32], &'r mut [V]);

/// The search that looks as far as `reach`, through the rows of all members. `row_of` says which of the rows in `results`, one array
/// after the other, is that of a row of the batch.
fn search_within<V: Scalar>(
    (clusters, own): (&Clusters<V>, &Shard<V>),
    reach: Reach,
    batch: &Batch<'_, V>,
    row_of: impl Fn(usize) -> usize,
    (k, results): (usize, &mut [Results<'_, V>]),
    cx: Context<'_>,
) -> Result<()> {
    let mut found = memory::filled(ROWS, batch.rows.len(), 0u32)?;
    let counter = Counter::new(batch.rows.len(), cx);
    search_rounds((clusters, own), reach, batch, &row_of, (k, results, &mut found), &counter, cx)?;
    // Clusters too small to hold k points: these rows visit all.
    let is_short = |found: &u32| (*found as usize) < k;
    let mut short = Vec::new();
    memory::reserve(ROWS, &mut short, found.iter().filter(|found| is_short(found)).count())?;
    short.extend(found.iter().zip(batch.rows.clone()).filter(|(found, _)| is_short(found)).map(|(_, row)| row));
    drop(found);
    search_short((clusters, own), batch, (&short, row_of), (k, results), cx)
}

/// The neighbors of some rows among all: those of all members of a team are compared with the rows of each, and what is found is put
/// together.
fn search_short<V: Scalar>(
    (clusters, own): (&Clusters<V>, &Shard<V>),
    batch: &Batch<'_, V>,
    (short, row_of): (&[usize], impl Fn(usize) -> usize),
    (k, results): (usize, &mut [Results<'_, V>]),
    cx: Context<'_>,
) -> Result<()> {
    // The rows of all members, one after the other.
    let counts = cx.gather_one(short.len())?;
    let searched = |member: usize| cx.rows_of(member, clusters.order.len()).len();
    if let Some(member) = (0..cx.members()).find(|&member| cx.members() > 1 && counts[member] > searched(member)) {
        return Err(Error::team(format_args!("member {member} has found too little for more rows than it has")));
    }
    let (before, all): (usize, usize) = (counts[..cx.rank()].iter().sum(), counts.iter().sum());
    if all == 0 {
        return Ok(());
    }
    let (d, size) = (batch.points.rows.d(), size_of::<V>());
    let each = (SHORT_BYTES / (d * size + k.saturating_mul(size_of::<u32>() + size)).max(1)).clamp(1, SHORT);
    let mut targets = all_targets(k, results)?;
    for start in (0..all).step_by(each) {
        let place = |at: usize| at.saturating_sub(before).min(short.len());
        let rows = &short[place(start)..place(start + each)];
        let values = cx.concat(memory::copied(ROWS, gather(batch.points, |r| rows[r], rows.len(), cx)?.as_ref())?)?;
        let positions = cx.concat(memory::collected(ROWS, rows.iter().map(|&row| batch.own.of(row)))?)?;
        let n = positions.len();
        let values = DenseRows::owned(values, n, d)?;
        let points = PointSet::new(values, clusters.ruler.geometry)?;
        let of_all = Batch { points: &points, rows: 0..n, own: Own::List(&positions), names: batch.names };
        nearest_of_all((clusters, own), &of_all, k, cx, |place, nearest| {
            let row = (start + place).checked_sub(before).and_then(|place| short.get(place));
            if let Some(Target { indices, distances }) = row.and_then(|&row| targets.get_mut(row_of(row))) {
                set((&mut **indices, &mut **distances), nearest);
            }
        })?;
    }
    Ok(())
}

/// All rounds of a search, which members of a team begin together; how many neighbors of each row have been found is in `found`, which
/// begins with zeros.
fn search_rounds<V: Scalar>(
    (clusters, own): (&Clusters<V>, &Shard<V>),
    reach: Reach,
    batch: &Batch<'_, V>,
    row_of: impl Fn(usize) -> usize,
    (k, results, found): (usize, &mut [Results<'_, V>], &mut [u32]),
    counter: &Counter<'_>,
    cx: Context<'_>,
) -> Result<()> {
    let mut rounds = Rounds::new(clusters, &own.positions, reach, batch);
    let mut targets = all_targets(k, results)?;
    loop {
        let step = rounds.next(cx)?;
        // Who has come to an end still gives the others what they ask for.
        if !cx.any(step.is_some())? {
            return Ok(());
        }
        let wanted = step.as_ref().map_or(&[][..], |step| step.clusters);
        let fetched = if cx.members() < 2 { None } else { Some(own.of_clusters(clusters, wanted, cx)?) };
        let Some(step) = step else { continue };
        let shard = fetched.as_ref().filter(|_| !wanted.is_empty()).unwrap_or(own);
        let mut target = |i: usize| targets.get_mut(row_of(i)).map(std::mem::take).unwrap_or_default();
        let found = &mut found[step.rows.start - batch.rows.start..step.rows.end - batch.rows.start];
        let rows = (step.rows, step.visits, step.order);
        let probe = Probe::new(clusters, shard, cx)?;
        let used = probe.search(batch, rows, (k, step.is_last), &mut target, (found, counter), cx)?;
        for (&i, target) in step.order.iter().zip(used) {
            if let Some(place) = targets.get_mut(row_of(step.rows.start + i as usize)) {
                *place = target;
            }
        }
    }
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
    fn make<'a, V: Scalar>(&self, indexed: &IndexedPoints<'a, V>, _: Context<'_>) -> Result<Box<dyn Finder<V> + 'a>> {
        let m = indexed.groups.len();
        let count = self.clusters.unwrap_or(m.isqrt()).clamp(1, m.max(1));
        Ok(Box::new(ClusterFinder::new(count, self.recall, self.seed)))
    }
}
