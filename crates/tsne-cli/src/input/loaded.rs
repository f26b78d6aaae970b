//! Points of any file, with what is known of them.

use super::annotations::Annotations;
#[cfg(feature = "columnar")]
use super::columnar;
#[cfg(feature = "columnar")]
use super::dense::no_text;
use super::dense::{Table, no_columns};
#[cfg(not(feature = "columnar"))]
use super::format::no_columnar;
use super::format::{Format, format_of, format_of_bytes};
#[cfg(feature = "h5ad")]
use super::h5ad;
use super::labels::{Labels, Owners, is_table, read_labels, schema_of};
use super::missing::Resolved;
use super::names::{COLUMN, Names};
use super::npy::{Npy, is_plain};
use super::npz::Archive;
use super::open::{MAGIC, is_compressed, is_standard_input, is_stream, open};
#[cfg(feature = "columnar")]
use super::own_rows::are_alone;
use super::own_rows::{OwnRows, OwnValues};
use super::points::PointTable;
use super::sparse::SparseTable;
use super::table::{CsvOptions, IndexColumn, TableForm};
use super::text::HeaderLine;
use super::{mtx, tenx};
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tsne::Scalar;

/// How points and their labels are read.
#[derive(Debug, Clone, Default)]
pub struct InputOptions {
    /// How text tables are read, and what all formats share: labels, missing values, the transposition.
    pub table: CsvOptions,
    /// Files of labels.
    pub labels: Vec<PathBuf>,
    /// The layer of an `.h5ad` file, or the array of an `.npz` file.
    pub layer: Option<String>,
    /// The array of `obsm` of an `.h5ad` file.
    pub obsm: Option<String>,
    /// Whether the points are `raw` of an `.h5ad` file.
    pub raw: bool,
    /// The key of the graph of neighbors in an `.h5ad` file that stands for the points.
    pub neighbors_key: Option<String>,
    /// The number of columns of a file that holds numbers and nothing else.
    pub n_columns: Option<usize>,
    /// Which of how many processes reads, of those that compute one map: of an array that has the rows one after the other, and of a file
    /// of Parquet or Arrow, it reads the rows of its own points. `None` reads all.
    pub share: Option<(usize, usize)>,
}

#[cfg(not(feature = "h5ad"))]
pub(super) const NO_H5AD: &str =
    "an .h5ad file cannot be read by a program that was built without the feature h5ad: build it with the feature";

#[cfg(feature = "h5ad")]
impl InputOptions {
    /// Which array of an `.h5ad` file holds the points.
    pub(super) fn h5ad_choice(&self) -> h5ad::Choice<'_> {
        h5ad::Choice {
            layer: self.layer.as_deref(),
            obsm: self.obsm.as_deref(),
            raw: self.raw,
            neighbors_key: self.neighbors_key.as_deref(),
        }
    }
}

/// Points with what is known of them, and how they were understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded<T> {
    /// The points.
    pub points: PointTable<T>,
    /// Their names and labels.
    pub annotations: Annotations,
    /// Where each column of labels is from: its name, or the name of its file.
    pub sources: Vec<String>,
    /// What a text table was taken for.
    pub form: Option<TableForm>,
    /// Columns that could be labels, of a file that is no text table.
    pub left_out: Vec<String>,
    /// What of the file the points are, where it holds several things.
    pub part: Option<String>,
    /// What was done about missing values.
    pub resolved: Resolved,
    /// How many points have labels that were joined by their names.
    pub joined: bool,
    /// The names of the columns.
    pub names: Option<Vec<String>>,
}

