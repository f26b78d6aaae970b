//! The shape of points before they are read: what the head of a file says, and of a text table what a part of it shows.

#[cfg(feature = "columnar")]
use super::columnar;
use super::dense::no_columns;
#[cfg(not(feature = "columnar"))]
use super::format::no_columnar;
use super::format::{Format, format_of};
#[cfg(feature = "h5ad")]
use super::h5ad;
use super::line_ends::LineEnds;
use super::loaded::{InputOptions, array, check_choices, name, split};
use super::npy::Npy;
use super::npz::Archive;
use super::open::{is_compressed, is_stream, open};
use super::own_rows::OwnRows;
#[cfg(feature = "columnar")]
use super::own_rows::are_alone;
use super::table::CsvOptions;
use super::text;
use super::{fits::Fits, mtx, tenx};
#[cfg(not(feature = "h5ad"))]
use anyhow::bail;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::str::FromStr;
use std::time::Instant;
use tsne::Scalar;
use tsne::plan::{DataShape, InputShape};

/// The bytes of a text table that are looked at.
const LOOKED_AT: usize = 1 << 18;

/// Places of a table where lines are measured.
const PLACES: u64 = 8;

/// The bytes of an entry and of its value while a sparse matrix is sorted.
const COORDINATE: f64 = 16.0;

/// Seconds of an entry while a sparse matrix is sorted by rows: 2,000,000 entries of a `.mtx` are read in 0.35 to 0.55 s, where 0.48 to
/// 0.50 are planned with it (two cores).
const SORTED: f64 = 3e-8;

/// What points will be, and what reading them takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preview {
    /// The points, or the graph of their neighbors.
    pub shape: InputShape,
    /// Whether the number of points is known, and not estimated from the length of the file.
    pub is_exact: bool,
    /// Whether values are read in double precision for a run in single precision.
    pub is_wide: bool,
    /// Whether each of several processes can read the rows of its own points.
    pub has_rows: bool,
    /// The bytes that are in use at the peak of the reading.
    pub peak_bytes: u64,
    /// The bytes of the file.
    pub file_bytes: u64,
    /// The seconds that reading takes, by the time that a part of the file took to be parsed; `None` where nothing is parsed.
    pub seconds: Option<f64>,
}

/// The stages of reading a matrix, each with the bytes that it needs.
struct Sizes {
    shape: DataShape,
    is_wide: bool,
    peak: u64,
}

impl Preview {
    /// Looks at the points of a file, as [`Loaded::read`](super::Loaded::read) would read them for numbers of type `T`.
    ///
    /// # Errors
    ///
    /// For standard input, which can be read once only; for files that cannot be opened, and what else can be seen to be wrong
    /// before points are read. What is wrong within them shows when they are read.
    pub fn of<T: Scalar + FromStr>(path: &Path, options: &InputOptions) -> Result<Self> {
        let format = format_of(path).with_context(|| name(path))?;
        let (table, _) = split(path, format, options)?;
        Self::look::<T>(path, format, &InputOptions { table, ..options.clone() }).with_context(|| name(path))
    }

