//! Searches that know nothing but distances, under any metric.

pub(super) mod distances;
pub(super) mod graph;
mod grouped;
mod halving;
pub(super) mod scan;
pub(super) mod space;
pub(super) mod vp_tree;
