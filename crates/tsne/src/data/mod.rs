//! What maps are made from: data points, borrowed or shared, moved to the origin where they are far from it; their
//! affinities; and what new points come as.

pub(crate) mod affinity_index;
pub(crate) mod dataset;
pub(crate) mod input;
pub(crate) mod kept;
mod kept_index;
pub(crate) mod new_affinities;
pub(crate) mod new_points;
pub(crate) mod recipe;
pub(crate) mod search_quality;

mod columns;
mod distances;
pub(crate) mod fingerprint;
pub(crate) mod own;
