//! Approximate nearest neighbors.
//!
//! Two methods. Where the metric is one of the two geometries (`Plan`), points lie in clusters and a row is compared
//! with the nearest ones by matrix products. Everywhere else nothing is known but distances: trees between
//! pivots give first lists, and neighbors of neighbors improve them.

mod clusters;
mod descent;
mod engine;
mod graph;
mod packed;
mod probe;
mod samples;
mod search;
mod trees;

pub use search::{ApproximateSearch, AutoSearch, NeighborDescent};
