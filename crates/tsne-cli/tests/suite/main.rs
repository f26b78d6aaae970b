//! The command and its library from outside, in one binary: its parts share what they link.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod archives;
#[cfg(feature = "columnar")]
mod columnar;
mod columns;
mod common;
mod demo;
mod determinism;
mod errors;
mod explore;
mod film;
mod flags;
mod formats;
#[cfg(feature = "h5ad")]
mod h5ad;
mod labels;
mod opened;
mod order;
#[cfg(unix)]
mod pipes;
mod plan;
mod plot;
mod prepare;
mod readers;
mod resume;
mod score;
mod scratch;
mod sparse;
mod tables;
mod targets;
mod team;
mod tiles;
mod transform;
