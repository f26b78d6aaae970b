//! Black-box tests of the vocabulary, a module for each part.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod affinities;
mod auto_traits;
mod blocks;
mod buckets;
mod chunks;
mod context;
mod errors;
mod graph;
mod kernel;
mod lanes;
mod limits;
mod math;
mod matrices;
mod memory;
mod morton;
mod points;
mod profiles;
mod properties;
mod random;
mod rows;
mod seams;
#[cfg(feature = "serde")]
mod serial;
mod simd;