/// A file as messages call it.
pub(super) fn name(path: &Path) -> String {
    match is_standard_input(path) {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

/// Files of labels, each with the columns that are looked for in it.
type InFiles<'a> = Vec<(&'a Path, Vec<String>)>;

/// How points of a format are read, and which columns of labels are in which file.
pub(super) fn split<'a>(path: &Path, format: Format, options: &'a InputOptions) -> Result<(CsvOptions, InFiles<'a>)> {
    // Columns of labels that a table of labels has are not looked for in the points.
    let wanted = &options.table.label_columns;
    let mut rest = wanted.clone();
    let mut in_files: Vec<(&Path, Vec<String>)> = Vec::new();
    let mut known = Vec::new();
    for file in &options.labels {
        let mut found = Vec::new();
        if is_table(file) && !wanted.is_empty() {
            ensure!(
                !is_stream(file),
                "{}: labels whose columns are chosen are looked at before they are read, as no pipe can be: name a file",
                name(file)
            );
            let names = schema_of(file, &options.table).with_context(|| name(file))?.names.unwrap_or_default();
            rest.retain(|column| {
                let has = names.iter().any(|name| name == column);
                found.extend(has.then(|| column.clone()));
                !has
            });
            known.push((file, names));
        }
        in_files.push((file, found));
    }
    let mut table = CsvOptions { label_columns: rest, ..options.table.clone() };
    let has_columns = matches!(format, Format::Text | Format::Columnar | Format::H5ad | Format::Npz);
    if let Some((file, names)) = known.last().filter(|_| !has_columns && !table.label_columns.is_empty()) {
        // `#3` is a column of the last table, and what is none is an error of it.
        for column in &table.label_columns {
            let names = Names::new(names.iter().map(|name| Some(name.as_str())), COLUMN);
            let found = names.find(column).with_context(|| name(file))?;
            if let Some((_, columns)) = in_files.iter_mut().find(|(path, _)| path == file) {
                columns.push(format!("#{}", found + 1));
            }
        }
        table.label_columns.clear();
    }
    let is_looked_at = matches!(format, Format::Text | Format::Columnar) && !is_stream(path);
    if is_looked_at && !known.is_empty() && !table.label_columns.is_empty() {
        let own = schema_of(path, &options.table).with_context(|| name(path))?.names.unwrap_or_default();
        let of_points = Names::new(own.iter().map(|name| Some(name.as_str())), COLUMN);
        if let Some(column) = table.label_columns.iter().find(|column| !of_points.has(column)) {
            let all = known.iter().flat_map(|(_, names)| names).chain(&own);
            let near = Names::new(all.map(|name| Some(name.as_str())), COLUMN).near(column);
            let files: Vec<String> = known.iter().map(|(file, _)| name(file)).collect();
            let remedy = if near.is_empty() { "; give the name or number of one to --label-column" } else { &near };
            bail!("there is no column {column:?} in {} and none in {}{remedy}", files.join(", "), name(path));
        }
    }
    if !has_columns && !options.labels.is_empty() {
        // The column of names is one of the labels' table then.
        table.index_column = IndexColumn::default();
        table.header = HeaderLine::default();
    }
    Ok((table, in_files))
}

/// Why points of a format are not read from standard input or a pipe.
const fn no_stream(format: Format) -> &'static str {
    match format {
        Format::H5ad => "an .h5ad file is read here and there, as no pipe can be: name a file",
        Format::Headless => "an array without a header is read where its length is known: name a file",
        _ => "this format cannot be read from a pipe: name a file",
    }
}

/// Opens an array, with NumPy's header or without.
pub(super) fn array(path: &Path, format: Format, options: &InputOptions) -> Result<Npy<File>> {
    match format {
        Format::Headless => Npy::open_headless(path, options.n_columns),
        _ => Npy::open(path),
    }
}

/// Checks that what is chosen among the arrays of a file is of its format.
pub(super) fn check_choices(path: &Path, format: Format, options: &InputOptions) -> Result<()> {
    let h5ad = format == Format::H5ad;
    ensure!(
        h5ad || (options.obsm.is_none() && !options.raw && options.neighbors_key.is_none()),
        "--obsm, --raw and --neighbors-key choose among the arrays of an .h5ad file: leave them out"
    );
    ensure!(
        h5ad || format == Format::Npz || options.layer.is_none(),
        "--layer chooses among the arrays of an .h5ad or .npz file: leave it out"
    );
    ensure!(
        options.n_columns.is_none() || (format == Format::Headless && is_plain(path)),
        "--n-columns is for files that do not say it themselves, .f32 and .f64: leave it out"
    );
    Ok(())
}

impl<T: Scalar + FromStr> Loaded<T> {
    /// Reads points by the extension of the name, from a folder of 10x Genomics, or from standard input (`-`), and their labels.
    ///
    /// # Errors
    ///
    /// For whatever is not an `n × d` matrix of finite numbers with labels that fit; the message says where and what to do.
    pub fn read(path: &Path, options: &InputOptions) -> Result<Self> {
        let wanted = &options.table.label_columns;
        let format = format_of(path).with_context(|| name(path))?;
        let (table, in_files) = split(path, format, options)?;
        let inner = InputOptions { table, ..options.clone() };
        let mut loaded = Self::points_of(path, format, &inner).with_context(|| name(path))?;
        // By what each column was asked for: a name, or a number.
        let mut asked = inner.table.label_columns;
        asked.resize(loaded.annotations.labels.len(), String::new());
        for (file, columns) in in_files {
            let points = Owners {
                n: loaded.resolved.given(loaded.points.n()),
                ids: loaded.annotations.ids.as_deref(),
                kept: loaded.resolved.kept.as_deref(),
            };
            let table = read_labels(file, &columns, &options.table, &points).with_context(|| name(file))?;
            loaded.joined |= table.by_id;
            asked.extend(columns.iter().cloned());
            asked.resize(loaded.annotations.labels.len() + table.labels.len(), String::new());
            for labels in table.labels {
                loaded.sources.push(if columns.is_empty() { name(file) } else { labels.name.clone() });
                loaded.annotations.labels.push(labels);
            }
        }
        loaded.order_labels(&asked, wanted);
        Ok(loaded)
    }

