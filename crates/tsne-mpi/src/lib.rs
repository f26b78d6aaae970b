#![doc = include_str!("../README.md")]

mod team;

pub use team::MpiTeam;
