//! Affinities that the caller has already, taken as they are.

mod affinities;
mod sorted_rows;
mod source;

pub use affinities::{
    Precomputed, precomputed_conditional, precomputed_conditional_dense, precomputed_joint, precomputed_joint_dense,
};
