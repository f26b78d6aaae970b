//! The cheapest grid that is exact enough: nodes against near pairs.

use crate::choose::density::Densities;
use crate::layout::bounds::Bounds;
use crate::layout::shape::{Lattice, Shape, is_coarsened, lattice, with_spacing};
use crate::pairs::all::LANES;
use crate::pairs::near::SPAN;
use crate::pairs::rows::{Row, rows};
use crate::params::GridParams;
use crate::scalar::GridScalar;
use crate::spline::split::Sharpness;
use tsne_core::Kernel;

/// A grid, how it splits the kernel if it leaves near pairs to direct sums, and what filling and reading it costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<T, const D: usize> {
    pub(crate) params: GridParams,
    pub(crate) lattice: Lattice<T, D>,
    pub(crate) split: Option<Sharpness>,
    /// Nanoseconds of two threads, without what each point costs whatever the grid.
    pub(crate) cost: f64,
    /// Whether it is expected to be as exact as asked for.
    pub(crate) suffices: bool,
}

impl<T, const D: usize> Choice<T, D> {
    /// The cost by [`node`].
    pub(crate) fn cost_of_call(&self) -> f64 {
        self.cost + (node::<D>() - NODE) * self.lattice.shape.padded_nodes() as f64
    }
}

/// Nanoseconds of two threads for each node of the padded grid: 1.2 to 1.4 on real maps in two dimensions, 0.8 in three.
pub(crate) const NODE: f64 = 1.2;

/// The same where what counts is how long a call takes, not which grid is the best of a map.
///
/// The only line of a one-dimensional grid is one transform, on one thread: 20 ns a node in `f64` and 13 in `f32`, for 6,000 to
/// 600,000 nodes. Choices among grids go by [`NODE`] all the same: near pairs, that they weigh nodes against, gain less from
/// threads on such maps too.
pub(crate) const fn node<const D: usize>() -> f64 {
    if D == 1 { 15.0 } else { NODE }
}

/// The same for each point near a group of queries, at `dof` 1: twenty vector operations and a division.
const STEP_OF_GROUP: f64 = 2.0;

/// The same for each row of cells around a group.
const ROW: f64 = 4.0;

/// The same for each point that is sorted into cells.
const SORT: f64 = 8.0;

/// Nanoseconds of two threads for a pair.
pub(crate) fn pair_cost(kernel: Kernel) -> f64 {
    STEP_OF_GROUP / LANES as f64 * kernel.pair_cost()
}

/// Nanoseconds of two threads for a point on an ordinary map: spread and read, nodes and near pairs in proportion. On maps of
/// Fashion-MNIST 70 to 100 in two dimensions, 350 in three (`--example maps`).
pub(crate) const fn usual_cost<const D: usize>() -> f64 {
    match D {
        1 => 40.0,
        2 => 100.0,
        _ => 400.0,
    }
}

/// Nanoseconds of two threads for the smallest grid: 324 padded nodes a side, 2²¹ in all in three dimensions.
pub(crate) const fn least_cost<const D: usize>() -> f64 {
    match D {
        1 => 1e4,
        2 => 1.5e5,
        _ => 2.5e6,
    }
}

/// What decides the cost of near pairs of a map on grids of any spacing.
pub(crate) struct Crowd<'a> {
    pub(crate) kernel: Kernel,
    n: usize,
    /// Asked only if it matters.
    densities: &'a mut dyn Densities,
    around: &'a mut Vec<Row>,
}

impl<'a> Crowd<'a> {
    pub(crate) fn new(kernel: Kernel, n: usize, around: &'a mut Vec<Row>, densities: &'a mut dyn Densities) -> Self {
        Self { kernel, n, densities, around }
    }

