//! Writing the .npy format, version 1.0 (NumPy enhancement proposal 1).

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A number with a .npy type.
pub(crate) trait Element: Copy {
    /// The type's name in the header.
    const DESCR: &'static str;
    /// Appends the number, little-endian.
    fn put(self, bytes: &mut Vec<u8>);
}

impl Element for f32 {
    const DESCR: &'static str = "<f4";
    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Element for i32 {
    const DESCR: &'static str = "<i4";
    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

/// A .npy file being written in pieces. It takes its name only when it is whole, so that an interrupted run leaves
/// nothing that looks finished.
#[derive(Debug)]
pub(crate) struct NpyWriter {
    file: BufWriter<File>,
    path: PathBuf,
    shape: Vec<usize>,
    descr: &'static str,
    written: usize,
    bytes: Vec<u8>,
}

impl NpyWriter {
    /// Begins a row-major array of `shape`.
    pub(crate) fn create<E: Element>(path: &Path, shape: &[usize]) -> Result<Self> {
        let part = part(path);
        let file = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
        let mut file = BufWriter::new(file);
        file.write_all(&header(E::DESCR, shape)?)?;
        Ok(Self { file, path: path.to_owned(), shape: shape.to_vec(), descr: E::DESCR, written: 0, bytes: Vec::new() })
    }

    /// Appends elements.
    pub(crate) fn put<E: Element>(&mut self, elements: &[E]) -> Result<()> {
        if E::DESCR != self.descr {
            bail!("{} holds {}, not {}", self.path.display(), self.descr, E::DESCR);
        }
        self.bytes.clear();
        elements.iter().for_each(|element| element.put(&mut self.bytes));
        self.written += elements.len();
        self.file.write_all(&self.bytes).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Checks that the array is whole, names the file and says what it holds.
    pub(crate) fn finish(mut self) -> Result<()> {
        let expected: usize = self.shape.iter().product();
        if self.written != expected {
            bail!("{} got {} elements, its shape {:?} holds {expected}", self.path.display(), self.written, self.shape);
        }
        self.file.flush()?;
        std::fs::rename(part(&self.path), &self.path)
            .with_context(|| format!("cannot name {}", self.path.display()))?;
        let mib = std::fs::metadata(&self.path)?.len() as f64 / f64::from(1 << 20);
        println!("{}: {:?} {}, {mib:.1} MiB", self.path.display(), self.shape, self.descr);
        Ok(())
    }
}

/// Whether the file at `path` is an array of the elements `descr`, four bytes each, with the shape `shape`.
pub(crate) fn is_whole(path: &Path, descr: &str, shape: &[usize]) -> bool {
    let (Ok(expected), Ok(mut file)) = (header(descr, shape), File::open(path)) else { return false };
    let mut found = vec![0; expected.len()];
    let elements: usize = shape.iter().product();
    let bytes = expected.len() + 4 * elements;
    file.read_exact(&mut found).is_ok()
        && found == expected
        && file.metadata().is_ok_and(|metadata| metadata.len() == bytes as u64)
}

fn part(path: &Path) -> PathBuf {
    path.with_extension("npy.part")
}

/// Magic number, version, length and the dictionary, padded so that the data begin at a multiple of 64 bytes.
fn header(descr: &str, shape: &[usize]) -> Result<Vec<u8>> {
    const FIXED: usize = 10;
    let extents: Vec<String> = shape.iter().map(ToString::to_string).collect();
    // A tuple of one has a comma in Python.
    let comma = if extents.len() == 1 { "," } else { "" };
    let extents = extents.join(", ");
    let mut dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({extents}{comma}), }}");
    let unpadded = FIXED + dictionary.len() + 1;
    dictionary.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(64) - unpadded));
    dictionary.push('\n');
    let length = u16::try_from(dictionary.len()).context("the header of a .npy file is limited to 64 KiB")?;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&length.to_le_bytes());
    header.extend_from_slice(dictionary.as_bytes());
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_the_one_of_the_format() {
        for (shape, text) in [(&[3, 2][..], "(3, 2)"), (&[7][..], "(7,)")] {
            let header = header("<f4", shape).unwrap();
            assert_eq!(&header[..8], b"\x93NUMPY\x01\x00");
            assert_eq!(header.len() % 64, 0);
            assert_eq!(usize::from(u16::from_le_bytes([header[8], header[9]])), header.len() - 10);
            let dictionary = std::str::from_utf8(&header[10..]).unwrap();
            assert!(dictionary.ends_with('\n'));
            let expected = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {text}, }}");
            assert_eq!(dictionary.trim_end(), expected);
        }
    }

    #[test]
    fn a_file_is_named_only_when_whole() {
        let directory = std::env::temp_dir().join(format!("xtask-npy-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("a.npy");
        let mut writer = NpyWriter::create::<i32>(&path, &[2, 2]).unwrap();
        writer.put(&[1_i32, -2, 3]).unwrap();
        assert!(writer.put(&[0.5_f32]).is_err(), "another type");
        assert!(writer.finish().is_err() && !path.exists(), "an element is missing");
        let mut writer = NpyWriter::create::<i32>(&path, &[2, 2]).unwrap();
        writer.put(&[1_i32, -2, 3, 4]).unwrap();
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
}
