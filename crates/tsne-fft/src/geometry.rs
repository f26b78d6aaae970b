//! Where the nodes of the grid stand: a function of the positions and parameters alone.

use crate::{GridParams, GridScalar, Interpolation};
use tsne_core::{Error, Result, Scalar, blocks};

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
    /// The number of padded nodes.
    pub(crate) fn padded_nodes(&self) -> usize {
        self.padded.iter().product()
    }
}

/// A grid laid over a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Geometry<T, const D: usize> {
    pub(crate) shape: Shape,
    /// The position of coordinate 0 on the grid.
    pub(crate) origin: [T; D],
    /// One over the spacing.
    pub(crate) inverse_spacing: T,
}

impl<T: GridScalar, const D: usize> Geometry<T, D> {
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

/// The smallest box around a set of points, along the axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds<T, const D: usize> {
    pub(crate) low: [T; D],
    pub(crate) high: [T; D],
}

impl<T: GridScalar, const D: usize> Default for Bounds<T, D> {
    fn default() -> Self {
        Self { low: [T::INFINITY; D], high: [-T::INFINITY; D] }
    }
}

impl<T: GridScalar, const D: usize> Bounds<T, D> {
    /// The bounds of finite positions, and whether all are finite.
    pub(crate) fn of(y: &[[T; D]], partials: &mut Vec<(Self, bool)>) -> (Self, bool) {
        let parts = blocks::map(partials, y.len(), |range| {
            let mut bounds = Self::default();
            let mut finite = true;
            for point in &y[range] {
                for c in 0..D {
                    bounds.low[c] = bounds.low[c].min(point[c]);
                    bounds.high[c] = bounds.high[c].max(point[c]);
                    finite &= Scalar::is_finite(point[c]);
                }
            }
            (bounds, finite)
        });
        parts.iter().fold((Self::default(), true), |(mut all, finite), (part, part_finite)| {
            for c in 0..D {
                all.low[c] = all.low[c].min(part.low[c]);
                all.high[c] = all.high[c].max(part.high[c]);
            }
            (all, finite & part_finite)
        })
    }

