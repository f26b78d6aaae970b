//! The memory that joining takes, from sizes alone.

use super::dealt::TOGETHER;
use super::symmetrization::Symmetrization;

impl Symmetrization {
    /// The bytes that are in use, about, where joint affinities are made of the `k` neighbors of each of `n` points: neighbors,
    /// distances until they are weights, weights, and the matrix of `entries` that takes their place. `scalar` is the size of a
    /// number.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Symmetrization;
    ///
    /// // At the least the neighbors with two numbers each.
    /// assert!(Symmetrization::Mean.peak_bytes(70_000, 90, 9_700_000, 4) >= 70_000 * 90 * 12);
    /// ```
    pub fn peak_bytes(self, n: usize, k: usize, entries: u64, scalar: usize) -> u64 {
        let (scalar, listed) = (scalar as f64, n as f64 * k as f64);
        let weighted = listed * (4.0 + scalar);
        let matrix = entries as f64 * (4.0 + scalar) + 8.0 * n as f64;
        let with_distances = weighted + listed * scalar;
        let joining = match self {
            Self::None => weighted + matrix,
            // Entries sorted by where they point replace the lists, part by part, and the matrix replaces them: a part is there
            // twice meanwhile.
            _ => {
                let part = TOGETHER as f64 * (1.0 + scalar / 4.0);
                weighted + weighted.max(matrix) + weighted.min(2.0 * part)
            }
        };
        with_distances.max(joining) as u64
    }
}
