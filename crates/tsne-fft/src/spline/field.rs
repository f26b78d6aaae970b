//! The potential of unit charges on the grid, by B-splines.

use crate::choose::cost::Choice;
use crate::grid::gather;
use crate::grid::nodes::{Lines, Nodes};
use crate::grid::spectrum::Spectrum;
use crate::grid::spread::{Charges, spread};
use crate::grid::stencil::BSpline;
use crate::layout::shape::{Lattice, axis};
use crate::pairs::near::{AddNear, Added, NearPairs, Queries};
use crate::pairs::rows::{Row, rows};
use crate::pairs::share::visit_rest;
use crate::params::GridParams;
use crate::points::acting::Acting;
use crate::points::slabs::{FirstNode, Slabs};
use crate::points::sorted::Sorted;
use crate::scalar::GridScalar;
use crate::spline::convolutions::{Convolutions, Share};
use crate::spline::order::with_order;
use crate::spline::split::{Rest, Smoothed};
use tsne_core::simd::{self, Task};
use tsne_core::{Context, Kernel, Result};

/// A grid with the potential of the points that were spread on it last.
#[derive(Debug)]
pub(crate) struct Field<T: 'static, const D: usize> {
    params: GridParams,
    convolutions: Convolutions<T>,
    nodes: Nodes<T>,
    /// For spreading on crowded slabs.
    sums: Vec<f64>,
    /// The lists of all points, for near pairs, or of those of this member's share.
    pub(crate) slabs: Slabs,
    acting: Acting<T, D>,
    /// For near pairs only: sorting costs dense maps more than reading in order saves.
    pub(crate) sorted: Sorted<T, D>,
    rows: Vec<Row>,
}

/// What the grid knows of the points it was filled with, and what it leaves to pairs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filled<T, const D: usize> {
    pub(crate) lattice: Lattice<T, D>,
    /// To be added to the potential everywhere.
    pub(crate) constant: f64,
    /// The potential of a point at its own place, on average.
    pub(crate) own: f64,
    /// How the potential of a point at its own place varies with the place, along each coordinate.
    ripple: [T; D],
    /// What pairs within the cutoff have to add, if anything.
    pub(crate) rest: Option<Rest<T>>,
}

impl<T: GridScalar, const D: usize> Default for Field<T, D> {
    fn default() -> Self {
        Self {
            params: GridParams::default(),
            convolutions: Convolutions::default(),
            nodes: Nodes::default(),
            sums: Vec::new(),
            slabs: Slabs::default(),
            acting: Acting::default(),
            sorted: Sorted::default(),
            rows: Vec::new(),
        }
    }
}

impl<T: GridScalar, const D: usize> Field<T, D> {
    /// The padded nodes that convolutions are kept for.
    pub(crate) fn nodes(&self) -> usize {
        self.convolutions.nodes()
    }

    /// Fills the chosen grid with the potential of unit charges at `y`, less what a coarser grid has of it.
    pub(crate) fn fill(
        &mut self,
        choice: &Choice<T, D>,
        (kernel, coarser): (Kernel, Option<Smoothed>),
        y: &[[T; D]],
        cx: Context<'_>,
    ) -> Result<Filled<T, D>> {
        let Choice { params, lattice, split, .. } = *choice;
        self.params = params;
        let smoothed = split.map(|sharpness| Smoothed::new(kernel, sharpness, lattice.shape.spacing));
        let share = Share { kernel, smoothed, coarser };
        let convolution = self.convolutions.get(&lattice.shape, &share, params.n_interpolation_points + 1, cx)?;
        if let Some(sharpness) = split {
            rows::<D>(sharpness.cutoff, &mut self.rows);
        }
        let order = params.n_interpolation_points + 1;
        let part = |rank: usize| convolution.convolver.part_of(rank, cx);
        if split.is_some() {
            self.acting.forget();
            self.slabs.assign(FirstNode::spline(order), &lattice, y, cx)?;
            self.sorted.assign(order, &mut self.slabs, &lattice, y)?;
        } else {
            self.acting.assign((FirstNode::spline(order), &mut self.slabs), &lattice, y, part, cx)?;
        }
        let acting = self.acting.charges((&self.slabs, y), |_: &[T; D]| T::ONE);
        let charges: &dyn Charges<T, D> = if split.is_some() { &self.sorted } else { &acting };
        let part = part(cx.rank());
        self.nodes.fit::<D>(&lattice.shape, &part)?;
        with_order!(params, M => spread::<T, D, M, _>(BSpline, &lattice, charges, (&mut self.nodes, part), &mut self.sums))?;
        convolution.convolver.convolve(&convolution.spectrum, &mut self.nodes, cx)?;
        let rest = smoothed.as_ref().map(Smoothed::rest);
        Ok(Filled::new(lattice, &convolution.spectrum, y.len() as f64, rest))
    }

