//! How dense a map is, and how large its forces are: told from a few points.

use crate::scalar::GridScalar;
use std::f64::consts::PI;
use tsne_core::simd::{self, Task};
use tsne_core::{Kernel, Profile, ProfileVisitor, blocks};

/// Points whose forces and surroundings stand for those of all: evenly spread over the order of the points.
const SAMPLES: usize = 64;

/// What the error depends on besides the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// The root of the mean squared force.
    pub(crate) force: f64,
    /// The mean over the points of the number of others around them per unit of volume.
    pub(crate) density: f64,
}

/// What a block of points adds to a sampled point.
#[derive(Debug, Clone, Copy)]
struct Near<const D: usize> {
    near: f64,
    force: [f64; D],
}

/// What a block of points adds to all sampled points.
#[derive(Debug, Clone)]
pub(crate) struct BlockSums<const D: usize>([Near<D>; SAMPLES]);

impl<const D: usize> Default for BlockSums<D> {
    fn default() -> Self {
        Self([Near { near: 0.0, force: [0.0; D] }; SAMPLES])
    }
}

impl Sample {
    /// Of at least one point. The memory of `partials` is reused.
    pub(crate) fn of<T: GridScalar, const D: usize>(
        kernel: Kernel,
        y: &[[T; D]],
        partials: &mut Vec<BlockSums<D>>,
    ) -> Self {
        let count = SAMPLES.min(y.len());
        let mut places = [[T::ZERO; D]; SAMPLES];
        for (s, place) in places[..count].iter_mut().enumerate() {
            *place = y[(s as u64 * y.len() as u64 / count as u64) as usize];
        }
        let places = &places[..count];
        let parts = blocks::map(partials, y.len(), |range| kernel.visit(Visit { places, y: &y[range] }));
        let (mut force2, mut near) = (0.0, 0.0);
        for s in 0..count {
            let mut force = [0.0; D];
            for BlockSums(sums) in parts {
                near += sums[s].near;
                for c in 0..D {
                    force[c] += sums[s].force[c];
                }
            }
            force2 += force.iter().map(|f| f * f).sum::<f64>();
        }
        // Each point has counted itself.
        let count = count as f64;
        Self { force: (force2 / count).sqrt(), density: (near - count).max(0.0) / (count * window_volume(D)) }
    }
}

/// The integral of the window `(1 + r²)^-3` through which surroundings are seen.
const fn window_volume(dimension: usize) -> f64 {
    match dimension {
        1 => 3.0 * PI / 8.0,
        2 => PI / 2.0,
        _ => PI * PI / 4.0,
    }
}

/// The sums of one block of points `y`.
struct Visit<'a, T, const D: usize> {
    places: &'a [[T; D]],
    y: &'a [[T; D]],
}

impl<T: GridScalar, const D: usize> ProfileVisitor<T> for Visit<'_, T, D> {
    type Output = BlockSums<D>;

    fn visit<P: Profile<T>>(self, profile: P) -> BlockSums<D> {
        simd::dispatch(Profiled { sums: self, profile })
    }
}

struct Profiled<'a, T, P, const D: usize> {
    sums: Visit<'a, T, D>,
    profile: P,
}

/// Points per step of the inner loop, a constant for the order of summation: as many as the exact repulsion takes, with
/// which compilers vectorize the step; with 8 it came out scalar and ten times slower.
const LANES: usize = 64;

impl<T: GridScalar, P: Profile<T>, const D: usize> Task for Profiled<'_, T, P, D> {
    type Output = BlockSums<D>;

    #[inline(always)]
    fn run(self) -> BlockSums<D> {
        let Visit { places, y } = self.sums;
        // Columns, for vectors.
        let mut columns = [[[T::ZERO; LANES]; blocks::BLOCK / LANES]; D];
        for (i, point) in y.iter().enumerate() {
            for c in 0..D {
                columns[c][i / LANES][i % LANES] = point[c];
            }
        }
        let (whole, rest) = (y.len() / LANES, y.len() % LANES);
        let mut sums = BlockSums::default();
        for (place, sum) in places.iter().zip(&mut sums.0) {
            let mut near = [T::ZERO; LANES];
            let mut force = [[T::ZERO; LANES]; D];
            for step in 0..whole {
                for l in 0..LANES {
                    self.add(place, std::array::from_fn(|c| columns[c][step][l]), &mut near[l], |c, v| {
                        force[c][l] += v
                    });
                }
            }
            for l in 0..rest {
                self.add(place, std::array::from_fn(|c| columns[c][whole][l]), &mut near[l], |c, v| force[c][l] += v);
            }
            let total = |lanes: [T; LANES]| lanes.iter().map(|v| v.to_f64()).sum::<f64>();
            *sum = Near { near: total(near), force: force.map(total) };
        }
        sums
    }
}

impl<T: GridScalar, P: Profile<T>, const D: usize> Profiled<'_, T, P, D> {
    /// Adds what one point does to `place`.
    #[inline(always)]
    fn add(&self, place: &[T; D], point: [T; D], near: &mut T, mut force: impl FnMut(usize, T)) {
        let mut difference = [T::ZERO; D];
        let mut d2 = T::ZERO;
        for c in 0..D {
            difference[c] = place[c] - point[c];
            d2 += difference[c] * difference[c];
        }
        let window = T::ONE / (T::ONE + d2);
        *near += window * window * window;
        let (_, weight) = self.profile.weight_and_force(d2);
        for c in 0..D {
            force(c, weight * difference[c]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_the_sum_over_all_pairs() {
        let y: Vec<[f64; 2]> = (0..1_500).map(|i| [(i % 40) as f64, (i / 40) as f64 * 0.7]).collect();
        let kernel = Kernel::new(0.8).unwrap();
        let sample = Sample::of(kernel, &y, &mut Vec::new());
        let (mut force2, mut near) = (0.0, 0.0);
        for s in 0..SAMPLES {
            let at = y[s * y.len() / SAMPLES];
            let mut force = [0.0; 2];
            for p in &y {
                let difference = [at[0] - p[0], at[1] - p[1]];
                let d2 = difference[0] * difference[0] + difference[1] * difference[1];
                near += if d2 > 0.0 { (1.0 + d2).powi(-3) } else { 0.0 };
                force[0] += kernel.force(d2) * difference[0];
                force[1] += kernel.force(d2) * difference[1];
            }
            force2 += force[0] * force[0] + force[1] * force[1];
        }
        let (force, density) = ((force2 / SAMPLES as f64).sqrt(), near / SAMPLES as f64 / (PI / 2.0));
        assert!((sample.force / force - 1.0).abs() < 1e-12, "{} for {force}", sample.force);
        assert!((sample.density / density - 1.0).abs() < 1e-12, "{} for {density}", sample.density);
    }
}
