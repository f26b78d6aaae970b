//! The cheapest grid that is exact enough: nodes against near pairs.

use crate::density::Density;
use crate::geometry::{Bounds, Geometry, Shape, geometry, is_coarsened, with_spacing};
use crate::pairs::{LANES, Row, rows};
use crate::sorted::SPAN;
use crate::split::Sharpness;
use crate::{GridParams, GridScalar};
use tsne_core::Kernel;

/// A grid, and how it splits the kernel if it leaves near pairs to direct sums.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<T, const D: usize> {
    pub(crate) geometry: Geometry<T, D>,
    pub(crate) split: Option<Sharpness>,
}

/// The grid as its parameters ask for it, or the finest within the limit, with the finer split.
pub(crate) fn nominal<T: GridScalar, const D: usize>(params: &GridParams, bounds: &Bounds<T, D>) -> Choice<T, D> {
    let geometry = geometry(params, bounds);
    Choice { geometry, split: is_coarsened(params, &geometry).then_some(Sharpness::FINE) }
}

/// Whether a split of [`Sharpness::DEFAULT`] is as exact as the grid asked for. What a plain grid errs by falls with
/// `exp(-√dof π/h)`: finer grids and kernels of lighter tails are more exact than the split is.
fn splits_suffice(params: &GridParams, kernel: Kernel) -> bool {
    let default = GridParams::default();
    params.spacing() >= default.spacing()
        && params.n_interpolation_points <= default.n_interpolation_points
        && kernel.dof() <= 1.0
}

/// The spacing grows in steps of this ratio: the cost is flat around its minimum, within 5 % over a step, and fewer
/// spacings are fewer spectra.
const STEP: f64 = std::f64::consts::SQRT_2;

/// The finest of the coarser spacings, in units of the one asked for: where [`Sharpness::DEFAULT`] is exact enough.
const fn least_coarsening<const D: usize>() -> f64 {
    if D == 2 { 2.0 } else { 4.0 }
}

/// Nanoseconds of two threads for each node of the padded grid: 1.2 to 1.4 on real maps in two dimensions, 0.8 in three.
const NODE: f64 = 1.2;

/// The same for each point near a group of queries: twenty vector operations and a division.
const STEP_OF_GROUP: f64 = 2.0;

/// The same for each row of cells around a group.
const ROW: f64 = 4.0;

/// The same for each point that is sorted into cells.
const SORT: f64 = 8.0;

/// The cheapest grid of those that are at least as exact as the one that the parameters ask for: that one, or coarser ones
/// with near pairs. `density` is asked for only if there is a choice.
pub(crate) fn cheapest<T: GridScalar, const D: usize>(
    params: &GridParams,
    kernel: Kernel,
    (bounds, n): (&Bounds<T, D>, usize),
    around: &mut Vec<Row>,
    density: impl FnOnce() -> Density,
) -> Choice<T, D> {
    let plain = nominal(params, bounds);
    if !splits_suffice(params, kernel) || plain.geometry.shape.spacing < params.spacing() {
        return plain;
    }
    let density = density();
    let pairs = |spacing: f64, around: &[Row]| {
        // Queries are taken in groups of neighbors on a line of cells, and all of them see what is near to one.
        let box_side = (2.0 * Sharpness::DEFAULT.cutoff.ceil() + 1.0) * spacing;
        let points_of_cell = (density.at(box_side) * spacing.powi(D as i32)).max(f64::MIN_POSITIVE);
        let group = (1.0 + points_of_cell * SPAN as f64).min(LANES as f64);
        let cells = 1.0 + (group - 1.0) / points_of_cell;
        let row = |row: &Row| ROW + STEP_OF_GROUP * points_of_cell * (2.0 * row.reach as f64 + cells);
        n as f64 * SORT + n as f64 / group * around.iter().map(row).sum::<f64>()
    };
    let nodes = |shape: &Shape| NODE * shape.padded_nodes() as f64;
    let mut best = plain;
    let mut least = nodes(&plain.geometry.shape);
    if let Some(sharpness) = plain.split {
        rows::<D>(sharpness.cutoff, around);
        least += pairs(plain.geometry.shape.spacing, around);
    }
    rows::<D>(Sharpness::DEFAULT.cutoff, around);
    // Not below the finest that the limit allows: the sizes of finer ones may leave the integers.
    let mut spacing = (params.spacing() * least_coarsening::<D>()).max(plain.geometry.shape.spacing);
    while spacing < bounds.extent() {
        let sum = pairs(spacing, around);
        if sum >= least {
            break;
        }
        let geometry = with_spacing(params, bounds, spacing);
        let within_limit = geometry.shape.padded_nodes() <= GridParams::MAX_PADDED_NODES;
        let sum = sum + nodes(&geometry.shape);
        if within_limit && sum < least {
            best = Choice { geometry, split: Some(Sharpness::DEFAULT) };
            least = sum;
        }
        spacing *= STEP;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(params: &GridParams, dof: f64, extent: f64, density: f64) -> Choice<f64, 2> {
        let bounds = Bounds { low: [0.0; 2], high: [extent; 2] };
        let n = (extent * extent * density) as usize;
        cheapest(params, Kernel::new(dof).unwrap(), (&bounds, n), &mut Vec::new(), || Density::uniform(density))
    }

    #[test]
    fn sparse_maps_get_coarse_grids_and_dense_ones_fine_ones() {
        let params = GridParams::default();
        let sparse = choice(&params, 1.0, 240.0, 0.2);
        assert!(sparse.split.is_some() && sparse.geometry.shape.spacing > 2.0 * params.spacing());
        // A hundred points to a unit: thousands of pairs a point, against few nodes.
        let dense = choice(&params, 1.0, 100.0, 100.0);
        assert!(dense.split.is_none() && dense.geometry.shape.spacing == params.spacing());
        // A density of zero is one that the sample could not tell: the search ends all the same.
        assert!(choice(&params, 1.0, 240.0, 0.0).geometry.shape.spacing < 240.0);
        assert!(choice(&params, 1.0, 1e4, 1e-4).geometry.shape.padded_nodes() <= GridParams::MAX_PADDED_NODES);
    }

    #[test]
    fn maps_beyond_the_limit_may_keep_the_finest_spacing_within_it() {
        // 70,000 points in three dimensions: the limit makes the plain grid coarser, with the finer split. The other split
        // sees less than half as many pairs at that spacing.
        let params = GridParams::default();
        for (extent, density) in [(100.0, 1.5), (255.0, 0.03)] {
            let bounds = Bounds { low: [0.0; 3], high: [extent; 3] };
            let plain = nominal(&params, &bounds);
            assert!(plain.geometry.shape.spacing > params.spacing());
            let density = || Density::uniform(density);
            let chosen = cheapest::<f64, 3>(&params, Kernel::CAUCHY, (&bounds, 70_000), &mut Vec::new(), density);
            assert_eq!(chosen.split.map(|split| split.cutoff), Some(Sharpness::DEFAULT.cutoff));
            let ratio = chosen.geometry.shape.spacing / plain.geometry.shape.spacing;
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
