//! The elements of an array, as numbers and as text.

use tsne::Scalar;

/// The element type of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    /// `b` boolean, `i` and `u` integers, `f` floats, `U` and `S` text.
    pub(crate) kind: u8,
    /// Bytes per element.
    pub(crate) size: usize,
    pub(super) big_endian: bool,
}

impl Dtype {
    /// Whether the elements are numbers, or booleans that stand for 0 and 1.
    pub(crate) fn is_number(self) -> bool {
        matches!(self.kind, b'b' | b'i' | b'u' | b'f')
    }

    /// Whether an `f32` holds every element exactly.
    pub(crate) fn fits_single(self) -> bool {
        match self.kind {
            b'f' => self.size <= 4,
            b'i' | b'u' => self.size <= 2,
            _ => true,
        }
    }
}

/// Decodes numbers; `bytes` has `out.len()` elements.
pub(super) fn decode<T: Scalar>(dtype: Dtype, bytes: &[u8], out: &mut [T]) {
    let big = dtype.big_endian;
    match (dtype.kind, dtype.size) {
        (b'f', 4) => convert(bytes, out, big, |b| T::from_f64(f64::from(f32::from_le_bytes(b)))),
        (b'f', 8) => convert(bytes, out, big, |b| T::from_f64(f64::from_le_bytes(b))),
        (b'f', 2) => convert(bytes, out, big, |b| T::from_f64(half(u16::from_le_bytes(b)))),
        (b'b', 1) => convert(bytes, out, big, |[b]| if b == 0 { T::ZERO } else { T::ONE }),
        (b'i', 1) => convert(bytes, out, big, |b| T::from_f64(f64::from(i8::from_le_bytes(b)))),
        (b'i', 2) => convert(bytes, out, big, |b| T::from_f64(f64::from(i16::from_le_bytes(b)))),
        (b'i', 4) => convert(bytes, out, big, |b| T::from_f64(f64::from(i32::from_le_bytes(b)))),
        (b'i', 8) => convert(bytes, out, big, |b| T::from_f64(i64::from_le_bytes(b) as f64)),
        (b'u', 1) => convert(bytes, out, big, |[b]| T::from_f64(f64::from(b))),
        (b'u', 2) => convert(bytes, out, big, |b| T::from_f64(f64::from(u16::from_le_bytes(b)))),
        (b'u', 4) => convert(bytes, out, big, |b| T::from_f64(f64::from(u32::from_le_bytes(b)))),
        // The constructor admits no other number.
        _ => convert(bytes, out, big, |b| T::from_f64(u64::from_le_bytes(b) as f64)),
    }
}

fn convert<T, const S: usize>(bytes: &[u8], out: &mut [T], big_endian: bool, value: impl Fn([u8; S]) -> T) {
    let (elements, _) = bytes.as_chunks::<S>();
    for (out, &element) in out.iter_mut().zip(elements) {
        let mut element = element;
        if big_endian {
            element.reverse();
        }
        *out = value(element);
    }
}

