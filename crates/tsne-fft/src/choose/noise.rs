//! The error of the force that a grid makes for charges at random, known in advance.
//!
//! # The error of a pair
//!
//! A wave of the potential with the wave vector `k` reaches a point by way of the nodes: it is spread with the transform of
//! the spline `B(k)`, multiplied by the influence function `G(k)`, and read back with `B` again. The nodes cannot tell `k`
//! from its aliases `k_s = k + 2π s / h`. Averaged over where the nodes stand, the squared error of the force of unit
//! charges scattered at random with the density 1 is therefore (Hockney and Eastwood 1988, chapter 8, for any `G`)
//!
//! `E² = ¼ (2π)^-D ∫ { G² Σ_s k_s² B_s² Σ_s B_s² - 2 G Σ_s k_s² ŵ_s B_s² + Σ_s k_s² ŵ_s² } dk`
//!
//! over the wave vectors up to `π/h` along each axis, with the transform `ŵ` of the kernel. For a perfect spline only
//! the last term beyond `π/h` is left, and in two dimensions at `dof` 1 it is `1.11 (π/h) exp(-π/h)`, squared. [`noise`] is
//! this integral for the spectra and splines of this crate, in any dimension and for any degrees of freedom.
//!
//! The aliases next to the wave are summed one by one; what kernels of small `dof`, which are sharp at distance zero, have
//! beyond, is taken together: a constant of the influence function, and its own energy ([`Transform::beyond`]).

use crate::grid::spectrum::{alias_sum, sharpening, spline_transform};
use std::f64::consts::PI;
use tsne_core::Kernel;

/// Places of the integral over the wave vectors, from 0 to the highest along each axis: denser towards the highest, where the
/// integrand is, `exp(-2 k)` and its mirror image.
const PLACES: usize = 12;

/// The root of the mean squared error of the force of unit charges at random with density 1, by the formula above.
pub(crate) fn noise(kernel: Kernel, dimension: usize, order: usize, spacing: f64) -> f64 {
    let axis: Vec<AxisPlace> = (0..PLACES).map(|i| AxisPlace::new(order, i)).collect();
    let turns = 2.0 * PI / spacing;
    let transform = Transform::new(kernel, dimension);
    let (beyond_sum, beyond_energy) = transform.beyond(3.0 * PI / spacing, dimension);
    let volume = spacing.powi(dimension as i32);
    let mut sum = 0.0;
    for place in 0..PLACES.pow(dimension as u32) {
        let index: [usize; 3] = std::array::from_fn(|c| place / PLACES.pow(c as u32) % PLACES);
        let index = &index[..dimension];
        // Every order of the axes gives the same: each set of places is taken once, as often as it occurs.
        if !index.is_sorted() {
            continue;
        }
        let at: Vec<&AxisPlace> = index.iter().map(|&i| &axis[i]).collect();
        let product = |f: &dyn Fn(&AxisPlace) -> f64| at.iter().map(|a| f(a)).product::<f64>();
        let squares = product(&|a| a.squares);
        let slopes: f64 = at.iter().map(|a| a.slopes / a.squares).sum::<f64>() * squares * (turns / (2.0 * PI)).powi(2);
        let (mut kernel_sum, mut cross, mut own) = (volume * beyond_sum, 0.0, volume * beyond_energy);
        for alias in 0..ALIASES.len().pow(dimension as u32) {
            let (mut k2, mut spline2) = (0.0, 1.0);
            for (c, a) in at.iter().enumerate() {
                let s = alias / ALIASES.len().pow(c as u32) % ALIASES.len();
                k2 += (turns * (a.q + ALIASES[s])).powi(2);
                spline2 *= a.spline2[s];
            }
            let w = transform.at(k2.sqrt());
            kernel_sum += w;
            cross += k2 * w * spline2;
            own += k2 * w * w;
        }
        let influence = kernel_sum * product(&|a| a.sharpening);
        let error = influence * influence * slopes * squares - 2.0 * influence * cross + own;
        sum += repeats(index) * product(&|a| a.weight) * error.max(0.0);
    }
    // Each axis has negative wave numbers too; places are weighted by their share of half an axis of length 2π/h.
    (0.25 * sum * spacing.powi(-(dimension as i32))).sqrt()
}

/// The wave numbers that the nodes cannot tell apart, in turns from node to node: those that are summed one by one.
const ALIASES: [f64; 3] = [0.0, -1.0, 1.0];

/// What the integral needs of one place on one axis.
struct AxisPlace {
    /// Turns from node to node, 0 to 1/2.
    q: f64,
    /// The share of this place.
    weight: f64,
    /// The squared transform of the spline at the aliases.
    spline2: [f64; ALIASES.len()],
    /// Its sum over all aliases.
    squares: f64,
    /// The sum over all aliases of the square of the spline's transform times the wave number (of unit spacing).
    slopes: f64,
    sharpening: f64,
}

