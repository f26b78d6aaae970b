//! The rounds of a search: which rows are compared with which clusters at a time.
//!
//! Rows of one cluster visit mostly the same clusters, and so do those of near ones, which stand together. So a member of a team searches
//! for the rows of a few clusters, with the rows of all clusters that these visit: those of other members come for the round. In one
//! process all are at hand, and there is one round for each batch.

use super::partition::Clusters;
use super::positions::Positions;
use super::probe::{Batch, Visits, batches};
use super::reach::Reach;
use std::ops::Range;
use tsne_core::{Context, Result, Scalar, blocks, memory};

/// The name of what is made here in errors.
const WHAT: &str = "rounds of a search";

/// Rows that a round may have from all clusters, at the least: where the member has more rows of its own, as many as these, so that what
/// comes takes no more memory than they do. An estimate.
const ROOM: usize = blocks::BLOCK;

/// Rows, and the clusters that some of them visit.
#[derive(Debug, Default, PartialEq)]
struct Round {
    /// By their numbers among the visits.
    rows: Vec<u32>,
    /// Ascending; empty where those that a member has itself are enough.
    clusters: Vec<u32>,
}

/// What is searched at a time.
pub(super) struct Step<'s> {
    /// Rows of the batch, whose visits are known.
    pub(super) rows: &'s Range<usize>,
    pub(super) visits: &'s Visits,
    /// Which of them are searched.
    pub(super) order: &'s [u32],
    /// With the rows of these clusters, ascending; where there are none, with those of the member.
    pub(super) clusters: &'s [u32],
    /// Whether these are the last clusters that the rows visit.
    pub(super) is_last: bool,
}

/// The rounds of one member, batch after batch.
pub(super) struct Rounds<'r, V: Scalar> {
    clusters: &'r Clusters<V>,
    own: &'r Positions,
    reach: Reach,
    search: &'r Batch<'r, V>,
    batches: std::vec::IntoIter<Range<usize>>,
    batch: Range<usize>,
    visits: Option<Visits>,
    /// Of this batch, the last one first.
    rounds: Vec<Round>,
    /// How many clusters of the last of them have been visited, and how many will be in this step.
    visited: Range<usize>,
}

impl<'r, V: Scalar> Rounds<'r, V> {
    pub(super) fn new(clusters: &'r Clusters<V>, own: &'r Positions, reach: Reach, search: &'r Batch<'r, V>) -> Self {
        let batches = batches(clusters, reach, &search.rows).into_iter();
        Self { clusters, own, reach, search, batches, batch: 0..0, visits: None, rounds: Vec::new(), visited: 0..0 }
    }

    /// What comes next; `None` in the end.
    pub(super) fn next(&mut self, cx: Context<'_>) -> Result<Option<Step<'_>>> {
        let size = |c: u32| self.clusters.members(c as usize).len();
        let room = self.own.len().max(ROOM);
        if self.rounds.last().is_some_and(|round| self.visited.end >= round.clusters.len()) {
            self.rounds.pop();
            self.visited = 0..0;
        }
        while self.rounds.is_empty() {
            let Some(batch) = self.batches.next() else { return Ok(None) };
            self.visits = None;
            let visits = Visits::new(self.clusters, self.search.points, &batch, self.reach, cx)?;
            let is_own = |c: u32| {
                let members = self.clusters.members(c as usize);
                self.own.rows(&members).len() == members.len()
            };
            let of = |row| visits.of(row);
            self.rounds = match self.own.len() == self.clusters.order.len() {
                true => one(Round { rows: memory::copied(WHAT, visits.order())?, clusters: Vec::new() })?,
                false => rounds((visits.order(), of), self.clusters.len().get(), (size, is_own), room)?,
            };
            self.rounds.reverse();
            (self.batch, self.visits) = (batch, Some(visits));
        }
        let (Some(round), Some(visits)) = (self.rounds.last(), &self.visits) else { return Ok(None) };
        let mut held = 0;
        let fits = |&&c: &&u32| {
            held += size(c);
            held <= room
        };
        // One at the least, though it were larger: where clusters are as few as members, or fewer.
        let rest = &round.clusters[self.visited.end..];
        let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
        self.visited = self.visited.end..self.visited.end + count;
        Ok(Some(Step {
            rows: &self.batch,
            visits,
            order: &round.rows,
            clusters: &round.clusters[self.visited.clone()],
            is_last: self.visited.end == round.clusters.len(),
        }))
    }
}

/// Divides rows into rounds, of which each has `room` for the rows of all clusters that its rows visit (`of` says which, the nearest
/// first): so these come once. Rows of one cluster that visit more than there is room for are compared with one part of them after the
/// other, and so are all, where the rows of the rounds would come more than twice. `order` has rows of one cluster together; of all
/// clusters, `count`, the number of rows is known, and whether the member has them.
fn rounds<'v>(
    (order, of): (&[u32], impl Fn(u32) -> &'v [u32]),
    count: usize,
    (size, is_own): (impl Fn(u32) -> usize, impl Fn(u32) -> bool),
    room: usize,
) -> Result<Vec<Round>> {
    let mut all = Open::new(count)?;
    all.add(order, &of, &size)?;
    if all.clusters.iter().all(|&c| is_own(c)) {
        return one(Round { rows: all.rows, clusters: Vec::new() });
    }
    let (mut rounds, mut loads) = (Vec::new(), 0);
    let (mut open, mut far, mut next) = (Open::new(count)?, Open::new(count)?, Open::new(count)?);
    for rows in order.chunk_by(|&a, &b| of(a).first() == of(b).first()) {
        next.clear();
        next.add(rows, &of, &size)?;
        if next.held > room {
            far.add(rows, &of, &size)?;
            continue;
        }
        let more: usize = next.clusters.iter().filter(|&&c| !open.has(c)).map(|&c| size(c)).sum();
        if open.held + more > room {
            loads += open.held;
            memory::grow(WHAT, &mut rounds, 1)?;
            rounds.push(open.close()?);
        }
        open.add(rows, &of, &size)?;
    }
    loads += open.held;
    if loads > 2 * all.held {
        return one(all.close()?);
    }
    memory::reserve(WHAT, &mut rounds, 2)?;
    for mut last in [open, far].into_iter().filter(|last| !last.rows.is_empty()) {
        rounds.push(last.close()?);
    }
    Ok(rounds)
}

fn one(round: Round) -> Result<Vec<Round>> {
    let mut rounds = Vec::new();
    memory::reserve(WHAT, &mut rounds, 1)?;
    rounds.push(round);
    Ok(rounds)
}

/// A round that rows are added to.
struct Open {
    rows: Vec<u32>,
    /// The clusters that they visit, in no order, and whether each is among them.
    clusters: Vec<u32>,
    visited: Vec<bool>,
    /// The rows of these clusters.
    held: usize,
}

impl Open {
    fn new(count: usize) -> Result<Self> {
        let (mut clusters, visited) = (Vec::new(), memory::filled(WHAT, count, false)?);
        memory::reserve(WHAT, &mut clusters, count)?;
        Ok(Self { rows: Vec::new(), clusters, visited, held: 0 })
    }

