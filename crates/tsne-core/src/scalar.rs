use crate::array::Plain;
use crate::binary::Binary;
use crate::wire::Wire;
use std::fmt;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// The number type of a run: `f32` or `f64`.
///
/// Sealed, so that methods can be added without breaking anybody. Sums over points are always taken in `f64`,
/// whatever the scalar.
pub trait Scalar:
    Binary
    + Wire
    + Plain
    + Copy
    + PartialOrd
    + Default
    + Send
    + Sync
    + fmt::Debug
    + fmt::Display
    + fmt::LowerExp
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// One half.
    const HALF: Self;
    /// The distance from one to the next larger number.
    const EPSILON: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// The largest finite number.
    const MAX: Self;
    /// The name of the type, `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The nearest number of this type.
    ///
    /// ```
    /// use tsne_core::Scalar;
    ///
    /// assert_eq!(f32::from_f64(0.1), 0.1f32);
    /// ```
    fn from_f64(x: f64) -> Self;
    /// The same number in double precision.
    ///
    /// ```
    /// use tsne_core::Scalar;
    ///
    /// assert_eq!(0.5f32.to_f64(), 0.5f64);
    /// ```
    fn to_f64(self) -> f64;
    /// The nearest number of this type to a count.
    ///
    /// ```
    /// use tsne_core::Scalar;
    ///
    /// assert_eq!(f32::from_usize(3), 3.0);
    /// ```
    #[inline(always)]
    fn from_usize(x: usize) -> Self {
        Self::from_f64(x as f64)
    }
    /// The square root.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::sqrt(9.0f32), 3.0);
    /// ```
    fn sqrt(self) -> Self;
    /// The absolute value.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::abs(-2.0f64), 2.0);
    /// ```
    fn abs(self) -> Self;
    /// The exponential function.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::exp(0.0f32), 1.0);
    /// ```
    fn exp(self) -> Self;
    /// The natural logarithm.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::ln(1.0f32), 0.0);
    /// ```
    fn ln(self) -> Self;
    /// `ln(1 + self)`, accurate near zero.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::ln_1p(1e-20f64), 1e-20);
    /// ```
    fn ln_1p(self) -> Self;
    /// `exp(self) - 1`, accurate near zero.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::exp_m1(1e-20f64), 1e-20);
    /// ```
    fn exp_m1(self) -> Self;
    /// `self` to the power `e`.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::powf(2.0f64, 3.0), 8.0);
    /// ```
    fn powf(self, e: Self) -> Self;
    /// The largest integer not above `self`.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::floor(-1.5f32), -2.0);
    /// ```
    fn floor(self) -> Self;
    /// The integer part, saturating: NaN gives 0.
    ///
    /// ```
    /// use tsne_core::Scalar;
    ///
    /// assert_eq!((2.9f32.to_i32(), (-2.9f32).to_i32(), 1e20f64.to_i32(), f64::NAN.to_i32()), (2, -2, i32::MAX, 0));
    /// ```
    fn to_i32(self) -> i32;
    /// The nearest number of this type to an integer.
    ///
    /// ```
    /// use tsne_core::Scalar;
    ///
    /// assert_eq!(f64::from_i32(-3), -3.0);
    /// ```
    fn from_i32(x: i32) -> Self;
    /// The larger of two numbers; where one is NaN, the other.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::max(f32::NAN, 2.0), 2.0);
    /// ```
    fn max(self, other: Self) -> Self;
    /// The smaller of two numbers; where one is NaN, the other.
    ///
    /// ```
    /// assert_eq!(tsne_core::Scalar::min(1.0f64, 2.0), 1.0);
    /// ```
    fn min(self, other: Self) -> Self;
    /// Whether the number is neither infinite nor NaN.
    ///
    /// ```
    /// assert!(!tsne_core::Scalar::is_finite(f32::INFINITY));
    /// ```
    fn is_finite(self) -> bool;
    /// The order of IEEE 754 `totalOrder`, for stable sorting.
    ///
    /// ```
    /// assert!(tsne_core::Scalar::total_cmp(&-0.0f32, &0.0).is_lt());
    /// ```
    fn total_cmp(&self, other: &Self) -> std::cmp::Ordering;
    /// The bits of the number, widened: equal bits are the test of determinism.
    ///
    /// ```
    /// use tsne_core::Scalar;
    ///
    /// assert_ne!(0.0f64.bits(), (-0.0f64).bits()); // Equal as numbers.
    /// ```
    fn bits(self) -> u64;

    /// Calls the one of two instances that is for this type; see [`Instances`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Instances, Scalar};
    ///
    /// /// The sum of squares of some numbers.
    /// enum Energy {}
    ///
    /// impl Instances for Energy {
    ///     type Input<'a, 'b, T: Scalar> = &'b [T];
    ///     type Output<'a, T: Scalar> = T;
    ///
    ///     fn f32<'a, 'b>(numbers: Self::Input<'a, 'b, f32>) -> Self::Output<'a, f32> {
    ///         numbers.iter().map(|v| v * v).sum()
    ///     }
    ///
    ///     fn f64<'a, 'b>(numbers: Self::Input<'a, 'b, f64>) -> Self::Output<'a, f64> {
    ///         numbers.iter().map(|v| v * v).sum()
    ///     }
    /// }
    ///
    /// fn energy<T: Scalar>(numbers: &[T]) -> T {
    ///     T::instance::<Energy>(numbers)
    /// }
    ///
    /// assert_eq!((energy(&[3.0f32, 4.0]), energy(&[1.0f64])), (25.0, 1.0));
    /// ```
    fn instance<'a, 'b, I: Instances>(input: I::Input<'a, 'b, Self>) -> I::Output<'a, Self>;

    /// The same numbers, if this type is `f32`: for loops that have a version of their own in single precision.
    ///
    /// ```
    /// use tsne_core::Scalar;
    ///
    /// assert_eq!(f32::as_f32(&[1.0, 2.0]), Some(&[1.0, 2.0][..]));
    /// assert_eq!(f64::as_f32(&[1.0, 2.0]), None);
    /// ```
    fn as_f32(numbers: &[Self]) -> Option<&[f32]>;

    /// [`Scalar::as_f32`], to be written to.
    ///
    /// ```
    /// use tsne_core::Scalar;
    ///
    /// let mut numbers = [1.0, 2.0];
    /// if let Some(numbers) = f32::as_f32_mut(&mut numbers) {
    ///     numbers[1] = 3.0;
    /// }
    /// assert_eq!(numbers, [1.0, 3.0]);
    /// assert_eq!(f64::as_f32_mut(&mut [1.0, 2.0]), None);
    /// ```
    fn as_f32_mut(numbers: &mut [Self]) -> Option<&mut [f32]>;
}

