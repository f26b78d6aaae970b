//! The rows at some positions, as a search compares others with them; and how they go round a team.

use super::partition::Clusters;
use super::sampling::gather;
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::duplicates::Groups;
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use std::borrow::Cow;
use std::ops::Range;
use tsne_core::{Context, Error, Result, Scalar, SharedRows};

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
    pub(super) fn whole(clusters: &Clusters<V>, given: &IndexedPoints<'_, V>) -> Result<Self> {
        let whole = Self::new(clusters, given, 0..clusters.order.len())?;
        let packed = whole.packed(clusters)?.into_owned();
        Ok(Self { packed: Some(packed), ..whole })
    }

    /// A copy of the given rows at these positions.
    pub(super) fn new(clusters: &Clusters<V>, given: &IndexedPoints<'_, V>, positions: Range<usize>) -> Result<Self> {
        let (start, n) = (positions.start, positions.len());
        let row_of = |p: usize| given.groups.representative(clusters.order[start + p] as usize);
        Self::of_rows(clusters, gather(&given.points, row_of, n)?, positions)
    }

    fn of_rows(clusters: &Clusters<V>, values: SharedRows<V>, positions: Range<usize>) -> Result<Self> {
        let ruler = clusters.ruler;
        let points = PointSet::new(DenseRows::Owned(values.clone()), ruler.geometry)?;
        let indexed = IndexedPoints { points, ruler, groups: Groups::distinct(positions.len()) };
        Ok(Self { positions, indexed, values, packed: None })
    }

    /// The rows as the matrix products see them.
    pub(super) fn packed(&self, clusters: &Clusters<V>) -> Result<Cow<'_, [f32]>> {
        match &self.packed {
            Some(packed) => Ok(Cow::Borrowed(packed)),
            None => Ok(Cow::Owned(clusters.packing.points(&self.indexed)?.0)),
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
