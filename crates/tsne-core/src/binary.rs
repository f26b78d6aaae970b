//! Binary floating-point numbers by their parts: what arithmetic on them needs besides the operations of the language.

/// Only the number types of the language are these, so that [`Scalar`](crate::Scalar), which asks for it, is sealed.
pub trait Binary: Sized {
    /// `ln 2` rounded to so few bits that its products with exponents are exact, and what is left.
    const LN_2_HIGH: Self;
    /// `ln 2` less [`Binary::LN_2_HIGH`].
    const LN_2_LOW: Self;
    /// Minus the logarithm of the smallest normal number.
    const LN_SMALLEST: Self;
    /// Where powers of 2 end: minus the exponent below those of normal numbers.
    const EXP2_ZERO: Self;

    /// `m` from `√½` to `√2` and a whole `k` with `m 2^k` the number, which is `√½` or more.
    fn split(self) -> (Self, Self);
    /// `2^k` and the whole `k` with the number, from 1 to a quarter of the largest one, from `√½` to `√2` times that.
    fn nearest_power(self) -> (Self, Self);
    /// The nearest whole number, of one up to 2²¹ in absolute value.
    fn round_whole(self) -> Self;
    /// 2 to the power of a whole number in the range of normal exponents; 0 for the one below.
    fn exp2_whole(self) -> Self;
    /// `2^-n` and `self - n` of the whole number `n` nearest to this one, which is from 0 up, to less than half beyond
    /// [`Binary::EXP2_ZERO`]: there `2^-n` is 0.
    fn exp2_split(self) -> (Self, Self);
}

macro_rules! binary {
    ($t:ident, $ln_2_high:expr, $ln_2_low:expr, $ln_smallest:expr) => {
        impl Binary for $t {
            const LN_2_HIGH: Self = $ln_2_high;
            const LN_2_LOW: Self = $ln_2_low;
            const LN_SMALLEST: Self = $ln_smallest;
            const EXP2_ZERO: Self = ($t::MAX_EXP - 1) as $t;

            #[inline(always)]
            fn split(self) -> (Self, Self) {
                /// Adding a small whole number to the bits of this adds it to the number.
                const UNIT: $t = 1.0 / $t::EPSILON;
                const FRACTION_BITS: u32 = $t::MANTISSA_DIGITS - 1;
                let bits = self.to_bits();
                let k = bits.wrapping_sub(std::$t::consts::FRAC_1_SQRT_2.to_bits()) >> FRACTION_BITS;
                let m = $t::from_bits(bits.wrapping_sub(k << FRACTION_BITS));
                (m, $t::from_bits(k | UNIT.to_bits()) - UNIT)
            }

            #[inline(always)]
            fn nearest_power(self) -> (Self, Self) {
                const UNIT: $t = 1.0 / $t::EPSILON;
                const FRACTION_BITS: u32 = $t::MANTISSA_DIGITS - 1;
                let k = self.to_bits().wrapping_sub(std::$t::consts::FRAC_1_SQRT_2.to_bits());
                let fraction = k & ((1 << FRACTION_BITS) - 1);
                let power = $t::from_bits((k - fraction).wrapping_add($t::to_bits(1.0)));
                (power, $t::from_bits(k >> FRACTION_BITS | UNIT.to_bits()) - UNIT)
            }

            #[inline(always)]
            fn round_whole(self) -> Self {
                /// Numbers of this size, on either side of it, have no fraction.
                const WHOLE: $t = 1.5 / $t::EPSILON;
                (self + WHOLE) - WHOLE
            }

            #[inline(always)]
            fn exp2_whole(self) -> Self {
                /// In the bits of a sum with this, the lowest are a whole number with the bias of exponents.
                const BIASED: $t = 1.5 / $t::EPSILON + ($t::MAX_EXP - 1) as $t;
                $t::from_bits((self + BIASED).to_bits() << ($t::MANTISSA_DIGITS - 1))
            }

            #[inline(always)]
            fn exp2_split(self) -> (Self, Self) {
                /// In the bits of a sum with this, the lowest are a whole number with the bias of exponents.
                const BIASED: $t = 1.5 / $t::EPSILON + ($t::MAX_EXP - 1) as $t;
                let sum = BIASED - self;
                ($t::from_bits(sum.to_bits() << ($t::MANTISSA_DIGITS - 1)), self + (sum - BIASED))
            }
        }
    };
}
binary!(f32, 355.0 / 512.0, -2.121_944_4e-4, 87.336_54);
binary!(f64, 0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10, 708.396_418_532_264_1);
