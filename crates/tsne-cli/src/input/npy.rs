//! The `.npy` format of NumPy: versions 1 to 3, any byte order, C and Fortran order.
//!
//! Format: the NumPy enhancement proposal "A Simple File Format for NumPy Arrays" (NEP 1). A file is checked against
//! its own length before anything of the size that it promises is allocated.

use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use tsne::Scalar;

/// The longest header that is read, in bytes. Headers written by NumPy have 118; a structured type of hundreds of
/// fields stays below 64 KiB.
const MAX_HEADER: u64 = 1 << 20;

/// Columns of a Fortran-ordered file that are transposed at a time: one cache line of `f32`.
const COLUMNS: usize = 16;

/// Bytes of a C-ordered file that are decoded at a time: well within the second-level cache.
const CHUNK: usize = 1 << 16;

/// Up to here floats hold every integer.
const MAX_COUNT: f64 = (1u64 << 53) as f64;

/// The element type of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    /// `b` boolean, `i` and `u` integers, `f` floats, `U` and `S` text.
    pub(crate) kind: u8,
    /// Bytes per element.
    pub(crate) size: usize,
    big_endian: bool,
}

/// An open `.npy` file whose header was read and found to agree with the length of the file.
#[derive(Debug)]
pub(crate) struct Npy<R> {
    file: R,
    pub(crate) dtype: Dtype,
    fortran: bool,
    pub(crate) shape: Vec<usize>,
    /// Bytes of all elements.
    bytes: usize,
}

impl Npy<File> {
    /// Opens a file and checks its header.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context("cannot open")?;
        let length = file.metadata().context("cannot read the length of the file")?.len();
        Self::new(file, length)
    }
}

impl<R: Read> Npy<R> {
    /// Checks the header of a file of `length` bytes.
    pub(crate) fn new(mut file: R, length: u64) -> Result<Self> {
        let (text, start) = header_text(&mut file, length)?;
        let header = header(&text).context("the header is damaged: save the array again with numpy.save")?;
        let dtype = dtype(&header.descr)?;
        let shape = header.shape;
        let bytes = shape
            .iter()
            .try_fold(dtype.size, |product, &side| product.checked_mul(side))
            .with_context(|| format!("the shape {} is larger than any file", Shape(&shape)))?;
        let there = length - start;
        ensure!(
            bytes as u64 == there,
            "the header promises {bytes} bytes for shape {}, but {there} follow: the file is cut off or damaged, \
             copy or save it again",
            Shape(&shape)
        );
        Ok(Self { file, dtype, fortran: header.fortran, shape, bytes })
    }

    /// The numbers of a two-dimensional array in row-major order, `(values, n, d)`.
    pub(crate) fn matrix<T: Scalar>(mut self) -> Result<(Vec<T>, usize, usize)> {
        let &[n, d] = self.shape.as_slice() else {
            bail!("the array has shape {}, but n × d is needed: reshape it to two dimensions", Shape(&self.shape))
        };
        let mut data = self.zeros()?;
        if self.fortran && n > 1 && d > 1 {
            self.read_columns(n, d, &mut data)?
        } else {
            self.read_flat(&mut data)?
        }
        Ok((data, n, d))
    }

    /// The numbers of a one-dimensional array.
    pub(crate) fn vector<T: Scalar>(mut self) -> Result<Vec<T>> {
        ensure!(self.shape.len() == 1, "the array has shape {}, but one dimension is needed", Shape(&self.shape));
        let mut data = self.zeros()?;
        self.read_flat(&mut data)?;
        Ok(data)
    }

    /// The numbers of a one-dimensional array of integers, none of them negative.
    pub(crate) fn counts(self) -> Result<Vec<usize>> {
        ensure!(matches!(self.dtype.kind, b'i' | b'u'), "the array holds no integers");
        // Floats hold every count that a file can have elements for.
        let count = |&value: &f64| (0.0..MAX_COUNT).contains(&value).then_some(value as usize);
        let counts = self.vector::<f64>()?.iter().map(count).collect::<Option<Vec<usize>>>();
        counts.context("a number is negative, or larger than any file")
    }

