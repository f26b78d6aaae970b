//! Reading the IDX format of the MNIST family: a magic number, the extents, then bytes.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

/// The third byte of the magic number where the elements are unsigned bytes.
const UNSIGNED_BYTE: u8 = 0x08;

/// Reads a gzip-compressed IDX file that must have the extents `shape`.
pub(crate) fn read(path: &Path, shape: &[usize]) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).with_context(|| format!("{} is not gzip", path.display()))?;
    parse(bytes, shape).with_context(|| format!("{} is not the file expected", path.display()))
}

/// The elements of an IDX file of unsigned bytes with the extents `shape`.
fn parse(mut bytes: Vec<u8>, shape: &[usize]) -> Result<Vec<u8>> {
    let header = 4 + 4 * shape.len();
    let Some(start) = bytes.get(..header) else {
        bail!("{} bytes are too few for a header of {header}", bytes.len());
    };
    let magic = [0, 0, UNSIGNED_BYTE, u8::try_from(shape.len())?];
    if start[..4] != magic {
        bail!("the magic number is {:02x?}, not {magic:02x?}", &start[..4]);
    }
    let (extents, _) = start[4..].as_chunks::<4>();
    let extents: Vec<usize> = extents.iter().map(|&extent| u32::from_be_bytes(extent) as usize).collect();
    if extents != shape {
        bail!("the extents are {extents:?}, not {shape:?}");
    }
    let expected: usize = shape.iter().product();
    if bytes.len() - header != expected {
        bail!("it holds {} elements, its extents {shape:?} ask for {expected}", bytes.len() - header);
    }
    bytes.drain(..header);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    #[test]
    fn the_elements_follow_the_header() {
        assert_eq!(parse(FILE.to_vec(), &[2, 3]).unwrap(), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn other_files_are_refused() {
        let refused = |bytes: &[u8], shape: &[usize]| parse(bytes.to_vec(), shape).unwrap_err().to_string();
        assert!(refused(&FILE[..7], &[2, 3]).contains("too few"));
        assert!(refused(&FILE, &[6]).contains("magic number"));
        assert!(refused(&FILE, &[3, 2]).contains("extents are [2, 3]"));
        assert!(refused(&FILE[..17], &[2, 3]).contains("5 elements"));
    }
}
