//! Which grid: by its cost, by the error that is asked for.

pub(crate) mod cost;
pub(crate) mod density;
pub(crate) mod fine;
pub(crate) mod noise;
pub(crate) mod sample;
pub(crate) mod tolerance;
