#![doc = include_str!("../README.md")]

pub mod args;
pub mod explore;
pub mod film;
pub mod input;
pub mod output;
pub mod plot;
pub mod prepare;
pub mod report;

#[cfg(not(test))]
mod command;
mod memory;

#[cfg(not(test))]
pub use command::{Failure, main, run, run_in_team};
pub use memory::{available_bytes, peak_bytes};
