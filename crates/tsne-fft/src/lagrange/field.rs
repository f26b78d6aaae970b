//! The interpolation of FIt-SNE and openTSNE (Linderman et al. 2019): Lagrange polynomials, one charge per moment.
//!
//! The force is put together from moments, `F_i = y_i Σ_j f(r_ij²) - Σ_j f(r_ij²) y_j` with the force kernel
//! `f = w^((dof+1)/dof)`: one convolution for the charge 1, one for each coordinate, and one with `w` itself for the
//! normalizer. (openTSNE reads the normalizer of `dof = 1` from a convolution of `|y|²` with the force kernel; here the
//! form that it uses for other `dof` serves for all, which is more accurate.) Positions are taken from the middle of the
//! map, and the mean of each potential is kept apart, so that little cancels.

use crate::choose::cost::{least_cost, node, usual_cost};
use crate::grid::convolver::{Convolver, Memory};
use crate::grid::gather;
use crate::grid::nodes::Nodes;
use crate::grid::spectrum::Spectrum;
use crate::grid::spread::spread;
use crate::grid::stencil::Lagrange;
use crate::layout::bounds::Bounds;
use crate::layout::shape::{Lattice, Shape, is_coarsened, lattice};
use crate::pairs::is_direct;
use crate::params::GridParams;
use crate::points::acting::Acting;
use crate::points::slabs::{FirstNode, Slabs};
use crate::scalar::GridScalar;
use tsne_core::{Context, Error, Kernel, Result, blocks, chunks};

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

/// How many times what is usual for as many points these grids may cost. On ordinary maps they cost some four to ten times as
/// much as splines; on stretched ones, whose grids are mostly empty, without bound.
///
/// In one dimension ordinary maps take one node (perplexity 30) or two (5) for each point, and 4 allows 2.7. An outlier could
/// ask for 89 otherwise: 440 ms instead of 4 for 80,000 points.
const fn patience<const D: usize>() -> f64 {
    if D == 1 { 4.0 } else { 24.0 }
}

/// The largest share of a position that rounding may take: forces are differences of moments of the size of the map, so
/// rounding of positions, half of the extent, shows in them.
const ROUNDING: f64 = 1e-3;

/// Whether this scheme can serve a map of `n` points within `bounds`: one that fits its grids, at a cost in proportion,
/// and whose positions the scalar resolves. Few points are summed pair by pair, which is exact.
pub(crate) fn serves<T: GridScalar, const D: usize>(params: &GridParams, bounds: &Bounds<T, D>, n: usize) -> bool {
    let lattice = lattice(params, bounds);
    let cost = (D + 2) as f64 * node::<D>() * lattice.shape.padded_nodes() as f64;
    !is_direct::<D>(n)
        && !is_coarsened(params, &lattice)
        && bounds.extent() * T::EPSILON.to_f64() <= ROUNDING
        && cost <= patience::<D>() * (n as f64 * usual_cost::<D>() + least_cost::<D>())
}

/// The potentials of all moments on a grid.
#[derive(Debug)]
pub(crate) struct LagrangeField<T, const D: usize> {
    params: GridParams,
    plan: Option<Convolution<T>>,
    slabs: Slabs,
    acting: Acting<T, D>,
    /// Potentials of the charges `y_1 … y_D`, then 1, all with the force kernel, then of 1 with the weight kernel.
    grids: Vec<Nodes<T>>,
    /// For spreading on crowded slabs.
    charges: Vec<f64>,
    sums: Vec<f64>,
}

#[derive(Debug)]
struct Convolution<T> {
    shape: Shape,
    kernel: Kernel,
    convolver: Convolver<T>,
    force: Spectrum<T>,
    weight: Spectrum<T>,
}

