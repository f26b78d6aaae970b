//! The ways to search.

/// How a search goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchMethod {
    /// A kd-tree.
    KdTree,
    /// All pairs, by matrix products.
    Products,
    /// The points of near clusters.
    Clusters,
    /// A vantage-point tree.
    VpTree,
    /// All pairs, one by one.
    AllPairs,
    /// Neighbors of neighbors.
    Descent,
    /// The columns that sparse rows share.
    SharedColumns,
}
