//! Points in clusters, of which a search visits the nearest.

mod centroids;
mod partition;
mod probe;
mod sampling;
mod visit;

pub(in crate::neighbors) use visit::ByClusters;