    /// Room for all numbers.
    fn zeros<T: Scalar>(&self) -> Result<Vec<T>> {
        ensure!(
            matches!(self.dtype.kind, b'b' | b'i' | b'u' | b'f'),
            "the array holds text, but numbers are needed: convert it with astype(\"float32\")"
        );
        let count = self.bytes / self.dtype.size;
        let mut data = Vec::new();
        data.try_reserve_exact(count).with_context(|| format!("no memory for {count} numbers"))?;
        data.resize(count, T::ZERO);
        Ok(data)
    }

    /// The raw elements of an array.
    pub(crate) fn elements(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(self.bytes).context("no memory for the array")?;
        bytes.resize(self.bytes, 0);
        self.file.read_exact(&mut bytes).context("cannot read")?;
        Ok(bytes)
    }

    fn read_flat<T: Scalar>(&mut self, data: &mut [T]) -> Result<()> {
        let size = self.dtype.size;
        let mut buffer = vec![0; CHUNK.min(self.bytes)];
        for out in data.chunks_mut(CHUNK / size) {
            let bytes = &mut buffer[..out.len() * size];
            self.file.read_exact(bytes).context("cannot read")?;
            decode(self.dtype, bytes, out);
        }
        Ok(())
    }

    fn read_columns<T: Scalar>(&mut self, n: usize, d: usize, data: &mut [T]) -> Result<()> {
        let mut buffer = vec![0; COLUMNS.min(d) * n * self.dtype.size];
        let mut columns = vec![T::ZERO; COLUMNS.min(d) * n];
        for start in (0..d).step_by(COLUMNS) {
            let count = COLUMNS.min(d - start);
            let bytes = &mut buffer[..count * n * self.dtype.size];
            self.file.read_exact(bytes).context("cannot read")?;
            decode(self.dtype, bytes, &mut columns[..count * n]);
            for (i, row) in data.chunks_exact_mut(d).enumerate() {
                for (c, value) in row[start..start + count].iter_mut().enumerate() {
                    *value = columns[c * n + i];
                }
            }
        }
        Ok(())
    }
}

/// A shape as Python writes it.
pub(crate) struct Shape<'a>(pub(crate) &'a [usize]);

