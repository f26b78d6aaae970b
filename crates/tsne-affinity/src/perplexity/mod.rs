//! Perplexity calibration: from distances to the weights of a Gaussian whose entropy is given.

mod calibration;
mod exp;
mod model;
mod warning;

pub use calibration::{Calibration, calibrate_row};
pub use model::PerplexityAffinity;
pub use warning::Warning;
