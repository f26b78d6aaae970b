//! From points to affinities: exact neighbor search, perplexity calibration, symmetrization.
//!
//! The chain has three links, each of which works alone:
//!
//! 1. a [`NeighborSearch`](tsne_core::NeighborSearch) finds the `k` nearest neighbors of each point: [`ExactSearch`],
//!    which chooses between [`KdTreeSearch`] and [`BruteForceSearch`] by the dimension of the data;
//! 2. [`PerplexityAffinity`] fits a Gaussian to each point's distances, so that its neighbors have a given perplexity
//!    (van der Maaten and Hinton 2008, "Visualizing data using t-SNE"); [`calibrate_row`] does it for one row;
//! 3. [`symmetrize`] joins the rows into one symmetric matrix with sum 1.
//!
//! [`affinities`] runs all three.
//!
//! # What is guaranteed
//!
//! - Neighbors are exact: row `i` holds the `k` smallest pairs `(distance, index)`, whatever the method, the number
//!   of threads and the vector unit. Distances are summed in `f64` from the differences of the given coordinates and
//!   rounded once to the scalar of the data, so ties are ties of the returned numbers. The fast methods select with a
//!   bound on their own error and leave every decision within that bound to the exact distance.
//! - Duplicated points cost time and memory like single ones.
//! - Joint affinities are symmetric in structure and in every bit.
//!
//! # What is not guaranteed
//!
//! - The order of points whose distances differ by less than the rounding of an `f64` sum of `d` squares.
//! - In `f64`, distances below 1e-154 of the largest coordinate: they may underflow to 0.

mod chain;
mod metric;
mod neighbors;
mod perplexity;
mod symmetrize;

pub use chain::affinities;
pub use metric::Metric;
pub use neighbors::{BruteForceSearch, ExactSearch, KdTreeSearch};
pub use perplexity::{Calibration, PerplexityAffinity, Warning, calibrate_row};
pub use symmetrize::symmetrize;

/// The example of the README, compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
pub struct Readme;
