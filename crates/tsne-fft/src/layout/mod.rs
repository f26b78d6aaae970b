//! Where the nodes of a grid stand.

pub(crate) mod bounds;
pub(crate) mod lengths;
pub(crate) mod shape;