impl std::fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [one] => write!(f, "({one},)"),
            sides => {
                f.write_str("(")?;
                for (i, side) in sides.iter().enumerate() {
                    write!(f, "{}{side}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

/// Reads up to the first element: the text of the header, and where the elements begin.
fn header_text(file: &mut impl Read, length: u64) -> Result<(String, u64)> {
    let mut magic = [0; 8];
    file.read_exact(&mut magic).context("not an .npy file: it is shorter than the magic string")?;
    ensure!(magic.starts_with(b"\x93NUMPY"), "not an .npy file: it does not begin with the magic string of the format");
    let (header, before) = match magic[6] {
        1 => {
            let mut bytes = [0; 2];
            file.read_exact(&mut bytes).context("the file ends within its header")?;
            (u64::from(u16::from_le_bytes(bytes)), 10)
        }
        2 | 3 => {
            let mut bytes = [0; 4];
            file.read_exact(&mut bytes).context("the file ends within its header")?;
            (u64::from(u32::from_le_bytes(bytes)), 12)
        }
        version => bail!("version {version} of the .npy format is not known: save the array again with numpy.save"),
    };
    ensure!(
        header <= length.saturating_sub(before) && header <= MAX_HEADER,
        "the header claims {header} bytes in a file of {length}: the file is cut off or damaged, save it again"
    );
    let mut text = vec![0; header as usize];
    file.read_exact(&mut text).context("the file ends within its header")?;
    let text = String::from_utf8(text).context("the header is not text: the file is damaged, save it again")?;
    Ok((text, before + header))
}

/// What the dictionary in the header says.
struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

/// Parses the dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` without recursion, so that no
/// header can exhaust the stack.
fn header(text: &str) -> Result<Header> {
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    let mut rest = token(text.trim(), "{")?;
    while !rest.starts_with('}') {
        let (key, after) = quoted(rest)?;
        rest = token(after, ":")?;
        match key {
            "descr" => {
                ensure!(
                    !rest.starts_with('['),
                    "structured arrays are not supported: save the columns as a plain two-dimensional array"
                );
                let (value, after) = quoted(rest)?;
                (descr, rest) = (Some(value.to_owned()), after);
            }
            "fortran_order" => {
                let (value, after) = match rest.strip_prefix("True") {
                    Some(after) => (true, after),
                    None => (false, token(rest, "False")?),
                };
                (fortran, rest) = (Some(value), after.trim_start());
            }
            "shape" => {
                let inner = token(rest, "(")?;
                let (sides, after) = inner.split_once(')').context("the shape is not closed")?;
                let sides = sides.split(',').map(|side| side.trim().trim_end_matches('L')).filter(|s| !s.is_empty());
                let sides: Result<Vec<usize>, _> = sides.map(str::parse).collect();
                (shape, rest) = (Some(sides.context("the shape is not made of whole numbers")?), after.trim_start());
            }
            key => bail!("unknown key {key:?}"),
        }
        if !rest.starts_with('}') {
            rest = token(rest, ",")?;
        }
    }
    Ok(Header {
        descr: descr.context("descr is missing")?,
        fortran: fortran.context("fortran_order is missing")?,
        shape: shape.context("shape is missing")?,
    })
}

fn token<'a>(text: &'a str, expected: &str) -> Result<&'a str> {
    let rest = text.strip_prefix(expected).with_context(|| format!("{expected:?} was expected"))?;
    Ok(rest.trim_start())
}

fn quoted(text: &str) -> Result<(&str, &str)> {
    let quote = text.chars().next().filter(|&c| c == '\'' || c == '"').context("a quoted word was expected")?;
    let (word, rest) = text[1..].split_once(quote).context("a quote is not closed")?;
    Ok((word, rest.trim_start()))
}

/// Reads an element type such as `<f4`.
fn dtype(descr: &str) -> Result<Dtype> {
    let (order, kind, size) = match descr.as_bytes() {
        [order @ (b'<' | b'>' | b'|' | b'='), kind, size @ ..] => (*order, *kind, size),
        [kind, size @ ..] => (b'=', *kind, size),
        [] => (b'=', b'?', &[][..]),
    };
    let big_endian = order == b'>' || (order == b'=' && cfg!(target_endian = "big"));
    let size = std::str::from_utf8(size).ok().and_then(|size| size.parse::<usize>().ok());
    let size = match (kind, size) {
        (b'b', Some(1)) => 1,
        (b'i' | b'u', Some(size @ (1 | 2 | 4 | 8))) => size,
        (b'f', Some(size @ (2 | 4 | 8))) => size,
        (b'S', Some(size @ 1..)) => size,
        (b'U', Some(size @ 1..)) => size.checked_mul(4).context("the text is longer than any file")?,
        _ => bail!(
            "elements of type {descr:?} are not supported: convert the array to floats, integers or booleans, for \
             example with astype(\"float32\")"
        ),
    };
    Ok(Dtype { kind, size, big_endian })
}

/// Decodes numbers; `bytes` has `out.len()` elements.
fn decode<T: Scalar>(dtype: Dtype, bytes: &[u8], out: &mut [T]) {
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

    #[test]
    fn headers_in_every_order_and_spacing() {
        for text in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n",
            "{\"shape\":(3L,4L),\"fortran_order\":False,\"descr\":\"<f4\"}",
        ] {
            let header = header(text).unwrap();
            assert_eq!((header.descr.as_str(), header.fortran, header.shape), ("<f4", false, vec![3, 4]));
        }
        for text in ["", "{", "{'descr': '<f4'}", "{'shape': (1, -2)}", "{'shape': (9", "{'descr': <f4}", "{'x': 1}"] {
            assert!(header(text).is_err(), "{text}");
        }
        assert!(header(&"(".repeat(1 << 20)).is_err());
    }

    #[test]
    fn element_types() {
        assert!(dtype("<f4").is_ok() && dtype(">i8").is_ok() && dtype("|b1").is_ok() && dtype("<U3").is_ok());
        for bad in ["", "<", "<f3", "<c8", "|O", "<U99999999999999999999", "<i", "<U0", "éa"] {
            assert!(dtype(bad).is_err(), "{bad}");
        }
    }
}