    fn look<T: Scalar + FromStr>(path: &Path, format: Format, options: &InputOptions) -> Result<Self> {
        ensure!(
            !is_stream(path),
            "it can be read once only, so nothing of it is known before: write the points to a file, and name that"
        );
        check_choices(path, format, options)?;
        let file_bytes = std::fs::metadata(path).context("cannot open")?.len();
        let of = |sizes: Sizes| Self {
            shape: sizes.shape.into(),
            is_exact: true,
            is_wide: sizes.is_wide,
            has_rows: false,
            peak_bytes: sizes.peak,
            file_bytes,
            seconds: None,
        };
        let transpose = options.table.transpose;
        match format {
            Format::Npy | Format::Headless | Format::Mtx | Format::TenX => no_columns(&options.table)?,
            Format::Npz | Format::H5ad | Format::Columnar | Format::Text => {}
        }
        Ok(match format {
            Format::Npy if is_compressed(path) => {
                of(of_array::<T, _>(&Npy::of_stream(open(path)?)?, transpose, transpose)?)
            }
            Format::Npy | Format::Headless => {
                let npy = array(path, format, options)?;
                let has_rows = OwnRows::<T>::are_there(&npy, &options.table);
                Self { has_rows, ..of(of_array::<T, _>(&npy, false, transpose)?) }
            }
            Format::Npz => {
                let file = File::open(path).context("cannot open")?;
                let mut archive = Archive::open(BufReader::new(file), file_bytes)?;
                if archive.is_sparse() {
                    no_columns(&options.table)?;
                    let (n, d, entries, by_rows) = archive.sparse_shape()?;
                    of(of_sparse::<T>((n, d, entries), by_rows, transpose))
                } else {
                    no_columns(&CsvOptions { label_columns: Vec::new(), ..options.table.clone() })?;
                    let name = archive.points(options.layer.as_deref())?;
                    of(archive.look(&name, |npy| of_array::<T, _>(&npy, true, transpose))?)
                }
            }
            Format::Mtx => {
                let sizes = of_coordinates::<T>(mtx::shape(open(path)?)?, transpose);
                Self { seconds: Some(seconds_of_matrix(path, &sizes)?), ..of(sizes) }
            }
            Format::TenX => {
                let (matrix, shape, turned) = tenx::shape(path)?;
                let sizes = of_coordinates::<T>(shape, turned != transpose);
                let file_bytes = std::fs::metadata(&matrix).context("cannot open")?.len();
                Self { file_bytes, seconds: Some(seconds_of_matrix(&matrix, &sizes)?), ..of(sizes) }
            }
            #[cfg(feature = "h5ad")]
            Format::H5ad => of_h5ad::<T>(path, options, file_bytes)?,
            #[cfg(not(feature = "h5ad"))]
            Format::H5ad => bail!(super::loaded::NO_H5AD),
            #[cfg(feature = "columnar")]
            Format::Columnar => {
                let opened = columnar::Opened::open(path)?;
                // What has no shape before it is read, a stream, is an error.
                let (n, d, is_wide) = columnar::shape::<T>(opened, &options.table)?;
                let shape = turned((n, d), transpose);
                let (shape, peak) = (DataShape::dense(shape.0, shape.1), dense::<T>(n, d, is_wide, transpose));
                Self { has_rows: are_alone(&options.table), ..of(Sizes { shape, is_wide, peak }) }
            }
            #[cfg(not(feature = "columnar"))]
            Format::Columnar => return Err(no_columnar(path)),
            Format::Text => of_text::<T>(path, &options.table, file_bytes)?,
        })
    }

    /// The number of points.
    pub const fn n(&self) -> usize {
        self.shape.n()
    }

    /// The number of columns, or of neighbors.
    pub const fn d(&self) -> usize {
        match self.shape {
            InputShape::Data(shape) => shape.d,
            InputShape::Graph { k, .. } => k,
            _ => 0,
        }
    }
}

/// The sides of a matrix, the other way round if it is transposed.
const fn turned((n, d): (usize, usize), transpose: bool) -> (usize, usize) {
    if transpose { (d, n) } else { (n, d) }
}

/// The bytes of values at the peak: those that are read, twice while they are transposed, and what they are converted to piece
/// by piece.
fn dense<T>(n: usize, d: usize, is_wide: bool, transposed: bool) -> u64 {
    let size = if is_wide { 8 } else { size_of::<T>() };
    DataShape::dense(n, d).bytes(size).saturating_mul(if transposed { 2 } else { 1 })
}

