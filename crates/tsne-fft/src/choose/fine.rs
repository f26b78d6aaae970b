//! Pairs that share a small cell, for every size of cells at once.
//!
//! Cells that halve the side of a map twenty times are too many for a table. Points are told apart by their Morton codes
//! instead, the bits of their cells along all axes in turn: points share a cell if their codes begin alike, and stand side by
//! side once the codes are sorted.

use crate::layout::bounds::Bounds;
use crate::scalar::GridScalar;

/// The finest cells halve the longest side so often. A grid of [`crate::GridParams::MAX_PADDED_NODES`] nodes, half of which are
/// padding, has at most 2²³ spacings along that side, and near pairs of seven cells: a 2²⁰th. In three dimensions the codes fill 63 bits.
pub(crate) const FINEST: usize = 21;

/// Pairs of a sample of points by the cells they share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FineCounts {
    /// By the number of halvings.
    others: [f64; FINEST + 1],
}

impl FineCounts {
    /// Counts the pairs of a sample. `codes` is memory to work in.
    pub(crate) fn of<'a, T: GridScalar, const D: usize>(
        sample: impl Iterator<Item = &'a [T; D]>,
        bounds: &Bounds<T, D>,
        codes: &mut Vec<u64>,
    ) -> Self {
        let cells = 1i32 << FINEST;
        let inverse = T::from_f64(f64::from(cells) / bounds.extent());
        codes.clear();
        codes.extend(sample.map(|point| {
            let at: [i32; D] =
                std::array::from_fn(|c| ((point[c] - bounds.low[c]) * inverse).to_i32().clamp(0, cells - 1));
            (0..FINEST).rev().fold(0, |code, bit| at.iter().fold(code, |code, at| code << 1 | (at >> bit & 1) as u64))
        }));
        codes.sort_unstable();
        // How often the side may be halved before two neighbors part.
        let shared = |pair: &[u64]| {
            let unused = u64::BITS as usize - D * FINEST;
            ((pair[0] ^ pair[1]).leading_zeros() as usize - unused) / D
        };
        let mut pairs = [0.0; FINEST + 1];
        // The length of the run of points that share a cell so far, by the size of the cell.
        let mut runs = [1.0; FINEST + 1];
        for pair in codes.windows(2) {
            let shared = shared(pair);
            for (halvings, (pairs, run)) in pairs.iter_mut().zip(&mut runs).enumerate() {
                if halvings <= shared {
                    // The next one makes a pair, counted from both sides, with each of the run.
                    *pairs += 2.0 * *run;
                    *run += 1.0;
                } else {
                    *run = 1.0;
                }
            }
        }
        let sampled = codes.len().max(1) as f64;
        Self { others: pairs.map(|pairs| pairs / sampled) }
    }

    /// The mean number of other points of the sample in the cell of a point, where cells halve the longest side so often.
    pub(crate) fn others(&self, halvings: usize) -> f64 {
        self.others[halvings]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::{element_seed, unit};

    /// Against cells compared pair by pair.
    fn check<const D: usize>() {
        let number = |i: usize, c: usize| unit(element_seed(6, c as u64, i as u64));
        // Clusters on many scales.
        let y: Vec<[f64; D]> = (0..300)
            .map(|i| std::array::from_fn(|c| number(i % 7, 20 + c) + (-14.0 * number(i, 9)).exp2() * number(i, c)))
            .collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let counts = FineCounts::of(y.iter(), &bounds, &mut vec![7; 3]);
        for halvings in 0..=FINEST {
            let side = bounds.extent() / f64::from(1 << halvings);
            let cell = |p: &[f64; D]| -> [i64; D] {
                std::array::from_fn(|c| (((p[c] - bounds.low[c]) / side) as i64).min((1 << halvings) - 1))
            };
            let same = y.iter().flat_map(|a| y.iter().map(move |b| (a, b))).filter(|(a, b)| cell(a) == cell(b)).count();
            let others = (same - y.len()) as f64 / y.len() as f64;
            // A place on the border of two cells may round to either.
            assert!((counts.others(halvings) - others).abs() <= 0.02 * others + 0.02, "{D}-D, {halvings}: {others}");
        }
        assert!(counts.others(0) == 299.0 && counts.others(FINEST) < counts.others(8));
    }

    #[test]
    fn counts_are_those_of_all_pairs() {
        check::<1>();
        check::<2>();
        check::<3>();
    }

    #[test]
    fn none_and_one_and_equal_points_are_counted() {
        for n in [0, 1, 5] {
            let y = vec![[1.5f32, -2.0]; n];
            let (bounds, _) = Bounds::of(&y, &mut Vec::new());
            let counts = FineCounts::of(y.iter(), &bounds, &mut Vec::new());
            assert_eq!(counts.others(FINEST), n.saturating_sub(1) as f64);
        }
    }
}
