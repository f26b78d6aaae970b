//! Logarithms, exponentials and powers without branches or tables, so that loops over them are vectorized.
//!
//! The platform's functions are calls that take one number at a time, some 10 to 20 ns. These are plain arithmetic, a few units
//! in the last place from them, and the same bits on every machine: no fused multiply-add, and one order of operations.

use crate::scalar::Scalar;

/// `1/3, 1/5, 1/7, …`, of `(artanh(s) / s - 1) / s²` in powers of `s²`, which is at most 0.0295. What is left out is 2e-9 of the
/// logarithm in `f32`, 3e-17 in `f64`, a sixth of a unit in the last place at most.
const fn artanh_series<T: Scalar>() -> &'static [f64] {
    const SERIES: &[f64] = &{
        let mut series = [0.0; 9];
        let mut n = 0;
        while n < 9 {
            series[n] = 1.0 / (2 * n + 3) as f64;
            n += 1;
        }
        series
    };
    if size_of::<T>() == 4 { SERIES.split_at(4).0 } else { SERIES }
}

/// `1/2!, 1/3!, 1/4!, …`, of `(eʳ - 1 - r) / r²` in powers of `r`, which is at most 0.3466. What is left out is 5e-9 of the
/// exponential in `f32`, 4e-18 in `f64`.
const fn exp_series<T: Scalar>() -> &'static [f64] {
    const SERIES: &[f64] = &{
        let mut series = [0.0; 12];
        let (mut n, mut factorial) = (0, 1.0);
        while n < 12 {
            factorial *= (n + 2) as f64;
            series[n] = 1.0 / factorial;
            n += 1;
        }
        series
    };
    if size_of::<T>() == 4 { SERIES.split_at(6).0 } else { SERIES }
}

/// The polynomial with two coefficients or more, that of the power 0 first. Four terms are summed by themselves, as two and two, and
/// these sums from the highest powers down: an operation waits for a quarter as many others as in Horner's rule.
///
/// Where a loop calls this, the processor computes on as many numbers at a time as fit in its queue of waiting operations; time goes
/// by how long they wait.
#[inline(always)]
fn polynomial<T: Scalar>(coefficients: &[f64], x: T) -> T {
    let x2 = x * x;
    let x4 = x2 * x2;
    let mut i = coefficients.len().saturating_sub(1) / 4 * 4;
    let mut sum = four_terms(coefficients, i, x, x2);
    while i >= 4 {
        i -= 4;
        sum = four_terms(coefficients, i, x, x2) + x4 * sum;
    }
    sum
}

/// The terms of a polynomial from the power `i`, at most four, that power taken out. (No closures: the compiler may call those.)
#[inline(always)]
fn four_terms<T: Scalar>(coefficients: &[f64], i: usize, x: T, x2: T) -> T {
    let n = coefficients.len();
    let coefficient = |i: usize| T::from_f64(coefficients.get(i).copied().unwrap_or(0.0));
    let (mut low, mut high) = (coefficient(i), coefficient(i + 2));
    if i + 1 < n {
        low += x * coefficient(i + 1);
    }
    if i + 3 < n {
        high += x * coefficient(i + 3);
    }
    if i + 2 < n { low + x2 * high } else { low }
}

/// The natural logarithm of `x`, from `√½` up; infinity counts as the power of 2 that it stands for in the bits, so that its
/// logarithm is finite.
///
/// `x = 2^k m` with `m` from `√½` to `√2`, and `ln m = 2 artanh s` with `s = (m-1) / (m+1)` by its series.
///
/// # Examples
///
/// ```
/// use tsne_core::math;
///
/// assert_eq!(math::ln(1.0f64), 0.0);
/// assert!((math::ln(10.0f64) - 10f64.ln()).abs() < 1e-15);
/// ```
#[inline(always)]
pub fn ln<T: Scalar>(x: T) -> T {
    let (m, k) = x.split();
    let s = (m - T::ONE) / (m + T::ONE);
    k * T::from_f64(std::f64::consts::LN_2)
        + (T::ONE + T::ONE) * (s + s * (s * s) * polynomial(artanh_series::<T>(), s * s))
}

/// `log₂((1 + s) / (1 - s)) / s` in powers of `s²`, for `s` up to `(√2 - 1) / (√2 + 1)`, the relative error least (Remez's exchange
/// in 60 digits, rounded to the type then): 7e-10 in `f32`, 1.7e-16 in `f64`.
const fn log2_terms<T: Scalar>() -> &'static [f64] {
    if size_of::<T>() == 4 {
        &[2.885_390_08, 0.961_798_848, 0.576_714_384, 0.431_735_878]
    } else {
        &[
            2.885_390_081_777_927,
            0.961_796_693_924_324_5,
            0.577_078_017_250_289_8,
            0.412_198_401_473_368_34,
            0.320_616_425_835_494_5,
            0.261_443_109_933_037_93,
            0.242_928_996_262_586_1,
        ]
    }
}

