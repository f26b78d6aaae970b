//! How an objective is minimized: what one iteration does, and when the next one comes.

mod center;
mod coincidence;
mod limits;
pub(crate) mod momentum_gains;
pub(crate) mod outcome;
pub(crate) mod part;
pub(crate) mod phase;
pub(crate) mod run;
