//! Sums over pairs.

pub(crate) mod all;
pub(crate) mod near;
pub(crate) mod rows;
pub(crate) mod share;
