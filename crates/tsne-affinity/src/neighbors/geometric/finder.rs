//! What finds neighbors among the indexed points of a geometry.

use super::indexed::{IndexedPoints, PointSet};
use tsne_core::{Context, Result, Scalar};

/// The points whose neighbors are looked for.
pub(in crate::neighbors) enum Queries<'b, 'a, T> {
    /// The groups of the indexed points; none is its own neighbor.
    Own,
    /// Other points.
    Other(&'b PointSet<'a, T>),
}

/// Finds neighbors among groups of equal points.
pub(in crate::neighbors) trait Finder<T: Scalar>: Send + Sync {
    /// Writes the `k` groups nearest to each query, ascending by (distance, group), into rows of `k`.
    /// There are at least `k` groups, not counting the query's own.
    fn search(
        &self,
        indexed: &IndexedPoints<'_, T>,
        queries: Queries<'_, '_, T>,
        k: usize,
        indices: &mut [u32],
        distances: &mut [T],
        cx: Context<'_>,
    ) -> Result<()>;
}

/// A way to make a finder.
pub(in crate::neighbors) trait MakeFinder {
    /// The finder over the groups of `indexed`.
    fn make<'a, V: Scalar>(&self, indexed: &IndexedPoints<'a, V>) -> Result<Box<dyn Finder<V> + 'a>>;
}
