//! The grid of a division: the smooth part of the kernel among all bodies, and the near pairs of loose points.

use crate::grid::nodes::Nodes;
use crate::grid::spread::{Charges, Each, in_chunks, spread};
use crate::grid::stencil::BSpline;
use crate::layout::bounds::Bounds;
use crate::levels::bodies::Bodies;
use crate::levels::divide::Division;
use crate::pairs::all::QUERIES;
use crate::pairs::near::{AddNear, Added, NearPairs, Queries};
use crate::pairs::rows::{Row, rows};
use crate::pairs::share::visit_rest;
use crate::params::GridParams;
use crate::points::slabs::{BLOCK, FirstNode, Slabs};
use crate::points::sorted::Sorted;
use crate::scalar::GridScalar;
use crate::spline::convolutions::{Convolutions, Share};
use crate::spline::field::Filled;
use crate::spline::split::{Rest, Sharpness, Smoothed};
use tsne_core::{Context, Kernel, Result, chunks, memory};

/// The order of the splines of coarse grids: those of three interpolation points, for which splits are made.
const ORDER: usize = GridParams::DEFAULT_INTERPOLATION_POINTS + 1;

/// A coarse grid, with what is kept from call to call.
#[derive(Debug)]
pub(crate) struct Coarse<T: 'static, const D: usize> {
    convolutions: Convolutions<T>,
    nodes: Nodes<T>,
    /// For spreading on crowded slabs.
    sums: Vec<f64>,
    slabs: Slabs,
    loose_slabs: Slabs,
    loose: Sorted<T, D>,
    margins: Sorted<T, D>,
    rows: Vec<Row>,
}

impl<T: GridScalar, const D: usize> Default for Coarse<T, D> {
    fn default() -> Self {
        Self {
            convolutions: Convolutions::default(),
            nodes: Nodes::default(),
            sums: Vec::new(),
            slabs: Slabs::default(),
            loose_slabs: Slabs::default(),
            loose: Sorted::default(),
            margins: Sorted::default(),
            rows: Vec::new(),
        }
    }
}

/// What a coarse grid was filled with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilledCoarse<T, const D: usize> {
    filled: Filled<T, D>,
    kernel: Kernel,
    /// What near pairs have.
    rest: Rest<T>,
    /// The part of the kernel that the grid has.
    pub(crate) smoothed: Smoothed,
    share: Share,
}

/// Potential and force of one body.
type Felt<T, const D: usize> = (f64, [T; D]);

struct Weighted<'a, T, const D: usize> {
    slabs: &'a Slabs,
    bodies: &'a Bodies<T, D>,
}

impl<T: GridScalar, const D: usize> Charges<T, D> for Weighted<'_, T, D> {
    fn slabs(&self) -> usize {
        self.slabs.count()
    }

    fn count(&self, s: usize) -> usize {
        self.slabs.len(s)
    }

    fn of_slab(&self, s: usize, each: &mut Each<'_, T, D>) {
        in_chunks(self.slabs.points(s).map(|i| (self.bodies.places[i], self.bodies.masses[i])), each);
    }
}

impl<T: GridScalar, const D: usize> FilledCoarse<T, D> {
    /// The padded nodes of the grid.
    pub(crate) fn nodes(&self) -> usize {
        self.filled.lattice.shape.padded_nodes()
    }
}

impl<T: GridScalar, const D: usize> Coarse<T, D> {
    /// The padded nodes that convolutions are kept for.
    pub(crate) fn nodes(&self) -> usize {
        self.convolutions.nodes()
    }

