//! How dense a map is where its points are.

use crate::layout::bounds::Bounds;
use crate::scalar::GridScalar;

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

/// Scales that are told apart, each twice the one before.
const SCALES: usize = 4;

/// The mean number of other points in a unit of volume around a point, by the size of the volume: clusters are dense on
/// small scales and end on large ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Density {
    side: f64,
    values: [f64; SCALES],
}

impl Density {
    /// The same on every scale.
    #[cfg(test)]
    pub(crate) const fn uniform(density: f64) -> Self {
        Self { side: 1.0, values: [density; SCALES] }
    }

    /// The density in cubes of about the given side.
    pub(crate) fn at(&self, side: f64) -> f64 {
        let scale = (side / self.side).log2().round().max(0.0) as usize;
        self.values[scale.min(SCALES - 1)]
    }

    /// Counts a sample of points in the cells of a cube around the map, then in cells of twice the side, and so on.
    pub(crate) fn of<T: GridScalar, const D: usize>(
        y: &[[T; D]],
        bounds: &Bounds<T, D>,
        counts: &mut Vec<u32>,
    ) -> Self {
        let mut cells = cells::<D>();
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
        let mut values = [0.0; SCALES];
        for (scale, value) in values.iter_mut().enumerate() {
            let used = &counts[..cells.pow(D as u32)];
            let pairs: f64 = used.iter().map(|&count| f64::from(count) * (f64::from(count) - 1.0)).sum();
            let volume = (side * (1 << scale) as f64).powi(D as i32);
            *value = pairs / sampled * step as f64 / volume;
            // In place: a coarser cell never stands behind the finer ones that it holds.
            for i in 0..cells.pow(D as u32) {
                let (mut rest, mut coarser, mut stride) = (i, 0, 1);
                for _ in 0..D {
                    coarser += rest % cells / 2 * stride;
                    rest /= cells;
                    stride *= cells / 2;
                }
                let count = std::mem::take(&mut counts[i]);
                counts[coarser] += count;
            }
            cells /= 2;
        }
        Self { side, values }
    }
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
            let density = Density::of(&y, &bounds, &mut Vec::new());
            // Some m² / 4096 ordered pairs share a cell for m points that are looked at, 2,200 at the least: a standard
            // deviation of 1/√1100, 3 %; more on larger scales.
            for side in [0.1, 3.0, 7.0, 12.0, 90.0] {
                let given = density.at(side) / (n as f64 * 1e-4);
                assert!((given - 1.0).abs() < 0.12, "{n} points, side {side}: {given}");
            }
        }
    }

    #[test]
    fn clusters_are_dense_on_small_scales_only() {
        let number = |i: usize, c: usize| unit(element_seed(4, c as u64, i as u64));
        // 100 clusters of side 1 on a map of side 256.
        let y: Vec<[f64; 3]> =
            (0..20_000).map(|i| [0, 1, 2].map(|c| (255.0 * number(i % 100, 3 + c)).floor() + number(i, c))).collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let density = Density::of(&y, &bounds, &mut Vec::new());
        // Nearly all pairs of a cell are of one cluster: twice the side, an eighth of the density.
        let ratio = density.at(8.0) / density.at(16.0);
        assert!((6.0..=8.0).contains(&ratio), "{ratio}");
    }
}
