//! Clouds that t-SNE does not make, but callers do.

use crate::common::{LAGRANGE, cast, forces, grid, normalizer, signed};
use proptest::prelude::*;
use tsne_fft::{GridParams, GridScalar};

#[derive(Debug, Clone, Copy)]
enum Form {
    Uniform,
    Duplicates,
    Equal,
    Collinear,
    ConstantAxis,
    TwoClumps,
}

const FORMS: [Form; 6] =
    [Form::Uniform, Form::Duplicates, Form::Equal, Form::Collinear, Form::ConstantAxis, Form::TwoClumps];

/// Coordinates are numbers of `f32`.
fn make<const D: usize>(form: Form, n: usize, scale: f64, seed: u64) -> Vec<[f64; D]> {
    let uniform = |i: usize| -> [f64; D] { std::array::from_fn(|c| signed(seed, c as u64, i)) };
    let point = |i: usize| match form {
        Form::Uniform => uniform(i),
        Form::Duplicates => uniform(i / 5),
        Form::Equal => uniform(0),
        Form::Collinear => std::array::from_fn(|c| signed(seed, 0, i) * (1.0 + c as f64) / D as f64),
        Form::ConstantAxis => {
            let mut point = uniform(i);
            point[seed as usize % D] = 0.25;
            point
        }
        Form::TwoClumps => uniform(i).map(|v| if i.is_multiple_of(2) { 1.0 + 1e-3 * v } else { -1.0 + 1e-3 * v }),
    };
    (0..n).map(|i| point(i).map(|v| f64::from((v * scale) as f32))).collect()
}

fn check<T: GridScalar, const D: usize>(params: GridParams, dof: f64, y: &[[f64; D]], bound: f64) {
    let n = y.len();
    let (z, out) = grid::<T, D>(params, dof, &cast(y));
    assert!(out.iter().flatten().all(|v| v.is_finite()));
    if n < 2 {
        assert!(z == 0.0 && out.iter().flatten().all(|v| *v == T::ZERO));
        return;
    }
    let pairs = n as f64 * (n - 1) as f64;
    assert!(z > 0.0 && z <= pairs, "{n} points: Z = {z}");
    let exact_z = normalizer(dof, y);
    // A sum of weights up to 1 rounds, in lanes of up to 100 terms.
    assert!((z - exact_z).abs() <= (bound + 100.0 * T::EPSILON.to_f64()) * pairs, "{n} points: Z = {z}, not {exact_z}");
    for (given, exact) in out.iter().zip(forces(dof, y, 1)) {
        for c in 0..D {
            let error = (given[c].to_f64() - exact[c]).abs();
            assert!(error <= bound * n as f64, "{n} points: {given:?}, not {exact:?}");
        }
    }
}

/// The most that splines of order 4 may err by for one pair.
///
/// The slope of a cubic spline through the nodes errs by at most `h³/24` times the fourth derivative of the kernel,
/// 36, 24 and 18 at distance 0 for `dof` 1/2, 1 and 2, once when the charge is spread and once when it is read; the force
/// is half of it. Clouds of many points on one place add that up without cancelling. Beyond it come the kink of
/// the padded kernel and rounding in `f32`, relative to the force, as tests of accuracy have them: below 4.5e-5 of the
/// distance (and of 1). Coarsened grids leave to pairs what they cannot resolve.
fn spline_bound<const D: usize>(dof: f64, y: &[[f64; D]]) -> f64 {
    let side = |c: usize| {
        let column = || y.iter().map(|p| p[c]);
        column().fold(f64::MIN, f64::max) - column().fold(f64::MAX, f64::min)
    };
    let side = (0..D).map(side).fold(0.0, f64::max);
    // Maps without extent, and three-dimensional ones whose finest grid is too large, have a coarser one.
    let h = if side > 0.0 && D < 3 { (side / 150.0).min(1.0 / 3.0) } else { 1.0 / 3.0 };
    let fourth = if dof < 1.0 { 36.0 } else { 24.0 };
    fourth / 24.0 * h.powi(3) + 4.5e-5 * side.min(1.0)
}

