//! Black-box tests of the neighbor searches and the affinities. One binary: the generic code of the crate is compiled once for all of them.
#![allow(clippy::unwrap_used)]

mod affinities;
mod approximate;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "serde")]
mod documents;
mod faults;
mod metrics;
mod models;
mod neighbors;
mod precomputed;
mod ranks;
mod shared;
mod sparse;
mod team;
mod vp_tree;
