//! The cheapest grid within a tolerance of the force.
//!
//! # The error on a map
//!
//! Points of a map are not scattered at random, but near enough to it on the scale of a spacing: the squared error of the
//! force of one point is about `ρ E²` with the density `ρ` around it, and what is left of its own potential adds to it
//! ([`own_share`], fitted). [`Sample`] has the mean of `ρ` and of the squared force over some points. So this is an estimate
//! and no bound; [`MARGIN`] is what it is known to be off by. It fails for clumps much smaller than the spacing, whose
//! points err together: [`min_nodes`] keeps the spacing below the size of what a map is made of.

use crate::choose::cost::{Choice, Crowd, cheapest, coarser, least_coarsening, nominal, splits_suffice};
use crate::choose::noise::noise;
use crate::choose::sample::{BlockSums, Sample};
use crate::layout::bounds::Bounds;
use crate::layout::shape::lattice;
use crate::params::GridParams;
use crate::scalar::GridScalar;
use crate::spline::split::Sharpness;
use tsne_core::Kernel;

/// Numbers of interpolation points to choose from. Two make coherent errors on dense maps (2 % where three make 0.3 %), and
/// from six on nothing is gained in `f32`.
const POINTS: [usize; 3] = [3, 4, 5];

/// The coarsest spacing.
const COARSEST: f64 = 2.0;

/// Steps of the spacing per octave: a step changes the error by a factor of 2 at the spacing 1/3, and the spectrum only
/// now and then.
const STEPS_PER_OCTAVE: usize = 8;

/// The number of spacings, down to 1/256: from `dof` 0.05 on none needs a finer one than 1/64.
const STEPS: usize = 9 * STEPS_PER_OCTAVE + 1;

/// The smallest number of nodes along the longest side of a map, for a tolerance. A wave of the density with `N` nodes to
/// its length errs by a share of `N^-3` of its force with cubic splines.
///
/// Measured after the early phase of 10,000 rows of Fashion-MNIST (extent 8): 51 nodes, 1.4e-4.
fn min_nodes(tolerance: f64) -> f64 {
    (64.0 * (1e-3 / tolerance).cbrt()).max(50.0)
}

/// How far below the tolerance the estimate has to be.
const MARGIN: f64 = 1.6;

/// The same for kernels that are sharper at distance zero than that of `dof` 1/2, for which what is left of a point's own
/// potential is a fit: over `dof` 0.001 to 0.2, one to three dimensions, both precisions, the error was up to 2.2 times the
/// estimate where a grid was fine enough at all.
const SHARP_MARGIN: f64 = 3.4;

fn margin(kernel: Kernel) -> f64 {
    if is_sharp(kernel) { SHARP_MARGIN } else { MARGIN }
}

fn is_sharp(kernel: Kernel) -> bool {
    kernel.dof() < 0.5
}

/// The share of what is left of a point's own potential in the squared error, in units of that of a charge per unit of
/// volume. Kernels that are sharp at distance zero leave more: fitted to `dof` 0.01 and 0.05 in one dimension (density 6) and
/// two (density 30), where the error was 4.7, 2.6 and 2.1 times the estimate without.
fn own_share(kernel: Kernel, spacing: f64) -> f64 {
    let sharp = ((0.5 / kernel.dof()).powf(1.15) - 1.0).max(0.0);
    4.0 * ((-4.0 * spacing * spacing).exp() + sharp)
}

/// Splits to choose from.
const SPLITS: [Sharpness; 3] = [Sharpness::DEFAULT, Sharpness::FINE, Sharpness::SHARP];

/// The widest spacing of a grid with near pairs, in parts of the longest side of the map: what it is made of must not be
/// lost between two nodes.
const LEAST_STEPS: f64 = 16.0;

/// Chooses grids. What it keeps from call to call changes no result.
#[derive(Debug, Default)]
pub(crate) struct Chooser<const D: usize> {
    kernel: Option<Kernel>,
    /// [`noise`] by number of points and step, where it was needed.
    noise: Vec<[Option<f64>; STEPS]>,
    partials: Vec<BlockSums<D>>,
}

