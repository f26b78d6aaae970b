//! The scheme of one charge and one kernel.

pub(crate) mod convolutions;
pub(crate) mod field;
pub(crate) mod order;
pub(crate) mod single;
pub(crate) mod split;