    /// Fills the grid of a division over `bounds`, and sorts the points of near pairs.
    pub(crate) fn fill(
        &mut self,
        (kernel, coarser, sharpness): (Kernel, Option<Smoothed>, Sharpness),
        (division, bounds): (&Division<T, D>, &Bounds<T, D>),
        bodies: &Bodies<T, D>,
        cx: Context<'_>,
    ) -> Result<FilledCoarse<T, D>> {
        let lattice = division.lattice(bounds);
        let smoothed = Smoothed::new(kernel, sharpness, lattice.shape.spacing);
        let share = Share { kernel, smoothed: Some(smoothed), coarser };
        let convolution = self.convolutions.get(&lattice.shape, &share, ORDER, cx)?;
        rows::<D>(sharpness.cutoff, &mut self.rows);
        for (sorted, slabs, which) in [
            (&mut self.margins, &mut self.slabs, &bodies.margins),
            (&mut self.loose, &mut self.loose_slabs, &bodies.loose),
        ] {
            let places = bodies.places_of(which)?;
            slabs.assign(FirstNode::spline(ORDER), &lattice, &places, cx)?;
            sorted.assign(ORDER, slabs, &lattice, &places)?;
        }
        self.slabs.assign(FirstNode::spline(ORDER), &lattice, &bodies.places, cx)?;
        let charges = Weighted { slabs: &self.slabs, bodies };
        let part = convolution.convolver.part_of(cx.rank(), cx);
        self.nodes.fit::<D>(&lattice.shape, &part)?;
        spread::<T, D, ORDER, _>(BSpline, &lattice, &charges, (&mut self.nodes, part), &mut self.sums)?;
        convolution.convolver.convolve(&convolution.spectrum, &mut self.nodes, cx)?;
        let charge = bodies.masses.iter().map(|mass| mass.to_f64()).sum();
        let filled = Filled::new(lattice, &convolution.spectrum, charge, None);
        Ok(FilledCoarse { filled, kernel, rest: smoothed.rest(), smoothed, share })
    }

    /// The sum of the potential over all points, each without itself, the force on each body, and how many pairs were summed.
    pub(crate) fn read(
        &mut self,
        coarse: &FilledCoarse<T, D>,
        bodies: &Bodies<T, D>,
        cx: Context<'_>,
    ) -> Result<(f64, Vec<[T; D]>, usize)> {
        let FilledCoarse { filled, share, .. } = coarse;
        let mut felt: Vec<Felt<T, D>> = memory::filled("forces", bodies.places.len(), (0.0, [T::ZERO; D]))?;
        // What a point of a lump feels of the others there, by the kernel itself.
        let at_zero = share.weight(0.0);
        let own = cx.part(felt.len(), QUERIES);
        let start = own.start;
        chunks::for_each(&mut felt[own], QUERIES, |chunk, felt| {
            let first = start + chunk * QUERIES;
            for ((felt, place), &mass) in felt.iter_mut().zip(&bodies.places[first..]).zip(&bodies.masses[first..]) {
                let (value, force) = filled.read_own::<ORDER>(self.nodes.potential(), place, mass);
                let mass = mass.to_f64();
                *felt = (value.to_f64() + filled.constant - mass * filled.own + (mass - 1.0) * at_zero, force);
            }
        });
        cx.check()?;
        cx.gather(&mut felt, QUERIES)?;
        let pairs = self.add_near(coarse, bodies, &mut felt, cx)?;
        let mut potential = 0.0;
        let mut forces = Vec::new();
        memory::reserve("forces", &mut forces, felt.len())?;
        for ((value, force), mass) in felt.iter().zip(&bodies.masses) {
            potential += value * mass.to_f64();
            forces.push(*force);
        }
        Ok((potential, forces, pairs))
    }

