//! Arrays without the header of NumPy, row by row: numbers and nothing else (`.f32`, `.f64`), and those of benchmarks of neighbor search,
//! which begin with the numbers of rows and columns (`.fbin`, `.u8bin`, `.i8bin`).
//!
//! Format: <https://big-ann-benchmarks.com/>, little-endian 32-bit counts and elements.

use super::elements::Dtype;
use super::{Npy, Shape};
use crate::input::open::ends_in;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Extensions of files that are numbers and nothing else, with what they hold.
const PLAIN: [(&str, Dtype); 2] = [("f32", element(b'f', 4)), ("f64", element(b'f', 8))];

/// Extensions of files that begin with their shape.
const WITH_SHAPE: [(&str, Dtype); 3] =
    [("fbin", element(b'f', 4)), ("u8bin", element(b'u', 1)), ("i8bin", element(b'i', 1))];

const fn element(kind: u8, size: usize) -> Dtype {
    Dtype { kind, size, big_endian: false }
}

/// What a file holds by its name, and whether it begins with its shape.
fn of_name(path: &Path) -> Option<(Dtype, bool)> {
    let find =
        |known: &[(&str, Dtype)]| known.iter().find(|(extension, _)| ends_in(path, extension)).map(|(_, of)| *of);
    find(&PLAIN).map(|of| (of, false)).or_else(|| find(&WITH_SHAPE).map(|of| (of, true)))
}

/// Whether a file holds such an array by its name.
pub(crate) fn is_headless(path: &Path) -> bool {
    of_name(path).is_some()
}

/// Whether somebody has to say how many columns it has.
pub(crate) fn is_plain(path: &Path) -> bool {
    matches!(of_name(path), Some((_, false)))
}

impl Npy<File> {
    /// Opens an array without NumPy's header, with so many columns if the file does not say how many.
    pub(crate) fn open_headless(path: &Path, columns: Option<usize>) -> Result<Self> {
        let (dtype, with_shape) = of_name(path).context("not an array by its extension")?;
        let mut file = File::open(path).context("cannot open")?;
        let metadata = file.metadata().context("cannot read the length of the file")?;
        ensure!(
            metadata.is_file(),
            "it is no regular file, and nobody knows how long it is: write the points to a file, and name that"
        );
        let length = metadata.len();
        let (n, d, start) = if with_shape {
            let mut head = [0; 8];
            ensure!(
                length >= head.len() as u64,
                "the file ends before it has said its numbers of rows and columns: it has {length} bytes, and they take {}; copy it again",
                head.len()
            );
            file.read_exact(&mut head).context("cannot read")?;
            ensure!(!head.starts_with(b"\x93NUMPY"), "the file begins as an .npy file: name it so");
            let [n, d] = [0, 4].map(|at| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
            (n as usize, d as usize, head.len() as u64)
        } else {
            let d = columns.context(
                "the file holds numbers and nothing else, so nobody knows where a row ends: if it holds the points, say how many columns it has \
                 with --n-columns; use .npy or .fbin for anything else",
            )?;
            let row = (d as u64).saturating_mul(dtype.size as u64).max(1);
            ensure!(
                length.is_multiple_of(row),
                "a row of {d} columns has {row} bytes, but the file has {length}, which is no multiple of that: another number of columns \
                 is needed, or the file is cut off"
            );
            (usize::try_from(length / row).context("the file is too large")?, d, 0)
        };
        let shape = vec![n, d];
        let bytes = n.checked_mul(d).and_then(|count| count.checked_mul(dtype.size));
        let bytes = bytes.with_context(|| format!("the shape {} is larger than any file", Shape(&shape)))?;
        let there = length.saturating_sub(start);
        ensure!(
            bytes as u64 == there,
            "the file says that it has shape {}, which is {bytes} bytes, but {there} follow: it has numbers of another type or byte order \
             than its extension says, or is cut off or damaged",
            Shape(&shape)
        );
        Ok(Self { file, is_there: true, dtype, fortran: false, shape, bytes, start })
    }
}
