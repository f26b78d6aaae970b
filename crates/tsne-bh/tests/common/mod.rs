//! Clouds of points and the oracle that all tests share.
#![allow(dead_code)]

use tsne_core::random::{element_seed, unit};
use tsne_core::{Kernel, Scalar};

/// Extents of maps from the first iteration to an exaggerated or very large one.
pub(crate) const EXTENTS: [f64; 7] = [1e-4, 1e-2, 1.0, 10.0, 50.0, 100.0, 200.0];

/// A standard normal number from two uniform ones (Box and Muller 1958).
fn normal(seed: u64, stream: u64, index: u64) -> f64 {
    let radius = (-2.0 * (1.0 - unit(element_seed(seed, stream, index))).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(element_seed(seed, stream + 1, index))).cos()
}

/// Blobs of different widths in a ball.
pub(crate) fn blobs<const D: usize>(n: usize, extent: f64, seed: u64) -> Vec<[f64; D]> {
    (0..n as u64)
        .map(|i| {
            let blob = i % 10;
            let width = extent * (0.005 + 0.05 * unit(element_seed(seed, 1, blob)));
            std::array::from_fn(|a| {
                let center = 0.4 * extent * (2.0 * unit(element_seed(seed, 2 + a as u64, blob)) - 1.0);
                center + width * normal(seed, 10 + 2 * a as u64, i)
            })
        })
        .collect()
}

/// A spiral that gets denser toward its middle: thin, curved, with cells that hold points along a line.
pub(crate) fn spiral<const D: usize>(n: usize, extent: f64) -> Vec<[f64; D]> {
    (0..n)
        .map(|i| {
            let t = i as f64 / n as f64;
            let (sin, cos) = (20.0 * t).sin_cos();
            let all = [0.5 * extent * t * cos, 0.5 * extent * t * sin, 0.5 * extent * t];
            std::array::from_fn(|a| all[a])
        })
        .collect()
}

/// Blobs of which every fourth point is repeated exactly, and 40 more lie on one place.
pub(crate) fn duplicates<const D: usize>(n: usize, extent: f64, seed: u64) -> Vec<[f64; D]> {
    let mut y = blobs(n, extent, seed);
    for i in (4..n).step_by(4) {
        y[i] = y[i - 1];
    }
    for i in 0..40.min(n / 4) {
        y[3 * i] = y[0];
    }
    y
}

/// Whole multiples of `2^exponent`, up to `2^20` of them: exact in both scalars at any scale that holds them.
pub(crate) fn multiples<const D: usize>(n: usize, exponent: i32) -> Vec<[f64; D]> {
    // In two steps: the reciprocal of the smallest number is beyond all of them.
    let [half, rest] = [exponent / 2, exponent - exponent / 2].map(|e| 2f64.powi(e));
    (0..n as u64).map(|i| std::array::from_fn(|a| (element_seed(1, a as u64, i) >> 44) as f64 * half * rest)).collect()
}

pub(crate) fn cast<T: Scalar, const D: usize>(y: &[[f64; D]]) -> Vec<[T; D]> {
    y.iter().map(|p| p.map(T::from_f64)).collect()
}

/// The repulsion on one point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pull<const D: usize> {
    pub(crate) z: f64,
    pub(crate) force: [f64; D],
    /// The sum of the lengths of the terms of the force: rounding and far cells err relative to this.
    pub(crate) size: f64,
}

/// The sum over all `sources`, in `f64`, term by term as it is defined; without source `skip`.
pub(crate) fn pull<T: Scalar, const D: usize>(
    kernel: Kernel,
    y: &[T; D],
    sources: &[[T; D]],
    skip: Option<usize>,
) -> Pull<D> {
    let mut pull = Pull { z: 0.0, force: [0.0; D], size: 0.0 };
    for (j, source) in sources.iter().enumerate() {
        if Some(j) == skip {
            continue;
        }
        let difference: [f64; D] = std::array::from_fn(|a| y[a].to_f64() - source[a].to_f64());
        let d2: f64 = difference.iter().map(|d| d * d).sum();
        pull.z += (1.0 + d2 / kernel.dof()).powf(-kernel.dof());
        let weight = (1.0 + d2 / kernel.dof()).powf(-kernel.dof() - 1.0);
        for a in 0..D {
            pull.force[a] += weight * difference[a];
        }
        pull.size += weight * d2.sqrt();
    }
    pull
}

/// The repulsion among `y`.
pub(crate) fn oracle<T: Scalar, const D: usize>(kernel: Kernel, y: &[[T; D]]) -> Vec<Pull<D>> {
    (0..y.len()).map(|i| pull(kernel, &y[i], y, Some(i))).collect()
}

pub(crate) fn distance<T: Scalar, const D: usize>(force: &[T; D], pull: &Pull<D>) -> f64 {
    (0..D).map(|a| (force[a].to_f64() - pull.force[a]).powi(2)).sum::<f64>().sqrt()
}

/// The largest relative error of an exact sum in `T`, in units of its epsilon, relative to the sum of the sizes of
/// its terms, for `dof <= 2` and extents up to 1e8.
///
/// A term: differences, squares and their sum err by 3 (half) epsilons, which the kernel passes on at most `dof + 1`
/// fold; by way of `exp` and `ln` it adds the exponent, at most `(dof + 1) ln(1e16) < 111`, in half epsilons: 60.
/// A sum: 32 additions in one lane and 4 across lanes, half an epsilon each: 18; the oracle and `f64` sums are
/// negligible for `f32` and add as many additions as there are points for `f64`, in practice their square root.
pub(crate) const ROUNDING: f64 = 60.0 + 5.0 + 18.0 + 30.0;

/// What underflow may take from a term of a sum with weights below the smallest positive number.
pub(crate) fn underflow<T: Scalar>(n: usize, extent: f64) -> f64 {
    let smallest = if T::NAME == "f32" { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    n as f64 * smallest * (1.0 + extent)
}
