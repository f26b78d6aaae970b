//! The potential of unit charges on the grid, by B-splines.

use crate::choice::{Choice, cheapest, nominal};
use crate::convolver::Convolver;
use crate::density::Density;
use crate::gather;
use crate::geometry::{Bounds, Geometry, Shape, axis};
use crate::pairs::{Row, rows, visit_share};
use crate::slabs::Slabs;
use crate::sorted::{AddNear, NearPairs, Queries, Sorted};
use crate::spectrum::Spectrum;
use crate::split::{Rest, Sharpness, Smoothed};
use crate::spread::{InPlace, spread};
use crate::stencil::BSpline;
use crate::{GridParams, GridScalar};
use tsne_core::simd::{self, Task};
use tsne_core::{Kernel, Result};

/// Runs `$run` with the const `$M` set to the spline order of `$params`.
macro_rules! with_order {
    ($params:expr, $M:ident => $run:expr) => {
        match $params.n_interpolation_points {
            1 => {
                const $M: usize = 2;
                $run
            }
            2 => {
                const $M: usize = 3;
                $run
            }
            3 => {
                const $M: usize = 4;
                $run
            }
            4 => {
                const $M: usize = 5;
                $run
            }
            5 => {
                const $M: usize = 6;
                $run
            }
            6 => {
                const $M: usize = 7;
                $run
            }
            7 => {
                const $M: usize = 8;
                $run
            }
            8 => {
                const $M: usize = 9;
                $run
            }
            _ => {
                const $M: usize = $crate::GridParams::MAX_INTERPOLATION_POINTS + 1;
                $run
            }
        }
    };
}
pub(crate) use with_order;

/// Plans that are kept beside the one in use. Near the border between two choices a map may go back and forth.
const SPARE_PLANS: usize = 1;

/// The largest padded grid whose plan is kept beside the one in use: 2,048 × 1,024, some 20 MiB of buffers in `f32`.
const MAX_SPARE_NODES: usize = 1 << 21;

/// A grid with the potential of the points that were spread on it last.
#[derive(Debug)]
pub(crate) struct Field<T, const D: usize> {
    pub(crate) params: GridParams,
    /// The one in use is the last.
    plans: Vec<Plan<T>>,
    grid: Vec<T>,
    pub(crate) slabs: Slabs,
    /// For near pairs only: sorting costs dense maps more than reading in order saves.
    pub(crate) sorted: Sorted<T, D>,
    rows: Vec<Row>,
    counts: Vec<u32>,
}

/// What depends on the shape of the grid, the kernel and its split, and the spline only.
#[derive(Debug)]
struct Plan<T> {
    shape: Shape,
    kernel: Kernel,
    /// The cutoff of the split.
    cutoff: Option<f64>,
    /// The order of the spline.
    order: usize,
    convolver: Convolver<T>,
    spectrum: Spectrum<T>,
}

/// What the grid knows of the points it was filled with, and what it leaves to pairs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filled<T, const D: usize> {
    pub(crate) geometry: Geometry<T, D>,
    /// To be added to the potential everywhere.
    pub(crate) constant: f64,
    /// The potential of a point at its own place, on average.
    pub(crate) own: f64,
    /// How the potential of a point at its own place varies with the place, along each coordinate.
    ripple: [T; D],
    /// What pairs within the cutoff have to add, if anything.
    pub(crate) rest: Option<Rest<T>>,
}

