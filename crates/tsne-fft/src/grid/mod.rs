//! Charges to nodes, nodes to potentials, potentials to points.

pub(crate) mod convolver;
pub(crate) mod exchange;
pub(crate) mod gather;
pub(crate) mod nodes;
pub(crate) mod room;
pub(crate) mod spectrum;
pub(crate) mod spread;
pub(crate) mod stencil;
pub(crate) mod transforms;
