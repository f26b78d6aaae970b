//! Perplexity calibration: from distances to the weights of a Gaussian whose entropy is given.

mod calibration;
mod exp;
mod model;
mod rule;
mod warning;
mod weights;

pub use calibration::{Calibration, calibrate_row};
pub use model::PerplexityAffinity;
pub(crate) use rule::{PerplexityRule, check_graph_k, check_k};
pub use warning::Warning;
pub(crate) use weights::{Gaussians, row_weights};
