//! The threshold that follows from a tolerance, against exact sums on maps of several kinds.
#![allow(clippy::unwrap_used)]

use crate::common::{blobs, cast, distance, pull, spiral};
use tsne_bh::{BarnesHut, theta_for};
use tsne_core::{Context, Kernel};

const N: usize = 4_000;

/// 200 forces: the root of the mean square is then known within 8 %.
const STEP: usize = 20;

/// The error of the forces for each of the tolerances.
fn errors<const D: usize>(tolerances: &[f64], kernel: Kernel, y: &[[f32; D]]) -> Vec<f64> {
    let exact: Vec<_> = (0..y.len()).step_by(STEP).map(|i| pull(kernel, &y[i], y, Some(i))).collect();
    let force2: f64 = exact.iter().flat_map(|p| p.force.map(|f| f * f)).sum();
    let error = |&tolerance: &f64| {
        let mut out = vec![[0.0; D]; y.len()];
        BarnesHut::with_tolerance(tolerance).unwrap().repulse(kernel, y, &mut out, Context::new()).unwrap();
        let error2: f64 = out.iter().step_by(STEP).zip(&exact).map(|(f, p)| distance(f, p).powi(2)).sum();
        (error2 / force2).sqrt()
    };
    tolerances.iter().map(error).collect()
}

fn check<const D: usize>() {
    // Small maps are those whose cells may be taken next to their targets.
    for extent in [0.1, 1.0, 6.0, 20.0, 100.0] {
        for (name, y) in [("blobs", blobs::<D>(N, extent, 1)), ("spiral", spiral::<D>(N, extent))] {
            let y = cast::<f32, D>(&y);
            for dof in [1e-3, 0.05, 0.5, 1.0, 2.0, 20.0, 1e3] {
                let tolerances = [3e-4, 3e-3, 3e-2];
                for (tolerance, error) in tolerances.iter().zip(errors(&tolerances, Kernel::new(dof).unwrap(), &y)) {
                    let what = format!("{D}-D {name}, extent {extent}, dof {dof}");
                    assert!(error <= *tolerance, "{what}: {error:.2e} for the tolerance {tolerance}");
                }
            }
        }
    }
}

#[test]
fn tolerances_are_met() {
    check::<1>();
    check::<2>();
    check::<3>();
}

#[test]
fn thresholds_grow_with_the_tolerance_up_to_1() {
    let thetas = [1e-4, 1e-3, 1e-2, 1e-1, 0.5].map(|tolerance| theta_for::<2>(tolerance, Kernel::CAUCHY).unwrap());
    assert!(thetas.is_sorted() && thetas[0] > 0.0 && thetas[4] <= 1.0, "{thetas:?}");
    for tolerance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let message = theta_for::<2>(tolerance, Kernel::CAUCHY).unwrap_err().to_string();
        assert!(message.starts_with(&format!("force_tolerance is {tolerance}")), "{message}");
    }
    assert!(theta_for::<4>(1e-2, Kernel::CAUCHY).is_err());
}
