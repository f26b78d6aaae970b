//! Exact nearest neighbors.
//!
//! A [`Reference`] holds what all methods share: the points, the metric, which points are duplicates of each other.
//! An [`Engine`] finds the neighbors among the points that are no duplicates; [`Index`] puts the duplicates back.

mod brute_force;
mod candidates;
mod duplicates;
mod exact;
mod index;
mod kd_tree;
mod reference;

pub use brute_force::BruteForceSearch;
pub use exact::ExactSearch;
pub use kd_tree::KdTreeSearch;
