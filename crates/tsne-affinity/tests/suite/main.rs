//! Black-box tests of the neighbor searches and the affinities. One binary: the generic code of the crate is compiled once for all of them.
#![allow(clippy::unwrap_used)]

mod affinities;
#[path = "../common/mod.rs"]
mod common;
mod neighbors;
