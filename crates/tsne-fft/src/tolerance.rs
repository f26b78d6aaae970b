//! The error of the force that a grid will make, known in advance, and the cheapest grid within a tolerance.
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
//! # The error on a map
//!
//! Points of a map are not scattered at random, but near enough to it on the scale of a spacing: the squared error of the
//! force of one point is about `ρ E²` with the density `ρ` around it, and what is left of its own potential adds to it
//! ([`own_share`], fitted). [`Sample`] has the mean of `ρ` and of the squared force over some points. So this is an estimate
//! and no bound; [`MARGIN`] is what it is known to be off by. It fails for clumps much smaller than the spacing, whose
//! points err together: [`min_nodes`] keeps the spacing below the size of what a map is made of.

use crate::geometry::{Bounds, geometry};
use crate::spectrum::{alias_sum, sharpening, spline_transform};
use crate::{GridParams, GridScalar};
use std::f64::consts::PI;
use tsne_core::simd::{self, Task};
use tsne_core::{Kernel, Profile, ProfileVisitor, blocks};

/// The smallest and largest tolerance: below, rounding of `f32` shows (2e-5 in one dimension at extent 500); beyond, forces
/// are mostly noise.
pub(crate) const RANGE: (f64, f64) = (1e-4, 0.5);

/// Numbers of interpolation points to choose from. Two make coherent errors on dense maps (2 % where three make 0.3 %), and
/// from six on nothing is gained in `f32`.
const POINTS: [usize; 3] = [3, 4, 5];

/// The coarsest spacing.
const COARSEST: f64 = 2.0;

/// Steps of the spacing per octave: a step changes the error by a factor of 2 at the spacing 1/3, and the spectrum only
/// now and then.
const STEPS_PER_OCTAVE: usize = 8;

/// The number of spacings, down to 1/64, which no tolerance in [`RANGE`] needs.
const STEPS: usize = 7 * STEPS_PER_OCTAVE + 1;

/// The smallest number of nodes along the longest side of a map, for a tolerance. A wave of the density with `N` nodes to
/// its length errs by a share of `N^-3` of its force with cubic splines.
///
/// Measured after the early phase of 10,000 rows of Fashion-MNIST (extent 8): 51 nodes, 1.4e-4.
fn min_nodes(tolerance: f64) -> f64 {
    (64.0 * (1e-3 / tolerance).cbrt()).max(50.0)
}

/// How far below the tolerance the estimate has to be.
const MARGIN: f64 = 1.6;

/// The share of what is left of a point's own potential in the squared error, in units of that of a charge per unit of
/// volume.
fn own_share(spacing: f64) -> f64 {
    4.0 * (-4.0 * spacing * spacing).exp()
}

/// Chooses grids for a tolerance. What it keeps from call to call changes no result.
#[derive(Debug, Default)]
pub(crate) struct Chooser<const D: usize> {
    kernel: Option<Kernel>,
    /// [`noise`] by number of points and step, where it was needed.
    noise: Vec<[Option<f64>; STEPS]>,
    partials: Vec<BlockSums<D>>,
}

impl<const D: usize> Chooser<D> {
    /// The parameters of the cheapest grid that is expected to meet the tolerance of `params` on the map `y` within
    /// `bounds`; `params` itself if it has none.
    pub(crate) fn choose<T: GridScalar>(
        &mut self,
        params: &GridParams,
        kernel: Kernel,
        bounds: &Bounds<T, D>,
        y: &[[T; D]],
    ) -> GridParams {
        let Some(tolerance) = params.force_tolerance else {
            return *params;
        };
        if self.kernel != Some(kernel) {
            self.kernel = Some(kernel);
            self.noise.clear();
            self.noise.resize(POINTS.len(), [None; STEPS]);
        }
        let sample = Sample::of(kernel, y, &mut self.partials);
        let mut best = (f64::INFINITY, *params);
        for (which, points) in POINTS.into_iter().enumerate() {
            let spacing = spacing_at(self.coarsest(kernel, which, &sample, tolerance / MARGIN));
            let chosen = GridParams {
                n_interpolation_points: points,
                ints_in_interval: spacing * points as f64,
                min_num_intervals: (min_nodes(tolerance) / points as f64).ceil() as usize,
                ..*params
            };
            let cost = cost(&chosen, bounds, y.len());
            if cost < best.0 {
                best = (cost, chosen);
            }
        }
        best.1
    }