    /// The labels of files, of `n` points with these names.
    ///
    /// # Errors
    ///
    /// For files that cannot be read or do not fit.
    pub fn labels_of_files(options: &InputOptions, n: usize, ids: Option<&[String]>) -> Result<Vec<Labels>> {
        let mut all = Vec::new();
        for file in &options.labels {
            let name = || file.display().to_string();
            let columns = &options.table.label_columns;
            let columns = if is_table(file) { columns.as_slice() } else { &[] };
            let points = Owners { n, ids, kept: None };
            all.extend(read_labels(file, columns, &options.table, &points).with_context(name)?.labels);
        }
        Ok(all)
    }

    /// Brings columns of labels into the order in which they were asked for; those of whole files come last.
    fn order_labels(&mut self, asked: &[String], wanted: &[String]) {
        let labels = std::mem::take(&mut self.annotations.labels);
        let mut all: Vec<_> = std::mem::take(&mut self.sources).into_iter().zip(labels).zip(asked).collect();
        // A column may be asked for by its number with `#` or without.
        let place = |name: &String| wanted.iter().position(|wanted| wanted == name || *name == format!("#{wanted}"));
        all.sort_by_key(|((_, labels), asked)| place(asked).or_else(|| place(&labels.name)).unwrap_or(wanted.len()));
        (self.sources, self.annotations.labels) = all.into_iter().map(|(column, _)| column).unzip();
    }

    fn points_of(path: &Path, format: Format, options: &InputOptions) -> Result<Self> {
        check_choices(path, format, options)?;
        let loaded = match format {
            Format::Text if is_stream(path) => {
                let mut read = open(path)?;
                let start = start_of(&mut read)?;
                let format = format_of_bytes(&start);
                Self::of_stream(Cursor::new(start).chain(read), format, options)?
            }
            Format::H5ad | Format::Headless if is_stream(path) => bail!(no_stream(format)),
            Format::Columnar if cfg!(not(feature = "columnar")) => Self::of_columnar(path, options)?,
            _ if is_stream(path) || (format == Format::Npy && is_compressed(path)) => {
                Self::of_stream(open(path)?, format, options)?
            }
            Format::Text | Format::Mtx => Self::of_stream(open(path)?, format, options)?,
            Format::Npy | Format::Headless => {
                let npy = array(path, format, options)?;
                match options.share.filter(|_| OwnRows::<T>::are_there(&npy, &options.table)) {
                    Some(share) => Self::from(PointTable::Own(OwnRows::read(npy, share, &options.table)?)),
                    None => Self::of_npy(npy, &options.table)?,
                }
            }
            Format::Npz => {
                let file = File::open(path).context("cannot open")?;
                let length = file.metadata().context("cannot read the length of the file")?.len();
                Self::of_archive(BufReader::new(file), length, options)?
            }
            Format::TenX => {
                no_columns(&options.table)?;
                let cells = tenx::read::<T>(path)?;
                let mut loaded = Self::of_sparse(cells.points, &options.table)?;
                let (ids, names) = match options.table.transpose {
                    false => (Some(cells.barcodes), cells.genes),
                    true => (cells.genes, Some(cells.barcodes)),
                };
                (loaded.annotations.ids, loaded.names) = (ids, names);
                loaded
            }
            Format::H5ad => Self::of_h5ad(path, options)?,
            Format::Columnar => Self::of_columnar(path, options)?,
        };
        Ok(loaded)
    }

    #[cfg(not(feature = "h5ad"))]
    fn of_h5ad(_: &Path, _: &InputOptions) -> Result<Self> {
        bail!(NO_H5AD)
    }

    #[cfg(feature = "h5ad")]
    fn of_h5ad(path: &Path, options: &InputOptions) -> Result<Self> {
        let h5ad::Content { points, annotations, part, left_out, names, resolved } =
            h5ad::read(path, options.h5ad_choice(), &options.table)?;
        let sources = annotations.labels.iter().map(|labels| labels.name.clone()).collect();
        Ok(Self { annotations, sources, left_out, part: Some(part), resolved, names, ..Self::from(points) })
    }

    #[cfg(not(feature = "columnar"))]
    fn of_columnar(path: &Path, _: &InputOptions) -> Result<Self> {
        Err(no_columnar(path))
    }

    #[cfg(feature = "columnar")]
    fn of_columnar(path: &Path, options: &InputOptions) -> Result<Self> {
        let table = &options.table;
        if let Some(share) = options.share.filter(|_| are_alone(table)) {
            no_text(table)?;
            if let Some(rows) = columnar::read_own(path, share, table)? {
                return Ok(Self::from(PointTable::Own(rows)));
            }
        }
        Self::of_opened(columnar::Opened::open(path)?, table)
    }

