//! Nearest neighbors, exact and approximate.
//!
//! Two geometries have fast searches, the Euclidean distance and the cosine (`geometric`). Every metric, on dense and on sparse
//! rows, has a space in which only distances are known: the scan of all pairs, the vantage-point tree and the descent along a
//! graph search there (`general`). Sparse rows are compared by the columns that they share (`overlap`). `search` has the types
//! that callers name, and chooses; `plan` tells beforehand what it will choose.

mod checked;
mod dense_rows;
mod duplicates;
mod equal_points;
mod general;
mod geometric;
mod method;
mod nearest;
mod overlap;
mod plan;
mod progress;
mod request;
mod search;
mod source;
mod wanted;

pub use general::graph::NeighborDescent;
pub use method::SearchMethod;
pub use plan::{DataShape, SearchPlan};
pub use search::{ApproximateSearch, AutoSearch, BruteForceSearch, ExactSearch, KdTreeSearch, VpTreeSearch};
