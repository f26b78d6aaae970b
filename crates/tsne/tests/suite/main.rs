//! Black-box tests of the facade. One binary: the generic code of the crate is compiled once for all of them.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod determinism;
mod fit;
mod initialization;
