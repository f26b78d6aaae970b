//! Maps: of fitted points and of new ones in them, and their descent.

#[macro_use]
mod shared;

pub(crate) mod dealt;
pub(crate) mod embedding;
pub(crate) mod interrupt;
pub(crate) mod partial;
pub(crate) mod reference;
pub(crate) mod restart;
pub(crate) mod run;
pub(crate) mod start;
pub(crate) mod timings;
pub(crate) mod transform;
pub(crate) mod unfinished;
