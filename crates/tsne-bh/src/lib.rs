//! t-SNE repulsion by Barnes-Hut on a linear Morton tree, in one, two and three dimensions.
//!
//! [`BarnesHut`] computes the repulsion among the points of an embedding, [`BarnesHutReference`] that of new points
//! from a fixed one; both have a threshold `theta` that trades accuracy for time, and any degrees of freedom of the
//! kernel. [`Tree`] is the tree below them.
//!
//! # What is guaranteed
//!
//! - The same bits for any number of threads, and for any number of members of a team that compute together.
//! - `theta = 0` gives the exact sums up to rounding.
//! - Any finite points work, duplicates, near-duplicates and lines included: no mass is lost, no point acts on
//!   itself, and coincident points act on each other with weight 1.
//! - A second call of [`BarnesHut`] at the same number of points does not allocate, but for threads that had no work before.
//! - Stacks of 256 KiB are enough for any number of points, wherever they are: nothing recurses on them.
//!
//! # What is not guaranteed
//!
//! - That forces sum to zero: for `theta > 0`, what a cell does to a point is not what the point does to the cell.
//! - An error below a given bound: it is of the order `theta³` relative to the sum of the sizes of all terms, and
//!   far smaller where errors of single cells cancel. Maps that are no larger than `theta` err by the order `theta²`.
#![doc = include_str!("README.md")]

mod cells;
mod dimensions;
mod fit;
mod moments;
mod node;
mod order;
mod reference;
mod sources;
mod subtree;
mod sums;
mod tolerance;
mod top;
mod tree;
mod walk;
mod workers;

pub use fit::{BarnesHut, DEFAULT_THETA};
pub use reference::BarnesHutReference;
pub use tolerance::theta_for;
pub use tree::{Cell, Tree};
// What the signatures above name: this crate is all that its users need to depend on.
pub use tsne_core::{
    CancelToken, Context, Error, Kernel, Progress, ReferenceRepulsion, Repulsion, Result, Scalar, Stage, Team,
};

/// The example of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