    /// What near pairs cost at a spacing.
    pub(crate) fn pairs<const D: usize>(&mut self, sharpness: Sharpness, spacing: f64) -> f64 {
        rows::<D>(sharpness.cutoff, self.around);
        // Queries are taken in groups of neighbors on a line of cells, and all of them see what is near to one.
        let box_side = (2.0 * Sharpness::DEFAULT.cutoff.ceil() + 1.0) * spacing;
        let points_of_cell = self.densities.at(box_side).in_cube::<D>(spacing).max(f64::MIN_POSITIVE);
        let group = (1.0 + points_of_cell * SPAN as f64).min(LANES as f64);
        let cells = 1.0 + (group - 1.0) / points_of_cell;
        let step = STEP_OF_GROUP * self.kernel.pair_cost();
        let row = |row: &Row| ROW + step * points_of_cell * (2.0 * row.reach as f64 + cells);
        let n = self.n as f64;
        n * SORT + n / group * self.around.iter().map(row).sum::<f64>()
    }
}

/// What the nodes of a grid cost.
pub(crate) fn nodes(shape: &Shape) -> f64 {
    NODE * shape.padded_nodes() as f64
}

/// The grid as its parameters ask for it, or the finest within the limit, with the finer split.
pub(crate) fn nominal<T: GridScalar, const D: usize>(
    params: &GridParams,
    bounds: &Bounds<T, D>,
    crowd: &mut Crowd<'_>,
) -> Choice<T, D> {
    let lattice = lattice(params, bounds);
    let split = is_coarsened(params, &lattice).then_some(Sharpness::FINE);
    let pairs = split.map_or(0.0, |sharpness| crowd.pairs::<D>(sharpness, lattice.shape.spacing));
    Choice { params: *params, lattice, split, cost: nodes(&lattice.shape) + pairs, suffices: true }
}

/// Whether a split of [`Sharpness::DEFAULT`] is as exact as the grid asked for. What a plain grid errs by falls with
/// `exp(-√dof π/h)`: finer grids and kernels of lighter tails are more exact than the split is.
pub(crate) fn splits_suffice(params: &GridParams, kernel: Kernel) -> bool {
    let default = GridParams::default();
    params.spacing() >= default.spacing()
        && params.n_interpolation_points <= default.n_interpolation_points
        && kernel.dof() <= 1.0
}

/// The spacing grows in steps of this ratio: the cost is flat around its minimum, within 5 % over a step, and fewer
/// spacings are fewer spectra.
const STEP: f64 = std::f64::consts::SQRT_2;

/// The finest of the coarser spacings, in units of the one asked for: where [`Sharpness::DEFAULT`] is exact enough.
pub(crate) const fn least_coarsening<const D: usize>() -> f64 {
    if D == 2 { 2.0 } else { 4.0 }
}

/// The cheapest grid of those that are at least as exact as the one that the parameters ask for: that one, or coarser ones
/// with near pairs.
pub(crate) fn cheapest<T: GridScalar, const D: usize>(
    params: &GridParams,
    bounds: &Bounds<T, D>,
    crowd: &mut Crowd<'_>,
) -> Choice<T, D> {
    let plain = nominal(params, bounds, crowd);
    if !splits_suffice(params, crowd.kernel) || plain.lattice.shape.spacing < params.spacing() {
        return plain;
    }
    // Not below the finest that the limit allows: the sizes of finer ones may leave the integers.
    let finest = (params.spacing() * least_coarsening::<D>()).max(plain.lattice.shape.spacing);
    coarser(params, (Sharpness::DEFAULT, finest), bounds, crowd, plain)
}

