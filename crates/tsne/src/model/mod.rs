//! Saved models: the container, and embeddings in it.

pub(crate) mod load;
mod names;
mod save;
pub mod store;
