//! What stands before the first element of an array.

use super::elements::Dtype;
use anyhow::{Context, Result, bail, ensure};
use std::io::Read;

/// The longest header that is read, in bytes. Headers written by NumPy have 118; a structured type of hundreds of
/// fields stays below 64 KiB.
const MAX_HEADER: u64 = 1 << 20;

/// Reads up to the first element: the text of the header, and where the elements begin.
pub(super) fn header_text(file: &mut impl Read, length: u64) -> Result<(String, u64)> {
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
pub(super) struct Header {
    pub(super) descr: String,
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
}

/// Parses the dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` without recursion, so that no
/// header can exhaust the stack.
pub(super) fn header(text: &str) -> Result<Header> {
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
pub(super) fn dtype(descr: &str) -> Result<Dtype> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn headers_of_every_version_end_where_the_elements_begin() {
        for (version, length) in [(1, 2), (2, 4), (3, 4)] {
            let mut bytes = b"\x93NUMPY".to_vec();
            bytes.extend([version, 0]);
            bytes.extend(&5u32.to_le_bytes()[..length]);
            bytes.extend(b"{ }  elements");
            let (mut read, start) = (&bytes[..], (8 + length + 5) as u64);
            let (text, at) = header_text(&mut read, bytes.len() as u64).unwrap();
            assert_eq!((text.as_str(), at, read), ("{ }  ", start, &b"elements"[..]), "{version}");
            assert!(header_text(&mut &bytes[..], start).is_ok());
            assert!(header_text(&mut &bytes[..], start - 1).unwrap_err().to_string().contains("claims 5 bytes"));
        }
        assert!(
            header_text(&mut &b"\x93NUMPY\x04\0\x05\0{ }  "[..], 15).unwrap_err().to_string().contains("version 4")
        );
        let long = [&b"\x93NUMPY\x02\0\x01\0\x10\0"[..], &[b' '; 1 << 21]].concat();
        assert!(header_text(&mut &long[..], long.len() as u64).unwrap_err().to_string().contains("claims 1048577"));
    }

    #[test]
    fn byte_orders() {
        let is_big = |descr: &str| dtype(descr).unwrap().big_endian;
        assert!(is_big(">f4") && !is_big("<f4") && !is_big("|u1"));
        // That of the machine, where none is told.
        assert!(["=f4", "f4"].map(is_big) == [cfg!(target_endian = "big"); 2]);
    }

    #[test]
    fn element_types() {
        assert!(dtype("<f4").is_ok() && dtype(">i8").is_ok() && dtype("|b1").is_ok() && dtype("<U3").is_ok());
        for bad in ["", "<", "<f3", "<c8", "|O", "<U99999999999999999999", "<i", "<U0", "éa"] {
            assert!(dtype(bad).is_err(), "{bad}");
        }
    }
}
