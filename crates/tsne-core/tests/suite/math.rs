//! Branch-free logarithms and exponentials against the platform's, which err by less than a unit, and against closed forms.

use tsne_core::math::{exp_neg, ln, ln_1p};
use tsne_core::{Scalar, math};

/// The difference in units in the last place of the value, near its own size.
fn units<T: Scalar>(given: T, exact: f64) -> f64 {
    (given.to_f64() - exact).abs() / (T::EPSILON.to_f64() * exact.abs()).max(f64::MIN_POSITIVE)
}

/// Numbers at all scales from 10^low to 10^high, as numbers of the type.
fn scales<T: Scalar>(low: f64, high: f64, steps: u32) -> impl Iterator<Item = T> {
    (0..=steps).map(move |i| T::from_f64(10f64.powf(low + (high - low) * f64::from(i) / f64::from(steps))))
}

/// The last digit of the platform's in `f64` counts for `f64` only.
fn check<T: Scalar>(largest: f64) {
    let own = if T::NAME == "f64" { 1.0 } else { 0.0 };
    for x in scales::<T>(-30.0, largest, 60_000) {
        // Half units: f 1, its half square and the product with s 2 of at most 0.4, ln 2 in two parts 1, two sums 2.
        let error = units(ln_1p(x), x.to_f64().ln_1p());
        assert!(error <= 2.0 + own, "ln_1p({x:e}) in {}: {error} units", T::NAME);
    }
    for x in scales::<T>(0.0, largest, 60_000) {
        // Half units: product with ln 2 and its own rounding 2, of up to twice the sum where ln m is negative; series and
        // its factors 6 of at most 0.35, which is below the sum from √2 on; the last addition 1.
        let error = units(ln(x), x.to_f64().ln());
        assert!(error <= 5.0 + own, "ln({x:e}) in {}: {error} units", T::NAME);
    }
    let limit = if T::NAME == "f32" { 87.3 } else { 708.3 };
    for i in 0..=60_000 {
        let x = T::from_f64(limit * f64::from(i) / 60_000.0);
        // Half units: the remainder 1, its square 1 of at most 0.12, two sums 2.
        let error = units(exp_neg(x), (-x.to_f64()).exp());
        assert!(error <= 1.5 + own, "exp_neg({x:e}) in {}: {error} units", T::NAME);
    }
    for x in scales::<T>(-30.0, 0.0, 1_000) {
        assert!(units(exp_neg(x), (-x.to_f64()).exp()) <= 1.0 + own);
    }
}

#[test]
fn functions_are_the_platforms_to_a_few_units() {
    check::<f32>(38.0);
    check::<f64>(307.9);
}

#[test]
fn powers_of_two_have_their_exponents() {
    for k in 1..1023 {
        let power = 2f64.powi(k);
        let exact = f64::from(k) * std::f64::consts::LN_2;
        assert!(units(ln(power), exact) <= 1.0, "{k}");
        if k < 53 {
            assert!(units(ln_1p(power - 1.0), exact) <= 1.0, "{k}");
        }
        // The rounding of the argument, of up to 708, is passed on.
        assert!(units(exp_neg(exact), 1.0 / power) <= 1.0 + exact, "{k}");
    }
    for k in 1..126 {
        let (power, exact) = (2f32.powi(k), f64::from(k) * std::f64::consts::LN_2);
        assert!(units(ln(power), exact) <= 1.0, "{k}");
        assert!(units(exp_neg(exact as f32), (-f64::from(exact as f32)).exp()) <= 1.5, "{k}");
    }
}

fn ends<T: Scalar>() {
    assert_eq!((ln(T::ONE), ln_1p(T::ZERO), exp_neg(T::ZERO)), (T::ZERO, T::ZERO, T::ONE));
    for tiny in [T::from_f64(1e-44), T::EPSILON * T::EPSILON, T::from_f64(1e-30)] {
        assert_eq!((ln_1p(tiny), exp_neg(tiny)), (tiny, T::ONE));
    }
    let half = T::HALF * T::MAX;
    assert!(units(ln_1p(half), half.to_f64().ln()) <= 2.0);
    assert_eq!([T::MAX, T::INFINITY].map(ln_1p), [ln_1p(half); 2]);
    assert!(math::ln(T::INFINITY).is_finite() && math::ln(T::INFINITY) >= math::ln(T::MAX));
    for large in [T::from_f64(1e4), T::MAX, T::INFINITY] {
        assert_eq!(exp_neg(large), T::ZERO);
    }
    // Outside of their ranges the functions are of no meaning, but they return.
    for outside in [-T::ONE, -T::INFINITY, T::from_f64(f64::NAN)] {
        _ = (ln(outside), ln_1p(outside), exp_neg(outside));
    }
}

#[test]
fn the_ends_of_the_range_are_what_they_should_be() {
    ends::<f32>();
    ends::<f64>();
}
