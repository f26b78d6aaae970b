//! Public numerical functions against the same in 31 digits, on clouds that are hard on numbers. What is asked of a function is what
//! its rounding must cost, counted along its operations, or what its documentation promises.
#![allow(clippy::unwrap_used)]

mod affinities;
mod attraction;
mod clouds;
mod distances;
mod divergence;
mod grids;
mod measures;
mod repulsion;
mod start;
mod wide;