/// A function of the scalar type, as two functions that are not generic.
///
/// Generic code is compiled in each crate that calls it. Where a crate writes both instances as functions that are not
/// generic (and `#[inline(never)]`), they are compiled in that crate, once, and generic callers reach them through
/// [`Scalar::instance`].
pub trait Instances {
    /// The arguments. What the output may borrow from lives for `'a`, all else for `'b`.
    type Input<'a, 'b, T: Scalar>;
    /// What is returned.
    type Output<'a, T: Scalar>;

    /// The function for `f32`.
    fn f32<'a, 'b>(input: Self::Input<'a, 'b, f32>) -> Self::Output<'a, f32>;

    /// The function for `f64`.
    fn f64<'a, 'b>(input: Self::Input<'a, 'b, f64>) -> Self::Output<'a, f64>;
}

macro_rules! scalar {
    ($t:ident, $numbers:ident => $as_f32:expr) => {
        impl Scalar for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const HALF: Self = 0.5;
            const EPSILON: Self = $t::EPSILON;
            const INFINITY: Self = $t::INFINITY;
            const MAX: Self = $t::MAX;
            const NAME: &'static str = stringify!($t);

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$t>::abs(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                <$t>::exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                <$t>::ln(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                <$t>::ln_1p(self)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                <$t>::exp_m1(self)
            }
            #[inline(always)]
            fn powf(self, e: Self) -> Self {
                <$t>::powf(self, e)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                <$t>::floor(self)
            }
            #[inline(always)]
            fn to_i32(self) -> i32 {
                self as i32
            }
            #[inline(always)]
            fn from_i32(x: i32) -> Self {
                x as $t
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                <$t>::max(self, other)
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                <$t>::min(self, other)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
            #[inline(always)]
            fn total_cmp(&self, other: &Self) -> std::cmp::Ordering {
                <$t>::total_cmp(self, other)
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
            #[inline(always)]
            fn instance<'a, 'b, I: Instances>(input: I::Input<'a, 'b, Self>) -> I::Output<'a, Self> {
                I::$t(input)
            }
            #[inline(always)]
            fn as_f32($numbers: &[Self]) -> Option<&[f32]> {
                $as_f32
            }
            #[inline(always)]
            fn as_f32_mut($numbers: &mut [Self]) -> Option<&mut [f32]> {
                $as_f32
            }
        }
    };
}
scalar!(f32, numbers => Some(numbers));
scalar!(f64, _numbers => None);
