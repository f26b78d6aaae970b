//! The attraction along sparse affinities.

pub(crate) mod attract;
mod avx2;
mod gather;
mod lanes;
mod order;
mod plan;
pub(crate) mod renumber;
mod rows;
mod sums;
