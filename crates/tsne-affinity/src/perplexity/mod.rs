//! Perplexity calibration: from distances to the weights of a Gaussian whose entropy is given.

mod calibration;
pub(crate) mod perplexities;
pub(crate) mod weights;

pub use calibration::{Calibration, calibrate_row};
