//! Points in clusters, of which a search visits the nearest.

mod calibration;
mod centroids;
mod errands;
mod partition;
mod positions;
mod probe;
mod projection;
mod proximity;
mod reach;
mod rounds;
mod sampling;
mod shard;
mod some_rows;
mod visit;

pub(in crate::neighbors) use projection::{COLUMNS, COMPONENTS};
pub(in crate::neighbors) use visit::ByClusters;
