//! Nearest neighbors, exact and approximate.
//!
//! Two geometries have fast engines, the Euclidean distance and the cosine; a [`Plan`](plan::Plan) says which metrics are one
//! of them after a map of the rows. There a [`Reference`](reference::Reference) holds what all methods share: the points,
//! the geometry, which points are duplicates of each other. An [`Engine`](index::Engine) finds the neighbors among the
//! points that are no duplicates; [`Index`](index::Index) puts the duplicates back.
//!
//! Every metric, on dense and on sparse rows, has a [`Space`](space::Space), in which only distances are known: the scan of
//! all pairs, the vantage-point tree and the descent along a graph search there, the last two in one where equal points are
//! one ([`Grouped`](grouped::Grouped)).

mod approximate;
mod brute_force;
mod candidates;
mod duplicates;
mod exact;
mod geometry;
mod grouped;
mod index;
mod kd_tree;
mod matrix;
mod nearest;
mod overlap;
mod plan;
mod reference;
mod row_map;
mod scan;
pub(crate) mod space;
mod vp_tree;

pub use approximate::{ApproximateSearch, AutoSearch, NeighborDescent};
pub use brute_force::BruteForceSearch;
pub use exact::ExactSearch;
pub use kd_tree::KdTreeSearch;
pub use vp_tree::VpTreeSearch;