/// The value of an IEEE 754 half-precision number.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// The text of one element: its decimal form, or the characters up to the padding. `None` for what is not finite or
/// not text.
pub(crate) fn element_text(dtype: Dtype, element: &[u8]) -> Option<String> {
    match dtype.kind {
        b'S' => std::str::from_utf8(element).ok().map(|text| text.trim_end_matches('\0').to_owned()),
        b'U' => {
            let (characters, _) = element.as_chunks::<4>();
            let code = |&c: &[u8; 4]| if dtype.big_endian { u32::from_be_bytes(c) } else { u32::from_le_bytes(c) };
            let text: Option<String> = characters.iter().map(|c| char::from_u32(code(c))).collect();
            text.map(|text| text.trim_end_matches('\0').to_owned())
        }
        // Beyond 2^53 a float cannot tell neighbors apart, and labels must not merge.
        b'i' | b'u' if dtype.size == 8 => {
            let mut bytes = <[u8; 8]>::try_from(element).ok()?;
            if dtype.big_endian {
                bytes.reverse();
            }
            Some(if dtype.kind == b'i' {
                i64::from_le_bytes(bytes).to_string()
            } else {
                u64::from_le_bytes(bytes).to_string()
            })
        }
        b'b' => Some(if element == [0] { "False" } else { "True" }.to_owned()),
        _ => {
            let mut value = [0.0f64];
            decode(dtype, element, &mut value);
            // Adding zero turns a negative zero into zero.
            value[0].is_finite().then(|| (value[0] + 0.0).to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the number, and of it with its bytes turned.
    fn decoded<const S: usize>(kind: u8, little: [u8; S]) -> f64 {
        let mut turned = little;
        turned.reverse();
        let of = |bytes: [u8; S], big_endian: bool| {
            let mut found = [7.0f64; 2];
            decode(Dtype { kind, size: S, big_endian }, &[bytes, bytes].concat(), &mut found);
            assert!(found[0].to_bits() == found[1].to_bits());
            found[0]
        };
        assert!(of(little, false).to_bits() == of(turned, true).to_bits());
        of(little, false)
    }

    #[test]
    fn numbers_of_every_type_and_byte_order() {
        assert_eq!(decoded(b'f', 0.1f64.to_le_bytes()), 0.1);
        assert_eq!(decoded(b'f', 0.1f32.to_le_bytes()), f64::from(0.1f32));
        assert_eq!(decoded(b'f', 0x3555u16.to_le_bytes()), 1365.0 / 4096.0);
        assert_eq!([0, 1, 255].map(|b| decoded(b'b', [b])), [0.0, 1.0, 1.0]);
        assert_eq!(decoded(b'i', (-3i8).to_le_bytes()), -3.0);
        assert_eq!(decoded(b'i', (-300i16).to_le_bytes()), -300.0);
        assert_eq!(decoded(b'i', (-70_000i32).to_le_bytes()), -70_000.0);
        assert_eq!(decoded(b'i', (-5_000_000_000i64).to_le_bytes()), -5e9);
        assert_eq!(decoded(b'u', [253]), 253.0);
        assert_eq!(decoded(b'u', 65_236u16.to_le_bytes()), 65_236.0);
        assert_eq!(decoded(b'u', 4_294_897_296u32.to_le_bytes()), 4_294_897_296.0);
        assert_eq!(decoded(b'u', (1u64 << 63).to_le_bytes()), 2f64.powi(63));
    }

    #[test]
    fn what_an_f32_holds() {
        let of = |kind, size| Dtype { kind, size, big_endian: false };
        assert!(of(b'f', 4).fits_single() && !of(b'f', 8).fits_single());
        assert!(of(b'u', 2).fits_single() && !of(b'i', 4).fits_single() && of(b'b', 1).fits_single());
        assert!(b"biuf".iter().all(|&kind| of(kind, 1).is_number()) && !of(b'S', 1).is_number());
    }

    #[test]
    fn elements_as_texts() {
        let of = |kind, big_endian, element: &[u8]| {
            element_text(Dtype { kind, size: element.len(), big_endian }, element).unwrap_or_else(|| "none".to_owned())
        };
        assert_eq!((of(b'S', false, b"ab\0\0"), of(b'S', false, b"\xff")), ("ab".into(), "none".into()));
        let wide = ['\u{e9}', 'x', '\0'].map(|c| c as u32);
        assert_eq!(of(b'U', false, wide.map(u32::to_le_bytes).as_flattened()), "\u{e9}x");
        assert_eq!(of(b'U', true, wide.map(u32::to_be_bytes).as_flattened()), "\u{e9}x");
        assert_eq!(of(b'U', false, &0xd800u32.to_le_bytes()), "none");
        // Floats have no such numbers.
        assert_eq!(of(b'i', false, &(-9_007_199_254_740_993i64).to_le_bytes()), "-9007199254740993");
        assert_eq!(of(b'u', true, &u64::MAX.to_be_bytes()), "18446744073709551615");
        assert_eq!((of(b'i', true, &(-7i32).to_be_bytes()), of(b'u', false, &[7])), ("-7".into(), "7".into()));
        assert_eq!((of(b'b', false, &[0]), of(b'b', false, &[1])), ("False".into(), "True".into()));
        assert_eq!(
            (of(b'f', false, &(-0.0f32).to_le_bytes()), of(b'f', false, &1.5f64.to_le_bytes())),
            ("0".into(), "1.5".into())
        );
        assert_eq!(of(b'f', false, &f32::NAN.to_le_bytes()), "none");
    }

    #[test]
    fn half_precision_at_its_landmarks() {
        // From IEEE 754: one, minus two, the largest, the smallest normal and subnormal numbers, infinity, NaN.
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc000), -2.0);
        assert_eq!(half(0x7bff), 65504.0);
        assert_eq!(half(0x0400), 2f64.powi(-14));
        assert_eq!(half(0x0001), 2f64.powi(-24));
        assert_eq!(half(0xfc00), f64::NEG_INFINITY);
        assert!(half(0x7e00).is_nan());
    }
}
