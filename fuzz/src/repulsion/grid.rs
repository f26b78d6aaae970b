//! The grid.

use crate::alive::bounded;
use crate::clouds::{crowds, extent, pull, pulls, smallest};
use crate::input::Input;
use tsne::fft::{GridReference, GridRepulsion, GridScalar};
use tsne::{Context, GridParams, Interpolation, Kernel};

/// What a call may allocate, whatever the points: a few arrays of the largest grid in double precision, those of all levels
/// together, which have less.
const MEMORY: usize = 16 * size_of::<f64>() * GridParams::MAX_PADDED_NODES;

/// The most points: those of which a grid, and not all pairs, is thought of, are 64 and more, 768 and more, and 4,096 and more.
const MOST: [usize; 3] = [160, 1_000, 4_200];

/// Any finite points in one to three dimensions.
pub(crate) fn grid(data: &[u8]) {
    let mut input = Input::new(data);
    // Points in one dimension are few, and the work of a call is quadratic in their number.
    match input.byte() {
        0..100 => check::<f32, 1>(&mut input),
        100..200 => check::<f64, 1>(&mut input),
        200..225 => check::<f32, 2>(&mut input),
        225..250 => check::<f64, 2>(&mut input),
        250..253 => check::<f32, 3>(&mut input),
        _ => check::<f64, 3>(&mut input),
    }
}

fn check<T: GridScalar, const D: usize>(input: &mut Input<'_>) {
    let dof = input.pick(&[1.0, 0.5, 2.0]);
    let kernel = Kernel::new(dof).unwrap();
    let tolerance = input.pick(&[None, None, Some(1e-2)]);
    let lagrange = input.below(8) == 0;
    let interpolation = if lagrange { Interpolation::Lagrange } else { Interpolation::BSpline };
    let params = GridParams::default().with_interpolation(interpolation);
    let params = params.with_force_tolerance(tolerance.filter(|_| !lagrange));
    let y: Vec<[T; D]> = crowds(input, MOST[D - 1]);
    let n = y.len();
    let side = extent(&y);

    let mut out = vec![[T::INFINITY; D]; n];
    let z = bounded(MEMORY, || GridRepulsion::new(params).unwrap().repulse(kernel, &y, &mut out, Context::new()));
    // A map that is wider is refused.
    let limit = 1e150f64.min(0.25 * T::MAX.to_f64());
    assert_eq!(z.is_err(), n > 1 && side > limit, "{z:?} at the extent {side:e}");
    let Ok(z) = z else { return };
    assert!(out.as_flattened().iter().all(|force| tsne::Scalar::is_finite(*force)));
    let pairs = n as f64 * n.saturating_sub(1) as f64;
    let exact = pulls(kernel, &y);
    let exact_z: f64 = exact.iter().map(|pull| pull.z).sum();
    // Weights of points that are very far from each other may be 0: where they are no numbers, or squared distances over `dof` are none.
    let is_positive = z > 0.0 || (z == 0.0 && (exact_z < smallest::<T>() || side * side / dof > T::MAX.to_f64()));
    assert!(is_positive && z <= pairs, "{z} of {pairs} pairs, exactly {exact_z}");

    let bound = bound::<D>(dof, side, &params);
    let error = (z - exact_z).abs();
    // A sum of weights up to 1 rounds, in lanes of up to 100 terms.
    let most = (bound + 100.0 * T::EPSILON.to_f64()) * pairs;
    assert!(error <= most, "{n} points, dof {dof}, extent {side:e}, {params:?}: {z} for {exact_z}");
    for (i, (force, pull)) in out.iter().zip(&exact).enumerate() {
        let error = pull.error(force);
        let most = bound * n as f64 * (D as f64).sqrt();
        assert!(
            error <= most,
            "{n} points, dof {dof}, extent {side:e}, {params:?}: {error:e} of {most:e} at point {i}"
        );
    }
    if !lagrange {
        reference(&params, kernel, &y, bound);
    }
}

/// New points on old ones and beside them.
fn reference<T: GridScalar, const D: usize>(params: &GridParams, kernel: Kernel, y: &[[T; D]], bound: f64) {
    let reference = bounded(MEMORY, || GridReference::new(*params, kernel, y, Context::new())).unwrap();
    let new: Vec<[T; D]> = y.iter().step_by(y.len() / 8 + 1).map(|point| point.map(|v| v + T::HALF)).collect();
    let (mut out, mut z) = (vec![[T::INFINITY; D]; new.len()], vec![T::INFINITY; new.len()]);
    reference.repulse(&new, &mut out, &mut z, Context::new()).unwrap();
    for ((query, force), z) in new.iter().zip(&out).zip(&z) {
        let expected = pull(kernel, query, y, None);
        let n = y.len() as f64;
        let most = (bound + 100.0 * T::EPSILON.to_f64()) * n * (D as f64).sqrt();
        assert!((z.to_f64() - expected.z).abs() <= most, "{z} for {expected:?}");
        assert!(expected.error(force) <= most, "{force:?} for {expected:?}");
    }
}

/// The most that one pair may err by.
///
/// The slope of a cubic spline through the nodes errs by at most `h³/24` times the fourth derivative of the kernel,
/// 36, 24 and 18 at distance 0 for `dof` 1/2, 1 and 2, once when the charge is spread and once when it is read; the force
/// is half of it. Clouds of many points on one place add that up without cancelling. Beyond it come the kink of
/// the padded kernel and rounding in `f32`, relative to the force, as tests of accuracy have them: below 4.5e-5 of the
/// distance (and of 1). Coarsened grids leave to pairs what they cannot resolve.
///
/// Lagrange polynomials of degree 2 err by up to `h³/(9√3)` of the third derivative of the force kernel, 12, twice, which the
/// distance multiplies. What a tolerance promises is the mean over the points of maps as t-SNE makes them: here 20 % of the
/// largest force of a pair, 0.33.
fn bound<const D: usize>(dof: f64, side: f64, params: &GridParams) -> f64 {
    if params.interpolation == Interpolation::Lagrange {
        return if side <= 20.0 { 0.1 } else { 0.6 * side.min(1e3) };
    }
    if params.force_tolerance.is_some() {
        return 0.07;
    }
    // Maps without extent, and three-dimensional ones whose finest grid is too large, have a coarser one.
    let h = if side > 0.0 && D < 3 { (side / 150.0).min(1.0 / 3.0) } else { 1.0 / 3.0 };
    let fourth = if dof < 1.0 { 36.0 } else { 24.0 };
    fourth / 24.0 * h.powi(3) + 4.5e-5 * side.min(1.0)
}
