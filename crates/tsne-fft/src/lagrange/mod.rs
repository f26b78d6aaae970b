//! The scheme of FIt-SNE and openTSNE.

pub(crate) mod field;
