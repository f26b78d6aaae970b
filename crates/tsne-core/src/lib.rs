//! The vocabulary of the t-SNE toolkit: what two of its crates both need, and nothing else.
//!
//! A crate that computes affinities, a tree, a grid or a descent depends on this one and on none of its
//! siblings. Here are
//!
//! - the number types and views: [`Scalar`], [`Points`] ([`Rows`] or [`SparseRows`]), [`Kernel`];
//! - the values that pass from one stage to the next: [`KnnGraph`], [`Affinities`];
//! - the seams, small dyn-compatible traits behind which a stage can be swapped: [`NeighborSearch`] and
//!   [`NeighborIndex`], [`AffinityModel`], [`Repulsion`] and [`ReferenceRepulsion`], [`Optimizer`], [`Observer`];
//! - what long calls share: [`Error`], [`Context`] with cancellation, progress and the [`Team`] of processes, ordered reductions
//!   ([`blocks`]), what of a computation waits for what ([`span`]), counter-based randomness ([`random`]) and run-time dispatch to wider vector units ([`simd`]);
//! - what two crates need alike: logarithms and exponentials that vectorize ([`math`]), the curve along which points are ordered
//!   ([`morton`]), the stable counting sort ([`buckets`]) and the radix sort of such keys ([`radix`]), arrays that may not fit ([`memory`]), what 32-bit indices name
//!   ([`limits`]).
//!
//! # Names
//!
//! `n` points, `d` input dimensions, `D` embedding dimensions (a const parameter), `k` neighbors, `x` data,
//! `y` embedding, `p` affinities, `z` normalizer, `dof` degrees of freedom of the kernel.
//!
//! # Determinism
//!
//! ## What is guaranteed
//!
//! The same input, parameters and binary give the same bits for any number of threads, and of members of a [`Team`]: results are
//! written to disjoint places, floating-point sums run over blocks of constant size and are folded in their order.
//!
//! ## What is not guaranteed
//!
//! The same bits from another compiler version or another target: the mathematical functions of the platform
//! (`exp`, `ln`, `powf`) may differ in the last digit.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

pub mod blocks;
pub mod buckets;
pub mod chunks;
#[doc(hidden)]
pub mod instances;
pub mod lanes;
pub mod limits;
pub mod math;
pub mod memory;
pub mod morton;
pub mod radix;
pub mod random;
#[cfg(feature = "serde")]
pub mod serial;
pub mod simd;
pub mod span;

mod affinities;
mod array;
mod binary;
mod bounds;
mod context;
mod dealt;
mod error;
#[cfg(feature = "faer")]
mod faer_matrices;
mod graph;
mod kernel;
#[cfg(feature = "ndarray")]
mod ndarray_views;
mod points;
#[cfg(feature = "span")]
mod recorder;
mod rows;
mod scalar;
mod scratch;
mod seams;
mod shared;
mod shares;
mod sparse;
mod team;
mod thread_team;
mod wire;

pub use affinities::{Affinities, AffinityKind};
pub use array::{Array, Plain};
pub use bounds::Bounds;
pub use context::{CancelToken, Context, Progress, Stage};
pub use dealt::DealtRows;
pub use error::{Error, Result};
#[cfg(feature = "faer")]
pub use faer_matrices::row_major;
pub use graph::KnnGraph;
pub use kernel::{Kernel, Profile, ProfileVisitor};
pub use points::Points;
pub use rows::{Rows, check_embedding};
pub use scalar::{Instances, Scalar};
pub use scratch::{Mapping, Scratch};
pub use seams::{
    AffinityModel, Iteration, NeighborIndex, NeighborSearch, Observer, Optimizer, ReferenceRepulsion, Repulsion, Step,
};
pub use shared::{SharedPoints, SharedRows, SharedSparseRows};
pub use shares::rows_of;
pub use sparse::SparseRows;
pub use team::{Team, check_ends, share};
pub use thread_team::ThreadTeam;
pub use wire::Wire;
