//! The rows at some positions, as a search compares others with them; and how they come to those members of a team that need them.

use super::partition::Clusters;
use super::positions::Positions;
use super::sampling::gather;
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::duplicates::Groups;
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use std::borrow::Cow;
use std::ops::Range;
use tsne_core::{Context, DealtRows, Error, Result, Scalar, SharedRows, memory};

/// The name of what is made here in errors.
const ROWS: &str = "rows of positions";

/// The rows at some positions.
pub(super) struct Shard<V: 'static> {
    pub(super) positions: Positions,
    /// The rows, in the order of their positions.
    pub(super) indexed: IndexedPoints<'static, V>,
    /// The rows as the matrix products see them, where that is kept.
    packed: Option<Vec<f32>>,
}

impl<V: Scalar> Shard<V> {
    /// A copy of all rows, for any number of searches.
    pub(super) fn whole(clusters: &Clusters<V>, given: &IndexedPoints<'_, V>, cx: Context<'_>) -> Result<Self> {
        let whole = Self::new(clusters, given, cx.without_team())?;
        let packed = whole.packed(clusters, cx)?.into_owned();
        Ok(Self { packed: Some(packed), ..whole })
    }

    /// A copy of the rows at the positions of this member of a team, whoever has been given them. All members call this together.
    pub(super) fn new(clusters: &Clusters<V>, given: &IndexedPoints<'_, V>, cx: Context<'_>) -> Result<Self> {
        let positions = cx.rows(clusters.order.len());
        let rows = match &given.points.rows {
            DenseRows::Dealt(rows) => given_by_all(clusters, &given.groups, rows, cx)?,
            _ => {
                let row_of = |p: usize| given.groups.representative(clusters.order[positions.start + p] as usize);
                gather(&given.points, row_of, positions.len(), cx)?
            }
        };
        Self::of_rows(clusters, rows, Positions::consecutive(positions))
    }

    fn of_rows(clusters: &Clusters<V>, values: SharedRows<V>, positions: Positions) -> Result<Self> {
        let ruler = clusters.ruler;
        let points = PointSet::new(DenseRows::Owned(values), ruler.geometry)?;
        let indexed = IndexedPoints { points, ruler, groups: Groups::distinct(positions.len()) };
        Ok(Self { positions, indexed, packed: None })
    }

    /// The rows as the matrix products see them.
    pub(super) fn packed(&self, clusters: &Clusters<V>, cx: Context<'_>) -> Result<Cow<'_, [f32]>> {
        match &self.packed {
            Some(packed) => Ok(Cow::Borrowed(packed)),
            None => Ok(Cow::Owned(clusters.packing.points(&self.indexed, cx)?.0)),
        }
    }

    /// The rows of some clusters, ascending, of which each member has those at its positions, which these are. All members call this
    /// together, each for the clusters that it needs.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`].
    pub(super) fn of_clusters(&self, clusters: &Clusters<V>, wanted: &[u32], cx: Context<'_>) -> Result<Self> {
        let (m, d, members) = (clusters.order.len(), self.indexed.points.rows.d(), cx.members());
        let (mut asked, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
        memory::reserve(ROWS, &mut asked, members)?;
        memory::reserve(ROWS, &mut from, members)?;
        memory::reserve(ROWS, &mut to, members)?;
        for member in 0..members {
            // What this member has itself is no message.
            let there = if member == cx.rank() { 0..0 } else { cx.rows_of(member, m) };
            asked.push(memory::copied(ROWS, within(clusters, wanted, &there))?);
            from.push(part(clusters, wanted, &there)?);
        }
        for (member, list) in cx.exchange(asked)?.iter().enumerate() {
            let ascends = list.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascends || list.last().is_some_and(|&last| last as usize >= clusters.len().get()) {
                return Err(Error::team(format_args!("member {member} asks for clusters that are none")));
            }
            to.push(part(clusters, list, &cx.rows(m))?);
        }
        let positions = part(clusters, wanted, &(0..m))?;
        let mut values = memory::filled(ROWS, positions.len().saturating_mul(d), V::ZERO)?;
        let own = |position: usize| self.indexed.points.get(self.positions.row(position).unwrap_or_default()).0;
        let mut put = |position: usize, row: &[V]| {
            if let Some(place) = positions.row(position) {
                values[place * d..][..d].copy_from_slice(row);
            }
        };
        part(clusters, wanted, &cx.rows(m))?.iter().for_each(|position| put(position, own(position)));
        let to = memory::collected(ROWS, to.iter().map(Positions::iter))?;
        let from = memory::collected(ROWS, from.iter().map(Positions::iter))?;
        carry(d, (to, from), own, put, cx)?;
        Self::of_rows(clusters, SharedRows::new(values, positions.len(), d)?, positions)
    }
}

/// Those of some clusters, ascending, that have positions in a range.
fn within<'l, V: Scalar>(clusters: &Clusters<V>, list: &'l [u32], range: &Range<usize>) -> &'l [u32] {
    let members = |c: u32| clusters.members(c as usize);
    let first = list.partition_point(|&c| members(c).end <= range.start);
    let end = list.partition_point(|&c| members(c).start < range.end);
    list.get(first..end).unwrap_or_default()
}

