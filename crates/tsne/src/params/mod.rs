//! Every parameter, each defined once. Presets are values of these types.

#[macro_use]
pub(crate) mod name;
#[macro_use]
mod setters;

pub(crate) mod affinity_method;
pub(crate) mod callbacks;
pub(crate) mod initialization;
pub(crate) mod learning_rate;
pub(crate) mod neighbors;
pub(crate) mod optimize;
pub(crate) mod optimizer;
pub(crate) mod preset;
pub(crate) mod random_state;
pub(crate) mod repulsion;
pub(crate) mod schedule;
pub(crate) mod transform;
