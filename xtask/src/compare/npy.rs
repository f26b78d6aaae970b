//! Rows of .npy files: parts of a data set, and maps put together.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::data::npy::NpyWriter;

/// A row-major float32 matrix, or a vector of int32, as its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array {
    /// `<f4` or `<i4`.
    descr: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        Self::parse(&std::fs::read(path).with_context(name)?).with_context(name)
    }

    fn parse(file: &[u8]) -> Result<Self> {
        const FIXED: usize = 10;
        if !file.starts_with(b"\x93NUMPY\x01") || file.len() < FIXED {
            bail!("this is no .npy file of version 1: save it with numpy.save");
        }
        let body = FIXED + usize::from(u16::from_le_bytes([file[8], file[9]]));
        let header = file.get(FIXED..body).context("the header is cut off")?;
        let header = std::str::from_utf8(header).context("the header is no text")?;
        let descr = ["<f4", "<i4"].into_iter().find(|descr| header.contains(&format!("'{descr}'")));
        let Some(descr) = descr.filter(|_| header.contains("'fortran_order': False")) else {
            bail!("{}: save it as a row-major array of float32, labels as int32", header.trim());
        };
        let extents = header.split_once('(').and_then(|(_, rest)| rest.split_once(')')).context("there is no shape")?.0;
        let shape: Vec<usize> = extents.split(',').filter_map(|extent| extent.trim().parse().ok()).collect();
        let bytes = file[body..].to_vec();
        if shape.is_empty() || bytes.len() != 4 * shape.iter().product::<usize>() {
            bail!("{} bytes of data are not those of the shape {shape:?}", bytes.len());
        }
        Ok(Self { descr: descr.to_owned(), shape, bytes })
    }

    /// The number of rows.
    pub(super) fn n(&self) -> usize {
        self.shape[0]
    }

    /// The number of columns; 1 for a vector.
    pub(super) fn d(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// The rows of a range.
    pub(super) fn rows(&self, range: std::ops::Range<usize>) -> Self {
        let width = 4 * self.d();
        let mut shape = self.shape.clone();
        shape[0] = range.len();
        Self { descr: self.descr.clone(), shape, bytes: self.bytes[width * range.start..width * range.end].to_vec() }
    }

    /// These rows and below them those of `other`.
    pub(super) fn stacked(mut self, other: &Self) -> Result<Self> {
        if (&self.descr, &self.shape[1..]) != (&other.descr, &other.shape[1..]) {
            bail!("rows of shape {:?} cannot be put below rows of shape {:?}", other.shape, self.shape);
        }
        self.shape[0] += other.n();
        self.bytes.extend_from_slice(&other.bytes);
        Ok(self)
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let words = self.bytes.as_chunks::<4>().0;
        if self.descr == "<f4" {
            let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
            write(path, &self.shape, &values)
        } else {
            let values: Vec<i32> = words.iter().map(|word| i32::from_le_bytes(*word)).collect();
            write(path, &self.shape, &values)
        }
    }
}

/// Writes an array.
pub(super) fn write<E: crate::data::npy::Element>(path: &Path, shape: &[usize], values: &[E]) -> Result<()> {
    let mut writer = NpyWriter::create::<E>(path, shape)?;
    writer.put(values)?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_and_put_together() {
        let directory = std::env::temp_dir().join(format!("xtask-compare-npy-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("a.npy");
        write(&path, &[3, 2], &[0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let whole = Array::read(&path).unwrap();
        assert_eq!((whole.n(), whole.d()), (3, 2));
        let (top, rest) = (whole.rows(0..1), whole.rows(1..3));
        rest.write(&path).unwrap();
        assert_eq!(top.stacked(&Array::read(&path).unwrap()).unwrap(), whole);
        write(&path, &[3], &[7_i32, 8, 9]).unwrap();
        let labels = Array::read(&path).unwrap();
        assert_eq!((labels.n(), labels.d()), (3, 1));
        assert!(whole.stacked(&labels).is_err());
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn other_files_are_refused() {
        let directory = std::env::temp_dir().join(format!("xtask-compare-npy-bad-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("a.npy");
        write(&path, &[2], &[1.0_f32, 2.0]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(Array::parse(&bytes).is_ok());
        assert!(Array::parse(b"no array").is_err());
        assert!(Array::parse(&bytes[..bytes.len() - 1]).is_err(), "a byte is missing");
        let text = |from: &str, to: &str| {
            let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            let mut bytes = bytes.clone();
            bytes.splice(at..at + from.len(), to.bytes());
            Array::parse(&bytes)
        };
        assert!(text("<f4", "<f8").is_err() && text("False", "True ").is_err());
    }
}
