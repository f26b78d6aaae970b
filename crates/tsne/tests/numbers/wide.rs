//! Numbers of some 31 digits: the unevaluated sum of two `f64` (Dekker 1971, "A floating-point technique for extending the available
//! precision"; Hida, Li and Bailey 2001, "Algorithms for quad-double precision floating point arithmetic").

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `high + low`, where `low` is at most half a unit in the last place of `high`. Between 1e-290 and 1e290 an operation errs by at most
/// [`Wide::EPSILON`] of its result, and a function by [`Wide::ROUNDING`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wide {
    high: f64,
    low: f64,
}

/// The sum and what its rounding lost (Knuth 1969).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let rest = sum - a;
    (sum, (a - (sum - rest)) + (b - rest))
}

impl Wide {
    /// Of a sum, a product or a quotient: 2^-102, four units of the 106 digits.
    pub(crate) const EPSILON: f64 = 4.0 * f64::EPSILON * f64::EPSILON;
    /// Of a logarithm, an exponential or a power, times `1 + |ln|` of the power.
    pub(crate) const ROUNDING: f64 = 64.0 * Self::EPSILON;
    pub(crate) const ZERO: Self = Self { high: 0.0, low: 0.0 };
    pub(crate) const ONE: Self = Self { high: 1.0, low: 0.0 };
    const LN_2: Self = Self { high: std::f64::consts::LN_2, low: 2.319_046_813_846_299_6e-17 };

    fn of(high: f64, low: f64) -> Self {
        let sum = high + low;
        Self { high: sum, low: low - (sum - high) }
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.high
    }

    pub(crate) fn abs(self) -> Self {
        if self.high < 0.0 { -self } else { self }
    }

    pub(crate) fn square(self) -> Self {
        self * self
    }

    pub(crate) fn max(self, other: Self) -> Self {
        if self < other { other } else { self }
    }

    /// One step of Newton's method from the root of the rounded number.
    pub(crate) fn sqrt(self) -> Self {
        if self.high == 0.0 {
            return Self::ZERO;
        }
        let root = Self::from(self.high.sqrt());
        (root + self / root) * Self::from(0.5)
    }

    /// `exp(x) = 2^k exp(x - k ln 2)`, the rest by its series at a 64th of it.
    pub(crate) fn exp(self) -> Self {
        if self.high < -700.0 {
            return Self::ZERO;
        }
        let k = (self.high / std::f64::consts::LN_2).round();
        let rest = (self - Self::LN_2 * Self::from(k)) * Self::from(1.0 / 64.0);
        // exp(r) - 1, so that squaring keeps the digits: 0.0055^13 / 13! is 1e-39.
        let mut sum = Self::ZERO;
        for n in (1..=13).rev() {
            sum = (Self::ONE + sum) * rest / Self::from(f64::from(n));
        }
        for _ in 0..6 {
            sum = sum * (sum + Self::from(2.0));
        }
        let value = sum + Self::ONE;
        let power = 2f64.powi(k as i32);
        Self { high: value.high * power, low: value.low * power }
    }

    /// The logarithm of a positive number, by two steps of Newton's method.
    pub(crate) fn ln(self) -> Self {
        let mut y = Self::from(self.high.ln());
        for _ in 0..2 {
            y = y + self * (-y).exp() - Self::ONE;
        }
        y
    }

    /// `(1 + self)^-exponent`, without its digits lost beside 1.
    pub(crate) fn inverse_power(self, exponent: f64) -> Self {
        let base = Self::ONE + self;
        if exponent.fract() == 0.0 && exponent <= 16.0 {
            return (0..exponent as u32).fold(Self::ONE, |power, _| power / base);
        }
        if (2.0 * exponent).fract() == 0.0 && exponent <= 16.0 {
            return self.inverse_power(exponent - 0.5) / base.sqrt();
        }
        (-(base.ln() * Self::from(exponent))).exp()
    }
}

impl From<f64> for Wide {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}

impl Neg for Wide {
    type Output = Self;
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Add for Wide {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, rest) = two_sum(self.high, other.high);
        let (low, lost) = two_sum(self.low, other.low);
        let first = Self::of(high, rest + low);
        Self::of(first.high, first.low + lost)
    }
}

impl Sub for Wide {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Wide {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let high = self.high * other.high;
        let rest = self.high.mul_add(other.high, -high);
        Self::of(high, rest + (self.high * other.low + self.low * other.high))
    }
}

impl Div for Wide {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * Self::from(first);
        let second = rest.high / other.high;
        let last = rest - other * Self::from(second);
        Self::of(first, second) + Self::from(last.high / other.high)
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.high.partial_cmp(&other.high)?.then(self.low.partial_cmp(&other.low)?))
    }
}

impl Sum for Wide {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::ZERO, |sum, term| sum + term)
    }
}

/// Numbers of more digits than one `f64` has, from 1e-30 to 1e30.
fn numbers() -> Vec<Wide> {
    let of = |i: i32| Wide::from(10f64.powi(i)) * Wide::from(1.0 + f64::from(i) / 77.0) / Wide::from(3.0);
    (-30..=30).map(of).collect()
}

/// Laws that a wrong digit breaks.
#[test]
fn thirty_digits_are_right() {
    let close = |a: Wide, b: Wide, epsilon: f64| (a - b).abs().to_f64() <= epsilon * b.abs().to_f64();
    // What one number cannot hold: (1 + e)(1 - e) = 1 - e² to the last digit.
    let e = 2f64.powi(-30);
    let product = Wide::from(1.0 + e) * Wide::from(1.0 - e) - Wide::ONE;
    assert_eq!(product, Wide::from(-e * e));
    assert_eq!(Wide::from(1.0) + Wide::from(1e-25) - Wide::from(1.0), Wide::from(1e-25));
    for a in numbers() {
        for b in numbers() {
            assert!(close(a / b * b, a, 2.0 * Wide::EPSILON), "{a:?} / {b:?}");
            assert!(close((a + b).square() - (a - b).square(), Wide::from(4.0) * a * b, {
                // The squares are as large as the larger of both.
                let ratio = (a / b).abs().max((b / a).abs()).to_f64();
                8.0 * Wide::EPSILON * (1.0 + ratio)
            }));
        }
        assert!(close(a.sqrt().square(), a, 3.0 * Wide::EPSILON), "√{a:?}");
        assert!(close(a.ln().exp(), a, Wide::ROUNDING * (1.0 + a.ln().abs().to_f64())), "ln {a:?}");
        // By halves and by logarithms.
        let by_ln = (-((Wide::ONE + a).ln() * Wide::from(1.5))).exp();
        assert!(close(a.inverse_power(1.5), by_ln, Wide::ROUNDING * (1.0 + by_ln.ln().abs().to_f64())), "{a:?}");
    }
    // Digits of e and ln 10 from tables, 17 and 15 more.
    let e = Wide { high: std::f64::consts::E, low: 1.445_646_891_729_250_2e-16 };
    assert!(close(Wide::ONE.exp(), e, Wide::ROUNDING), "{:?}", Wide::ONE.exp());
    let ln_10 = Wide { high: std::f64::consts::LN_10, low: -2.170_756_223_382_249_4e-16 };
    assert!(close(Wide::from(10.0).ln(), ln_10, Wide::ROUNDING), "{:?}", Wide::from(10.0).ln());
}
