//! The two geometries that have fast searches, the Euclidean distance and the cosine.
//!
//! A `Mapping` says which metrics are one of them after a map of the rows. `IndexedPoints` hold what all methods share: the
//! points, the geometry, which points are duplicates of each other. A `Finder` finds the neighbors among the points that are
//! no duplicates; an `Index` puts the duplicates back.

mod candidates;
pub(super) mod clusters;
mod finder;
pub(super) mod geometry;
pub(super) mod index;
pub(super) mod indexed;
pub(super) mod kd_tree;
pub(super) mod mapping;
mod packed;
mod packing;
pub(super) mod products;
mod ranks;
pub(super) mod row_map;
mod score;
mod strips;
