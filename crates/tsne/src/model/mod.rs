//! Saved models: the container, and embeddings in it.

pub(crate) mod load;
mod names;
mod params;
mod parts;
mod save;
mod state;
pub mod store;
mod unfinished;
