//! Public numerical functions against the same in 31 digits, on clouds that are hard on numbers. What is asked of a function is what
//! its rounding must cost, counted along its operations, or what its documentation promises.
#![allow(clippy::unwrap_used)]

/// Calls a function for both types of numbers, and maps of one to three dimensions.
macro_rules! in_every_dimension {
    ($check:ident) => {
        $check::<f32, 1>();
        $check::<f64, 1>();
        $check::<f32, 2>();
        $check::<f64, 2>();
        $check::<f32, 3>();
        $check::<f64, 3>();
    };
}

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