impl AxisPlace {
    fn new(order: usize, i: usize) -> Self {
        let rest = 1.0 - (i as f64 + 0.5) / PLACES as f64;
        let q = 0.5 * (1.0 - rest * rest);
        Self {
            q,
            weight: 2.0 * rest / PLACES as f64,
            spline2: ALIASES.map(|s| spline_transform(order, q + s).powi(2)),
            squares: alias_sum(2 * order, q),
            // The sine in the spline's transform is the same at all aliases.
            slopes: (2.0 * (PI * q).sin()).powi(2) * alias_sum(2 * order - 2, q),
            sharpening: sharpening(order, q),
        }
    }
}

/// In how many orders a sorted list can be written.
fn repeats(sorted: &[usize]) -> f64 {
    let mut orders = (1..=sorted.len()).product::<usize>();
    for same in sorted.chunk_by(|a, b| a == b) {
        orders /= (1..=same.len()).product::<usize>();
    }
    orders as f64
}

/// The transform of the kernel: with `x² = r²/dof`, `(1 + x²)^-dof = 1/Γ(dof) ∫ t^(dof-1) exp(-t (1 + x²)) dt` is a mixture
/// of Gaussians, whose transforms are known.
struct Transform {
    dof: f64,
    half_dimension: f64,
    /// The logarithm of what all its values have in common.
    ln_scale: f64,
}

/// The step of the midpoint rule in `ln k` beyond the aliases that are summed one by one.
const BEYOND_STEP: f64 = 0.125;

/// The step of the trapezoidal rule in `ln t`, relative to the width of the integrand: it converges like `exp(-10 / step)`.
const STEP: f64 = 0.5;

impl Transform {
    fn new(kernel: Kernel, dimension: usize) -> Self {
        let (dof, half_dimension) = (kernel.dof(), 0.5 * dimension as f64);
        Self { dof, half_dimension, ln_scale: half_dimension * (PI * dof).ln() - ln_integral(dof, 0.0) }
    }

    /// The integrals `(2π)^-D ∫ ŵ dk` and `(2π)^-D ∫ k² ŵ² dk` over the wave vectors beyond a cube of the given half side; for
    /// a ball of its volume.
    fn beyond(&self, half_side: f64, dimension: usize) -> (f64, f64) {
        let (sphere, ball) = match dimension {
            1 => (2.0, 2.0),
            2 => (2.0 * PI, PI),
            _ => (4.0 * PI, 4.0 * PI / 3.0),
        };
        let start = 2.0 * half_side / f64::powf(ball, 1.0 / dimension as f64);
        let scale = sphere * (2.0 * PI).powi(-(dimension as i32));
        // The transform falls with exp(-√dof k): nothing is left at forty times that length.
        let end = 40.0 / self.dof.sqrt();
        let (mut sum, mut energy, mut k) = (0.0, 0.0, start * (0.5 * BEYOND_STEP).exp());
        while k < end {
            let w = self.at(k);
            let shell = scale * k.powi(dimension as i32) * BEYOND_STEP;
            sum += w * shell;
            energy += k * k * w * w * shell;
            k *= BEYOND_STEP.exp();
        }
        (sum, energy)
    }

    /// At a wave number above 0.
    fn at(&self, k: f64) -> f64 {
        (self.ln_scale + ln_integral(self.dof - self.half_dimension, 0.25 * self.dof * k * k)).exp()
    }
}

