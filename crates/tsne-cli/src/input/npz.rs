//! Archives of arrays: a sparse matrix as `scipy.sparse.save_npz` writes it (arrays `format`, `shape`, and `indptr`, `indices`,
//! `data` or `row`, `col`, `data`), or dense arrays of `numpy.savez`.

use super::labels::{Labels, LabelsBuilder};
use super::names::one_of;
use super::npy::{Dtype, Npy, Shape, element_text};
use super::sparse::{SparseTable, check_size};
use anyhow::{Context, Result, bail, ensure};
use std::io::{Read, Seek};
use tsne::Scalar;
use zip::ZipArchive;
use zip::read::ZipFile;

/// What deflate compresses at most: 258 bytes to two bits. An entry that claims more lies about its length.
const MAX_COMPRESSION: u64 = 1032;

/// The longest name of a format, in bytes: that of compressed rows has three characters of up to four.
const MAX_FORMAT: usize = 64;

/// The arrays of an archive.
pub(super) struct Archive<R> {
    archive: ZipArchive<R>,
    /// Bytes of the archive.
    length: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens an archive of so many bytes.
    pub(super) fn open(file: R, length: u64) -> Result<Self> {
        let archive = ZipArchive::new(file).context("not a readable .npz file: save it again")?;
        Ok(Self { archive, length })
    }

    /// Whether the archive holds a sparse matrix.
    pub(super) fn is_sparse(&self) -> bool {
        self.archive.index_for_name("format.npy").is_some()
    }

    /// The names of all arrays, in the order of the archive.
    fn names(&self) -> Vec<String> {
        self.archive.file_names().filter_map(|name| name.ok()?.strip_suffix(".npy").map(str::to_owned)).collect()
    }

    /// Reads a sparse matrix: compressed rows, compressed columns or coordinates.
    pub(super) fn sparse<T: Scalar>(mut self) -> Result<SparseTable<T>> {
        let (format, n, d) = self.form()?;
        if format == "coo" {
            return self.coordinates(n, d);
        }
        // All lengths must fit together before any of them is read.
        let lines = if format == "csr" { n } else { d };
        let what = if format == "csr" { ("row", "columns") } else { ("column", "rows") };
        let pointers = self.with("indptr", |npy| Ok(npy.count()))?;
        ensure!(
            pointers.checked_sub(1) == Some(lines),
            "there are {pointers} {} pointers for {lines} {}s: the file is damaged, save it again",
            what.0,
            what.0
        );
        let entries = self.with("indices", |npy| Ok(npy.count()))?;
        let given = self.with("data", |npy| Ok(npy.count()))?;
        ensure!(
            given == entries,
            "there are {entries} {}, but {given} values: the file is damaged, save it again",
            what.1
        );
        check_size(n, d, entries)?;
        if format == "csc" {
            check_size(d, n, entries)?;
        }
        let pointers = self.with("indptr", |npy| npy.counts())?;
        let indices = self.with("indices", |npy| npy.counts())?;
        let values = self.with("data", |npy| npy.vector())?;
        match format.as_str() {
            "csr" => SparseTable::from_compressed(pointers, indices, values, d),
            _ => SparseTable::from_compressed(pointers, indices, values, n)?.transposed(),
        }
    }

    /// The format of a sparse matrix, and its sides.
    fn form(&mut self) -> Result<(String, usize, usize)> {
        let format = self.with("format", |npy| {
            ensure!(npy.dtype.size <= MAX_FORMAT && npy.count() == 1, "it is no name of a format");
            let dtype = npy.dtype;
            element_text(dtype, &npy.elements()?).context("it is not text")
        })?;
        ensure!(
            matches!(format.as_str(), "csr" | "csc" | "coo"),
            "the matrix is saved as {format:?}, but compressed rows (csr), compressed columns (csc) or coordinates (coo) are \
             needed: convert it with tocsr()"
        );
        let shape: Vec<usize> = self.with("shape", |npy| {
            ensure!(npy.count() == 2, "the matrix has {} dimensions, but two are needed", npy.count());
            npy.counts()
        })?;
        let &[n, d] = shape.as_slice() else { bail!("the matrix has {} dimensions, but two are needed", shape.len()) };
        Ok((format, n, d))
    }

    /// The sides and the entries of a sparse matrix, and whether it is in compressed rows.
    pub(super) fn sparse_shape(&mut self) -> Result<(usize, usize, usize, bool)> {
        let (format, n, d) = self.form()?;
        let entries = self.with("data", |npy| Ok(npy.count()))?;
        Ok((n, d, entries, format == "csr"))
    }

    /// Looks at one array by `look`.
    pub(super) fn look<V>(&mut self, name: &str, look: impl FnOnce(Npy<ZipFile<'_, R>>) -> Result<V>) -> Result<V> {
        self.with(name, look)
    }

    fn coordinates<T: Scalar>(mut self, n: usize, d: usize) -> Result<SparseTable<T>> {
        let mut count = |name: &str| self.with(name, |npy| Ok(npy.count()));
        let (rows, columns, values) = (count("row")?, count("col")?, count("data")?);
        ensure!(
            rows == columns && columns == values,
            "there are {rows} rows and {columns} columns for {values} values: the file is damaged, save it again"
        );
        check_size(n, d, values)?;
        let rows: Vec<u32> = self.with("row", |npy| npy.counts())?;
        let columns: Vec<u32> = self.with("col", |npy| npy.counts())?;
        let values: Vec<f64> = self.with("data", |npy| npy.vector())?;
        let entries = rows.into_iter().zip(columns).zip(values).map(|((row, column), value)| (row, column, value));
        SparseTable::from_coordinates(n, d, entries.collect())
    }

    /// The array of points: the only one of numbers in two dimensions, or the wanted one.
    pub(super) fn points(&mut self, wanted: Option<&str>) -> Result<String> {
        let names = self.names();
        if let Some(wanted) = wanted {
            return one_of("array", wanted, &names).cloned();
        }
        let mut points = Vec::new();
        for name in &names {
            if self.with(name, |npy| Ok(npy.dtype.is_number() && npy.shape.len() == 2))? {
                points.push(name);
            }
        }
        match points.as_slice() {
            [one] => Ok((*one).clone()),
            [] => bail!(
                "the file holds no sparse matrix and no array of numbers in two dimensions: save one with \
                 scipy.sparse.save_npz or numpy.savez"
            ),
            several => bail!("the file holds several arrays: choose one with --layer, of {several:?}"),
        }
    }

    /// Reads one array with its element type by `read`.
    pub(super) fn array<V>(
        &mut self,
        name: &str,
        read: impl FnOnce(Npy<ZipFile<'_, R>>) -> Result<V>,
    ) -> Result<(V, Dtype)> {
        self.with(name, |npy| {
            let dtype = npy.dtype;
            Ok((read(npy)?, dtype))
        })
    }

    /// The labels of `n` points in an array of that name.
    pub(super) fn labels(&mut self, wanted: &str, n: usize) -> Result<Labels> {
        let names = self.names();
        let name = one_of("array", wanted, &names)?;
        self.with(name, |npy| {
            ensure!(
                npy.shape == [n],
                "it has shape {}, but one label for each of {n} points is needed",
                Shape(&npy.shape)
            );
            let dtype = npy.dtype;
            let mut labels = LabelsBuilder::default();
            for element in npy.elements()?.chunks_exact(dtype.size) {
                labels.push(&element_text(dtype, element).unwrap_or_default())?;
            }
            Ok(Labels { name: name.clone(), ..labels.finish() })
        })
    }

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