    fn has(&self, cluster: u32) -> bool {
        self.visited[cluster as usize]
    }

    fn add<'v>(&mut self, rows: &[u32], of: impl Fn(u32) -> &'v [u32], size: impl Fn(u32) -> usize) -> Result<()> {
        memory::grow(WHAT, &mut self.rows, rows.len())?;
        self.rows.extend_from_slice(rows);
        for &row in rows {
            for &cluster in of(row) {
                if !std::mem::replace(&mut self.visited[cluster as usize], true) {
                    self.clusters.push(cluster);
                    self.held += size(cluster);
                }
            }
        }
        Ok(())
    }

    /// Forgets the rows.
    fn clear(&mut self) {
        self.rows.clear();
        self.clusters.drain(..).for_each(|c| self.visited[c as usize] = false);
        self.held = 0;
    }

    /// The round, which a new one follows.
    fn close(&mut self) -> Result<Round> {
        let mut clusters = memory::copied(WHAT, &self.clusters)?;
        clusters.sort_unstable();
        let rows = std::mem::take(&mut self.rows);
        self.clear();
        Ok(Round { rows, clusters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::element_seed;

    /// Rows of `count` clusters on a ring, of which each visits its own and others up to `far` away, some of them `remote`.
    fn visits(count: u32, far: u64, remote: u32) -> Vec<Vec<u32>> {
        let draw = |i: u32, stage| element_seed(1, stage, u64::from(i));
        let row = |i: u32| {
            let own = i / 4;
            let mut visited = vec![own];
            let others = if own % 7 == 3 { remote } else { 3 };
            for other in (0..others).map(|o| (own + 1 + (draw(1000 * i + o, 2) % far) as u32) % count) {
                if !visited.contains(&other) {
                    visited.push(other);
                }
            }
            visited
        };
        (0..4 * count).map(row).collect()
    }

    /// Each row is in one round, with all clusters that it visits; what comes is bounded by the room, or by twice what must come.
    #[test]
    fn every_row_meets_its_clusters() {
        let count = 60;
        let size = |c: u32| 20 + c as usize % 5;
        for (far, remote, room) in
            [(4, 3, 300), (4, 3, 100), (4, 40, 300), (59, 3, 300), (59, 50, 1), (4, 3, 10_000), (59, 3, 10_000)]
        {
            for own in [0..0, 0..20, 0..60] {
                let visits = visits(count, far, remote);
                let order: Vec<u32> = (0..4 * count).collect();
                let of = |row: u32| &visits[row as usize][..];
                let is_own = |c: u32| own.contains(&c);
                let rounds = rounds((&order, of), count as usize, (size, is_own), room).unwrap();
                let what = format!("{far} {remote} {room} {own:?}");

                let mut rows: Vec<u32> = rounds.iter().flat_map(|round| round.rows.clone()).collect();
                rows.sort_unstable();
                assert_eq!(rows, order, "{what}");
                if own.len() == 60 {
                    assert!(rounds.len() == 1 && rounds[0].clusters.is_empty(), "{what}");
                    continue;
                }
                let held = |clusters: &[u32]| clusters.iter().map(|&c| size(c)).sum::<usize>();
                let (mut loads, mut larger) = (0, 0);
                for round in &rounds {
                    assert!(round.clusters.is_sorted(), "{what}");
                    let mut visited: Vec<u32> = round.rows.iter().flat_map(|&row| of(row)).copied().collect();
                    visited.sort_unstable();
                    visited.dedup();
                    assert_eq!(round.clusters, visited, "{what}");
                    let held = held(&visited);
                    loads += held;
                    larger += usize::from(held > room);
                }
                // One round may have more than there is room for; without it, what comes twice is bounded.
                let all = held(&(0..count).collect::<Vec<_>>());
                assert!(larger <= 1 && loads <= 3 * all, "{what}: {larger}, {loads} of {all}");
                // By hand: near clusters and much room are one round, little room and far clusters one that is cut.
                match (far, remote, room) {
                    (_, _, 10_000) | (59, _, _) => assert_eq!(rounds.len(), 1, "{what}"),
                    (4, 3, 300) => assert!(larger == 0 && rounds.len() > 3 && loads < 2 * all, "{what}"),
                    (4, 40, 300) => assert!(rounds.len() > 3, "{what}"),
                    _ => {}
                }
            }
        }
    }
}
