//! Joining the rows of conditional affinities into one symmetric matrix.
//!
//! Row `i` of the result holds the neighbors of `i` and the points that have `i` as a neighbor. The latter are the rows of the
//! transposed matrix, which is made in buckets of rows: entries are dealt to them (`dealt`), in a team those of other members'
//! rows are sent there, and each bucket is sorted (`incoming`), merged with its own rows (`merge`) and freed while the result grows.

mod dealt;
mod incoming;
mod joint;
mod merge;
mod plan;
pub(crate) mod sort;
mod symmetrization;
pub(crate) mod weighted;

pub(crate) use joint::symmetrize_owned;
pub use joint::{symmetrize, symmetrize_with};
pub use symmetrization::Symmetrization;