/// `(2⁻ʳ - 1) / r` in powers of `r`, for `r` from `-½` to `½` (in the same way, the errors weighted by `2ʳ √(r² + 0.02)`, since those
/// near 0 do not count): of `2⁻ʳ` the relative error is 9.9e-8 in `f32`, 4e-18 in `f64`.
const fn exp2_terms<T: Scalar>() -> &'static [f64] {
    if size_of::<T>() == 4 {
        &[-0.693_147_008, 0.240_222_611, -0.055_507_138_3, 0.009_670_633_6, -0.001_326_707_22]
    } else {
        &[
            -std::f64::consts::LN_2,
            0.240_226_506_959_101_17,
            -0.055_504_108_664_820_424,
            0.009_618_129_107_598_891,
            -0.001_333_355_814_672_981_7,
            0.000_154_035_304_518_359_43,
            -1.525_273_351_630_177_5e-5,
            1.321_543_764_384_742_4e-6,
            -1.017_819_521_292_248_8e-7,
            7.073_412_997_383_332e-9,
            -4.434_881_436_655_309e-10,
        ]
    }
}

/// The largest `a` for which [`inverse_power`] is right, up to which its argument is to be bounded: there the power, whose exponent
/// is from 0 up, ends, or numbers do.
///
/// # Examples
///
/// ```
/// use tsne_core::math;
///
/// assert_eq!(math::inverse_power_limit::<f64>(1023.0), 1.0); // 2⁻¹⁰²³ is no normal number.
/// assert_eq!(math::inverse_power_limit::<f32>(0.5), f32::MAX / 4.0);
/// ```
pub fn inverse_power_limit<T: Scalar>(exponent: f64) -> T {
    let end = T::from_f64((T::EXP2_ZERO.to_f64() / exponent).exp2() - 1.0);
    end.min(T::HALF * T::HALF * T::MAX)
}

/// `(1 + a)^-exponent` and `1 / (1 + a)` of `a` from 0 to [`inverse_power_limit`] and an exponent from 0 up: `2^-t` of
/// `t = exponent log₂(1 + a)`; 0 where that is less than the smallest normal number by more than a factor of `√½`.
///
/// The power is wrong by at most 2.5 `(1 + |ln|)` units in the last place of the type, `|ln|` its logarithm's absolute value (found
/// among 30,000 arguments of all sizes for each of 14 exponents from 0.05 to 200; 2.1 in `f32`, 2.3 in `f64`): 3e-7 `(1 + |ln|)` in
/// `f32`, of the exponent's rounding for the most part. Next to `a = 0` it is `1 - exponent a` to a rounding of it.
///
/// `1 + a = c (1 + s) / (1 - s)` with the power of 2 nearest to it, `c`, and `s = (a - (c - 1)) / (1 + a + c)`: of a small `a`, for
/// which `c` is 1, nothing is lost.
///
/// # Examples
///
/// ```
/// use tsne_core::math;
///
/// assert_eq!(math::inverse_power(3.0f64, 0.5), (0.5, 0.25));
/// assert_eq!(math::inverse_power(0.0f32, 7.1), (1.0, 1.0));
/// assert!((math::inverse_power(2.0f32, 0.8).0 - 3f32.powf(-0.8)).abs() < 1e-7);
/// ```
#[inline(always)]
pub fn inverse_power<T: Scalar>(a: T, exponent: T) -> (T, T) {
    let (t, inverse) = inverse_power_exponent(a, exponent);
    (exp2_neg(t), inverse)
}

/// `exponent log₂(1 + a)`, the exponent of [`inverse_power`] to the base ½, and `1 / (1 + a)`.
#[inline(always)]
pub(crate) fn inverse_power_exponent<T: Scalar>(a: T, exponent: T) -> (T, T) {
    let base = T::ONE + a;
    let (c, k) = base.nearest_power();
    let s = (a - (c - T::ONE)) / (base + c);
    // The exponent is multiplied with what is known first.
    (exponent * k + (exponent * s) * polynomial(log2_terms::<T>(), s * s), T::ONE / base)
}

/// `2⁻ᵗ` of `t` from 0 to what [`inverse_power_exponent`] gives at the limit.
#[inline(always)]
pub(crate) fn exp2_neg<T: Scalar>(t: T) -> T {
    let (power, r) = t.exp2_split();
    power + power * r * polynomial(exp2_terms::<T>(), r)
}

/// `e⁻ˣ` of `x`, from 0 up; 0 where that is below the smallest normal number.
///
/// `x = k ln 2 - r` with a whole `k`, and `eʳ` by its series.
///
/// # Examples
///
/// ```
/// use tsne_core::math;
///
/// assert_eq!((math::exp_neg(0.0f64), math::exp_neg(1e9f64)), (1.0, 0.0));
/// assert!((math::exp_neg(1.0f32) - (-1f32).exp()).abs() < 1e-7);
/// ```
#[inline(always)]
pub fn exp_neg<T: Scalar>(x: T) -> T {
    let largest = T::LN_SMALLEST;
    let bounded = if x < largest { x } else { largest };
    let k = (bounded * T::from_f64(std::f64::consts::LOG2_E)).round_whole();
    let (high, low) = (T::LN_2_HIGH, T::LN_2_LOW);
    let r = (k * high - bounded) + k * low;
    let power = (-k).exp2_whole() * (T::ONE + (r + r * r * polynomial(exp_series::<T>(), r)));
    if x < largest { power } else { T::ZERO }
}
