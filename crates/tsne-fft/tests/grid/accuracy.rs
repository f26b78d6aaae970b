//! The grid against exact sums, on clouds as t-SNE makes them, at every size of a map.

use crate::common::{EXTENTS, LAGRANGE, cast, cloud, forces, grid, normalizer, relative_rms};
use tsne_fft::{GridParams, GridScalar};

/// Points of a map: as dense as small real ones are; the error relative to the force falls with the density.
const N: usize = 12_000;

/// Forces are checked on every 24th point, 500 of them: the root of the mean square is then known within 5 %.
const STEP: usize = 24;

struct Exact<const D: usize> {
    y: Vec<[f64; D]>,
    z: f64,
    forces: Vec<[f64; D]>,
}

fn exact<const D: usize>(extent: f64, dof: f64) -> Exact<D> {
    let y = cloud::<D>(N, extent, 7);
    Exact { z: normalizer(dof, &y), forces: forces(dof, &y, STEP), y }
}

/// Relative errors of force (root mean square) and normalizer.
fn errors<T: GridScalar, const D: usize>(params: GridParams, dof: f64, exact: &Exact<D>) -> (f64, f64) {
    let (z, out) = grid::<T, D>(params, dof, &cast(&exact.y));
    (relative_rms(out.iter().step_by(STEP), &exact.forces), (z / exact.z - 1.0).abs())
}

#[track_caller]
fn check<T: GridScalar, const D: usize>(
    (params, extent, dof): (GridParams, f64, f64),
    exact: &Exact<D>,
    (force_bound, z_bound): (f64, f64),
) {
    let (force, z) = errors::<T, D>(params, dof, exact);
    let what = format!("{D}-D {} {:?} dof {dof} extent {extent}", T::NAME, params.interpolation);
    if std::env::var_os("TSNE_FFT_SHOW").is_some() {
        println!("{what}: force {force:.1e} of {force_bound:.1e}, Z {z:.1e} of {z_bound:.1e}");
    }
    assert!(force <= force_bound, "{what}: the force errs by {force:.2e}, more than {force_bound:.2e}");
    assert!(z <= z_bound, "{what}: Z errs by {z:.2e}, more than {z_bound:.2e}");
}

/// What the default parameters may err by, relative: force and normalizer.
///
/// Beyond an extent of 10: the requirement. A force error of 1.5 % is where final maps begin to suffer, and the noise of
/// aliasing at the spacing `h = 1/3`, `1.11 √ρ (π/h) exp(-π/h)` at the density `ρ`, 1.7 times that for splines of order
/// 4, is 0.1 % to 1.3 % of the force on these maps. The normalizer is a mean over all places, at which most of the error
/// cancels: 0.05 %.
///
/// Up to 10, the spacing is at most a 150th of the extent, in three dimensions a 44th ([`steps`]).
/// - The force of a near pair errs by less than `h³/24` times the kernel's fourth derivative, at most 36, so `1.5 h³`,
///   with signs that change from node to node; over the 400 and more near neighbors of a point that is a twentieth;
///   `0.1 h³` leaves room. The potential errs by `5/384 h⁴` times the same, `0.5 h⁴` an axis.
/// - The padded kernel's kink stands ten nodes beyond the largest distance, and the spline filter damps it by 0.268 a
///   node: 2e-6 of the largest slope, which is the force's own size.
/// - In `f32`, the potential without its mean is at most half the extent times the force; rounding of it, once more by
///   each of the four powers of two that the transforms' sums grow by (√17 for 2^17 nodes), is divided by the spacing, a
///   178th of the extent at the finest: `4 × 178/2` halves of epsilon, doubled for spread and gather.
fn bounds<T: GridScalar, const D: usize>(extent: f64) -> (f64, f64) {
    if extent > 10.0 {
        return (1.5e-2, 5e-4);
    }
    let h = extent / steps::<D>();
    let (force, z) = (2e-6 + 0.1 * h.powi(3), 1e-12 + 0.5 * D as f64 * h.powi(4) + 2e-6 * h * extent);
    if T::NAME == "f64" {
        (force, z)
    } else {
        let epsilon = f64::from(f32::EPSILON);
        (force + 4.0 * 178.0 / 2.0 * epsilon, z + 4.0 * epsilon)
    }
}

/// The fewest spacings along the longest side of small maps: 50 cells of 3. In three dimensions a grid of 2²¹ padded nodes allows
/// 128 a side, of which 22 or so are padding: 53, and spacings grow in four steps an octave, so 53 / 1.19.
const fn steps<const D: usize>() -> f64 {
    if D == 3 { 44.0 } else { 150.0 }
}