    /// Writes the forces at `places`, without near pairs, and returns the sum of the potential without the constants.
    /// Places are those of charges on the grid, or not.
    pub(crate) fn read_block(
        &self,
        filled: &Filled<T, D>,
        (places, own): (Places<'_, T, D>, bool),
        forces: &mut [[T; D]],
    ) -> f64 {
        with_order!(self.params, M => simd::dispatch(ReadBlock::<T, D, M> { field: self, filled, places, own, forces }))
    }

    /// Adds the forces of near pairs on `queries` to `forces`.
    pub(crate) fn add_near(
        &self,
        (kernel, lattice, rest): (Kernel, &Lattice<T, D>, Rest<T>),
        queries: Queries<'_, T, D>,
        forces: &mut [[T; D]],
    ) -> Added {
        let pairs = NearPairs { sorted: &self.sorted, lattice, rows: &self.rows };
        visit_rest(kernel, rest, AddNear { pairs, queries, forces })
    }
}

impl<T: GridScalar, const D: usize> Filled<T, D> {
    /// A grid filled with charges of the given sum.
    pub(crate) fn new(lattice: Lattice<T, D>, spectrum: &Spectrum<T>, charge: f64, rest: Option<Rest<T>>) -> Self {
        Self {
            lattice,
            constant: spectrum.mean * charge,
            own: spectrum.own.level,
            ripple: std::array::from_fn(|c| T::from_f64(spectrum.own.ripple[axis::<D>(c)])),
            rest,
        }
    }

    /// The potential at `y`, without the constant, and the force, without the near pairs.
    #[inline(always)]
    pub(crate) fn read<const M: usize>(&self, grid: Lines<'_, T>, y: &[T; D]) -> (T, [T; D]) {
        let (value, mut gradient) = gather::value_and_gradient::<T, D, M>(&self.lattice, grid, y);
        let factor = -(T::HALF * self.lattice.inverse_spacing);
        for g in &mut gradient {
            *g *= factor;
        }
        (value, gradient)
    }

    /// The same at a charge that is on the grid: without what it adds to its own potential and force, but for
    /// the constant `own`. On sparse maps this is the larger part of the error of interpolation.
    #[inline(always)]
    pub(crate) fn read_own<const M: usize>(&self, grid: Lines<'_, T>, y: &[T; D], charge: T) -> (T, [T; D]) {
        let mut read = self.read::<M>(grid, y);
        self.take_out(&mut read, y, charge);
        read
    }

    /// Makes of [`Filled::read`] what [`Filled::read_own`] returns.
    #[inline(always)]
    fn take_out(&self, (value, force): &mut (T, [T; D]), y: &[T; D], charge: T) {
        let u = self.lattice.coordinates(y);
        let pi_per_spacing = T::from_f64(std::f64::consts::PI) * self.lattice.inverse_spacing;
        for c in 0..D {
            *value -= charge * self.ripple[c] * sine_of_turns(u[c] + T::from_f64(0.25));
            force[c] -= pi_per_spacing * charge * self.ripple[c] * sine_of_turns(u[c]);
        }
    }
}

/// Places to read the grid at.
pub(crate) enum Places<'a, T, const D: usize> {
    /// These.
    Given(&'a [[T; D]]),
    /// The sorted ones from a rank on.
    Sorted {
        /// The rank of the first.
        first: usize,
    },
}

struct ReadBlock<'a, T: 'static, const D: usize, const M: usize> {
    field: &'a Field<T, D>,
    filled: &'a Filled<T, D>,
    places: Places<'a, T, D>,
    own: bool,
    forces: &'a mut [[T; D]],
}

impl<T: GridScalar, const D: usize, const M: usize> Task for ReadBlock<'_, T, D, M> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sum = 0.0;
        let potential = self.field.nodes.potential();
        for (i, force) in self.forces.iter_mut().enumerate() {
            let y = match self.places {
                Places::Given(y) => y[i],
                Places::Sorted { first } => self.field.sorted.point(first + i),
            };
            // Read in one place: all that reading does is inlined, for each order.
            let mut read = self.filled.read::<M>(potential, &y);
            if self.own {
                self.filled.take_out(&mut read, &y, T::ONE);
            }
            let value;
            (value, *force) = read;
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