fn splines<T: GridScalar, const D: usize>(dof: f64, y: &[[f64; D]]) {
    check::<T, D>(GridParams::default(), dof, y, spline_bound(dof, y));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn few_points_are_summed_to_rounding(
        n in 0usize..64, form in prop::sample::select(&FORMS[..]), exponent in -8.0f64..8.0, seed in 0u64..1000,
    ) {
        let scale = 10f64.powf(exponent);
        for dof in [0.5, 1.0, 2.0] {
            // A term errs by some ten epsilons and is at most 1; the force of a pair too, whatever its distance.
            check::<f64, 1>(GridParams::default(), dof, &make(form, n, scale, seed), 1e-14);
            check::<f64, 2>(GridParams::default(), dof, &make(form, n, scale, seed), 1e-14);
            check::<f64, 3>(GridParams::default(), dof, &make(form, n, scale, seed), 1e-14);
            check::<f32, 2>(GridParams::default(), dof, &make(form, n, scale, seed), 2e-6);
            check::<f64, 2>(LAGRANGE, dof, &make(form, n, scale, seed), 1e-14);
        }
    }

    #[test]
    fn splines_are_near_the_oracle_on_any_cloud(
        n in 0usize..2500, form in prop::sample::select(&FORMS[..]), exponent in -8.0f64..2.0, seed in 0u64..1000,
    ) {
        let scale = 10f64.powf(exponent);
        splines::<f32, 1>(1.0, &make(form, n, scale, seed));
        splines::<f32, 2>(1.0, &make(form, n, scale, seed));
        splines::<f64, 2>(2.0, &make(form, n, scale, seed));
        splines::<f64, 2>(0.5, &make(form, n, scale, seed));
    }

    #[test]
    fn lagrange_stays_finite_on_any_cloud(
        n in 0usize..1500, form in prop::sample::select(&FORMS[..]), exponent in -8.0f64..2.0, seed in 0u64..1000,
    ) {
        // Polynomials of degree 2 err by up to h³/(9√3) of the third derivative of the force kernel, 12, twice (spread and
        // read): 5.7 % at h = 1/3, which the distance multiplies, on these maps up to 200 (along each axis, as the force is
        // compared). Up to a scale of 10, h is at most 20/150: 0.36 %, times 20.
        let scale = 10f64.powf(exponent);
        let bound = if scale < 10.0 { 0.1 } else { 12.0 };
        check::<f32, 1>(LAGRANGE, 1.0, &make(form, n, scale, seed), bound);
        check::<f32, 2>(LAGRANGE, 1.0, &make(form, n, scale, seed), bound);
    }
}

proptest! {
    // Convolutions of 16 million nodes: some only.
    #![proptest_config(ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn splines_are_near_the_oracle_on_huge_clouds(
        n in 2000usize..2500, form in prop::sample::select(&FORMS[..]), exponent in 2.5f64..8.0, seed in 0u64..1000,
    ) {
        splines::<f32, 2>(1.0, &make(form, n, 10f64.powf(exponent), seed));
    }

    #[test]
    fn splines_are_near_the_oracle_on_any_cloud_in_three_dimensions(
        n in 4100usize..4500, form in prop::sample::select(&FORMS[..]), exponent in -8.0f64..2.0, seed in 0u64..1000,
    ) {
        splines::<f32, 3>(1.0, &make(form, n, 10f64.powf(exponent), seed));
    }
}

#[test]
fn maps_of_any_extent_keep_their_near_pairs() {
    /// Half of the points around the origin, where coordinates are fine, the others on a handful of far places.
    fn check_at<T: GridScalar, const D: usize>(n: usize, dof: f64, extent: f64) {
        let y: Vec<[f64; D]> = (0..n)
            .map(|i| {
                let far = if i.is_multiple_of(2) { 0.0 } else { extent * signed(3, 9, i % 10) };
                std::array::from_fn(|c| f64::from((far + signed(3, c as u64, i)) as f32))
            })
            .collect();
        check::<T, D>(GridParams::default(), dof, &y, spline_bound(dof, &y));
    }
    for extent in [1e6, 1e12, 1e18] {
        for dof in [0.5, 1.0] {
            check_at::<f32, 1>(200, dof, extent);
            check_at::<f64, 1>(200, dof, extent);
            check_at::<f32, 2>(900, dof, extent);
        }
    }
    check_at::<f64, 3>(4200, 1.0, 1e12);
    // The differences of such coordinates square to infinity in `f32`.
    check_at::<f32, 2>(900, 1.0, 1e30);
    check_at::<f64, 2>(900, 1.0, 1e30);
}
