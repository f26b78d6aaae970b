//! Black-box tests of the facade. One binary: the generic code of the crate is compiled once for all of them.
#![allow(clippy::unwrap_used)]

mod any_input;
mod coarse;
mod coarse_team;
#[path = "../common/mod.rs"]
mod common;
mod dealt;
mod defaults;
mod determinism;
#[cfg(feature = "serde")]
mod documents;
mod fit;
mod force_error;
mod initialization;
mod inputs;
mod load;
mod median;
mod metrics;
mod new_points_index;
mod offsets;
mod optimize;
mod own_code;
mod plan;
mod resume;
mod save;
mod scratch;
mod search_quality;
mod sparse_pca;
mod spectral;
mod store;
mod team;
mod threads;
mod transform;
mod warnings;
