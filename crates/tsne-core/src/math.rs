//! Logarithms and exponentials without branches or tables, so that loops over them are vectorized.
//!
//! The platform's functions are calls that take one number at a time, some 10 to 20 ns. These are plain arithmetic, a few units
//! in the last place from them, and the same bits on every machine.

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

/// The polynomial with two coefficients or more, that of the power 0 first. Even and odd powers are summed by themselves, so that
/// half as many operations wait for each other.
#[inline(always)]
fn polynomial<T: Scalar>(coefficients: &[f64], x: T) -> T {
    let x2 = x * x;
    let coefficient = |i: usize| T::from_f64(coefficients.get(i).copied().unwrap_or(0.0));
    let last = coefficients.len().saturating_sub(2);
    let mut parts = [coefficient(last), coefficient(last + 1)];
    let mut i = last;
    while i >= 2 {
        i -= 2;
        for (part, power) in parts.iter_mut().zip(i..) {
            *part = *part * x2 + coefficient(power);
        }
    }
    // What is left is `x` to the power `i` times the first part, and to `i + 1` times the second.
    if i == 0 { parts[0] + x * parts[1] } else { coefficient(0) + x * (parts[0] + x * parts[1]) }
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

/// `ln(1 + x)` of `x`, from 0 up, accurate near zero; what is beyond half the largest number counts as that.
///
/// # Examples
///
/// ```
/// use tsne_core::math;
///
/// assert_eq!(math::ln_1p(1e-20f64), 1e-20);
/// assert!((math::ln_1p(2.0f32) - 3f32.ln()).abs() < 2e-7);
/// ```
#[inline(always)]
pub fn ln_1p<T: Scalar>(x: T) -> T {
    // The inverse of the power of 2 in a larger one is no normal number.
    let largest = T::HALF * T::MAX;
    let x = if x < largest { x } else { largest };
    let u = T::ONE + x;
    // What the sum lost, exactly.
    let lost = x - (u - T::ONE);
    let (m, k) = u.split();
    let f = (m - T::ONE) + lost * (-k).exp2_whole();
    // `ln(1 + f) = f - f²/2 + s (f²/2 + s² R)` with the sum `R` of the series of artanh but its first term: of `f` and its half
    // square nothing is lost to a division.
    let s = f / (f + (T::ONE + T::ONE));
    let s2 = s * s;
    let half_square = T::HALF * f * f;
    let rest = (T::ONE + T::ONE) * s2 * polynomial(artanh_series::<T>(), s2);
    let (high, low) = (T::LN_2_HIGH, T::LN_2_LOW);
    k * high - ((half_square - (s * (half_square + rest) + k * low)) - f)
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
