//! Some rows, which all members of a team know, compared with the rows of all: each member compares them with its own.

use super::partition::Clusters;
use super::probe::{Batch, Probe, Visits, targets};
use super::shard::Shard;
use crate::neighbors::nearest::sort;
use crate::neighbors::progress::Counter;
use crate::neighbors::request::room;
use tsne_core::{Context, Error, Result, Scalar, memory};

/// The name of what is made here in errors.
const SOME: &str = "neighbors of some rows";

/// The nearest positions of some rows.
pub(super) struct Nearest<V> {
    /// `k` for each row, ascending by (distance, position).
    pub(super) positions: Vec<u32>,
    lengths: Vec<V>,
    /// How many of them each row has.
    pub(super) found: Vec<u32>,
}

impl<V: Scalar> Nearest<V> {
    /// The `k` nearest of each row of a batch in the clusters that it visits, of all members of a team, each of which has a `shard`. All
    /// call this together, for the same rows, and have the same result.
    pub(super) fn of_all(
        (clusters, shard): (&Clusters<V>, &Shard<V>),
        batch: &Batch<'_, V>,
        visits: Visits,
        k: usize,
        cx: Context<'_>,
    ) -> Result<Self> {
        let n = batch.rows.len();
        let (mut positions, mut lengths) = room::<V>(n, k)?;
        let mut found = memory::filled(SOME, n, 0u32)?;
        let mut rows = memory::collected(SOME, targets(k, &mut positions, &mut lengths))?;
        let first = batch.rows.start;
        let target = |i: usize| rows.get_mut(i - first).map(std::mem::take).unwrap_or_default();
        // Only the rows of a member are asked for, so that names wait for all.
        let batch = Batch { names: None, rows: batch.rows.clone(), ..*batch };
        let counter = Counter::new(n, Context::new());
        let probe = Probe::new(clusters, shard, cx)?;
        probe.search(&batch, (&batch.rows, &visits, visits.order()), (k, false), target, (&mut found, &counter), cx)?;
        drop((rows, visits, probe));
        let mut nearest = Self { positions, lengths, found };
        nearest.merge((k, clusters.order.len()), cx)?;
        Ok(nearest)
    }

    /// The neighbors of one of the rows in `out`, by the names of their positions, if they have some: ascending by (distance, name).
    pub(super) fn named(&self, row: usize, names: Option<&[u32]>, out: &mut Vec<(V, u32)>) {
        let k = self.positions.len() / self.found.len().max(1);
        let range = row * k..row * k + self.found[row] as usize;
        let name = |&position: &u32| names.map_or(position, |names| names[position as usize]);
        out.clear();
        out.extend(self.lengths[range.clone()].iter().copied().zip(self.positions[range].iter().map(name)));
        // Ties have another order now.
        sort(out);
    }

    /// Makes the nearest of all members out of those that each has found. The rows are shared by the members.
    fn merge(&mut self, (k, m): (usize, usize), cx: Context<'_>) -> Result<()> {
        let (n, members) = (self.found.len(), cx.members());
        if members < 2 {
            return Ok(());
        }
        let mut messages = Vec::new();
        memory::reserve(SOME, &mut messages, members)?;
        for member in 0..members {
            let rows = cx.part_of(member, n, 1);
            let mut message: Vec<(u32, V)> = Vec::new();
            memory::reserve(SOME, &mut message, rows.clone().map(|i| self.found[i] as usize + 1).sum())?;
            for i in rows {
                let row = i * k..i * k + self.found[i] as usize;
                message.push((self.found[i], V::ZERO));
                message.extend(self.positions[row.clone()].iter().copied().zip(self.lengths[row].iter().copied()));
            }
            messages.push(message);
        }
        let received = cx.exchange(messages)?;
        let mut received: Vec<_> = received.iter().map(|message| message.iter()).collect();
        let mut nearest = Vec::new();
        for i in cx.part(n, 1) {
            nearest.clear();
            for (member, message) in received.iter_mut().enumerate() {
                let count = message.next().map_or(usize::MAX, |&(count, _)| count as usize);
                let before = nearest.len();
                nearest.extend(message.by_ref().take(count.min(k)).map(|&(position, length)| (length, position)));
                if nearest.len() - before != count
                    || nearest[before..].iter().any(|&(_, position)| position as usize >= m)
                {
                    return Err(unfit(member));
                }
            }
            sort(&mut nearest);
            nearest.truncate(k);
            self.found[i] = nearest.len() as u32;
            let places = self.positions[i * k..].iter_mut().zip(&mut self.lengths[i * k..]);
            places.zip(&nearest).for_each(|(place, &(length, position))| (*place.0, *place.1) = (position, length));
        }
        if let Some(member) = received.iter().position(|message| message.len() > 0) {
            return Err(unfit(member));
        }
        cx.gather(&mut self.found, 1)?;
        cx.gather(&mut self.positions, k)?;
        cx.gather(&mut self.lengths, k)?;
        let fits = |(found, row): (&u32, &[u32])| row.iter().take(*found as usize).all(|&p| (p as usize) < m);
        let all_fit = self.found.iter().zip(self.positions.chunks_exact(k)).all(fits);
        match all_fit && self.found.iter().all(|&found| found as usize <= k) {
            true => Ok(()),
            false => Err(Error::team("what members have put together are no neighbors")),
        }
    }
}

fn unfit(member: usize) -> Error {
    Error::team(format_args!("the neighbors that member {member} has found are not such as all know"))
}