fn default_scheme<const D: usize>(extents: &[f64], dof: f64) {
    for &extent in extents {
        let exact = exact::<D>(extent, dof);
        check::<f64, D>((GridParams::default(), extent, dof), &exact, bounds::<f64, D>(extent));
        check::<f32, D>((GridParams::default(), extent, dof), &exact, bounds::<f32, D>(extent));
    }
}

#[test]
fn one_dimension() {
    default_scheme::<1>(&EXTENTS, 1.0);
    default_scheme::<1>(&[1.0, 100.0], 0.5);
    default_scheme::<1>(&[1.0, 100.0], 2.0);
}

#[test]
fn two_dimensions() {
    default_scheme::<2>(&EXTENTS, 1.0);
}

#[test]
fn two_dimensions_of_heavier_tails() {
    default_scheme::<2>(&EXTENTS, 0.5);
}

#[test]
fn two_dimensions_of_lighter_tails() {
    default_scheme::<2>(&EXTENTS, 2.0);
}

#[test]
fn three_dimensions() {
    default_scheme::<3>(&EXTENTS, 1.0);
    default_scheme::<3>(&[25.0], 1.0);
    default_scheme::<3>(&[1.0, 100.0], 0.5);
    default_scheme::<3>(&[1.0, 100.0], 2.0);
}

#[test]
fn finer_parameters_reach_a_thousandth() {
    for extent in [50.0, 100.0, 200.0] {
        for dof in [0.5, 1.0, 2.0] {
            let exact = exact::<2>(extent, dof);
            let more_points = GridParams::default().with_n_interpolation_points(5);
            let smaller_cells = GridParams::default().with_ints_in_interval(0.5);
            check::<f64, 2>((more_points, extent, dof), &exact, (1e-3, 1e-5));
            check::<f32, 2>((more_points, extent, dof), &exact, (1e-3, 1e-5));
            check::<f64, 2>((smaller_cells, extent, dof), &exact, (1e-3, 1e-5));
        }
    }
}

/// The scheme's own bounds: piecewise quadratic interpolation leaves `h³ |w'''| / (9√3)` of a pair, and the table of its
/// models (`n = 8000`, extent 120: 3 % of the force, 0.25 % of the normalizer) is what they reach; sparser maps err more.
fn lagrange_bounds<T: GridScalar, const D: usize>(extent: f64) -> (f64, f64) {
    if extent > 10.0 {
        return (6e-2, 5e-3);
    }
    // The third derivative of the force kernel is at most 23 (dof 1/2; 12 for dof 1). Polynomials jump at the borders of
    // cells, so nothing is smooth enough to cancel: h³ × 23 / (9√3), twice (spread and gather), is 3 h³.
    let h = extent / steps::<D>();
    let error = 3.0 * h.powi(3) + 1e-11;
    let error = error + 4.0 * T::EPSILON.to_f64();
    (error, error)
}

#[test]
fn lagrange_is_as_accurate_as_its_model() {
    for extent in EXTENTS {
        let exact2 = exact::<2>(extent, 1.0);
        check::<f64, 2>((LAGRANGE, extent, 1.0), &exact2, lagrange_bounds::<f64, 2>(extent));
        check::<f32, 2>((LAGRANGE, extent, 1.0), &exact2, lagrange_bounds::<f32, 2>(extent));
        let exact1 = exact::<1>(extent, 1.0);
        check::<f32, 1>((LAGRANGE, extent, 1.0), &exact1, lagrange_bounds::<f32, 1>(extent));
    }
    for extent in [1.0, 100.0] {
        for dof in [0.5, 2.0] {
            check::<f64, 2>((LAGRANGE, extent, dof), &exact(extent, dof), lagrange_bounds::<f64, 2>(extent));
        }
        // At 100 it outgrows its grid, and splines take its place.
        check::<f32, 3>((LAGRANGE, extent, 1.0), &exact(extent, 1.0), lagrange_bounds::<f32, 3>(extent));
    }
}

#[test]
fn maps_beyond_the_largest_grid_are_as_accurate() {
    // Two dimensions: a grid of 4,096 padded nodes a side has a spacing of 5.
    let exact = exact::<2>(1e4, 1.0);
    check::<f64, 2>((GridParams::default(), 1e4, 1.0), &exact, (1.5e-2, 5e-4));
    check::<f32, 2>((LAGRANGE, 1e4, 1.0), &exact, (1.5e-2, 5e-4));
}