impl<const D: usize> Chooser<D> {
    /// The cheapest grid for the map `y` within `bounds` that is expected to meet the tolerance of `params`, or that is as exact as
    /// the other parameters ask for if there is none.
    pub(crate) fn choose<T: GridScalar>(
        &mut self,
        params: &GridParams,
        bounds: &Bounds<T, D>,
        y: &[[T; D]],
        crowd: &mut Crowd<'_>,
    ) -> Choice<T, D> {
        let Some(tolerance) = params.force_tolerance else {
            return cheapest(params, bounds, crowd);
        };
        let kernel = crowd.kernel;
        self.set_kernel(kernel);
        let sample = Sample::of(kernel, y, &mut self.partials);
        let target = tolerance / margin(kernel);
        let mut best: Option<Choice<T, D>> = None;
        for (which, points) in POINTS.into_iter().enumerate() {
            let Some(step) = self.coarsest(kernel, which, &sample, target) else { continue };
            let spacing = spacing_at(step);
            let params = GridParams {
                n_interpolation_points: points,
                ints_in_interval: spacing * points as f64,
                min_num_intervals: (min_nodes(tolerance) / points as f64).ceil() as usize,
                ..*params
            };
            let lattice = lattice(&params, bounds);
            if lattice.shape.spacing > params.spacing() {
                continue;
            }
            let padded = lattice.shape.padded_nodes() as f64;
            let cost = per_point::<D>(points, y.len()) + padded * padded.log2() * NS_PER_BUTTERFLY;
            if best.as_ref().is_none_or(|best| cost < best.cost) {
                best = Some(Choice { params, lattice, split: None, cost, suffices: true });
            }
        }
        // In two dimensions and three a plain grid that fits goes before all splits but the one that is as exact.
        if let Some(best) = best
            && D > 1
            && !is_sharp(kernel)
        {
            return Choice { params: best.params, ..cheapest(&best.params, bounds, crowd) };
        }
        // In splines of order 4, for which the splits are made.
        let params = GridParams {
            ints_in_interval: COARSEST,
            ..GridParams { force_tolerance: Some(tolerance), ..GridParams::default() }
        };
        let own = per_point::<D>(params.n_interpolation_points, y.len());
        let points = POINTS[POINTS.len() - 1];
        let finest = GridParams {
            n_interpolation_points: points,
            ints_in_interval: spacing_at(STEPS - 1) * points as f64,
            ..params
        };
        let fallback = Choice { suffices: false, ..nominal(&finest, bounds, crowd) };
        // Just beyond the limit: splines of the highest order and the finer split are more exact than what follows.
        if best.is_none() && D > 1 && !is_sharp(kernel) && fallback.lattice.shape.spacing <= FINEST_SPLIT {
            return Choice { suffices: true, ..fallback };
        }
        let mut cheapest = best.unwrap_or(Choice { cost: f64::INFINITY, ..fallback });
        for sharpness in SPLITS {
            let finest = least_split_spacing::<D>(kernel, sharpness, target * sample.force / sample.density.sqrt());
            // Not below the finest that the limit allows: the sizes of finer ones may leave the integers.
            let finest = finest.max(fallback.lattice.shape.spacing);
            let limit = Choice { cost: cheapest.cost - own, ..cheapest };
            if finest <= bounds.extent() / LEAST_STEPS {
                let found = coarser(&params, (sharpness, finest), bounds, crowd, limit);
                cheapest = Choice { cost: found.cost + own, ..found };
            }
        }
        // No grid within the limits is so exact: the finest, with the finer split.
        if cheapest.cost.is_finite() { cheapest } else { fallback }
    }

    /// The finest spacing of a coarse grid, and its split, that keep the error of the force on `y`, whose own grid is another,
    /// below what is asked for.
    pub(crate) fn least_spacing<T: GridScalar>(
        &mut self,
        params: &GridParams,
        kernel: Kernel,
        y: &[[T; D]],
    ) -> (Sharpness, f64) {
        if let Some(tolerance) = params.force_tolerance {
            let sample = Sample::of(kernel, y, &mut self.partials);
            // Half of the error, so that a quarter of its square is left to the coarse grid.
            let noise = 0.5 * tolerance / margin(kernel) * sample.force / sample.density.sqrt();
            let [fine, sharp] = [Sharpness::FINE, Sharpness::SHARP].map(|sharpness| {
                let spacing = least_split_spacing::<D>(kernel, sharpness, noise);
                (sharpness, spacing)
            });
            // Far fewer cells are within reach of the finer split.
            return if fine.1 < WIDEST { fine } else { sharp };
        }
        let least = params.spacing() * least_coarsening::<D>();
        if splits_suffice(params, kernel) {
            // In three dimensions a crowd is few cells wide, and its points err together on the grid that they share with
            // outliers: 5,000 of `dof` 1/2 an outlier 20 times as far by 6.6e-4 of the normalizer with the other split.
            let sharpness = if D == 3 { Sharpness::FINE } else { Sharpness::DEFAULT };
            return (sharpness, least);
        }
        let noise = noise(kernel, D, params.n_interpolation_points + 1, params.spacing());
        (Sharpness::FINE, least_split_spacing::<D>(kernel, Sharpness::FINE, noise).max(least))
    }

