//! The potential of unit charges on the grid, by B-splines.

use crate::convolver::Convolver;
use crate::gather;
use crate::geometry::{Bounds, Geometry, Shape, axis, geometry};
use crate::pairs::Cells;
use crate::slabs::Slabs;
use crate::spectrum::Spectrum;
use crate::split::{Rest, Smoothed};
use crate::spread::spread;
use crate::stencil::BSpline;
use crate::{GridParams, GridScalar};
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

/// Cutoff of the pairs that a coarsened grid leaves to direct summation, in units of its spacing.
///
/// Measured in `f32` with [`POWERS`](crate::split::POWERS) 3 and cutoffs of 2, 2.5, 3, 4, 5, 6: error of the force 2.2e-2,
/// 6.8e-3, 3.0e-3, 7.1e-4, 2.5e-4, 1.1e-4 in three dimensions (12,000 points in blobs, extent 200) and 8.6e-3, 1.4e-3,
/// 5.1e-4, 1.1e-4, 3.4e-5, 1.2e-5 in two (extent 1e4). The pairs' cost grows with the cutoff's volume. At 4,
/// coarsened grids are more accurate than others are on maps of extent 50 and more, and pairs of 10,000 points in three
/// dimensions (extent 100) take 3.8 ms beside a convolution of 20 ms and more.
pub(crate) const CUTOFF: f64 = 4.0;

/// A grid with the potential of the points that were spread on it last.
#[derive(Debug)]
pub(crate) struct Field<T, const D: usize> {
    pub(crate) params: GridParams,
    plan: Option<Plan<T>>,
    grid: Vec<T>,
    slabs: Slabs,
    pub(crate) cells: Cells<T, D>,
}

/// What depends on the shape of the grid and the kernel only.
#[derive(Debug)]
struct Plan<T> {
    shape: Shape,
    kernel: Kernel,
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
        Self { params, plan: None, grid: Vec::new(), slabs: Slabs::default(), cells: Cells::default() }
    }

    /// Sets the parameters for the fills that follow.
    pub(crate) fn set_params(&mut self, params: GridParams) {
        if params.n_interpolation_points != self.params.n_interpolation_points {
            // The spectrum is that of a spline, which the shape does not tell.
            self.plan = None;
        }
        self.params = params;
    }

    /// The grid, to read the potential from.
    pub(crate) fn grid(&self) -> &[T] {
        &self.grid
    }

    /// Fills the grid with the potential of unit charges at `y` within `bounds`, and sorts `y` into cells if the grid
    /// leaves near pairs to them.
    pub(crate) fn fill(&mut self, kernel: Kernel, bounds: &Bounds<T, D>, y: &[[T; D]]) -> Result<Filled<T, D>> {
        let geometry = geometry(&self.params, bounds);
        let shape = geometry.shape;
        let cutoff = CUTOFF * shape.spacing;
        let smoothed = (shape.spacing > self.params.spacing()).then(|| Smoothed::new(kernel, cutoff));
        if self.plan.as_ref().is_none_or(|plan| plan.shape != shape || plan.kernel != kernel) {
            // The old buffers go first: two grids at once are never needed.
            self.plan = None;
            let order = Some(self.params.n_interpolation_points + 1);
            let spectrum = match &smoothed {
                Some(smoothed) => Spectrum::new(&shape, order, 0.0, |d2| smoothed.weight(d2))?,
                None => Spectrum::new(&shape, order, 1.0, |d2| kernel.weight_m1(d2))?,
            };
            let convolver = Convolver::new(shape);
            self.grid.resize(convolver.grid_len(), T::ZERO);
            self.plan = Some(Plan { shape, kernel, convolver, spectrum });
        }
        let Some(plan) = &mut self.plan else {
            return Err(tsne_core::Error::numerical("grid", "no plan was made"));
        };
        with_order!(self.params, M => {
            self.slabs.assign::<T, D, M, _>(BSpline, &geometry, y);
            spread::<T, D, M, _, _>(BSpline, &geometry, &self.slabs, y, |_| T::ONE, &mut self.grid);
        });
        plan.convolver.convolve(&plan.spectrum, &mut self.grid)?;
        if smoothed.is_some() {
            self.cells.build(y, bounds, cutoff);
        }
        Ok(Filled {
            geometry,
            constant: plan.spectrum.mean * y.len() as f64,
            own: plan.spectrum.own.level,
            ripple: std::array::from_fn(|c| T::from_f64(plan.spectrum.own.ripple[axis::<D>(c)])),
            rest: smoothed.as_ref().map(Smoothed::rest),
        })
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
