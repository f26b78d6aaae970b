//! The t-SNE objective and its descent.
//!
//! - [`Joint`] is the objective of a fit: attraction along sparse affinities, repulsion by any
//!   [`Repulsion`], the KL divergence. [`Conditional`] is that of new points against a fixed
//!   reference. Both are an [`Objective`].
//! - [`Exact`] and [`ExactReference`] are the O(n²) repulsion: the oracle of every approximation, and the fastest
//!   choice for small maps. [`normalizer`] is what the KL divergence needs of it.
//! - [`MomentumGains`] is the update rule of t-SNE with either form of momentum, and [`Descent`] runs phases of it.
//!
//! # The gradient
//!
//! `KL(P‖Q) = Σ_ij p_ij ln(p_ij / q_ij)` with `q_ij = w(r_ij²) / Z` (van der Maaten and Hinton 2008) has the gradient
//! `4 Σ_j (e p_ij - q_ij) (y_i - y_j) / (1 + r_ij²/dof)`, where `e` is the exaggeration. All gradients here leave out the
//! factor 4, as openTSNE does: learning rates of the literature that keep it are four times smaller.
//!
//! # What is guaranteed
//!
//! - The same bits for any number of threads.
//! - The affinities are never modified, also under exaggeration.
//! - A descent of fifty iterations equals fifty descents of one, bit for bit, as long as the optimizer is the same; and a phase
//!   with a transition or a stopping rule equals its [parts](Descent::run_part). With a [`JointState`] that goes from one to the
//!   next they cost the same, too.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod attraction;
mod descent;
mod objective;

pub use attraction::attract::attract;
pub use descent::momentum_gains::{Momentum, MomentumGains};
pub use descent::outcome::{Finish, Outcome};
pub use descent::part::{Part, PhaseState};
pub use descent::phase::{Phase, Transition};
pub use descent::run::Descent;
pub use objective::conditional::Conditional;
pub use objective::evaluate::{Evaluation, Objective};
pub use objective::exact::{Exact, ExactReference};
pub use objective::joint::{Joint, JointState, kl_divergence, kl_shares};
pub use objective::normalizer::normalizer;

// What the signatures above name: this crate is all that its users need to depend on.
pub use tsne_core::{
    Affinities, AffinityKind, CancelToken, Context, Error, Iteration, Kernel, Observer, Optimizer, Progress,
    ReferenceRepulsion, Repulsion, Result, Scalar, Stage, Step,
};
