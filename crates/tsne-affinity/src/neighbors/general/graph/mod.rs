//! Approximate neighbors under any metric: trees between pivots give first lists, and neighbors of neighbors improve them.

mod descent;
mod index;
mod params;
mod pivot_tree;
mod samples;
mod walk;

pub(in crate::neighbors) use index::GraphIndex;
pub use params::NeighborDescent;
