//! From points to affinities: neighbor search, perplexity calibration, symmetrization.
//!
//! The chain has three links, each of which works alone:
//!
//! 1. a [`NeighborSearch`] finds the `k` nearest neighbors of each point: [`ExactSearch`],
//!    which chooses among [`KdTreeSearch`], [`VpTreeSearch`] and [`BruteForceSearch`] by the [`Metric`] and the dimension of
//!    the data;
//!    [`ApproximateSearch`] finds most of them in a fraction of the time; [`AutoSearch`] chooses between the two;
//! 2. [`PerplexityAffinity`] fits a Gaussian to each point's distances, so that its neighbors have a given perplexity
//!    (van der Maaten and Hinton 2008, "Visualizing data using t-SNE"); [`calibrate_row`] does it for one row;
//! 3. [`symmetrize`] joins the rows into one symmetric matrix with sum 1.
//!
//! [`affinities`] runs all three, and so does [`PerplexityAffinity::affinities`]; each search and each model has the usual calls
//! as methods of its own. All names of `tsne-core` that stand in signatures here are this crate's, too.
//!
//! # Affinity models
//!
//! Each is an [`AffinityModel`]: joint affinities of one set of points, conditional affinities of
//! new points.
//!
//! - [`PerplexityAffinity`]: Gaussians of a given perplexity, a mixture of several ([`PerplexityAffinity::mixture`]), or the
//!   average of the affinities of several ([`PerplexityAffinity::multiscale`]).
//! - [`FixedSigma`]: Gaussians of one width for all points.
//! - [`Uniform`]: the same weight for each of the nearest neighbors.
//! - [`precomputed_joint`], [`precomputed_conditional`] and their dense forms: a matrix that is there already.
//!
//! [`Symmetrization`] says how the two directions of a pair become one. Whatever is not used as given is told by a
//! [`Warning`], a value; nothing is printed.
//!
//! # Metrics
//!
//! [`Metric`] has those of SciPy, scikit-learn, pynndescent and Annoy that make sense for t-SNE, any function of two rows
//! ([`Metric::function`]), and a given matrix of distances ([`Metric::Precomputed`]). Dense and, where
//! [`Metric::takes_sparse`] says so, sparse rows. Metrics that are the Euclidean distance or the cosine of mapped rows run
//! at the speed of those two, and sparse rows are compared by the columns they share under most metrics; all else is summed
//! pair by pair.
//!
//! # What is guaranteed
//!
//! - Neighbors of the exact searches are exact: row `i` holds the `k` smallest pairs `(distance, index)`, whatever the method, the number
//!   of threads and the vector unit. Distances are summed in `f64` from the given coordinates (mapped in `f64` where the
//!   metric asks for it) and rounded once to the scalar of the data, so ties are ties of the returned numbers. The fast methods select with a
//!   bound on their own error and leave every decision within that bound to the exact distance.
//! - Duplicated points cost no more time and memory than single ones, but in an exact search of sparse rows (where many equal
//!   rows are measured against each other), and in [`VpTreeSearch`] and [`ApproximateSearch`] under [`Metric::function`],
//!   [`Metric::Dot`] and [`Metric::RussellRao`].
//! - Joint affinities are symmetric in structure and in every bit, unless [`Symmetrization::None`] asks for others or a
//!   given matrix is taken as it is.
//!
//! # What is not guaranteed
//!
//! - The order of points whose distances differ by less than the rounding of an `f64` sum of `d` terms.
//! - In `f64`, distances below 1e-154 of the largest coordinate: they may underflow to 0.

mod calls;
mod given;
mod limits;
mod metric;
mod model;
mod neighbor_count;
mod neighbors;
mod ordered;
mod perplexity;
mod symmetrize;
mod warning;

pub use calls::affinities;
pub use given::{
    Precomputed, precomputed_conditional, precomputed_conditional_dense, precomputed_joint, precomputed_joint_dense,
};
pub use metric::{DistanceFunction, Metric, Translation};
pub use model::{FixedSigma, PerplexityAffinity, Uniform};
pub use neighbors::{
    ApproximateSearch, AutoSearch, BruteForceSearch, DataShape, ExactSearch, KdTreeSearch, NeighborDescent,
    SearchMethod, SearchPlan, VpTreeSearch,
};
pub use perplexity::{Calibration, calibrate_row};
pub use symmetrize::{Symmetrization, symmetrize, symmetrize_with};
#[cfg(feature = "faer")]
pub use tsne_core::row_major;
pub use tsne_core::{
    Affinities, AffinityKind, AffinityModel, CancelToken, Context, Error, KnnGraph, NeighborIndex, NeighborSearch,
    Points, Progress, Result, Rows, Scalar, SharedPoints, SharedRows, SharedSparseRows, SparseRows, Stage,
};
pub use warning::Warning;

/// The example of the README, compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
pub struct Readme;