fn of_array<T: Scalar, R: Read>(npy: &Npy<R>, grows: bool, transpose: bool) -> Result<Sizes> {
    let (n, d) = npy.sides()?;
    let is_wide = size_of::<T>() < size_of::<f64>() && !npy.dtype.fits_single();
    // Columns of a stream are turned when all of them are there.
    let by_columns = npy.is_by_columns() && grows;
    let peak = dense::<T>(n, d, is_wide, transpose || by_columns);
    let (n, d) = turned((n, d), transpose);
    Ok(Sizes { shape: DataShape::dense(n, d), is_wide, peak })
}

/// Compressed rows or columns: columns and values in double precision, and values as they will be.
fn of_sparse<T: Scalar>((n, d, entries): (usize, usize, usize), by_rows: bool, transpose: bool) -> Sizes {
    let (size, count) = (size_of::<T>() as f64, entries as f64);
    let once = count * (4.0 + 8.0 + size);
    let turning = count * 2.0 * (4.0 + size);
    let peak = 16.0 * n.max(d) as f64 + if by_rows && !transpose { once } else { once.max(turning) };
    let (n, d) = turned((n, d), transpose);
    Sizes { shape: DataShape::sparse(n, d, entries), is_wide: false, peak: peak as u64 }
}

/// Rows, columns and values of entries in any order, and the same by rows.
fn of_coordinates<T: Scalar>((n, d, entries): (usize, usize, usize), transpose: bool) -> Sizes {
    let of_rows = of_sparse::<T>((n, d, entries), true, transpose);
    let peak = of_rows.peak.max((2.0 * COORDINATE * entries as f64 + 8.0 * n as f64) as u64);
    Sizes { peak, ..of_rows }
}

#[cfg(feature = "h5ad")]
fn of_h5ad<T: Scalar>(path: &Path, options: &InputOptions, file_bytes: u64) -> Result<Preview> {
    let looked_at = h5ad::look(path, options.h5ad_choice(), size_of::<T>() < size_of::<f64>())?;
    let (shape, is_wide, peak_bytes) = match looked_at {
        h5ad::Look::Dense { n, d, is_wide } => {
            (InputShape::from(DataShape::dense(n, d)), is_wide, dense::<T>(n, d, is_wide, false))
        }
        h5ad::Look::Sparse { n, d, entries, by_rows } => {
            let sizes = of_sparse::<T>((n, d, entries), by_rows, false);
            // Columns are 64 bits wide while they are read.
            (sizes.shape.into(), false, sizes.peak.max((12.0 * entries as f64) as u64))
        }
        h5ad::Look::Graph { n, k } => {
            let peak = of_sparse::<T>((n, n, n.saturating_mul(k)), true, false).peak;
            (InputShape::Graph { n, k }, false, peak)
        }
    };
    Ok(Preview { shape, is_exact: true, is_wide, has_rows: false, peak_bytes, file_bytes, seconds: None })
}

/// The lines at the beginning, whole ones, and whether they are all.
fn beginning(read: impl BufRead) -> Result<(Vec<u8>, bool)> {
    let mut read = LineEnds::new(read).context("cannot read")?;
    let mut bytes = Vec::new();
    let count = read.by_ref().take(LOOKED_AT as u64).read_to_end(&mut bytes).context("cannot read")?;
    let all = count < LOOKED_AT;
    if !all {
        // A line that is longer than this is read whole, up to where the reader refuses it.
        read.by_ref().take(text::MAX_RECORD as u64).read_until(b'\n', &mut bytes).context("cannot read")?;
    }
    Ok((bytes, all))
}

/// The seconds of a whole file, of which the `lines` at its beginning took so many to be unpacked and parsed, and how many bytes a
/// byte of it unpacks to.
fn seconds_of_all(path: &Path, (lines, are_all): (usize, bool), seconds: f64) -> Result<(f64, f64)> {
    if are_all {
        return Ok((seconds, 1.0));
    }
    let unpacked = if is_compressed(path) { ratio(path)? } else { 1.0 };
    let file_bytes = std::fs::metadata(path).context("cannot open")?.len();
    Ok((seconds * file_bytes as f64 * unpacked / lines.max(1) as f64, unpacked))
}