    /// The longest side.
    pub(crate) fn extent(&self) -> f64 {
        (0..D).map(|c| self.high[c].to_f64() - self.low[c].to_f64()).fold(0.0, f64::max)
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

/// The finest spacing: the kernel less 1 then differs from 0 by 1e-30 from node to node, which `f32` still holds. Maps of
/// an extent below 1e-13 stand on fewer nodes, which are enough: the kernel is a parabola there.
const MIN_SPACING: f64 = 1e-15;

/// The largest extent: the square of a distance stays within `f64`.
const MAX_EXTENT: f64 = 1e150;

/// Padding beyond twice the nodes. The kernel on the padded grid is mirrored at half its length, and the spline filter
/// carries that kink inwards with a factor 0.27 per node (the root of its filter, 2 - √3) at order 4.
const PADDING: usize = 12;

/// The grid for points within `bounds`.
///
/// The spacing is the nominal one, or finer so that `min_num_intervals` cells cover the longest side. Sizes are rounded
/// up to a fixed list, so that a growing map changes them rarely, and a map that shrinks back finds the same grid again.
pub(crate) fn geometry<T: GridScalar, const D: usize>(params: &GridParams, bounds: &Bounds<T, D>) -> Geometry<T, D> {
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
) -> Geometry<T, D> {
    over(shape(params, sides(bounds), spacing), bounds)
}

fn over<T: GridScalar, const D: usize>(shape: Shape, bounds: &Bounds<T, D>) -> Geometry<T, D> {
    Geometry { shape, origin: bounds.low, inverse_spacing: T::from_f64(1.0 / shape.spacing) }
}

fn sides<T: GridScalar, const D: usize>(bounds: &Bounds<T, D>) -> [f64; D] {
    std::array::from_fn(|c| bounds.high[c].to_f64() - bounds.low[c].to_f64())
}

/// Whether a grid is coarser than its parameters ask for, so that near pairs are missing.
pub(crate) fn is_coarsened<T, const D: usize>(params: &GridParams, geometry: &Geometry<T, D>) -> bool {
    geometry.shape.spacing > params.spacing()
}

/// Checks that there are few enough points for their indices, and that differences of their coordinates are finite.
pub(crate) fn check_range<T: GridScalar, const D: usize>(n: usize, bounds: &Bounds<T, D>) -> Result<()> {
    let max = u32::MAX as usize;
    if n > max {
        return Err(Error::capacity("the number of points", n, max));
    }
    let limit = MAX_EXTENT.min(0.25 * T::MAX.to_f64());
    let extent = bounds.extent();
    if n > 0 && extent > limit {
        let allowed = format_args!("at most {limit:.3e}: the descent has diverged, lower learning_rate");
        return Err(Error::parameter("the extent of the embedding", format_args!("{extent:.3e}"), allowed));
    }
    Ok(())
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

/// Ratio of neighboring transform lengths at the least: a growing map changes its spectrum after 5 % of growth or more, and
/// rounding up costs some 5 % of length on average.
const LENGTH_RATIO: f64 = 1.05;

/// Lengths with this factor are left out: a complex `f32` transform of 1,250 = 2 · 5⁴ takes 2.29 µs, one of
/// 1,280 = 2⁸ · 5 takes 0.84, and other lengths near them 0.66 to 0.90 ns for each element (AVX2, one thread).
const SLOW_FACTOR: usize = 625;

/// The smallest listed transform length of at least `needed`: even, with no prime factor above 5, and each 5 % or more
/// above the one before.
pub(crate) fn transform_length(needed: usize) -> usize {
    let mut length = 16;
    while length < needed {
        let at_least = ((length as f64 * LENGTH_RATIO) as usize).max(length + 1);
        length = smooth_even(at_least);
    }
    length
}

/// The smallest even number of at least `n` with no prime factor above 5 and fewer than four factors 5.
fn smooth_even(n: usize) -> usize {
    let is_smooth = |mut v: usize| {
        for prime in [2, 3, 5] {
            while v.is_multiple_of(prime) {
                v /= prime;
            }
        }
        v == 1
    };
    let mut candidate = n.next_multiple_of(2);
    while candidate.is_multiple_of(SLOW_FACTOR) || !is_smooth(candidate) {
        candidate += 2;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transform_lengths_are_smooth_even_and_close() {
        let mut previous = transform_length(0);
        assert_eq!(previous, 16);
        for needed in 1..5000 {
            let length = transform_length(needed);
            assert!(length >= needed && length >= previous && length.is_multiple_of(2), "{needed}: {length}");
            let mut rest = length;
            for prime in [2, 3, 5] {
                while rest.is_multiple_of(prime) {
                    rest /= prime;
                }
            }
            assert_eq!(rest, 1, "{needed}: {length}");
            // One list: the length for a length is itself. Even numbers of factors 2, 3 and 5 are at most a quarter apart
            // (from 24 to 30), and at most an eighth from 60 on.
            assert_eq!(transform_length(length), length);
            let gap = if previous < 60 { 1.25 } else { LENGTH_RATIO * 1.125 };
            assert!(length as f64 <= previous as f64 * gap, "{previous} to {length}");
            previous = length;
        }
    }

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
                let geometry = geometry(&params, &bounds);
                let Shape { nodes, padded, spacing } = geometry.shape;
                assert!(geometry.shape.padded_nodes() <= GridParams::MAX_PADDED_NODES);
                assert!(spacing.is_finite() && geometry.inverse_spacing.is_finite());
                let far = geometry.coordinates(&bounds.high);
                for (u, axis) in far.into_iter().zip([0, 2]) {
                    // The stencil of a point starts at the integer part and is one longer than a cell.
                    assert!(u as usize + params.n_interpolation_points < nodes[axis], "side {side:e}, {short}");
                    assert!(2 * nodes[axis] <= padded[axis]);
                }
                assert_eq!(is_coarsened(&params, &geometry), spacing > params.spacing());
            }
        }
    }

    #[test]
    fn small_maps_get_the_cells_asked_for() {
        let params = GridParams::default();
        for extent in [1e-4, 0.37, 20.0, 49.0] {
            let cells = extent / (geometry(&params, &bounds([extent, extent])).shape.spacing * 3.0);
            // Four steps an octave: at most 19 % more than 50.
            assert!((50.0 - 1e-9..=50.0 * 1.19).contains(&cells), "{extent}: {cells}");
        }
        assert_eq!(geometry(&params, &bounds([80.0, 1.0])).shape.spacing, params.spacing());
    }

    #[test]
    fn small_maps_in_three_dimensions_are_refined_less() {
        let cube =
            |params: &GridParams, side: f64| geometry(params, &Bounds { low: [0.0f64; 3], high: [side; 3] }).shape;
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

    #[test]
    fn extents_beyond_the_scalar_are_refused() {
        let bounds = |low: f32, high: f32| Bounds { low: [low; 2], high: [high; 2] };
        assert!(check_range(10, &bounds(-1e37, 1e37)).is_ok());
        let message = check_range(10, &bounds(-3e38, 3e38)).unwrap_err().to_string();
        assert!(message.contains("6.000e38") && message.contains("8.507e37"), "{message}");
        let wide = Bounds { low: [-1e308], high: [1e308f64] };
        assert!(check_range(10, &wide).is_err());
    }
}
