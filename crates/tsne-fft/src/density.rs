//! How dense a map is where its points are.

use crate::GridScalar;
use crate::geometry::Bounds;

/// Points that are looked at: their pairs tell the density within some 2 %.
const SAMPLE: usize = 4096;

/// Cells along the longest side, by dimension: some 4,096 in all, whose side (4 units on a map of 70,000 points) is that of
/// the cutoffs among which the density decides.
const fn cells<const D: usize>() -> usize {
    match D {
        1 => 4096,
        2 => 64,
        _ => 32,
    }
}

/// The mean number of other points in a unit of volume around a point.
pub(crate) fn density<T: GridScalar, const D: usize>(
    y: &[[T; D]],
    bounds: &Bounds<T, D>,
    counts: &mut Vec<u32>,
) -> f64 {
    let cells = cells::<D>();
    counts.clear();
    counts.resize(cells.pow(D as u32), 0);
    let side = bounds.extent() / cells as f64;
    let inverse = T::from_f64(1.0 / side);
    let step = y.len().div_ceil(SAMPLE).max(1);
    for point in y.iter().step_by(step) {
        let cell = (0..D).fold(0, |index, c| {
            let at = ((point[c] - bounds.low[c]) * inverse).to_i32().max(0) as usize;
            index * cells + at.min(cells - 1)
        });
        counts[cell] += 1;
    }
    let sampled = y.len().div_ceil(step) as f64;
    let pairs: f64 = counts.iter().map(|&count| f64::from(count) * (f64::from(count) - 1.0)).sum();
    pairs / sampled * step as f64 / side.powi(D as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::{element_seed, unit};

    #[test]
    fn density_of_a_uniform_map_is_its_density() {
        let number = |i: usize, c: usize| unit(element_seed(3, c as u64, i as u64));
        for n in [3_000, 50_000] {
            let y: Vec<[f64; 2]> = (0..n).map(|i| [100.0 * number(i, 0), 100.0 * number(i, 1)]).collect();
            let (bounds, _) = Bounds::of(&y, &mut Vec::new());
            let given = density(&y, &bounds, &mut Vec::new()) / (n as f64 * 1e-4);
            // Some m² / 4096 ordered pairs share a cell for m points that are looked at, 2,200 at the least: a standard
            // deviation of 1/√1100, 3 %.
            assert!((given - 1.0).abs() < 0.12, "{n} points: {given}");
        }
    }
}