/// The seconds in which a Matrix Market file is read.
fn seconds_of_matrix(path: &Path, sizes: &Sizes) -> Result<f64> {
    let clock = Instant::now();
    let (lines, are_all) = beginning(open(path)?)?;
    mtx::parse_beginning(&lines, are_all)?;
    let (seconds, _) = seconds_of_all(path, (lines.len(), are_all), clock.elapsed().as_secs_f64())?;
    Ok(seconds + SORTED * sizes.shape.entries.unwrap_or_default() as f64)
}

fn of_text<T: Scalar + FromStr>(path: &Path, options: &CsvOptions, file_bytes: u64) -> Result<Preview> {
    let clock = Instant::now();
    let (bytes, all) = beginning(open(path)?)?;
    let is_wide = size_of::<T>() < size_of::<f64>();
    let parsed = text::read::<f64>(Cursor::new(&bytes), options, Fits::of::<T>())?;
    let (seconds, unpacked) = seconds_of_all(path, (bytes.len(), all), clock.elapsed().as_secs_f64())?;
    // Of a table that is turned, points are what lines have of each: what is missing is of them, and not of lines.
    let points = parsed.resolved.given(parsed.n);
    let (rows, d) = if options.transpose { (parsed.d, points) } else { (points, parsed.d) };
    let rows = rows.max(1);
    let of_row = bytes.len() as f64 / rows as f64;
    let n = match () {
        () if all => rows,
        () if is_compressed(path) => (file_bytes as f64 * unpacked / of_row) as usize,
        () => (file_bytes as f64 / line_length(path, file_bytes)?.unwrap_or(of_row)) as usize,
    };
    let n = n.max(rows);
    let of_lines = if options.transpose { parsed.names.is_some() } else { parsed.ids.is_some() };
    let names = if of_lines { 48 * n as u64 } else { 0 };
    let peak_bytes = dense::<T>(n, d, is_wide, options.transpose) + names;
    let (n, d) = turned((n, d), options.transpose);
    Ok(Preview {
        shape: InputShape::from(DataShape::dense(n, d)),
        is_exact: all,
        is_wide,
        has_rows: false,
        peak_bytes,
        file_bytes,
        seconds: Some(seconds),
    })
}

/// The mean length of the lines at some places of a file.
fn line_length(path: &Path, file_bytes: u64) -> Result<Option<f64>> {
    let mut file = File::open(path).context("cannot open")?;
    let mut window = vec![0u8; LOOKED_AT / PLACES as usize];
    let (mut bytes, mut lines) = (0, 0);
    for place in 0..PLACES {
        file.seek(SeekFrom::Start(place * (file_bytes / PLACES))).context("cannot read")?;
        let mut filled = 0;
        while filled < window.len() {
            match file.read(&mut window[filled..]).context("cannot read")? {
                0 => break,
                count => filled += count,
            }
        }
        // Of the lines of old Macs, too.
        let end = if window[..filled].contains(&b'\n') { b'\n' } else { b'\r' };
        let ends = || (0..filled).filter(|&at| window[at] == end);
        if let (Some(first), Some(last)) = (ends().next(), ends().next_back()) {
            bytes += last - first;
            lines += ends().count() - 1;
        }
    }
    Ok((lines > 0).then(|| bytes as f64 / lines as f64))
}

/// The bytes that a byte of a compressed file unpacks to, at its beginning.
fn ratio(path: &Path) -> Result<f64> {
    const UNPACKED: u64 = 4 << 20;
    let (packed, unpacked) = super::open::unpacked_beginning(path, UNPACKED)?;
    ensure!(unpacked > 0, "{NOTHING}");
    Ok(unpacked as f64 / packed.max(1) as f64)
}

const NOTHING: &str = "the file holds nothing";