/// The positions of some clusters, ascending, that are in a range.
fn part<V: Scalar>(clusters: &Clusters<V>, list: &[u32], range: &Range<usize>) -> Result<Positions> {
    let clamped = |position: usize| position.clamp(range.start, range.end);
    let members = within(clusters, list, range).iter().map(|&c| clusters.members(c as usize));
    Positions::of_ranges(members.map(|members| clamped(members.start)..clamped(members.end)))
}

/// The rows at the positions of this member, of which each member has those of its points. Who sends what to whom follows from what all
/// know.
fn given_by_all<V: Scalar>(
    clusters: &Clusters<V>,
    groups: &Groups,
    rows: &DealtRows<'_, V>,
    cx: Context<'_>,
) -> Result<SharedRows<V>> {
    let (m, d) = (clusters.order.len(), rows.d());
    let point_at = |position: usize| groups.representative(clusters.order[position] as usize);
    // The positions of one member whose rows another one has.
    let between = |of: usize, by: usize| {
        let points = cx.rows_of(by, rows.n());
        cx.rows_of(of, m).filter(move |&position| points.contains(&point_at(position)))
    };
    let members = || 0..cx.members();
    let to = memory::collected(ROWS, members().map(|member| between(member, cx.rank())))?;
    let from = memory::collected(ROWS, members().map(|member| between(cx.rank(), member)))?;
    let own = cx.rows(m);
    let mut values = memory::filled(ROWS, own.len().saturating_mul(d), V::ZERO)?;
    let put = |position: usize, row: &[V]| values[(position - own.start) * d..][..d].copy_from_slice(row);
    carry(d, (to, from), |position| rows.row(point_at(position)), put, cx)?;
    SharedRows::new(values, own.len(), d)
}

/// The bytes of rows that a member sends in a round, about: see [`errands`](super::errands).
const ROUND: usize = 8 << 20;

/// Sends the rows of `d` values at some positions to each member, and hands over those that each member sends: who sends which to whom
/// both know. In rounds, or messages and what is made of them would be as large as all rows.
fn carry<'r, V: Scalar>(
    d: usize,
    (mut to, mut from): (Vec<impl Iterator<Item = usize> + Clone>, Vec<impl Iterator<Item = usize>>),
    row: impl Fn(usize) -> &'r [V],
    mut put: impl FnMut(usize, &[V]),
    cx: Context<'_>,
) -> Result<()> {
    let counts = || to.iter().map(|positions| positions.clone().count());
    let most = cx.gather_one(counts().max().unwrap_or(0))?.into_iter().max().unwrap_or(0);
    // Near clusters are those of few members, and a message to each of these is to be no smaller for the others.
    let partners = cx.gather_one(counts().filter(|&count| count > 0).count())?.into_iter().max().unwrap_or(0);
    let each = (ROUND / partners.clamp(1, cx.members()) / (d.max(1) * size_of::<V>())).max(1);
    let rounds = most.div_ceil(each);
    for _ in 0..rounds {
        let mut messages: Vec<Vec<V>> = Vec::new();
        memory::reserve(ROWS, &mut messages, cx.members())?;
        for positions in &mut to {
            let mut message = Vec::new();
            memory::reserve(ROWS, &mut message, positions.clone().take(each).count().saturating_mul(d))?;
            positions.by_ref().take(each).for_each(|position| message.extend_from_slice(row(position)));
            messages.push(message);
        }
        for ((member, positions), received) in from.iter_mut().enumerate().zip(cx.exchange(messages)?) {
            let mut received = received.chunks_exact(d.max(1));
            for position in positions.by_ref().take(each) {
                put(position, received.next().ok_or_else(|| unfit(member))?);
            }
            if received.next().is_some() || !received.remainder().is_empty() {
                return Err(unfit(member));
            }
        }
    }
    Ok(())
}

fn unfit(member: usize) -> Error {
    Error::team(format_args!("the rows of member {member} are not as many as all know"))
}
