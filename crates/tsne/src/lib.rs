//! t-SNE: maps of high-dimensional data, fast, accurate, deterministic for any number of threads, and made of parts.
//!
//! [`Tsne`] is the whole method with openTSNE's parameters, built by [`TsneBuilder`] from one of three [`Preset`]s:
//!
//! ```
//! use tsne::{Rows, Tsne};
//!
//! // 60 points in 5 dimensions, row by row.
//! let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
//! let tsne = Tsne::<f32, 2>::builder().perplexity(10.0).build()?;
//! let embedding = tsne.fit(Rows::new(&data, 60, 5)?)?;
//! let map: &[[f32; 2]] = embedding.positions();
//! assert_eq!(map.len(), 60);
//! println!("KL divergence {}", embedding.kl_divergence());
//! # Ok::<(), tsne::Error>(())
//! ```
//!
//! The stages are crates of their own, re-exported as modules: [`core`] the vocabulary and the traits behind
//! which each stage can be swapped, [`affinity`] neighbors and perplexity, [`bh`] and [`fft`] the repulsion, [`optim`]
//! the objective and its descent. [`initialization`] and [`metrics`] are this crate's own.
//!
//! Build with optimization (`--release`): a fit in a plain development build takes tens of times longer.
//!
//! Neighbors are exact up to 10,000 points and found with a recall of .99 beyond; forces are sums over all pairs of small maps, and
//! of larger ones approximations whose error can be [bounded](Tsne::builder) (`force_tolerance`) and [measured](ForceError).
//!
//! # What is guaranteed
//!
//! The same data, parameters and seed give the same bits for any number of threads. Nothing is printed, and no input
//! makes a call panic: every error says what was given, what is allowed, and what to do.
//!
//! # Features
//!
//! All are off by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `ndarray` | [`Rows`] from an `ArrayView2` and back, views of a [`KnnGraph`] |
//! | `faer` | [`core`]`::row_major`, the rows of a `MatRef` |
//! | `serde` | parameters, schedules and reports as documents |
#![cfg_attr(feature = "serde", doc = include_str!("document/documents.md"))]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

pub use tsne_affinity as affinity;
pub use tsne_bh as bh;
pub use tsne_core as core;
pub use tsne_fft as fft;
pub use tsne_optim as optim;

pub mod files;
pub mod initialization;
pub mod metrics;
pub mod plan;

#[macro_use]
mod params;

mod builder;
mod data;
#[cfg(feature = "serde")]
mod document;
mod fit;
mod float;
mod force_error;
#[cfg(debug_assertions)]
mod instances;
mod maps;
mod model;
mod threads;
mod warning;

pub use builder::{Tsne, TsneBuilder};
pub use data::affinity_index::AffinityIndex;
pub use data::dataset::Dataset;
pub use data::input::Input;
pub use data::new_affinities::NewAffinities;
pub use data::new_points::NewPoints;
pub use data::search_quality::SearchQuality;
pub use float::Float;
pub use force_error::ForceError;
pub use maps::embedding::Embedding;
pub use maps::interrupt::OptimizationInterrupt;
pub use maps::partial::PartialEmbedding;
pub use maps::timings::{PhaseTime, Timings};
pub use model::load::Model;
pub use model::store;
pub use model::store::StoreError;
pub use params::affinity_method::AffinityMethod;
pub use params::callbacks::{Callback, Callbacks, Observers};
pub use params::initialization::{Initialization, PartialInitialization};
pub use params::learning_rate::{EarlyExaggeration, LearningRate};
pub use params::name::IntoParam;
pub use params::neighbors::Neighbors;
pub use params::optimize::{Optimize, OptimizeParams};
pub use params::optimizer::CustomOptimizer;
pub use params::preset::Preset;
pub use params::random_state::RandomState;
pub use params::repulsion::{CustomRepulsion, RepulsionMethod, RepulsionParams};
pub use params::schedule::Schedule;
pub use params::transform::{NewPerplexities, TransformParams};
pub use threads::with_threads;
pub use tsne_affinity::{Metric, Translation};
pub use tsne_core::{
    Affinities, AffinityModel, CancelToken, Context, Error, Iteration, Kernel, KnnGraph, NeighborIndex, NeighborSearch,
    Observer, Optimizer, Points, Progress, ReferenceRepulsion, Repulsion, Result, Rows, Scalar, SharedPoints,
    SharedRows, SharedSparseRows, SparseRows, Stage,
};
pub use tsne_fft::{GridParams, Interpolation};
pub use tsne_optim::{Finish, Momentum, MomentumGains};
pub use warning::{NotDistances, RestartCause, Warning};
