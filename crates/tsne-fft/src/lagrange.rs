//! The interpolation of FIt-SNE and openTSNE (Linderman et al. 2019): Lagrange polynomials, one charge per moment.
//!
//! The force is put together from moments, `F_i = y_i Σ_j f(r_ij²) - Σ_j f(r_ij²) y_j` with the force kernel
//! `f = w^((dof+1)/dof)`: one convolution for the charge 1, one for each coordinate, and one with `w` itself for the
//! normalizer. (openTSNE reads the normalizer of `dof = 1` from a convolution of `|y|²` with the force kernel; here the
//! form that it uses for other `dof` serves for all, which is more accurate.) Positions are taken from the middle of the
//! map, and the mean of each potential is kept apart, so that little cancels.

use crate::convolver::Convolver;
use crate::gather;
use crate::geometry::{Bounds, Geometry, Shape, geometry};
use crate::slabs::Slabs;
use crate::spectrum::Spectrum;
use crate::spread::{InPlace, spread};
use crate::stencil::Lagrange;
use crate::{GridParams, GridScalar};
use rayon::prelude::*;
use tsne_core::{Error, Kernel, Result, blocks};

/// Runs `$run` with the const `$P` set to the number of nodes in a cell.
macro_rules! with_points {
    ($params:expr, $P:ident => $run:expr) => {
        match $params.n_interpolation_points {
            1 => {
                const $P: usize = 1;
                $run
            }
            2 => {
                const $P: usize = 2;
                $run
            }
            3 => {
                const $P: usize = 3;
                $run
            }
            4 => {
                const $P: usize = 4;
                $run
            }
            5 => {
                const $P: usize = 5;
                $run
            }
            6 => {
                const $P: usize = 6;
                $run
            }
            7 => {
                const $P: usize = 7;
                $run
            }
            8 => {
                const $P: usize = 8;
                $run
            }
            _ => {
                const $P: usize = GridParams::MAX_INTERPOLATION_POINTS;
                $run
            }
        }
    };
}

/// The potentials of all moments on a grid.
#[derive(Debug)]
pub(crate) struct LagrangeField<T, const D: usize> {
    params: GridParams,
    plan: Option<Plan<T>>,
    slabs: Slabs,
    /// Potentials of the charges `y_1 … y_D`, then 1, all with the force kernel, then of 1 with the weight kernel.
    grids: Vec<Vec<T>>,
    sums: Vec<f64>,
}

#[derive(Debug)]
struct Plan<T> {
    shape: Shape,
    kernel: Kernel,
    convolver: Convolver<T>,
    force: Spectrum<T>,
    weight: Spectrum<T>,
}

/// What was filled: the grid, the middle of the map, and what to add to each potential.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filled<T, const D: usize> {
    pub(crate) geometry: Geometry<T, D>,
    middle: [T; D],
    /// Of the charges `y_1 … y_D`.
    position_constants: [f64; D],
    /// Of the charge 1 with the force kernel.
    force_constant: f64,
    /// Of the charge 1 with the weight kernel.
    weight_constant: f64,
}

impl<T: GridScalar, const D: usize> LagrangeField<T, D> {
    pub(crate) fn new(params: GridParams) -> Self {
        Self { params, plan: None, slabs: Slabs::default(), grids: Vec::new(), sums: Vec::new() }
    }

    pub(crate) fn repulse(
        &mut self,
        kernel: Kernel,
        bounds: &Bounds<T, D>,
        y: &[[T; D]],
        out: &mut [[T; D]],
    ) -> Result<f64> {
        let filled = self.fill(kernel, bounds, y)?;
        let mut sums = std::mem::take(&mut self.sums);
        sums.clear();
        sums.resize(blocks::count(y.len()), 0.0);
        let blocks = sums.par_iter_mut().zip(y.par_chunks(blocks::BLOCK)).zip(out.par_chunks_mut(blocks::BLOCK));
        blocks.for_each(|((sum, y), out)| {
            for (y, out) in y.iter().zip(out) {
                let (weight, force) = self.read(&filled, y);
                *out = force.map(T::from_f64);
                *sum += weight;
            }
        });
        let z = sums.iter().sum::<f64>() - y.len() as f64;
        self.sums = sums;
        Ok(z)
    }

    /// Fills the grids with the potentials of points within `bounds`.
    pub(crate) fn fill(&mut self, kernel: Kernel, bounds: &Bounds<T, D>, y: &[[T; D]]) -> Result<Filled<T, D>> {
        let geometry = geometry(&self.params, bounds);
        let shape = geometry.shape;
        if self.plan.as_ref().is_none_or(|plan| plan.shape != shape || plan.kernel != kernel) {
            self.plan = None;
            let force = Spectrum::new(&shape, None, 1.0, |d2| force_m1(kernel, d2))?;
            let weight = Spectrum::new(&shape, None, 1.0, |d2| kernel.weight_m1(d2))?;
            let convolver = Convolver::new(shape);
            self.grids.resize(D + 2, Vec::new());
            for grid in &mut self.grids {
                grid.resize(convolver.grid_len(), T::ZERO);
            }
            self.plan = Some(Plan { shape, kernel, convolver, force, weight });
        }
        let Some(plan) = &mut self.plan else {
            return Err(Error::numerical("grid", "no plan was made"));
        };
        let middle: [T; D] = std::array::from_fn(|c| bounds.low[c] + (bounds.high[c] - bounds.low[c]) * T::HALF);
        with_points!(self.params, P => {
            self.slabs.assign::<T, D, P, _>(Lagrange, &geometry, y);
            let slabs = &self.slabs;
            for (m, grid) in self.grids.iter_mut().enumerate() {
                if m < D {
                    let charges = InPlace { slabs, y, charge: |y: &[T; D]| y[m] - middle[m] };
                    spread::<T, D, P, _, _>(Lagrange, &geometry, &charges, grid);
                } else {
                    let charges = InPlace { slabs, y, charge: |_: &[T; D]| T::ONE };
                    spread::<T, D, P, _, _>(Lagrange, &geometry, &charges, grid);
                }
            }
        });
        for (m, grid) in self.grids.iter_mut().enumerate() {
            plan.convolver.convolve(if m <= D { &plan.force } else { &plan.weight }, grid)?;
        }
        let mut totals = [0.0; D];
        for c in 0..D {
            totals[c] = blocks::sum(&mut self.sums, y.len(), |range| {
                y[range].iter().map(|point| (point[c] - middle[c]).to_f64()).sum()
            });
        }
        let n = y.len() as f64;
        Ok(Filled {
            geometry,
            middle,
            position_constants: totals.map(|total| total * plan.force.mean),
            force_constant: n * plan.force.mean,
            weight_constant: n * plan.weight.mean,
        })
    }

    /// The sum of weights and of forces at `y`.
    pub(crate) fn read(&self, filled: &Filled<T, D>, y: &[T; D]) -> (f64, [f64; D]) {
        with_points!(self.params, P => {
            let at = |m: usize| gather::value::<T, D, P, _>(Lagrange, &filled.geometry, &self.grids[m], y).to_f64();
            let ones = at(D) + filled.force_constant;
            let force = std::array::from_fn(|c| {
                (y[c] - filled.middle[c]).to_f64() * ones - at(c) - filled.position_constants[c]
            });
            (at(D + 1) + filled.weight_constant, force)
        })
    }
}

/// The force kernel less 1, accurate for small distances.
fn force_m1(kernel: Kernel, d2: f64) -> f64 {
    (-(kernel.dof() + 1.0) * (d2 / kernel.dof()).ln_1p()).exp_m1()
}
