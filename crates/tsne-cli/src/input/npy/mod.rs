//! The `.npy` format of NumPy: versions 1 to 3, any byte order, C and Fortran order.
//!
//! Format: the NumPy enhancement proposal "A Simple File Format for NumPy Arrays" (NEP 1). A file is checked against
//! its own length before anything of the size that it promises is allocated; of a member of an archive, whose length is
//! only claimed, arrays grow with the bytes that come, and the archive's checksum is verified at the end.

mod elements;
mod header;
mod headless;

pub(crate) use elements::{Dtype, element_text};
pub(crate) use headless::{is_headless, is_plain};

use super::grow::grow;
use super::transpose::transposed;
use anyhow::{Context, Result, bail, ensure};
use elements::decode;
use header::{dtype, header, header_text};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use tsne::Scalar;
use tsne::core::memory;

/// Columns of a Fortran-ordered file that are transposed at a time: one cache line of `f32`.
const COLUMNS: usize = 16;

/// Bytes that are decoded at a time: well within the second-level cache.
const CHUNK: usize = 1 << 16;

/// Up to here floats hold every integer.
const MAX_COUNT: f64 = (1u64 << 53) as f64;

/// An open `.npy` file whose header was read and found to agree with the length of the file.
#[derive(Debug)]
pub(crate) struct Npy<R> {
    file: R,
    /// Whether the length of the file is a fact, and not a claim.
    is_there: bool,
    pub(crate) dtype: Dtype,
    fortran: bool,
    pub(crate) shape: Vec<usize>,
    /// Bytes of all elements.
    bytes: usize,
    /// Where the first element stands.
    start: u64,
}

impl Npy<File> {
    /// Opens a file and checks its header.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context("cannot open")?;
        let length = file.metadata().context("cannot read the length of the file")?.len();
        Self::new(file, length, true)
    }

    /// The numbers of some rows of a matrix that stands row by row, in any order.
    pub(crate) fn rows<T: Scalar>(&mut self, rows: Range<usize>) -> Result<Vec<T>> {
        let (_, d) = self.sides()?;
        let row = d as u64 * self.dtype.size as u64;
        self.file.seek(SeekFrom::Start(self.start + rows.start as u64 * row)).context("cannot read")?;
        let mut data = Vec::new();
        memory::reserve("the array", &mut data, rows.len().saturating_mul(d))?;
        self.decode_chunks(rows.len().saturating_mul(d), |values| {
            data.extend_from_slice(values);
            Ok(())
        })?;
        Ok(data)
    }
}

impl<R: Read> Npy<R> {
    /// Checks the header of a member of an archive that claims to have `length` bytes.
    pub(crate) fn of_member(file: R, length: u64) -> Result<Self> {
        Self::new(file, length, false)
    }

    /// Checks the header of a stream of which nobody knows the length.
    pub(crate) fn of_stream(file: R) -> Result<Self> {
        Self::new(file, u64::MAX, false)
    }

