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
