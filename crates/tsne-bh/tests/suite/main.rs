//! Black-box tests of the tree and its two repulsions. One binary: the generic code of the crate is compiled once for all of them.
#![allow(clippy::unwrap_used)]

mod accuracy;
#[path = "../common/mod.rs"]
mod common;
mod degenerate;
mod determinism;
mod oracle;
mod properties;
mod reference;
mod stacks;
mod team;
mod tolerance;
mod tree;
