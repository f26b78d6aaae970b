//! Black-box tests of the objective and the descent, all against the sums of `oracle`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attraction;
mod auto_traits;
mod clusters;
mod coincidence;
mod conditional;
mod descent;
mod determinism;
#[cfg(feature = "serde")]
mod documents;
mod exact;
mod joint;
mod normalizer;
mod observing;
mod optimizer;
mod oracle;
mod properties;
mod refusals;
mod team;
