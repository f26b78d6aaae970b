//! The rows at some positions, as a search compares others with them; and how they go round a team.

use super::partition::Clusters;
use super::sampling::gather;
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::duplicates::Groups;
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use std::borrow::Cow;
use std::ops::Range;
use tsne_core::{Context, DealtRows, Error, Result, Scalar, SharedRows, memory};

/// The rows at consecutive positions.
pub(super) struct Shard<V: 'static> {
    pub(super) positions: Range<usize>,
    /// The rows, numbered from the first of the positions.
    pub(super) indexed: IndexedPoints<'static, V>,
    /// Their values, row by row.
    values: SharedRows<V>,
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
        Self::of_rows(clusters, rows, positions)
    }

    fn of_rows(clusters: &Clusters<V>, values: SharedRows<V>, positions: Range<usize>) -> Result<Self> {
        let ruler = clusters.ruler;
        let points = PointSet::new(DenseRows::Owned(values.clone()), ruler.geometry)?;
        let indexed = IndexedPoints { points, ruler, groups: Groups::distinct(positions.len()) };
        Ok(Self { positions, indexed, values, packed: None })
    }

    /// The rows as the matrix products see them.
    pub(super) fn packed(&self, clusters: &Clusters<V>, cx: Context<'_>) -> Result<Cow<'_, [f32]>> {
        match &self.packed {
            Some(packed) => Ok(Cow::Borrowed(packed)),
            None => Ok(Cow::Owned(clusters.packing.points(&self.indexed, cx)?.0)),
        }
    }

    /// Calls `visit` with the rows of all members, this one's (which these are) first, and whether they are the last.
    ///
    /// They go from each member to the next, so that a member has those of two at a time, and of three while they are on their way. All
    /// members call this together.
    ///
    /// # Errors
    ///
    /// Those of `visit`; [`Error::Team`], [`Error::OutOfMemory`].
    pub(super) fn each(
        &self,
        clusters: &Clusters<V>,
        cx: Context<'_>,
        mut visit: impl FnMut(&Self, bool) -> Result<()>,
    ) -> Result<()> {
        let members = cx.members();
        visit(self, members == 1)?;
        let d = self.indexed.points.rows.d();
        let mut visitor: Option<Self> = None;
        for step in 1..members {
            // What has been sent makes room for what comes.
            let values = cx.pass_on(visitor.take().map_or_else(|| self.values.clone(), |visitor| visitor.values))?;
            let from = (cx.rank() + members - step) % members;
            let positions = cx.rows_of(from, clusters.order.len());
            if values.len() != positions.len() * d {
                let sent = values.len();
                return Err(Error::team(format_args!("the rows of member {from} are {sent} numbers, not as all know")));
            }
            let rows = SharedRows::new(values, positions.len(), d)?;
            visit(visitor.insert(Self::of_rows(clusters, rows, positions)?), step + 1 == members)?;
        }
        Ok(())
    }
}

/// The bytes of rows that a member sends in a round, about: see [`errands`](super::errands).
const ROUND: usize = 8 << 20;
/// The name of what is made here in errors.
const ROWS: &str = "rows of positions";

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
    let mut to = memory::collected(ROWS, members().map(|member| between(member, cx.rank())))?;
    let mut from = memory::collected(ROWS, members().map(|member| between(cx.rank(), member)))?;
    // In rounds, or messages and what is made of them would be as large as all rows.
    let each = (ROUND / cx.members() / (d.max(1) * size_of::<V>())).max(1);
    let most = members().map(|member| between(member, cx.rank()).count()).max().unwrap_or(0);
    let rounds = cx.gather_one(most)?.into_iter().max().unwrap_or(0).div_ceil(each);
    let own = cx.rows(m);
    let mut values = memory::filled(ROWS, own.len().saturating_mul(d), V::ZERO)?;
    for _ in 0..rounds {
        let mut messages: Vec<Vec<V>> = Vec::new();
        memory::reserve(ROWS, &mut messages, cx.members())?;
        for positions in &mut to {
            let mut message = Vec::new();
            memory::reserve(ROWS, &mut message, positions.clone().take(each).count().saturating_mul(d))?;
            positions.by_ref().take(each).for_each(|position| message.extend_from_slice(rows.row(point_at(position))));
            messages.push(message);
        }
        for ((member, positions), received) in from.iter_mut().enumerate().zip(cx.exchange(messages)?) {
            let mut received = received.chunks_exact(d.max(1));
            for position in positions.by_ref().take(each) {
                let row = received.next().ok_or_else(|| unfit(member))?;
                values[(position - own.start) * d..][..d].copy_from_slice(row);
            }
            if received.next().is_some() || !received.remainder().is_empty() {
                return Err(unfit(member));
            }
        }
    }
    SharedRows::new(values, own.len(), d)
}

fn unfit(member: usize) -> Error {
    Error::team(format_args!("the rows of member {member} are not as many as all know"))
}
