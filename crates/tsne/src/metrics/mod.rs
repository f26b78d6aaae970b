//! Measures of a map: how well it keeps neighbors and distances, how well it separates labels, and what it costs.
//!
//! - [`Comparison`] holds a map against its data: [`trustworthiness`], [`Comparison::continuity`], [`neighbor_recall`],
//!   [`spearman`]. The functions use Euclidean distances and all points; the struct takes any
//!   neighbor search, samples, and can be cancelled.
//! - [`Comparison::per_point`] measures how the neighborhood of each point is kept, of several maps at once if there are more:
//!   [`PointMeasures`], whose means are the measures of the map.
//! - [`kl_divergence`] and [`pbic`] measure the objective itself, [`kl_shares`] the part of each point in it.
//! - [`label_agreement`] and [`extent`] need the map alone.

mod comparison;
mod correlation;
mod divergence;
mod extent;
mod labels;
mod measures;
mod per_point;
mod ranks;
mod recall;

pub use comparison::Comparison;
pub use correlation::spearman;
pub(crate) use divergence::doubt;
pub use divergence::{kl_divergence, kl_shares, pbic};
pub use extent::extent;
pub use labels::label_agreement;
pub use measures::Measures;
pub use per_point::PointMeasures;
pub use ranks::{trustworthiness, trustworthiness_sampled};
pub(crate) use recall::recall_of_search;
pub use recall::{graph_recall, neighbor_recall};
