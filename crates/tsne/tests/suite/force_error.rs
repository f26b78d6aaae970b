//! The tolerance of the force, and its measured error.

use crate::common::blobs;
use tsne::{CancelToken, Context, Embedding, Error, Kernel, Rows, Tsne};

const N: usize = 1_200;

/// Few iterations, but enough for a map of some extent.
fn fitted<const D: usize>(method: &str, tolerance: Option<f64>) -> Embedding<f32, D> {
    let (x, _) = blobs::<f32>(N, 6, 4);
    let builder = Tsne::<_, D>::builder().perplexity(10.0).n_iter(60);
    let builder = builder.negative_gradient_method(method).force_tolerance(tolerance);
    builder.build().unwrap().fit(Rows::new(&x, N, 6).unwrap()).unwrap()
}

#[test]
fn tolerances_are_met_at_the_end_of_a_fit() {
    fn check<const D: usize>(method: &str) {
        for tolerance in [1e-1, 1e-2, 1e-3] {
            let error = fitted::<D>(method, Some(tolerance)).force_error(N, Context::new()).unwrap();
            assert!(error.relative_rms <= tolerance, "{D}-D {method}: {error:?} for the tolerance {tolerance}");
        }
    }
    check::<1>("fft");
    check::<2>("fft");
    check::<1>("bh");
    check::<2>("bh");
    check::<3>("bh");
    check::<2>("exact");
}

#[test]
fn a_tolerance_takes_the_place_of_other_parameters() {
    let coarse = fitted::<2>("bh", Some(0.3));
    let run = |params| coarse.optimized(params).unwrap().into_positions();
    let base = || coarse.params().n_iter(5);
    assert_eq!(run(base()), run(base().theta(0.1)));
    assert_ne!(run(base()), run(base().force_tolerance(None)));
    assert_ne!(run(base().force_tolerance(None)), run(base().force_tolerance(None).theta(0.1)));
    let grid = || base().negative_gradient_method("fft");
    assert_eq!(run(grid()), run(grid().ints_in_interval(0.5).n_interpolation_points(4)));
    assert_ne!(run(grid()), run(grid().force_tolerance(None)));
}

/// The same from sums written down from their definition.
#[test]
fn errors_are_those_of_all_pairs() {
    let map = fitted::<2>("bh", Some(0.3));
    let y: Vec<[f64; 2]> = map.positions().iter().map(|p| p.map(f64::from)).collect();
    let (mut exact, mut exact_z) = (vec![[0.0; 2]; N], 0.0);
    for (i, force) in exact.iter_mut().enumerate() {
        for j in (0..N).filter(|&j| j != i) {
            let difference = [y[i][0] - y[j][0], y[i][1] - y[j][1]];
            let w = 1.0 / (1.0 + difference[0].powi(2) + difference[1].powi(2));
            exact_z += w;
            force[0] += w * w * difference[0];
            force[1] += w * w * difference[1];
        }
    }
    let mut given = vec![[0.0f32; 2]; N];
    let theta = tsne::bh::theta_for::<2>(0.3, Kernel::CAUCHY).unwrap();
    let mut method = tsne::bh::BarnesHut::new(theta).unwrap();
    let z = tsne::Repulsion::repulse(&mut method, Kernel::CAUCHY, map.positions(), &mut given, Context::new()).unwrap();
    let squares = |v: [f64; 2]| v[0] * v[0] + v[1] * v[1];
    let force2: f64 = exact.iter().map(|&f| squares(f)).sum::<f64>() / N as f64;
    let error = |i: usize| squares([f64::from(given[i][0]) - exact[i][0], f64::from(given[i][1]) - exact[i][1]]);
    let rms = ((0..N).map(error).sum::<f64>() / N as f64 / force2).sqrt();
    let worst = ((0..N).map(error).fold(0.0, f64::max) / force2).sqrt();

    let all = map.force_error(usize::MAX, Context::new()).unwrap();
    // Both sum 1,200 terms of `f64`, and the error is a thousandth and more of the force.
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-8;
    assert!(close(all.relative_rms, rms) && close(all.worst, worst), "{all:?}, not {rms:e} and {worst:e}");
    assert!(all.samples == N && close(all.z_relative.unwrap(), (z / exact_z - 1.0).abs()), "{all:?}");
    // A part of the points tells about as much, but no normalizer.
    let some = map.force_error(400, Context::new()).unwrap();
    assert_eq!((some.samples, some.z_relative), (400, None));
    assert!((0.5..2.0).contains(&(some.relative_rms / all.relative_rms)) && some.worst <= 1.5 * all.worst);
}

#[test]
fn exact_forces_err_by_rounding_only() {
    let error = fitted::<2>("exact", None).force_error(N, Context::new()).unwrap();
    assert!(error.relative_rms < 1e-5 && error.worst < 1e-4 && error.z_relative.unwrap() < 1e-6, "{error:?}");
}

#[test]
fn wrong_tolerances_and_samples_are_refused() {
    let builder = || Tsne::<f32, 2>::documented();
    for tolerance in [0.0, -1.0, 0.7, f64::NAN] {
        let message = builder().force_tolerance(tolerance).build().unwrap_err().to_string();
        assert!(message.starts_with(&format!("force_tolerance is {tolerance}, but must be")), "{message}");
    }
    let lagrange = builder().force_tolerance(0.01).interpolation(tsne::Interpolation::Lagrange);
    assert!(lagrange.build().unwrap_err().to_string().contains("Lagrange"));
    let map = fitted::<2>("exact", None);
    assert!(map.force_error(0, Context::new()).unwrap_err().to_string().starts_with("samples is 0"));
    let token = CancelToken::new();
    token.cancel();
    assert_eq!(map.force_error(9, Context::new().with_cancel(&token)), Err(Error::Cancelled));
}
