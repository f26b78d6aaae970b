//! Every refusal names the value; nothing panics.

use crate::common::{LAGRANGE, cast, cloud};
use tsne_core::{CancelToken, Context, Error, Kernel};
use tsne_fft::{GridParams, GridReference, GridRepulsion, Interpolation};

#[track_caller]
fn refused(params: GridParams, name: &str, value: &str) {
    let error = GridRepulsion::<f32, 2>::new(params).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Parameter { .. }), "{message}");
    assert!(message.contains(name) && message.contains(value) && message.contains("from"), "{message}");
    assert_eq!(params.check().unwrap_err(), error);
    assert_eq!(GridReference::<f64, 3>::new(params, Kernel::CAUCHY, &[], Context::new()).unwrap_err(), error);
}

#[test]
fn parameters_out_of_range_are_refused_by_name_and_value() {
    let good = GridParams::default();
    for n_interpolation_points in [0, 10, usize::MAX] {
        let params = good.with_n_interpolation_points(n_interpolation_points);
        refused(params, "n_interpolation_points", &n_interpolation_points.to_string());
    }
    for min_num_intervals in [0, 10_001, usize::MAX] {
        refused(good.with_min_num_intervals(min_num_intervals), "min_num_intervals", &min_num_intervals.to_string());
    }
    for ints_in_interval in [0.0, -1.0, 9e-4, 1001.0, f64::INFINITY, f64::NAN] {
        refused(good.with_ints_in_interval(ints_in_interval), "ints_in_interval", &ints_in_interval.to_string());
    }
}

#[test]
fn every_parameter_within_its_range_works() {
    let y = cast::<f32, 2>(&cloud(3_000, 30.0, 1));
    let mut out = vec![[0.0; 2]; y.len()];
    for interpolation in [Interpolation::BSpline, Interpolation::Lagrange] {
        let good = GridParams::default().with_interpolation(interpolation);
        let mut choices: Vec<GridParams> = (1..=9).map(|p| good.with_n_interpolation_points(p)).collect();
        choices.extend([1e-3, 1e3].map(|ints_in_interval| good.with_ints_in_interval(ints_in_interval)));
        choices.extend([1, 10_000].map(|min_num_intervals| good.with_min_num_intervals(min_num_intervals)));
        choices.push(good.with_min_num_intervals(1).with_ints_in_interval(1e3));
        for params in choices {
            let mut method = GridRepulsion::<f32, 2>::new(params).unwrap();
            assert_eq!(*method.params(), params);
            let z = method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
            assert!(z > 0.0 && z <= 3_000.0 * 2_999.0, "{params:?}: {z}");
            assert!(out.iter().flatten().all(|v| v.is_finite()), "{params:?}");
        }
    }
}

#[test]
fn dimensions_beyond_three_are_refused() {
    fn message<const D: usize>() -> String {
        let error = GridRepulsion::<f32, D>::new(GridParams::default()).unwrap_err();
        let reference = GridReference::<f64, D>::new(GridParams::default(), Kernel::CAUCHY, &[], Context::new());
        assert_eq!(reference.unwrap_err(), error);
        error.to_string()
    }
    assert!(message::<4>().contains("n_components is 4"), "{}", message::<4>());
    assert!(message::<0>().contains("n_components is 0"), "{}", message::<0>());
    assert!(message::<7>().contains("exact"), "{}", message::<7>());
}

#[test]
fn lengths_must_agree() {
    let y = [[0.0f32; 2]; 5];
    for params in [GridParams::default(), LAGRANGE] {
        let mut method = GridRepulsion::new(params).unwrap();
        let error = method.repulse(Kernel::CAUCHY, &y, &mut [[0.0; 2]; 4], Context::new()).unwrap_err();
        assert_eq!(error, Error::shape("force", 5, 4));
        let reference = GridReference::new(params, Kernel::CAUCHY, &y, Context::new()).unwrap();
        let error = reference.repulse(&y, &mut [[0.0; 2]; 6], &mut [0.0; 5], Context::new()).unwrap_err();
        assert_eq!(error, Error::shape("force", 5, 6));
        let error = reference.repulse(&y, &mut [[0.0; 2]; 5], &mut [0.0; 3], Context::new()).unwrap_err();
        assert_eq!(error, Error::shape("z", 5, 3));
    }
}

#[test]
fn positions_that_are_not_finite_are_refused_by_row_and_column() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for (n, row) in [(2, 0), (40, 13), (3_000, 2_999)] {
            let mut y = cast::<f32, 2>(&cloud(n, 10.0, 1));
            y[row][1] = bad;
            let expected = Error::non_finite("embedding", row, 1);
            let mut out = vec![[0.0; 2]; n];
            let mut method = GridRepulsion::new(GridParams::default()).unwrap();
            assert_eq!(method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap_err(), expected);
            let reference = GridReference::new(GridParams::default(), Kernel::CAUCHY, &y, Context::new());
            assert_eq!(reference.unwrap_err(), expected);
            let good = GridReference::new(GridParams::default(), Kernel::CAUCHY, &out, Context::new()).unwrap();
            let error = good.repulse(&y, &mut out, &mut vec![0.0; n], Context::new()).unwrap_err();
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn extents_beyond_the_range_of_numbers_are_refused() {
    let mut y = cast::<f32, 2>(&cloud(3_000, 10.0, 1));
    (y[0], y[1]) = ([-3e38, 0.0], [3e38, 0.0]);
    let mut out = vec![[0.0; 2]; y.len()];
    let mut method = GridRepulsion::new(GridParams::default()).unwrap();
    let error = method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap_err().to_string();
    assert!(error.contains("extent") && error.contains("6.000e38") && error.contains("learning_rate"), "{error}");
}

#[test]
fn cancellation_stops_every_call() {
    let token = CancelToken::new();
    token.cancel();
    let cancelled = Context::new().with_cancel(&token);
    for n in [20, 5_000] {
        let y = cast::<f64, 2>(&cloud(n, 10.0, 1));
        let mut out = vec![[0.0; 2]; n];
        for params in [GridParams::default(), LAGRANGE] {
            let mut method = GridRepulsion::new(params).unwrap();
            assert_eq!(method.repulse(Kernel::CAUCHY, &y, &mut out, cancelled).unwrap_err(), Error::Cancelled);
            // And it works again afterwards.
            assert!(method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).is_ok());
            let reference = GridReference::new(params, Kernel::CAUCHY, &y, cancelled);
            assert_eq!(reference.unwrap_err(), Error::Cancelled);
            let reference = GridReference::new(params, Kernel::CAUCHY, &y, Context::new()).unwrap();
            let error = reference.repulse(&y, &mut out, &mut vec![0.0; n], cancelled).unwrap_err();
            assert_eq!(error, Error::Cancelled);
        }
    }
}

#[test]
fn methods_can_be_sent_and_shared() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<GridRepulsion<f32, 2>>();
    is_send::<GridReference<f64, 3>>();
    is_sync::<GridReference<f64, 3>>();
}
