//! Sparse matrices as `scipy.sparse.save_npz` writes them: a zip archive of the arrays `format`, `shape`, `indptr`,
//! `indices` and `data`.

use super::SparseTable;
use super::npy::{Npy, element_text};
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tsne::Scalar;
use zip::ZipArchive;
use zip::read::ZipFile;

/// What deflate compresses at most: 258 bytes to two bits. An entry that claims more lies about its length.
const MAX_COMPRESSION: u64 = 1032;

type Archive = ZipArchive<BufReader<File>>;
type Array<'a> = Npy<ZipFile<'a, BufReader<File>>>;

/// Reads a matrix in compressed rows.
pub(super) fn read<T: Scalar>(path: &Path) -> Result<SparseTable<T>> {
    let file = File::open(path).context("cannot open")?;
    let length = file.metadata().context("cannot read the length of the file")?.len();
    let mut archive = ZipArchive::new(BufReader::new(file)).context("not a readable .npz file: save it again")?;
    let names = ["format", "shape", "indptr", "indices", "data"];
    if archive.index_for_name("format.npy").is_none() {
        bail!("the file holds no sparse matrix: save one with scipy.sparse.save_npz, or a dense array with numpy.save");
    }
    let format = array(&mut archive, length, names[0], |npy| {
        let dtype = npy.dtype;
        element_text(dtype, &npy.elements()?).context("it is not text")
    })?;
    ensure!(
        format == "csr",
        "the matrix is saved as {format:?}, but compressed rows (csr) are needed: convert it with tocsr()"
    );
    let shape = array(&mut archive, length, names[1], |npy| npy.counts())?;
    let &[n, d] = shape.as_slice() else {
        bail!("the matrix has {} dimensions, but two are needed", shape.len());
    };
    let row_pointers = array(&mut archive, length, names[2], |npy| npy.counts())?;
    ensure!(
        row_pointers.len().checked_sub(1) == Some(n),
        "there are {} row pointers for {n} rows: the file is damaged, save it again",
        row_pointers.len()
    );
    let columns = array(&mut archive, length, names[3], |npy| npy.counts())?;
    let values = array(&mut archive, length, names[4], |npy| npy.vector())?;
    SparseTable::from_compressed(row_pointers, &columns, &values, d)
}

fn array<R>(archive: &mut Archive, file: u64, name: &str, read: impl FnOnce(Array<'_>) -> Result<R>) -> Result<R> {
    let context = || format!("the array {name:?}");
    let entry = archive.by_name(&format!("{name}.npy")).with_context(context)?;
    let (length, packed) = (entry.size(), entry.compressed_size().min(file));
    ensure!(
        length <= packed.saturating_mul(MAX_COMPRESSION).saturating_add(MAX_COMPRESSION),
        "the array {name:?} claims {length} bytes, but only {packed} are there: the file is damaged, save it again"
    );
    Npy::new(entry, length).and_then(read).with_context(context)
}
