//! How the distance of two points is measured: the choice, its names, its parameters and its definition.

mod check;
pub(crate) mod covariance;
pub(crate) mod distance;
#[cfg(feature = "serde")]
mod document;
mod function;
mod kind;
mod moments;
mod parse;
mod resolve;
mod translation;

pub use function::DistanceFunction;
pub use kind::Metric;
pub use translation::Translation;