    #[cfg(feature = "columnar")]
    fn of_opened(opened: columnar::Opened, options: &CsvOptions) -> Result<Self> {
        no_text(options)?;
        columnar::read(opened, options).map(Self::from)
    }

    fn of_stream(read: impl BufRead + 'static, format: Format, options: &InputOptions) -> Result<Self> {
        match format {
            Format::Npy => Self::of_npy(Npy::of_stream(read)?, &options.table),
            Format::Mtx => {
                no_columns(&options.table)?;
                Self::of_sparse(mtx::parse(read)?, &options.table)
            }
            Format::Npz => {
                let bytes = all_of(read)?;
                let length = bytes.len() as u64;
                Self::of_archive(Cursor::new(bytes), length, options)
            }
            Format::Text => Ok(Self::from(PointTable::from_csv(read, &options.table)?)),
            Format::H5ad | Format::Headless | Format::TenX => bail!(no_stream(format)),
            #[cfg(feature = "columnar")]
            Format::Columnar => Self::of_opened(columnar::Opened::of_pipe(read)?, &options.table),
            #[cfg(not(feature = "columnar"))]
            Format::Columnar => Err(no_columnar(Path::new("-"))),
        }
    }

    fn of_npy<R: Read>(npy: Npy<R>, options: &CsvOptions) -> Result<Self> {
        no_columns(options)?;
        PointTable::from_npy(npy, options).map(Self::from)
    }

    fn of_archive(file: impl Read + Seek, length: u64, options: &InputOptions) -> Result<Self> {
        let mut archive = Archive::open(file, length)?;
        if archive.is_sparse() {
            no_columns(&options.table)?;
            return Self::of_sparse(archive.sparse()?, &options.table);
        }
        let plain = CsvOptions { label_columns: Vec::new(), ..options.table.clone() };
        no_columns(&plain)?;
        let name = archive.points(options.layer.as_deref())?;
        let (points, _) = archive.array(&name, |npy| PointTable::from_npy(npy, &plain))?;
        let mut loaded = Self::from(points);
        loaded.part = Some(format!("array {name:?}"));
        let points =
            Owners { n: loaded.resolved.given(loaded.points.n()), ids: None, kept: loaded.resolved.kept.as_deref() };
        for column in &options.table.label_columns {
            let mut labels = points.left(archive.labels(column, points.n)?);
            labels.label_type = options.table.label_type;
            loaded.sources.push(labels.name.clone());
            loaded.annotations.labels.push(labels);
        }
        Ok(loaded)
    }

    fn of_sparse(table: SparseTable<T>, options: &CsvOptions) -> Result<Self> {
        let table = if options.transpose { table.transposed()? } else { table };
        ensure!(
            table.n() > 0 && table.d() > 0,
            "the matrix has shape ({}, {}): it must have rows and columns",
            table.n(),
            table.d()
        );
        Ok(Self::from(PointTable::Sparse(table)))
    }
}

impl<T> From<PointTable<T>> for Loaded<T> {
    fn from(mut points: PointTable<T>) -> Self {
        fn parts<A>(table: &mut Table<A>) -> (Annotations, Option<TableForm>, Resolved, Option<Vec<String>>) {
            (
                std::mem::take(&mut table.annotations),
                table.form.take(),
                std::mem::take(&mut table.resolved),
                table.names.take(),
            )
        }
        let (annotations, form, resolved, names) = match &mut points {
            PointTable::Dense(table) => parts(table),
            PointTable::Wide(table) => parts(table),
            PointTable::Own(rows) => match &mut rows.values {
                OwnValues::Exact(table) => parts(table),
                OwnValues::Wide(table) => parts(table),
            },
            PointTable::Sparse(_) | PointTable::Graph(_) => Default::default(),
        };
        let sources = annotations.labels.iter().map(|labels| labels.name.clone()).collect();
        let vector = form.as_ref().and_then(|form| form.vector.as_ref());
        let part = vector.map(|column| format!("column {column:?} of lists"));
        Self { points, annotations, sources, form, left_out: Vec::new(), part, resolved, joined: false, names }
    }
}

/// The first bytes of a stream, by which its format is known.
fn start_of(read: &mut impl Read) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    read.take(MAGIC as u64).read_to_end(&mut start).context("cannot read")?;
    Ok(start)
}

/// All bytes of a stream.
fn all_of(mut read: impl BufRead) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let chunk = read.fill_buf().context("cannot read")?;
        if chunk.is_empty() {
            return Ok(bytes);
        }
        let count = chunk.len();
        super::grow::grow("the archive", &mut bytes, count)?;
        bytes.extend_from_slice(chunk);
        read.consume(count);
    }
}
