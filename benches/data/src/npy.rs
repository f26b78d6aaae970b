//! Arrays in .npy files, which take their names only when they are whole.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use npyz::{AutoSerialize, Deserialize, NpyFile, NpyHeader, NpyWriter, Order, WriterBuilder};

/// A row-major array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array<E> {
    pub(crate) shape: Vec<u64>,
    pub(crate) values: Vec<E>,
}

impl<E: AutoSerialize + Deserialize + Copy> Array<E> {
    /// Reads a file that holds elements of this type.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let file = NpyFile::new(BufReader::new(File::open(path).with_context(name)?)).with_context(name)?;
        if file.order() != Order::C || file.shape().is_empty() {
            bail!("{}: save it as a row-major array of at least one dimension", name());
        }
        let shape = file.shape().to_vec();
        Ok(Self { shape, values: file.into_vec().with_context(name)? })
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut writer = Writer::create(path, &self.shape)?;
        writer.put(&self.values)?;
        writer.finish()
    }

    /// The rows of a range.
    pub(crate) fn rows(&self, range: std::ops::Range<usize>) -> Result<Self> {
        let width = self.shape[1..].iter().product::<u64>() as usize;
        let mut shape = self.shape.clone();
        shape[0] = range.len() as u64;
        match self.values.get(width * range.start..width * range.end) {
            Some(values) => Ok(Self { shape, values: values.to_vec() }),
            None => bail!("the rows {range:?} are not among the {} of this file", self.shape[0]),
        }
    }

    /// These rows and below them those of `other`.
    pub(crate) fn stacked(mut self, other: &Self) -> Result<Self> {
        if self.shape[1..] != other.shape[1..] {
            bail!("rows of shape {:?} cannot be put below rows of shape {:?}", other.shape, self.shape);
        }
        self.shape[0] += other.shape[0];
        self.values.extend_from_slice(&other.values);
        Ok(self)
    }
}

/// A row-major array being written in pieces, under another name until it is whole: an interrupted run leaves nothing
/// that looks finished.
pub(crate) struct Writer<E: AutoSerialize> {
    inner: NpyWriter<E, BufWriter<File>>,
    path: PathBuf,
    shape: Vec<u64>,
}

impl<E: AutoSerialize + Copy> Writer<E> {
    pub(crate) fn create(path: &Path, shape: &[u64]) -> Result<Self> {
        let part = part(path);
        let file = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
        let options = npyz::WriteOptions::new().default_dtype().shape(shape).writer(BufWriter::new(file));
        Ok(Self { inner: options.begin_nd()?, path: path.to_owned(), shape: shape.to_vec() })
    }

    /// Appends elements.
    pub(crate) fn put(&mut self, elements: &[E]) -> Result<()> {
        self.inner.extend(elements.iter().copied()).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Checks that the array is whole, names the file and says what it holds.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { inner, path, shape } = self;
        inner.finish().with_context(|| format!("cannot write {}", path.display()))?;
        std::fs::rename(part(&path), &path).with_context(|| format!("cannot name {}", path.display()))?;
        let mib = std::fs::metadata(&path)?.len() as f64 / f64::from(1 << 20);
        println!("{}: {shape:?}, {mib:.1} MiB", path.display());
        Ok(())
    }
}

/// Whether the file at `path` is a whole array of the elements `descr`, four bytes each, with the shape `shape`.
pub(crate) fn is_whole(path: &Path, descr: &str, shape: &[u64]) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let mut reader = BufReader::new(file);
    let Ok(header) = NpyHeader::from_reader(&mut reader) else { return false };
    let expected = reader.stream_position().unwrap_or(0) + 4 * shape.iter().product::<u64>();
    header.dtype().descr() == format!("'{descr}'")
        && header.order() == Order::C
        && header.shape() == shape
        && bytes == expected
}

/// The shape of the array in a file.
pub(crate) fn shape(path: &Path) -> Result<Vec<u64>> {
    let name = || path.display().to_string();
    let header = NpyHeader::from_reader(BufReader::new(File::open(path).with_context(name)?)).with_context(name)?;
    Ok(header.shape().to_vec())
}

fn part(path: &Path) -> PathBuf {
    path.with_extension("npy.part")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of this test, empty.
    fn directory(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("tsne-data-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    #[test]
    fn a_file_is_named_only_when_whole() {
        let directory = directory("whole");
        let path = directory.join("a.npy");
        let mut writer = Writer::create(&path, &[2, 2]).unwrap();
        writer.put(&[1_i32, -2, 3]).unwrap();
        assert!(writer.finish().is_err() && !path.exists(), "an element is missing");
        let mut writer = Writer::create(&path, &[2, 2]).unwrap();
        writer.put(&[1_i32, -2]).unwrap();
        writer.put(&[3, 4]).unwrap();
        writer.finish().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes[bytes.len() - 16..], [1, 0, 0, 0, 254, 255, 255, 255, 3, 0, 0, 0, 4, 0, 0, 0]);
        assert!(is_whole(&path, "<i4", &[2, 2]));
        assert!(!is_whole(&path, "<f4", &[2, 2]) && !is_whole(&path, "<i4", &[4]), "another type or shape");
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(!is_whole(&path, "<i4", &[2, 2]), "a byte is missing");
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(!is_whole(&path, "<i4", &[2, 2]), "no file");
    }

    #[test]
    fn rows_are_cut_and_put_together() {
        let directory = directory("rows");
        let path = directory.join("a.npy");
        let whole = Array { shape: vec![3, 2], values: vec![0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0] };
        whole.write(&path).unwrap();
        assert_eq!((Array::read(&path).unwrap(), shape(&path).unwrap()), (whole.clone(), vec![3, 2]));
        assert!(Array::<i32>::read(&path).is_err(), "another type");
        let (top, rest) = (whole.rows(0..1).unwrap(), whole.rows(1..3).unwrap());
        assert_eq!(top.stacked(&rest).unwrap(), whole);
        assert!(whole.rows(2..4).is_err());
        assert!(whole.stacked(&Array { shape: vec![3], values: vec![7.0; 3] }).is_err());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
