#![doc = include_str!("../README.md")]

pub mod args;
pub mod input;
pub mod output;
pub mod plot;
pub mod report;

mod memory;

pub use memory::peak_bytes;
