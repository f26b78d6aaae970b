//! The searches that callers name, and their choices among the ways to search.

mod approximate;
mod auto;
mod brute_force;
mod exact;
mod kd_tree;
mod vp_tree;

pub use approximate::ApproximateSearch;
pub use auto::AutoSearch;
pub use brute_force::BruteForceSearch;
pub use exact::ExactSearch;
pub(in crate::neighbors) use exact::exact_method;
pub use kd_tree::KdTreeSearch;
pub use vp_tree::VpTreeSearch;
