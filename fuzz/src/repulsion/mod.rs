//! Repulsion among points and on new ones, against sums over all pairs.

pub(crate) mod grid;
pub(crate) mod tree;
mod walk;
