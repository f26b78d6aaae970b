//! Pairs that share a small cell, for every size of cells at once.
//!
//! Cells that halve the side of a map twenty times are too many for a table. Points are told apart by their Morton codes
//! instead, the bits of their cells along all axes in turn: points share a cell if their codes begin alike, and stand side by
//! side once the codes are sorted.
//!
//! A crowd in the middle of a map is cut by a border of the cells of every size, into eighths in three dimensions. So pairs are counted
//! twice, the second time in cells that are moved by a third of the map: by a third or two of a cell, whatever its size. A crowd
//! far smaller than the cells is cut along no axis by both, and so by one of them along one axis at the most.

use crate::layout::bounds::Bounds;
use crate::scalar::GridScalar;

/// The finest cells halve the longest side so often. A grid of [`crate::GridParams::MAX_PADDED_NODES`] nodes, half of which are
/// padding, has at most 2²³ spacings along that side, and near pairs of seven cells: a 2²⁰th.
pub(crate) const FINEST: usize = 20;

/// Bits of a code for each axis: moved cells reach beyond the map. In three dimensions 63 bits are used.
const BITS: usize = FINEST + 1;

/// Pairs of a sample of points by the cells they share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FineCounts {
    /// By the number of halvings.
    others: [f64; FINEST + 1],
}

impl FineCounts {
    /// Counts the pairs of a sample. `codes` is memory to work in.
    pub(crate) fn of<'a, T: GridScalar, const D: usize>(
        sample: impl Iterator<Item = &'a [T; D]> + Clone,
        bounds: &Bounds<T, D>,
        codes: &mut Vec<u64>,
    ) -> Self {
        let mut others = [0.0f64; FINEST + 1];
        for moved in [0, (1 << FINEST) / 3] {
            let pairs = pairs(sample.clone(), bounds, moved, codes);
            let sampled = codes.len().max(1) as f64;
            for (others, pairs) in others.iter_mut().zip(pairs) {
                *others = others.max(pairs / sampled);
            }
        }
        Self { others }
    }

    /// The mean number of other points of the sample in the cell of a point, where cells halve the longest side so often.
    pub(crate) fn others(&self, halvings: usize) -> f64 {
        self.others[halvings]
    }
}

/// Pairs that share a cell, counted from both sides, by the number of halvings; cells are moved by some of the finest.
fn pairs<'a, T: GridScalar, const D: usize>(
    sample: impl Iterator<Item = &'a [T; D]>,
    bounds: &Bounds<T, D>,
    moved: i32,
    codes: &mut Vec<u64>,
) -> [f64; FINEST + 1] {
    let cells = 1i32 << FINEST;
    let inverse = T::from_f64(f64::from(cells) / bounds.extent());
    codes.clear();
    codes.extend(sample.map(|point| {
        let at: [i32; D] =
            std::array::from_fn(|c| ((point[c] - bounds.low[c]) * inverse).to_i32().clamp(0, cells - 1) + moved);
        (0..BITS).rev().fold(0, |code, bit| at.iter().fold(code, |code, at| code << 1 | (at >> bit & 1) as u64))
    }));
    codes.sort_unstable();
    // Bits of a code that are not used, and those that tell which cell of the side of the map.
    let before = u64::BITS as usize - D * BITS + D;
    let mut pairs = [0.0; FINEST + 1];
    // The length of the run of points that share a cell so far, by the size of the cell.
    let mut runs = [1.0; FINEST + 1];
    for pair in codes.windows(2) {
        // How often the side may be halved until these two part.
        let alike = (pair[0] ^ pair[1]).leading_zeros() as usize;
        let shared = alike.checked_sub(before).map_or(0, |bits| 1 + bits / D);
        for (halvings, (pairs, run)) in pairs.iter_mut().zip(&mut runs).enumerate() {
            if halvings < shared {
                // The next one makes a pair with each of the run.
                *pairs += 2.0 * *run;
                *run += 1.0;
            } else {
                *run = 1.0;
            }
        }
    }
    pairs
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
        let last = (1 << FINEST) - 1;
        let finest = f64::from(1 << FINEST) / bounds.extent();
        let counted = |halvings: usize, moved: i64| {
            let cell = |p: &[f64; D]| -> [i64; D] {
                std::array::from_fn(|c| {
                    ((((p[c] - bounds.low[c]) * finest) as i64).min(last) + moved) >> (FINEST - halvings)
                })
            };
            let same = y.iter().flat_map(|a| y.iter().map(move |b| (a, b))).filter(|(a, b)| cell(a) == cell(b)).count();
            (same - y.len()) as f64 / y.len() as f64
        };
        for halvings in 0..=FINEST {
            let others = counted(halvings, 0).max(counted(halvings, (1 << FINEST) / 3));
            assert_eq!(counts.others(halvings), others, "{D}-D, {halvings}");
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
