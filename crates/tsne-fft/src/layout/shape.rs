//! Where the nodes of the grid stand: a function of the positions and parameters alone.

use crate::layout::bounds::Bounds;
use crate::layout::lengths::transform_length;
use crate::params::{GridParams, Interpolation};
use crate::scalar::GridScalar;

/// Axes of a grid: one- and two-dimensional maps have leading (middle) axes of length 1.
pub(crate) const AXES: usize = 3;

/// The axis of the grid for coordinate `c` of a `D`-dimensional map: the last coordinate is the last axis, whose lines
/// are contiguous, and the first of several is the first axis, along which the work is cut.
pub(crate) const fn axis<const D: usize>(c: usize) -> usize {
    match D {
        1 => 2,
        2 => 2 * c,
        _ => c,
    }
}

/// The size of a grid and the spacing of its nodes: all that plans, spectra and buffers depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    /// Nodes along each axis.
    pub(crate) nodes: [usize; AXES],
    /// Length of the transform along each axis: at least twice the nodes, so that the ends do not act on each other.
    pub(crate) padded: [usize; AXES],
    /// The distance between neighboring nodes, in units of the embedding.
    pub(crate) spacing: f64,
}

impl Shape {
    /// The length of the grid: lines of the padded length, of the nodes alone.
    #[cfg(test)]
    pub(crate) const fn grid_len(&self) -> usize {
        self.nodes[0] * self.nodes[1] * self.padded[2]
    }

    /// The number of padded nodes.
    pub(crate) fn padded_nodes(&self) -> usize {
        self.padded.iter().fold(1, |nodes, &along| usize::saturating_mul(nodes, along))
    }
}

/// A grid laid over a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lattice<T, const D: usize> {
    pub(crate) shape: Shape,
    /// The position of coordinate 0 on the grid.
    pub(crate) origin: [T; D],
    /// One over the spacing.
    pub(crate) inverse_spacing: T,
}

impl<T: GridScalar, const D: usize> Lattice<T, D> {
    /// A position in units of the spacing from the border of the grid.
    #[inline(always)]
    pub(crate) fn coordinates(&self, y: &[T; D]) -> [T; D] {
        let mut u = [T::ZERO; D];
        for c in 0..D {
            u[c] = (y[c] - self.origin[c]) * self.inverse_spacing;
        }
        u
    }
}

/// Steps in which the spacing shrinks on small maps: each is a new spectrum, and four per octave keep the grid within
/// 19 % of the size asked for.
const SPACING_STEPS_PER_OCTAVE: f64 = 4.0;

/// The largest padded grid to which small maps are refined beyond the nominal spacing.
///
/// Fashion-MNIST's 70,000 points in three dimensions, ms per iteration of the early phase and divergence at the end: 20 and
/// 2.1744 with 2²¹, 25 and 2.1746 with 2²², 59 and 2.1747 with 2²⁴ nodes; force error after it 6e-5 (a map of extent 4).
fn refined_nodes<const D: usize>(params: &GridParams) -> usize {
    // A tolerance asks for as many cells as it needs.
    if D < 3 || params.force_tolerance.is_some() {
        return GridParams::MAX_PADDED_NODES;
    }
    1 << 21
}

/// The finest spacing: the kernel less 1 then differs from 0 by 1e-30 from node to node, which `f32` still holds. Crowds of
/// an extent below 1e-13 stand on fewer nodes, which are enough: the kernel is a parabola there (whole maps as small have no grid,
/// [`crate::flat`]).
const MIN_SPACING: f64 = 1e-15;

/// Padding beyond twice the nodes. The kernel on the padded grid is mirrored at half its length, and the spline filter
/// carries that kink inwards with a factor 0.27 per node (the root of its filter, 2 - √3) at order 4.
const PADDING: usize = 12;

/// The grid for points within `bounds`.
///
/// The spacing is the nominal one, or finer so that `min_num_intervals` cells cover the longest side. Sizes are rounded
/// up to a fixed list, so that a growing map changes them rarely, and a map that shrinks back finds the same grid again.
pub(crate) fn lattice<T: GridScalar, const D: usize>(params: &GridParams, bounds: &Bounds<T, D>) -> Lattice<T, D> {
    let extent = bounds.extent();
    let nominal = params.spacing();
    let points_per_cell = params.n_interpolation_points as f64;
    let wanted = extent / (params.min_num_intervals as f64 * points_per_cell);
    let mut spacing = nominal;
    if wanted > 0.0 && wanted < nominal {
        let steps = (SPACING_STEPS_PER_OCTAVE * (nominal / wanted).log2()).ceil();
        spacing = (nominal * (-steps / SPACING_STEPS_PER_OCTAVE).exp2()).max(MIN_SPACING);
    }
    let sides = sides(bounds);
    let coarser = (1.0 / SPACING_STEPS_PER_OCTAVE).exp2();
    // A quick estimate first: the list of lengths is slow to search where no grid is possible anyway.
    let padding = (PADDING + 2 * (params.n_interpolation_points + 2)) as f64;
    let estimate = |spacing: f64| sides.iter().map(|side| 2.0 * side / spacing + padding).product::<f64>();
    while spacing < nominal && estimate(spacing) > refined_nodes::<D>(params) as f64 {
        spacing *= coarser;
    }
    spacing = spacing.min(nominal);
    while estimate(spacing) > GridParams::MAX_PADDED_NODES as f64 {
        spacing *= coarser;
    }
    let mut shape = shape(params, sides, spacing);
    while shape.padded_nodes() > GridParams::MAX_PADDED_NODES {
        spacing *= coarser;
        shape = self::shape(params, sides, spacing);
    }
    over(shape, bounds)
}