    /// The first step whose estimated error is within `tolerance`.
    fn coarsest(&mut self, kernel: Kernel, which: usize, sample: &Sample, tolerance: f64) -> usize {
        let (mut low, mut high) = (0, STEPS - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            let spacing = spacing_at(middle);
            let known = &mut self.noise[which][middle];
            let noise = *known.get_or_insert_with(|| noise(kernel, D, POINTS[which] + 1, spacing));
            let error = noise * (sample.density + own_share(spacing)).sqrt();
            // In this form, a map without forces is fine with any grid.
            if error <= tolerance * sample.force || sample.force == 0.0 {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

fn spacing_at(step: usize) -> f64 {
    COARSEST * (-(step as f64) / STEPS_PER_OCTAVE as f64).exp2()
}

/// The time of a call, in nanoseconds of one processor.
fn cost<T: GridScalar, const D: usize>(params: &GridParams, bounds: &Bounds<T, D>, n: usize) -> f64 {
    let shape = geometry(params, bounds).shape;
    if shape.spacing > params.spacing() {
        // Coarsened, with near pairs: whatever else, the more points the better (3-D, 10,000 points scattered over extent
        // 30: 2.1e-3 with three, 9.0e-4 with four), and any grid that is not goes before.
        return f64::MAX / params.n_interpolation_points as f64;
    }
    let padded = shape.padded_nodes() as f64;
    let stencil = (params.n_interpolation_points + 1).pow(D as u32) as f64;
    n as f64 * stencil * NS_PER_WEIGHT + padded * padded.log2() * NS_PER_BUTTERFLY
}

/// Spreading and reading for each weight of the stencil, in two dimensions: 70,000 points, three against five interpolation
/// points at the spacings 0.32 and 0.42: 8.24 and 4.66 against 9.77 and 6.28 ms on two threads.
const NS_PER_WEIGHT: f64 = 2.0;

/// The rest of the same calls, 6 and 3 ms for 4.1 and 2.5 million padded nodes, by nodes times their binary logarithm.
const NS_PER_BUTTERFLY: f64 = 0.14;

/// Places of the integral over the wave vectors, from 0 to the highest along each axis: denser towards the highest, where the
/// integrand is, `exp(-2 k)` and its mirror image.
const PLACES: usize = 12;

/// The root of the mean squared error of the force of unit charges at random with density 1, by the formula above.
pub(crate) fn noise(kernel: Kernel, dimension: usize, order: usize, spacing: f64) -> f64 {
    let axis: Vec<AxisPlace> = (0..PLACES).map(|i| AxisPlace::new(order, i)).collect();
    let turns = 2.0 * PI / spacing;
    let transform = Transform::new(kernel, dimension);
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
        let (mut kernel_sum, mut cross, mut own) = (0.0, 0.0, 0.0);
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

/// The wave numbers that the nodes cannot tell apart, in turns from node to node: the kernel's transform is negligible at
/// others.
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

/// The step of the trapezoidal rule in `ln t`, relative to the width of the integrand: it converges like `exp(-10 / step)`.
const STEP: f64 = 0.5;

impl Transform {
    fn new(kernel: Kernel, dimension: usize) -> Self {
        let (dof, half_dimension) = (kernel.dof(), 0.5 * dimension as f64);
        Self { dof, half_dimension, ln_scale: half_dimension * (PI * dof).ln() - ln_integral(dof, 0.0) }
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
            *place = y[s * y.len() / count];
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
    use crate::field::{Field, with_order};

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
        let mut field = Field::<f64, D>::new(params);
        let step = 2.0 * reach / per_axis as f64;
        let mut sum = 0.0;
        for offset in 0..offsets {
            // Additive recurrences: as evenly spread as a lattice, and none of its directions is special.
            let charge: [f64; D] = std::array::from_fn(|c| {
                spacing * ((offset as f64 + 0.5) * [0.754_877_666, 0.569_840_290, 0.362_0][c]).fract()
            });
            let filled = field.fill_nominal(kernel, &bounds, &[charge]).unwrap();
            for place in 0..per_axis.pow(D as u32) {
                let y: [f64; D] = std::array::from_fn(|c| {
                    let i = place / per_axis.pow(c as u32) % per_axis;
                    charge[c] - reach + step * (i as f64 + 0.5) + 0.3 * step * (offset as f64 / offsets as f64 - 0.5)
                });
                let d2: f64 = (0..D).map(|c| (y[c] - charge[c]).powi(2)).sum();
                let force = with_order!(params, M => filled.read::<M>(field.grid(), &y).1);
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
