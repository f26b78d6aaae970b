//! Branch-free logarithms and exponentials against the platform's, which err by less than a unit, and against closed forms.

use tsne_core::math::{exp_neg, inverse_power, inverse_power_limit, ln};
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
    assert_eq!((ln(T::ONE), exp_neg(T::ZERO)), (T::ZERO, T::ONE));
    for tiny in [T::from_f64(1e-44), T::EPSILON * T::EPSILON, T::from_f64(1e-30)] {
        assert_eq!(exp_neg(tiny), T::ONE);
    }
    assert!(math::ln(T::INFINITY).is_finite() && math::ln(T::INFINITY) >= math::ln(T::MAX));
    for large in [T::from_f64(1e4), T::MAX, T::INFINITY] {
        assert_eq!(exp_neg(large), T::ZERO);
    }
    // Outside of their ranges the functions are of no meaning, but they return.
    for outside in [-T::ONE, -T::INFINITY, T::from_f64(f64::NAN)] {
        _ = (ln(outside), exp_neg(outside), inverse_power(outside, T::ONE));
    }
}

#[test]
fn the_ends_of_the_range_are_what_they_should_be() {
    ends::<f32>();
    ends::<f64>();
}

fn ends_of_powers<T: Scalar>(largest_exponent: f64) {
    for exponent in [1e-3, 0.05, 0.8, 1.0, 3.3, 200.0, 1e3].map(T::from_f64) {
        assert_eq!(inverse_power(T::ZERO, exponent), (T::ONE, T::ONE));
        let limit = inverse_power_limit::<T>(exponent.to_f64());
        let (power, inverse) = inverse_power(limit, exponent);
        assert!(limit.is_finite() && inverse > T::ZERO);
        // The largest exponent leaves the range of numbers, and a larger number would overflow in sums.
        if limit < T::from_f64(0.24) * T::MAX {
            assert_eq!(power, T::ZERO, "{exponent}");
        } else {
            let exact = (-exponent.to_f64() * limit.to_f64().ln()).exp();
            assert!(units(power, exact) <= 2.5 * (1.0 - exact.ln()), "{exponent}");
        }
    }
    // A distance of 1 to a whole power is exact, for any of them: the logarithm is 1.
    for k in 1..largest_exponent as i32 {
        let power = T::from_f64(2f64.powi(-k));
        assert_eq!(inverse_power(T::ONE, T::from_i32(k)), (power, T::HALF));
    }
    // Close by, `1 - exponent a` to half a unit, a quarter for what is rounded before, and the term of the second order.
    for a in scales::<T>(-12.0, -4.0, 1_000) {
        for exponent in [0.05f64, 0.8, 3.3] {
            let linear = 1.0 - exponent * a.to_f64();
            let error = (inverse_power(a, T::from_f64(exponent)).0.to_f64() - linear).abs();
            let square = (exponent + 1.0) * exponent * a.to_f64() * a.to_f64() / 2.0;
            assert!(error <= 0.75 * T::EPSILON.to_f64() + square, "{exponent}, {a:e}: {error:e}");
        }
    }
}

#[test]
fn powers_are_right_at_their_ends() {
    ends_of_powers::<f32>(126.0);
    ends_of_powers::<f64>(1022.0);
}