impl<T: GridScalar, const D: usize> Field<T, D> {
    pub(crate) fn new(params: GridParams) -> Self {
        Self {
            params,
            plans: Vec::new(),
            grid: Vec::new(),
            slabs: Slabs::default(),
            sorted: Sorted::default(),
            rows: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// Sets the parameters for the fills that follow.
    pub(crate) fn set_params(&mut self, params: GridParams) {
        self.params = params;
    }

    /// The grid, to read the potential from.
    pub(crate) fn grid(&self) -> &[T] {
        &self.grid
    }

    /// Fills the cheapest grid with the potential of unit charges at `y` within `bounds`.
    pub(crate) fn fill(&mut self, kernel: Kernel, bounds: &Bounds<T, D>, y: &[[T; D]]) -> Result<Filled<T, D>> {
        let counts = &mut self.counts;
        let choice =
            cheapest(&self.params, kernel, (bounds, y.len()), &mut self.rows, || Density::of(y, bounds, counts));
        self.fill_as(choice, kernel, y)
    }

    /// The same with the grid that the parameters ask for, whatever filling costs: for one that is read many times.
    pub(crate) fn fill_nominal(&mut self, kernel: Kernel, bounds: &Bounds<T, D>, y: &[[T; D]]) -> Result<Filled<T, D>> {
        self.fill_as(nominal(&self.params, bounds), kernel, y)
    }

    fn fill_as(&mut self, choice: Choice<T, D>, kernel: Kernel, y: &[[T; D]]) -> Result<Filled<T, D>> {
        let Choice { geometry, split } = choice;
        let smoothed = split.map(|sharpness| Smoothed::new(kernel, sharpness, geometry.shape.spacing));
        self.plan(&geometry.shape, kernel, smoothed.as_ref().zip(split))?;
        if let Some(sharpness) = split {
            rows::<D>(sharpness.cutoff, &mut self.rows);
        }
        let Some(plan) = self.plans.last_mut() else {
            return Err(tsne_core::Error::numerical("grid", "no plan was made"));
        };
        // A grid as long as it was before need not be cleared: spreading does.
        self.grid.resize(plan.convolver.grid_len(), T::ZERO);
        with_order!(self.params, M => {
            self.slabs.assign::<T, D, M, _>(BSpline, &geometry, y);
            if split.is_some() {
                self.sorted.assign::<M>(&mut self.slabs, &geometry, y);
                spread::<T, D, M, _, _>(BSpline, &geometry, &self.sorted, &mut self.grid);
            } else {
                let charges = InPlace { slabs: &self.slabs, y, charge: |_: &[T; D]| T::ONE };
                spread::<T, D, M, _, _>(BSpline, &geometry, &charges, &mut self.grid);
            }
        });
        plan.convolver.convolve(&plan.spectrum, &mut self.grid)?;
        Ok(Filled {
            geometry,
            constant: plan.spectrum.mean * y.len() as f64,
            own: plan.spectrum.own.level,
            ripple: std::array::from_fn(|c| T::from_f64(plan.spectrum.own.ripple[axis::<D>(c)])),
            rest: smoothed.as_ref().map(Smoothed::rest),
        })
    }

    /// Puts the plan of a shape last, and makes it if there is none.
    fn plan(&mut self, shape: &Shape, kernel: Kernel, split: Option<(&Smoothed, Sharpness)>) -> Result<()> {
        let cutoff = split.map(|(_, sharpness)| sharpness.cutoff);
        let order = self.params.n_interpolation_points + 1;
        let fits = |plan: &Plan<T>| {
            plan.shape == *shape && plan.kernel == kernel && plan.cutoff == cutoff && plan.order == order
        };
        if let Some(at) = self.plans.iter().position(fits) {
            self.plans[at..].rotate_left(1);
            return Ok(());
        }
        // Old buffers go first: two large grids at once are never needed.
        self.plans.retain(|plan| plan.kernel == kernel && plan.shape.padded_nodes() <= MAX_SPARE_NODES);
        self.plans.drain(..self.plans.len().saturating_sub(SPARE_PLANS));
        let spectrum = match split {
            Some((smoothed, _)) => Spectrum::new(shape, Some(order), 0.0, |d2| smoothed.weight(d2))?,
            None => Spectrum::new(shape, Some(order), 1.0, |d2| kernel.weight_m1(d2))?,
        };
        self.plans.push(Plan { shape: *shape, kernel, cutoff, order, convolver: Convolver::new(*shape), spectrum });
        Ok(())
    }

    /// Writes the forces at `places`, without near pairs, and returns the sum of the potential without the constants.
    pub(crate) fn read_block(&self, filled: &Filled<T, D>, places: Places<'_, T, D>, forces: &mut [[T; D]]) -> f64 {
        with_order!(self.params, M => simd::dispatch(ReadBlock::<T, D, M> { field: self, filled, places, forces }))
    }

    /// Adds the forces of near pairs on `queries` to `forces`, and returns the sum of their weights.
    pub(crate) fn add_near(
        &self,
        (kernel, geometry, rest): (Kernel, &Geometry<T, D>, Rest<T>),
        queries: Queries<'_, T, D>,
        forces: &mut [[T; D]],
    ) -> f64 {
        let pairs = NearPairs { sorted: &self.sorted, geometry, rows: &self.rows };
        visit_share(kernel, Some(rest), AddNear { pairs, queries, forces })
    }
}

impl<T: GridScalar, const D: usize> Filled<T, D> {
    /// The potential at `y`, without the constant, and the force, without the near pairs.
    #[inline(always)]
    pub(crate) fn read<const M: usize>(&self, grid: &[T], y: &[T; D]) -> (T, [T; D]) {
        let (value, mut gradient) = gather::value_and_gradient::<T, D, M>(&self.geometry, grid, y);
        let factor = -(T::HALF * self.geometry.inverse_spacing);
        for g in &mut gradient {
            *g *= factor;
        }
        (value, gradient)
    }

    /// The same for a point whose charge is on the grid: without what it adds to its own potential and force, but for
    /// the constant `own`. On sparse maps this is the larger part of the error of interpolation.
    #[inline(always)]
    pub(crate) fn read_own<const M: usize>(&self, grid: &[T], y: &[T; D]) -> (T, [T; D]) {
        let (mut value, mut force) = self.read::<M>(grid, y);
        let u = self.geometry.coordinates(y);
        let pi_per_spacing = T::from_f64(std::f64::consts::PI) * self.geometry.inverse_spacing;
        for c in 0..D {
            value -= self.ripple[c] * sine_of_turns(u[c] + T::from_f64(0.25));
            force[c] -= pi_per_spacing * self.ripple[c] * sine_of_turns(u[c]);
        }
        (value, force)
    }
}

/// Points that the grid was filled with.
pub(crate) enum Places<'a, T, const D: usize> {
    /// These.
    Given(&'a [[T; D]]),
    /// The sorted ones from a rank on.
    Sorted {
        /// The rank of the first.
        first: usize,
    },
}

struct ReadBlock<'a, T, const D: usize, const M: usize> {
    field: &'a Field<T, D>,
    filled: &'a Filled<T, D>,
    places: Places<'a, T, D>,
    forces: &'a mut [[T; D]],
}

impl<T: GridScalar, const D: usize, const M: usize> Task for ReadBlock<'_, T, D, M> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sum = 0.0;
        for (i, force) in self.forces.iter_mut().enumerate() {
            let y = match self.places {
                Places::Given(y) => y[i],
                Places::Sorted { first } => self.field.sorted.point(first + i),
            };
            let value;
            (value, *force) = self.filled.read_own::<M>(&self.field.grid, &y);
            sum += value.to_f64();
        }
        sum
    }
}

/// `sin(2π x)` within 0.0011: two parabolas, and their square to mend them. Enough for a correction of one per cent.
#[inline(always)]
fn sine_of_turns<T: GridScalar>(x: T) -> T {
    // The fraction from -1/2 to 1/2.
    let t = x - T::from_i32((x + T::HALF).to_i32());
    let eight = T::from_f64(8.0);
    let parabola = eight * t - (eight + eight) * t * t.abs();
    let mend = T::from_f64(0.224);
    mend * (parabola * parabola.abs() - parabola) + parabola
}

#[cfg(test)]
mod tests {
    #[test]
    fn sine_is_close_enough() {
        for step in 0..4000 {
            let x = f64::from(step) / 1000.0;
            assert!((super::sine_of_turns(x) - (2.0 * std::f64::consts::PI * x).sin()).abs() < 1.1e-3, "{x}");
        }
    }
}
