//! What finds neighbors among the indexed points of a geometry.

use super::indexed::{IndexedPoints, PointSet};
use crate::neighbors::wanted::Wanted;
use tsne_core::{Context, Result, Scalar};

/// The points whose neighbors are looked for.
pub(in crate::neighbors) enum Queries<'b, 'a, T> {
    /// Groups of the indexed points; none is its own neighbor.
    Own(&'b Wanted),
    /// Other points.
    Other(&'b PointSet<'a, T>),
}

/// Finds neighbors among groups of equal points.
pub(in crate::neighbors) trait Finder<T: Scalar>: Send + Sync {
    /// Writes the `k` groups nearest to each query, ascending by (distance, group), into rows of `k`.
    /// There are at least `k` groups, not counting the query's own.
    ///
    /// In a team all members ask for their own groups at the same time, and for other points each when it likes.
    fn search(
        &self,
        indexed: &IndexedPoints<'_, T>,
        queries: Queries<'_, '_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()>;

    /// Whether no neighbor is ever missed.
    fn is_exact(&self) -> bool;

    /// The search of other points without a miss. In a team all members ask for the same points at the same time, and have all answers.
    fn search_exactly(
        &self,
        indexed: &IndexedPoints<'_, T>,
        points: &PointSet<'_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()> {
        self.search(indexed, Queries::Other(points), k, indices, distances, cx)
    }

    /// The ranks that are [asked for](Asked), row by row; `None` from a finder that is not exact.
    fn ranks(&self, indexed: &IndexedPoints<'_, T>, asked: Asked<'_>, cx: Context<'_>) -> Result<Option<Vec<u32>>>;
}

/// Points, and for each of them `k` others whose ranks among its neighbors are wanted. All are numbers of points, not of groups.
#[derive(Debug, Clone, Copy)]
pub(in crate::neighbors) struct Asked<'q> {
    pub(in crate::neighbors) rows: &'q [u32],
    /// `k` for each row.
    pub(in crate::neighbors) others: &'q [u32],
    /// At least 1.
    pub(in crate::neighbors) k: usize,
}

/// A way to make a finder.
pub(in crate::neighbors) trait MakeFinder {
    /// The finder over the groups of `indexed`.
    fn make<'a, V: Scalar>(&self, indexed: &IndexedPoints<'a, V>, cx: Context<'_>) -> Result<Box<dyn Finder<V> + 'a>>;
}