/// What was filled: the grid, the middle of the map, and what to add to each potential.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filled<T, const D: usize> {
    pub(crate) lattice: Lattice<T, D>,
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
        Self {
            params,
            plan: None,
            slabs: Slabs::default(),
            acting: Acting::default(),
            grids: Vec::new(),
            charges: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// Writes the forces on this member's of the points `y` within `bounds`, and returns the sum of the weights of all pairs.
    pub(crate) fn repulse(
        &mut self,
        kernel: Kernel,
        bounds: &Bounds<T, D>,
        y: &[[T; D]],
        out: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<f64> {
        let filled = self.fill(kernel, bounds, y, cx)?;
        let mut sums = std::mem::take(&mut self.sums);
        sums.clear();
        sums.resize(blocks::count(y.len()), 0.0);
        let own = cx.share(sums.len());
        let first = own.start;
        let out = (out.as_flattened_mut(), blocks::BLOCK * D);
        chunks::for_each2((&mut sums[own], 1), out, |b, sum, out| {
            for (y, out) in y[blocks::range(first + b, y.len())].iter().zip(out.as_chunks_mut().0) {
                let (weight, force) = self.read(&filled, y);
                *out = force.map(T::from_f64);
                sum[0] += weight;
            }
        });
        cx.gather(&mut sums, 1)?;
        let z = sums.iter().sum::<f64>() - y.len() as f64;
        self.sums = sums;
        Ok(z)
    }

    /// Fills the grids with the potentials of points within `bounds`.
    pub(crate) fn fill(
        &mut self,
        kernel: Kernel,
        bounds: &Bounds<T, D>,
        y: &[[T; D]],
        cx: Context<'_>,
    ) -> Result<Filled<T, D>> {
        let lattice = lattice(&self.params, bounds);
        let shape = lattice.shape;
        let member = (cx.rank(), cx.members());
        let fits =
            |plan: &Convolution<T>| plan.shape == shape && plan.kernel == kernel && plan.convolver.member() == member;
        if !self.plan.as_ref().is_some_and(fits) {
            self.plan = None;
            // One member may have the plan, of a call of its own.
            let alone = cx.without_team();
            let force = Spectrum::new(&shape, None, 1.0, |d2| force_m1(kernel, d2), alone)?;
            let weight = Spectrum::new(&shape, None, 1.0, |d2| kernel.weight_m1(d2), alone)?;
            let convolver = Convolver::new(shape, Memory::default(), cx)?;
            self.grids.resize_with(D + 2, Nodes::default);
            for grid in &mut self.grids {
                grid.fit::<D>(&shape, &convolver.part_of(cx.rank(), cx))?;
            }
            self.plan = Some(Convolution { shape, kernel, convolver, force, weight });
        }
        let Some(plan) = &mut self.plan else {
            return Err(Error::numerical("grid", "no plan was made"));
        };
        let middle: [T; D] = std::array::from_fn(|c| bounds.low[c] + (bounds.high[c] - bounds.low[c]) * T::HALF);
        with_points!(self.params, P => {
            let part = |rank: usize| plan.convolver.part_of(rank, cx);
            self.acting.assign((FirstNode::lagrange(P), &mut self.slabs), &lattice, y, part, cx)?;
            for (m, grid) in self.grids.iter_mut().enumerate() {
                // One closure for both kinds of charge: each is an instance of the whole loop.
                let charge = |y: &[T; D]| if m < D { y[m] - middle[m] } else { T::ONE };
                let charges = self.acting.charges((&self.slabs, y), charge);
                spread::<T, D, P, _>(Lagrange, &lattice, &charges, (grid, part(cx.rank())), &mut self.charges)?;
            }
        });
        for (m, grid) in self.grids.iter_mut().enumerate() {
            plan.convolver.convolve(if m <= D { &plan.force } else { &plan.weight }, grid, cx)?;
        }
        let mut totals = [0.0; D];
        for c in 0..D {
            totals[c] = cx.sum_blocks(&mut self.sums, y.len(), |range| {
                y[range].iter().map(|point| (point[c] - middle[c]).to_f64()).sum()
            })?;
        }
        let n = y.len() as f64;
        Ok(Filled {
            lattice,
            middle,
            position_constants: totals.map(|total| total * plan.force.mean),
            force_constant: n * plan.force.mean,
            weight_constant: n * plan.weight.mean,
        })
    }

    /// The sum of weights and of forces at `y`.
    pub(crate) fn read(&self, filled: &Filled<T, D>, y: &[T; D]) -> (f64, [f64; D]) {
        with_points!(self.params, P => {
            let at = |m: usize| gather::value::<T, D, P, _>(Lagrange, &filled.lattice, self.grids[m].potential(), y).to_f64();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_in_proportion_to_the_points() {
        let params = GridParams { interpolation: crate::params::Interpolation::Lagrange, ..GridParams::default() };
        let line = |extent: f64, n| serves(&params, &Bounds { low: [0.0], high: [extent] }, n);
        let plane = |sides: [f64; 2], n| serves(&params, &Bounds { low: [0.0; 2], high: sides }, n);
        // Ordinary maps: 10 to 2.5 points to a unit of length.
        for n in [800, 2_000, 10_000, 80_000] {
            assert!(line(0.1 * n as f64, n) && line(0.4 * n as f64, n), "{n} points");
        }
        for (far, n) in [(1e4, 2_000), (1e5, 20_000), (1e5, 80_000), (1e6, 80_000), (2e6, 80_000)] {
            assert!(!line(far, n), "{n} points, one {far} off");
        }
        // Maps of Fashion-MNIST, and the same points but for one.
        for (extent, n) in [(239.0, 10_000), (278.0, 70_000)] {
            assert!(plane([extent; 2], n) && !plane([1e4, extent], n) && !plane([extent, 1e6], n));
        }
    }
}