/// The cheapest of `best` and of the grids of at least the spacing `finest` that split the kernel by `sharpness`.
pub(crate) fn coarser<T: GridScalar, const D: usize>(
    params: &GridParams,
    (sharpness, finest): (Sharpness, f64),
    bounds: &Bounds<T, D>,
    crowd: &mut Crowd<'_>,
    mut best: Choice<T, D>,
) -> Choice<T, D> {
    let mut spacing = finest;
    while spacing < bounds.extent() {
        let sum = crowd.pairs::<D>(sharpness, spacing);
        if sum >= best.cost {
            break;
        }
        let lattice = with_spacing(params, bounds, spacing);
        let cost = sum + nodes(&lattice.shape);
        if lattice.shape.padded_nodes() <= GridParams::MAX_PADDED_NODES && cost < best.cost {
            best = Choice { params: *params, lattice, split: Some(sharpness), cost, suffices: true };
        }
        spacing *= STEP;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choose::density::Uniform;

    fn choice(params: &GridParams, dof: f64, extent: f64, density: f64) -> Choice<f64, 2> {
        let bounds = Bounds { low: [0.0; 2], high: [extent; 2] };
        let n = (extent * extent * density) as usize;
        let kernel = Kernel::new(dof).unwrap();
        cheapest(params, &bounds, &mut Crowd::new(kernel, n, &mut Vec::new(), &mut Uniform(density)))
    }

    #[test]
    fn sparse_maps_get_coarse_grids_and_dense_ones_fine_ones() {
        let params = GridParams::default();
        let sparse = choice(&params, 1.0, 240.0, 0.2);
        assert!(sparse.split.is_some() && sparse.lattice.shape.spacing > 2.0 * params.spacing());
        // A hundred points to a unit: thousands of pairs a point, against few nodes.
        let dense = choice(&params, 1.0, 100.0, 100.0);
        assert!(dense.split.is_none() && dense.lattice.shape.spacing == params.spacing());
        // A density of zero is one that the sample could not tell: the search ends all the same.
        assert!(choice(&params, 1.0, 240.0, 0.0).lattice.shape.spacing < 240.0);
        assert!(choice(&params, 1.0, 1e4, 1e-4).lattice.shape.padded_nodes() <= GridParams::MAX_PADDED_NODES);
    }

    #[test]
    fn maps_beyond_the_limit_may_keep_the_finest_spacing_within_it() {
        // 70,000 points in three dimensions: the limit makes the plain grid coarser, with the finer split. The other split
        // sees less than half as many pairs at that spacing.
        let params = GridParams::default();
        for (extent, density) in [(100.0, 1.5), (255.0, 0.03)] {
            let bounds = Bounds { low: [0.0; 3], high: [extent; 3] };
            let (mut around, mut density) = (Vec::new(), Uniform(density));
            let mut crowd = Crowd::new(Kernel::CAUCHY, 70_000, &mut around, &mut density);
            let plain = nominal::<f64, 3>(&params, &bounds, &mut crowd);
            assert!(plain.lattice.shape.spacing > params.spacing());
            let chosen = cheapest::<f64, 3>(&params, &bounds, &mut crowd);
            assert_eq!(chosen.split.map(|split| split.cutoff), Some(Sharpness::DEFAULT.cutoff));
            let ratio = chosen.lattice.shape.spacing / plain.lattice.shape.spacing;
            assert!((1.0..=2.5).contains(&ratio), "extent {extent}: {ratio}");
        }
    }

    #[test]
    fn nothing_is_split_where_the_plain_grid_is_more_exact() {
        let params = GridParams::default();
        let more_points = GridParams { n_interpolation_points: 5, ..params };
        let smaller_cells = GridParams { ints_in_interval: 0.5, ..params };
        for (params, dof, extent) in
            [(more_points, 1.0, 240.0), (smaller_cells, 1.0, 240.0), (params, 2.0, 240.0), (params, 1.0, 40.0)]
        {
            assert!(choice(&params, dof, extent, 0.2).split.is_none(), "{params:?}, dof {dof}, extent {extent}");
        }
        // Where the limit leaves no choice the split is the finer one.
        let limited = choice(&more_points, 1.0, 1e4, 1e-4);
        assert!(limited.split.is_some_and(|sharpness| sharpness.cutoff == Sharpness::FINE.cutoff));
    }
}
