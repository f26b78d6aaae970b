//! The memory of the attraction, from sizes alone.

use super::lanes::LANES;
use super::renumber::RENUMBER_FROM;
use super::rows::{RowStart, are_counts};
use crate::objective::joint::JointState;
use tsne_core::Scalar;

impl<T: Scalar, const D: usize> JointState<T, D> {
    /// The bytes that it comes to, about, for affinities of `n` points with so many entries: from 8,192 points on a copy of them in
    /// an order of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::JointState;
    ///
    /// assert_eq!(JointState::<f32, 2>::planned_bytes(1_000, 120_000), 0);
    /// // Two bytes for the column and two for the weight of each entry.
    /// assert!(JointState::<f32, 2>::planned_bytes(10_000, 1_400_000) > 4 * 1_400_000);
    /// ```
    pub fn planned_bytes(n: usize, entries: u64) -> u64 {
        if n < RENUMBER_FROM {
            return 0;
        }
        // Of the last chunk of a row half is filled.
        let padded = entries as f64 + (LANES / 2) as f64 * n as f64;
        // Of more points some rows reach farther than an offset does; how many, their order decides.
        let column = if n > usize::from(u16::MAX) { 4 } else { 2 };
        let weight = if are_counts::<T>() { 2 } else { size_of::<T>() };
        // Where rows start; orders with their inverses, of now and of the next time; and keys by which one is sorted.
        let of_point = size_of::<RowStart<T>>() + 4 * size_of::<u32>() + 16;
        let buffers = 2 * D * size_of::<T>();
        (padded * (column + weight) as f64 + n as f64 * (of_point + buffers) as f64) as u64
    }
}
