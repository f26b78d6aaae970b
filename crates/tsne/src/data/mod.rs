//! What maps are made from: data points, borrowed or shared, moved to the origin where they are far from it; their
//! affinities; and what new points come as.

mod affinity_index;
mod columns;
mod dataset;
mod distances;
mod input;
mod kept;
mod new_affinities;
mod new_points;
mod recipe;

pub use affinity_index::AffinityIndex;
pub(crate) use affinity_index::Keep;
pub use dataset::Dataset;
pub use input::Input;
pub(crate) use kept::{Kept, Matrix};
pub use new_affinities::NewAffinities;
pub use new_points::NewPoints;
pub(crate) use recipe::Recipe;