/// `ln ∫ exp(power u - e^u - b e^-u) du`: for `b = 0` the logarithm of the gamma function.
fn ln_integral(power: f64, b: f64) -> f64 {
    // The largest exponent, and the curvature there for the width.
    let root = (0.25 * power * power + b).sqrt();
    let t = if power >= 0.0 { 0.5 * power + root } else { b / (root - 0.5 * power) };
    // Without the last term where it is 0: far out it would be zero times infinity.
    let exponent = |u: f64| power * u - u.exp() - if b > 0.0 { b * (-u).exp() } else { 0.0 };
    let top = t.ln();
    let step = STEP * (t + b / t).powf(-0.5).min(1.0);
    let mut sum = 1.0;
    for direction in [-step, step] {
        let mut u = top + direction;
        loop {
            let term = (exponent(u) - exponent(top)).exp();
            sum += term;
            if term < 1e-12 {
                break;
            }
            u += direction;
        }
    }
    exponent(top) + (sum * step).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choose::cost::Choice;
    use crate::layout::bounds::Bounds;
    use crate::layout::shape::lattice;
    use crate::params::GridParams;
    use crate::spline::field::{Field, Places};
    use tsne_core::Context;

    #[test]
    fn transforms_are_those_known_in_closed_form() {
        let at = |dof, dimension, k| Transform::new(Kernel::new(dof).unwrap(), dimension).at(k);
        for k in [0.01, 0.3, 1.0, 4.0, 20.0, 60.0] {
            // 1 / (1 + r²) in one and three dimensions, (1 + r²/2)^-2 in one.
            let b = std::f64::consts::SQRT_2 * k;
            let known = [
                (at(1.0, 1, k), PI * (-k).exp()),
                (at(1.0, 3, k), 2.0 * PI * PI * (-k).exp() / k),
                (at(2.0, 1, k), PI * std::f64::consts::FRAC_1_SQRT_2 * (1.0 + b) * (-b).exp()),
            ];
            for (given, known) in known {
                // The rule's own exp(-20), and rounding of exponents of up to 60.
                assert!((given / known - 1.0).abs() < 1e-7, "{k}: {given:e} for {known:e}");
            }
        }
        // In two: 2π K0, at 1 (Abramowitz and Stegun, table 9.8).
        assert!((at(1.0, 2, 1.0) / (2.0 * PI * 0.421_024_438_2) - 1.0).abs() < 1e-7);
    }

    /// The definition: one charge, the force around it on a fine lattice of places, for many places of the charge.
    #[track_caller]
    fn check<const D: usize>(dof: f64, points: usize, spacing: f64, (reach, per_axis, offsets): (f64, usize, usize)) {
        let kernel = Kernel::new(dof).unwrap();
        let params = GridParams {
            n_interpolation_points: points,
            ints_in_interval: spacing * points as f64,
            min_num_intervals: 1,
            ..GridParams::default()
        };
        let bounds = Bounds { low: [-reach - 1.0; D], high: [reach + 1.0; D] };
        let mut field = Field::<f64, D>::default();
        let choice = Choice { params, lattice: lattice(&params, &bounds), split: None, cost: 0.0, suffices: true };
        let step = 2.0 * reach / per_axis as f64;
        let mut sum = 0.0;
        for offset in 0..offsets {
            // Additive recurrences: as evenly spread as a lattice, and none of its directions is special.
            let charge: [f64; D] = std::array::from_fn(|c| {
                spacing * ((offset as f64 + 0.5) * [0.754_877_666, 0.569_840_290, 0.362_0][c]).fract()
            });
            let filled = field.fill(&choice, (kernel, None), &[charge], Context::new()).unwrap();
            for place in 0..per_axis.pow(D as u32) {
                let y: [f64; D] = std::array::from_fn(|c| {
                    let i = place / per_axis.pow(c as u32) % per_axis;
                    charge[c] - reach + step * (i as f64 + 0.5) + 0.3 * step * (offset as f64 / offsets as f64 - 0.5)
                });
                let d2: f64 = (0..D).map(|c| (y[c] - charge[c]).powi(2)).sum();
                let mut forces = [[0.0; D]];
                field.read_block(&filled, (Places::Given(&[y]), false), &mut forces);
                let force = forces[0];
                sum += (0..D).map(|c| (force[c] - kernel.force(d2) * (y[c] - charge[c])).powi(2)).sum::<f64>();
            }
        }
        let measured = (sum * step.powi(D as i32) / offsets as f64).sqrt();
        let told = noise(kernel, D, points + 1, spacing);
        // The rule's twelve places, and the part of the error beyond the reach.
        assert!((told / measured - 1.0).abs() < 0.05, "{D}-D dof {dof} {points} {spacing}: {told:e}, not {measured:e}");
    }

    #[test]
    fn noise_is_what_random_charges_make() {
        for dof in [0.5, 1.0, 2.0] {
            check::<1>(dof, 3, 0.5, (16.0, 640, 23));
            check::<1>(dof, 4, 0.5, (16.0, 640, 23));
            check::<1>(dof, 5, 0.25, (16.0, 1280, 23));
            check::<1>(dof, 3, 1.0, (16.0, 640, 23));
            check::<2>(dof, 3, 0.5, (6.0, 96, 13));
            check::<2>(dof, 5, 0.4, (6.0, 96, 13));
        }
        check::<3>(1.0, 3, 0.7, (4.0, 32, 11));
    }

    #[test]
    fn kernels_at_the_ends_of_the_range_have_an_error() {
        for dof in [Kernel::DOF_RANGE.0, 0.03, Kernel::DOF_RANGE.1] {
            for dimension in 1..=3 {
                let noise = noise(Kernel::new(dof).unwrap(), dimension, 4, 1.0 / 3.0);
                assert!(noise.is_finite() && noise >= 0.0, "dof {dof}, {dimension}-D: {noise}");
            }
        }
    }
}
