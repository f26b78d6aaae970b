//! The command and its library from outside, in one binary: its parts share what they link.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod common;
mod demo;
mod determinism;
mod errors;
mod explore;
mod flags;
mod formats;
mod labels;
mod readers;
mod resume;
mod score;
mod sparse;
mod tables;
mod targets;
mod transform;