    fn new(mut file: R, length: u64, is_there: bool) -> Result<Self> {
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
            bytes as u64 == there || length == u64::MAX,
            "the header promises {bytes} bytes for shape {}, but {there} follow: the file is cut off or damaged, \
             copy or save it again",
            Shape(&shape)
        );
        Ok(Self { file, is_there, dtype, fortran: header.fortran, shape, bytes, start })
    }

    /// The number of elements.
    pub(crate) fn count(&self) -> usize {
        self.bytes / self.dtype.size
    }

    /// The numbers of rows and columns of an array of numbers.
    pub(crate) fn sides(&self) -> Result<(usize, usize)> {
        self.numbers_only()?;
        let &[n, d] = self.shape.as_slice() else { bail!("{}", self.no_matrix()) };
        ensure!(n > 0 && d > 0, "the array has shape ({n}, {d}): it must hold at least one number");
        Ok((n, d))
    }

    /// Whether the values stand column by column.
    pub(crate) const fn is_by_columns(&self) -> bool {
        self.fortran
    }

    fn no_matrix(&self) -> String {
        format!("the array has shape {}, but n × d is needed: reshape it to two dimensions", Shape(&self.shape))
    }

    /// The numbers of a two-dimensional array in row-major order, `(values, n, d)`.
    pub(crate) fn matrix<T: Scalar>(mut self) -> Result<(Vec<T>, usize, usize)> {
        let &[n, d] = self.shape.as_slice() else { bail!("{}", self.no_matrix()) };
        if !(self.fortran && n > 1 && d > 1) {
            return Ok((self.flat()?, n, d));
        }
        self.numbers_only()?;
        if !self.is_there {
            return Ok((transposed(&self.flat::<T>()?, d, n)?, n, d));
        }
        let mut data = memory::filled("the array", self.count(), T::ZERO)?;
        self.read_columns(n, d, &mut data)?;
        self.finish()?;
        Ok((data, n, d))
    }

    /// The numbers of a one-dimensional array.
    pub(crate) fn vector<T: Scalar>(self) -> Result<Vec<T>> {
        ensure!(self.shape.len() == 1, "the array has shape {}, but one dimension is needed", Shape(&self.shape));
        self.flat()
    }

    /// The numbers of a one-dimensional array of integers, none of them negative or above what a `C` holds.
    pub(crate) fn counts<C: TryFrom<u64>>(self) -> Result<Vec<C>> {
        ensure!(matches!(self.dtype.kind, b'i' | b'u'), "the array holds no integers");
        ensure!(self.shape.len() == 1, "the array has shape {}, but one dimension is needed", Shape(&self.shape));
        let mut counts = Vec::new();
        self.each_chunk(|values: &[f64]| {
            grow("the array", &mut counts, values.len())?;
            for &value in values {
                // Floats hold every count that a file can have elements for.
                let count = (0.0..MAX_COUNT).contains(&value).then_some(value as u64);
                let count = count.and_then(|count| C::try_from(count).ok());
                counts.push(count.context("a number is negative, or larger than any file")?);
            }
            Ok(())
        })?;
        Ok(counts)
    }

    /// The raw elements of an array.
    pub(crate) fn elements(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() < self.bytes {
            let (start, take) = (bytes.len(), CHUNK.min(self.bytes - bytes.len()));
            grow("the array", &mut bytes, take)?;
            bytes.resize(start + take, 0);
            self.file.read_exact(&mut bytes[start..]).context("cannot read")?;
        }
        self.finish()?;
        Ok(bytes)
    }

    /// All numbers in the order of the file.
    fn flat<T: Scalar>(self) -> Result<Vec<T>> {
        let mut data = Vec::new();
        if self.is_there {
            memory::reserve("the array", &mut data, self.count())?;
        }
        self.each_chunk(|values| {
            grow("the array", &mut data, values.len())?;
            data.extend_from_slice(values);
            Ok(())
        })?;
        Ok(data)
    }

    /// Decodes some numbers after others, to the end.
    fn each_chunk<T: Scalar>(mut self, visit: impl FnMut(&[T]) -> Result<()>) -> Result<()> {
        self.decode_chunks(self.count(), visit)?;
        self.finish()
    }

    /// Decodes the next numbers, some after others.
    fn decode_chunks<T: Scalar>(&mut self, count: usize, mut visit: impl FnMut(&[T]) -> Result<()>) -> Result<()> {
        self.numbers_only()?;
        let size = self.dtype.size;
        let mut buffer = vec![0; CHUNK.min(self.bytes)];
        let mut values = vec![T::ZERO; buffer.len() / size];
        let mut left = count;
        while left > 0 {
            let take = left.min(values.len());
            let (bytes, values) = (&mut buffer[..take * size], &mut values[..take]);
            self.file.read_exact(bytes).context("cannot read")?;
            decode(self.dtype, bytes, values);
            visit(values)?;
            left -= take;
        }
        Ok(())
    }

    /// Reads to the end of the file, where an archive verifies the checksum.
    fn finish(&mut self) -> Result<()> {
        let more = self.file.read(&mut [0]).context("the file is damaged: copy or save it again")?;
        ensure!(more == 0, "there is more after the array than its header says: the file is damaged, save it again");
        Ok(())
    }

    fn numbers_only(&self) -> Result<()> {
        ensure!(
            self.dtype.is_number(),
            "the array holds text, but numbers are needed: convert it with astype(\"float32\")"
        );
        Ok(())
    }

    fn read_columns<T: Scalar>(&mut self, n: usize, d: usize, data: &mut [T]) -> Result<()> {
        let width = COLUMNS.min(d) * n;
        let mut buffer = memory::filled("columns of the array", width * self.dtype.size, 0u8)?;
        let mut columns = memory::filled("columns of the array", width, T::ZERO)?;
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
