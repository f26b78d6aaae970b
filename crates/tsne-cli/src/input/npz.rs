//! Sparse matrices as `scipy.sparse.save_npz` writes them: a zip archive of the arrays `format`, `shape`, `indptr`,
//! `indices` and `data`.

use super::npy::{Npy, element_text};
use super::sparse::{SparseTable, check_size};
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use tsne::Scalar;
use zip::ZipArchive;
use zip::read::ZipFile;

/// What deflate compresses at most: 258 bytes to two bits. An entry that claims more lies about its length.
const MAX_COMPRESSION: u64 = 1032;

/// The longest name of a format, in bytes: that of compressed rows has three characters of up to four.
const MAX_FORMAT: usize = 64;

/// Reads a matrix in compressed rows.
pub(super) fn read<T: Scalar>(path: &Path) -> Result<SparseTable<T>> {
    let file = File::open(path).context("cannot open")?;
    let length = file.metadata().context("cannot read the length of the file")?.len();
    parse(BufReader::new(file), length)
}

fn parse<T: Scalar>(file: impl Read + Seek, length: u64) -> Result<SparseTable<T>> {
    let archive = ZipArchive::new(file).context("not a readable .npz file: save it again")?;
    let mut arrays = Arrays { archive, length };
    if arrays.archive.index_for_name("format.npy").is_none() {
        bail!("the file holds no sparse matrix: save one with scipy.sparse.save_npz, or a dense array with numpy.save");
    }
    let format = arrays.with("format", |npy| {
        ensure!(npy.dtype.size <= MAX_FORMAT && npy.count() == 1, "it is no name of a format");
        let dtype = npy.dtype;
        element_text(dtype, &npy.elements()?).context("it is not text")
    })?;
    ensure!(
        format == "csr",
        "the matrix is saved as {format:?}, but compressed rows (csr) are needed: convert it with tocsr()"
    );
    let shape: Vec<usize> = arrays.with("shape", |npy| {
        ensure!(npy.count() == 2, "the matrix has {} dimensions, but two are needed", npy.count());
        npy.counts()
    })?;
    let &[n, d] = shape.as_slice() else { bail!("the matrix has {} dimensions, but two are needed", shape.len()) };
    // All lengths must fit together before any of them is read.
    let pointers = arrays.with("indptr", |npy| Ok(npy.count()))?;
    ensure!(
        pointers.checked_sub(1) == Some(n),
        "there are {pointers} row pointers for {n} rows: the file is damaged, save it again"
    );
    let entries = arrays.with("indices", |npy| Ok(npy.count()))?;
    let given = arrays.with("data", |npy| Ok(npy.count()))?;
    ensure!(given == entries, "there are {entries} columns, but {given} values: the file is damaged, save it again");
    check_size(n, d, entries)?;
    let row_pointers = arrays.with("indptr", |npy| npy.counts())?;
    let columns = arrays.with("indices", |npy| npy.counts())?;
    let values = arrays.with("data", |npy| npy.vector())?;
    SparseTable::from_compressed(row_pointers, columns, values, d)
}

/// The arrays of an archive.
struct Arrays<R> {
    archive: ZipArchive<R>,
    /// Bytes of the archive.
    length: u64,
}

impl<R: Read + Seek> Arrays<R> {
    /// Opens an array for `read`.
    fn with<V>(&mut self, name: &str, read: impl FnOnce(Npy<ZipFile<'_, R>>) -> Result<V>) -> Result<V> {
        let context = || format!("the array {name:?}");
        let entry = self.archive.by_name(&format!("{name}.npy")).with_context(context)?;
        let (length, packed) = (entry.size(), entry.compressed_size().min(self.length));
        ensure!(
            length <= packed.saturating_mul(MAX_COMPRESSION).saturating_add(MAX_COMPRESSION),
            "the array {name:?} claims {length} bytes, but only {packed} are there: the file is damaged, save it again"
        );
        Npy::of_member(entry, length).and_then(read).with_context(context)
    }
}
