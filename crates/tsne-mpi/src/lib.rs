#![doc = include_str!("../README.md")]

mod team;
mod waiting;

pub use team::MpiTeam;
