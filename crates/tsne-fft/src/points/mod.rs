//! Points in the order of the grid.

pub(crate) mod acting;
pub(crate) mod slabs;
pub(crate) mod sorted;
