//! The black-box tests, in one binary: what they share is compiled once.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod accuracy;
mod determinism;
#[cfg(feature = "serde")]
mod documents;
mod errors;
mod oracle;
mod outliers;
mod properties;
mod reference;
mod team;
mod tolerance;