    fn set_kernel(&mut self, kernel: Kernel) {
        if self.kernel != Some(kernel) {
            self.kernel = Some(kernel);
            self.noise.clear();
            self.noise.resize(POINTS.len(), [None; STEPS]);
        }
    }

    /// The first step whose estimated error is within `tolerance`, if one is.
    fn coarsest(&mut self, kernel: Kernel, which: usize, sample: &Sample, tolerance: f64) -> Option<usize> {
        let (mut low, mut high) = (0, STEPS);
        while low < high {
            let middle = usize::midpoint(low, high);
            let spacing = spacing_at(middle);
            let known = &mut self.noise[which][middle];
            let noise = *known.get_or_insert_with(|| noise(kernel, D, POINTS[which] + 1, spacing));
            let error = noise * (sample.density + own_share(kernel, spacing)).sqrt();
            // In this form, a map without forces is fine with any grid.
            if error <= tolerance * sample.force || sample.force == 0.0 {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        (low < STEPS).then_some(low)
    }
}

fn spacing_at(step: usize) -> f64 {
    COARSEST * (-(step as f64) / STEPS_PER_OCTAVE as f64).exp2()
}

/// The error of the force that a split makes for charges at random with density 1, by the spacing: what is left of the smooth
/// part beyond the highest frequency of the grid. At the cutoff `c` the smooth part has the force `F(c)` of the kernel
/// and bends within a few spacings, so the error is a share of `F(c)` over a volume `h^D`.
fn split_noise<const D: usize>(kernel: Kernel, sharpness: Sharpness, spacing: f64) -> f64 {
    let cutoff = sharpness.cutoff * spacing;
    let dof = kernel.dof();
    // The terms of the series grow with the degrees of freedom. For nearly none, where the smooth part is a polynomial that
    // ends in a logarithm, the same norm is 0.3 of that for 1 in two dimensions with all three splits.
    let bend = match D {
        2 if dof < 1.0 => 0.3 + 0.7 * dof,
        _ => (0.5 * (dof + 1.0)).max(1.0),
    };
    // Clumps of a map err together in three dimensions: blobs of 10,000 points over an extent of 30 by up to 4.4 times as much.
    let together = if D == 3 { 4.4 } else { 1.0 };
    together
        * sharpness.noise[D.clamp(1, 3) - 1]
        * bend
        * cutoff
        * kernel.force(cutoff * cutoff)
        * spacing.powf(0.5 * D as f64)
}

/// Finer grids with near pairs are not looked for.
const FINEST_SPLIT: f64 = 0.5;

/// The first spacing, in steps of half an octave, at which a split errs by no more than `limit` for charges of density 1.
fn least_split_spacing<const D: usize>(kernel: Kernel, sharpness: Sharpness, limit: f64) -> f64 {
    let mut spacing = FINEST_SPLIT;
    // A limit of zero (no forces) is met by none; NaN (neither forces nor neighbors) by all. Neither is asked for by any.
    while split_noise::<D>(kernel, sharpness, spacing) > limit && spacing < WIDEST {
        spacing *= std::f64::consts::SQRT_2;
    }
    spacing
}

/// Wider spacings are not looked for: the kernel of any `dof` errs by less than any tolerance there.
const WIDEST: f64 = 1e9;

/// What each point costs whatever the number of nodes.
fn per_point<const D: usize>(points: usize, n: usize) -> f64 {
    n as f64 * (points + 1).pow(D as u32) as f64 * NS_PER_WEIGHT
}

/// Nanoseconds of two threads for spreading and reading a weight of the stencil, in two dimensions: 70,000 points, three
/// against five interpolation points at the spacings 0.32 and 0.42: 8.24 and 4.66 against 9.77 and 6.28 ms.
const NS_PER_WEIGHT: f64 = 1.0;

/// The rest of the same calls, 6 and 3 ms for 4.1 and 2.5 million padded nodes, by nodes times their binary logarithm.
const NS_PER_BUTTERFLY: f64 = 0.07;