    /// Adds the near pairs of loose points with each other and with margins; returns how many there were.
    fn add_near(
        &mut self,
        coarse: &FilledCoarse<T, D>,
        bodies: &Bodies<T, D>,
        felt: &mut [Felt<T, D>],
        cx: Context<'_>,
    ) -> Result<usize> {
        let (loose, margins) = (bodies.loose.as_slice(), bodies.margins.as_slice());
        let mut forces = memory::filled("forces", loose.len(), [T::ZERO; D])?;
        let mut runs = memory::filled("weights", loose.len().div_ceil(QUERIES), (0.0, 0))?;
        let own = cx.part(loose.len(), QUERIES);
        let start = own.start;
        let out = (forces[own].as_flattened_mut(), QUERIES * D);
        chunks::for_each2((&mut runs[cx.share(loose.len().div_ceil(QUERIES))], 1), out, |block, run, forces| {
            let first = start + block * QUERIES;
            let added = self.add(&self.loose, coarse, Queries::Own { first }, forces.as_chunks_mut().0);
            run[0] = (added.weight, added.pairs);
        });
        cx.gather(&mut forces, QUERIES)?;
        cx.gather(&mut runs, 1)?;
        let mut pairs = runs.iter().map(|run| run.1).sum();
        for b in 0..loose.len().div_ceil(BLOCK) {
            for (i, rank) in self.loose.block(&self.loose_slabs, b) {
                let (value, force) = &mut felt[loose[b * BLOCK + i] as usize];
                // Only the sum of all weights counts: that of a run goes to its first point.
                if rank % QUERIES == 0 {
                    *value += runs[rank / QUERIES].0;
                }
                for c in 0..D {
                    force[c] += forces[rank][c];
                }
            }
        }
        for (queries, sources) in [(loose, &self.margins), (margins, &self.loose)] {
            if sources.len() == 0 {
                continue;
            }
            let none = ((0.0, 0), [T::ZERO; D]);
            let mut sums: Vec<((f64, usize), [T; D])> = memory::filled("forces", queries.len(), none)?;
            let own = cx.part(queries.len(), QUERIES);
            let start = own.start;
            chunks::for_each(&mut sums[own], QUERIES, |chunk, sums| {
                for ((run, force), &body) in sums.iter_mut().zip(&queries[start + chunk * QUERIES..]) {
                    let mut forces = [[T::ZERO; D]];
                    let place = &bodies.places[body as usize];
                    let added = self.add(sources, coarse, Queries::Given(place), &mut forces);
                    *run = (added.weight, added.pairs);
                    [*force] = forces;
                }
            });
            cx.gather(&mut sums, QUERIES)?;
            for (((weight, near), sum), &body) in sums.iter().zip(queries) {
                let (value, force) = &mut felt[body as usize];
                *value += weight;
                pairs += near;
                for c in 0..D {
                    force[c] += sum[c];
                }
            }
        }
        Ok(pairs)
    }

    /// Adds what near ones of the given points do to the forces on `queries`.
    fn add(
        &self,
        sorted: &Sorted<T, D>,
        coarse: &FilledCoarse<T, D>,
        queries: Queries<'_, T, D>,
        forces: &mut [[T; D]],
    ) -> Added {
        let pairs = NearPairs { sorted, lattice: &coarse.filled.lattice, rows: &self.rows };
        visit_rest(coarse.kernel, coarse.rest, AddNear { pairs, queries, forces })
    }

    /// The weights and the force of all bodies, and of near loose points, at a place that is none of them.
    pub(crate) fn at(&self, coarse: &FilledCoarse<T, D>, place: &[T; D]) -> Felt<T, D> {
        let (value, force) = coarse.filled.read::<ORDER>(self.nodes.potential(), place);
        let mut forces = [force];
        let mut weight = value.to_f64() + coarse.filled.constant;
        if self.loose.len() > 0 {
            weight += self.add(&self.loose, coarse, Queries::Given(place), &mut forces).weight;
        }
        (weight, forces[0])
    }

    /// Adds the near points of margins to what is felt at a place.
    pub(crate) fn add_margins(&self, coarse: &FilledCoarse<T, D>, place: &[T; D], felt: &mut Felt<T, D>) {
        if self.margins.len() > 0 {
            felt.0 += self.add(&self.margins, coarse, Queries::Given(place), std::slice::from_mut(&mut felt.1)).weight;
        }
    }

    /// How many pairs [`Coarse::at`] and [`Coarse::add_margins`] sum at a place.
    #[cfg(test)]
    pub(crate) fn pairs_at(&self, coarse: &FilledCoarse<T, D>, place: &[T; D]) -> usize {
        let near = [&self.loose, &self.margins].into_iter().filter(|sorted| sorted.len() > 0);
        near.map(|sorted| self.add(sorted, coarse, Queries::Given(place), &mut [[T::ZERO; D]]).pairs).sum()
    }
}
