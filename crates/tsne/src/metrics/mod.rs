//! Measures of a map: how well it keeps neighbors and distances, how well it separates labels, and what it costs.
//!
//! - [`Comparison`] holds a map against its data: [`trustworthiness`], [`Comparison::continuity`], [`neighbor_recall`],
//!   [`spearman`]. The functions use Euclidean distances and all points; the struct takes any
//!   neighbor search, samples, and can be cancelled.
//! - [`kl_divergence`] and [`pbic`] measure the objective itself.
//! - [`label_agreement`] and [`extent`] need the map alone.

mod comparison;
mod correlation;
mod divergence;
mod extent;
mod labels;
mod measures;
mod ranks;
mod recall;

pub use comparison::Comparison;
pub use correlation::spearman;
pub(crate) use divergence::doubt;
pub use divergence::{kl_divergence, pbic};
pub use extent::extent;
pub use labels::label_agreement;
pub use measures::Measures;
pub use ranks::{trustworthiness, trustworthiness_sampled};
pub(crate) use recall::recall_of_search;
pub use recall::{graph_recall, neighbor_recall};