/// The grid of the given spacing for points within `bounds`.
pub(crate) fn with_spacing<T: GridScalar, const D: usize>(
    params: &GridParams,
    bounds: &Bounds<T, D>,
    spacing: f64,
) -> Lattice<T, D> {
    over(shape(params, sides(bounds), spacing), bounds)
}

fn over<T: GridScalar, const D: usize>(shape: Shape, bounds: &Bounds<T, D>) -> Lattice<T, D> {
    Lattice { shape, origin: bounds.low, inverse_spacing: T::from_f64(1.0 / shape.spacing) }
}

fn sides<T: GridScalar, const D: usize>(bounds: &Bounds<T, D>) -> [f64; D] {
    std::array::from_fn(|c| bounds.high[c].to_f64() - bounds.low[c].to_f64())
}

/// Whether a grid is coarser than its parameters ask for, so that near pairs are missing.
pub(crate) fn is_coarsened<T, const D: usize>(params: &GridParams, lattice: &Lattice<T, D>) -> bool {
    lattice.shape.spacing > params.spacing()
}

fn shape<const D: usize>(params: &GridParams, sides: [f64; D], spacing: f64) -> Shape {
    let p = params.n_interpolation_points;
    let mut nodes = [1; AXES];
    let mut padded = [1; AXES];
    for c in 0..D {
        let steps = (sides[c] / spacing) as usize;
        let needed = match params.interpolation {
            Interpolation::BSpline => steps + p + 2,
            Interpolation::Lagrange => (steps / p + 1) * p,
        };
        let length = transform_length(2 * needed + PADDING);
        padded[axis::<D>(c)] = length;
        nodes[axis::<D>(c)] = match params.interpolation {
            Interpolation::BSpline => (length - PADDING) / 2,
            Interpolation::Lagrange => (length - PADDING) / 2 / p * p,
        };
    }
    Shape { nodes, padded, spacing }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(sides: [f64; 2]) -> Bounds<f64, 2> {
        Bounds { low: [-3.0, 5.0], high: [sides[0] - 3.0, sides[1] + 5.0] }
    }

    #[test]
    fn grids_hold_their_points_and_stay_within_the_limit() {
        let params = GridParams::default();
        for exponent in -320..=150 {
            for short in [0.0, 1e-3, 1.0] {
                let side = 10f64.powi(exponent);
                let bounds = bounds([side, side * short]);
                let lattice = lattice(&params, &bounds);
                let Shape { nodes, padded, spacing } = lattice.shape;
                assert!(lattice.shape.padded_nodes() <= GridParams::MAX_PADDED_NODES);
                assert!(spacing.is_finite() && lattice.inverse_spacing.is_finite());
                let far = lattice.coordinates(&bounds.high);
                for (u, axis) in far.into_iter().zip([0, 2]) {
                    // The stencil of a point starts at the integer part and is one longer than a cell.
                    assert!(u as usize + params.n_interpolation_points < nodes[axis], "side {side:e}, {short}");
                    assert!(2 * nodes[axis] <= padded[axis]);
                }
                assert_eq!(is_coarsened(&params, &lattice), spacing > params.spacing());
            }
        }
    }

    #[test]
    fn small_maps_get_the_cells_asked_for() {
        let params = GridParams::default();
        for extent in [1e-4, 0.37, 20.0, 49.0] {
            let cells = extent / (lattice(&params, &bounds([extent, extent])).shape.spacing * 3.0);
            // Four steps an octave: at most 19 % more than 50.
            assert!((50.0 - 1e-9..=50.0 * 1.19).contains(&cells), "{extent}: {cells}");
        }
        assert_eq!(lattice(&params, &bounds([80.0, 1.0])).shape.spacing, params.spacing());
    }

    #[test]
    fn small_maps_in_three_dimensions_are_refined_less() {
        let cube =
            |params: &GridParams, side: f64| lattice(params, &Bounds { low: [0.0f64; 3], high: [side; 3] }).shape;
        let params = GridParams::default();
        for extent in [1e-4, 0.37, 4.0, 14.0] {
            let shape = cube(&params, extent);
            // The estimate is of 2²¹ nodes; lengths are rounded up by at most 5 % along each of three axes.
            assert!(shape.padded_nodes() < 5 << 19, "{extent}: {shape:?}");
            // What the accuracy of such maps is bounded by: see `steps` of the tests of accuracy.
            assert!(extent / shape.spacing >= 44.0, "{extent}: {shape:?}");
        }
        // From 18 cells on as nominal.
        assert_eq!(cube(&params, 25.0).spacing, params.spacing());
        // Who asks for a tolerance gets the cells that it takes.
        let tolerant = GridParams { force_tolerance: Some(1e-3), ..params };
        assert!(4.0 / cube(&tolerant, 4.0).spacing > 100.0);
    }
}
