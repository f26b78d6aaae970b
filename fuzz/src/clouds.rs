//! Clouds of points, and what acts on each of them by definition.

use crate::input::Input;
use tsne::core::random::{element_seed, unit};
use tsne::{Kernel, Scalar};

/// Points one by one: up to `most`, as long as there are bytes, on a few scales.
pub(crate) fn points<T: Scalar, const D: usize>(input: &mut Input<'_>, most: usize) -> Vec<[T; D]> {
    let scale = 10f64.powi(i32::from(input.byte() as i8) / 8);
    let is_line = input.below(8) == 0;
    let mut points = Vec::new();
    while !input.is_empty() && points.len() < most {
        let mut point: [T; D] = std::array::from_fn(|_| {
            let value = T::from_f64(input.number() * scale);
            if value.is_finite() { value } else { T::ZERO }
        });
        if is_line {
            point = [point[0]; D];
        }
        // A run of points on one place.
        let count = if input.below(8) == 0 { input.below(16) + 1 } else { 1 };
        points.extend(std::iter::repeat_n(point, count));
    }
    points.truncate(most);
    points
}

/// Crowds of points by their places, sizes and forms: up to `most` points in all.
pub(crate) fn crowds<T: Scalar, const D: usize>(input: &mut Input<'_>, most: usize) -> Vec<[T; D]> {
    let mut points = Vec::new();
    while !input.is_empty() && points.len() < most {
        let seed = u64::from(input.byte());
        let count = usize::from(input.word()) % most + 1;
        let size = 10f64.powi(i32::from(input.byte() as i8) / 10);
        let place: [f64; D] = std::array::from_fn(|_| input.number());
        let form = input.below(6);
        for i in 0..count {
            let uniform = |c: usize, i: usize| 2.0 * unit(element_seed(seed, c as u64, i as u64)) - 1.0;
            let point = std::array::from_fn(|c| {
                let offset = match form {
                    0 => uniform(c, i),
                    1 => uniform(c, i / 5),
                    2 => uniform(0, i) * (1.0 + c as f64),
                    // A lattice, of which many points are equally far from each other.
                    3 => f64::from((i >> (3 * c)) as u8 & 7),
                    // Denser toward the middle, without an end to it.
                    4 => uniform(c, i) * 2f64.powi(-((i % 60) as i32)),
                    _ => 0.0,
                };
                let value = T::from_f64(place[c] + size * offset);
                if value.is_finite() { value } else { T::ZERO }
            });
            points.push(point);
        }
    }
    points.truncate(most);
    points
}

/// The longest side of the smallest box around all points.
pub(crate) fn extent<T: Scalar, const D: usize>(points: &[[T; D]]) -> f64 {
    let side = |c: usize| {
        let column = || points.iter().map(|point| point[c].to_f64());
        column().fold(f64::MIN, f64::max) - column().fold(f64::MAX, f64::min)
    };
    (0..D).map(side).fold(0.0, f64::max)
}

/// What acts on one point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pull<const D: usize> {
    pub(crate) z: f64,
    pub(crate) force: [f64; D],
}

impl<const D: usize> Pull<D> {
    /// Nothing acts.
    pub(crate) const ZERO: Self = Self { z: 0.0, force: [0.0; D] };

    /// How far a force is from this one.
    pub(crate) fn error<T: Scalar>(&self, force: &[T; D]) -> f64 {
        (0..D).map(|c| (force[c].to_f64() - self.force[c]).powi(2)).sum::<f64>().sqrt()
    }

    /// Adds a source, as it is defined; its squared distance, and its weights in `z` and in the force.
    #[inline(always)]
    pub(crate) fn add<T: Scalar>(&mut self, kernel: Kernel, y: &[T; D], source: &[T; D]) -> (f64, f64, f64) {
        let difference: [f64; D] = std::array::from_fn(|c| y[c].to_f64() - source[c].to_f64());
        let d2: f64 = difference.iter().map(|d| d * d).sum();
        let base = 1.0 + d2 / kernel.dof();
        // The largest clouds have one of the first three, and a power takes longer.
        let weight = match kernel.dof() {
            1.0 => 1.0 / base,
            0.5 => 1.0 / base.sqrt(),
            2.0 => 1.0 / (base * base),
            dof => base.powf(-dof),
        };
        let force = weight / base;
        self.z += weight;
        // Where the square of a distance is too large for a number, nothing acts over it.
        if force > 0.0 {
            for c in 0..D {
                self.force[c] += force * difference[c];
            }
        }
        (d2, weight, force)
    }
}

/// The sums over all `sources`, term by term, without source `own`.
pub(crate) fn pull<T: Scalar, const D: usize>(
    kernel: Kernel,
    y: &[T; D],
    sources: &[[T; D]],
    own: Option<usize>,
) -> Pull<D> {
    let mut pull = Pull::ZERO;
    for (_, source) in sources.iter().enumerate().filter(|(j, _)| Some(*j) != own) {
        pull.add(kernel, y, source);
    }
    pull
}

/// What acts among all points.
pub(crate) fn pulls<T: Scalar, const D: usize>(kernel: Kernel, y: &[[T; D]]) -> Vec<Pull<D>> {
    (0..y.len()).map(|i| pull(kernel, &y[i], y, Some(i))).collect()
}

/// The smallest positive number with all its bits: what is below it may be lost.
pub(crate) fn smallest<T: Scalar>() -> f64 {
    if T::NAME == "f32" { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE }
}
