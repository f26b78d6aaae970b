//! The rows of one of several processes, of a table that none of them reads whole.

use super::annotations::Annotations;
use super::dense::{Table, no_columns, refused};
use super::fits::Fits;
use super::missing::Missing;
use super::npy::Npy;
use super::table::CsvOptions;
use anyhow::{Result, bail, ensure};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use tsne::core::rows_of;
use tsne::{Context, Dataset, Metric, Scalar};

/// Rows, evenly spaced, by which processes see that they read the same array.
const SEEN: usize = 128;

/// Points of finite numbers: those from number `start` on, of `n`, with what is known of all.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnRows<T> {
    pub(super) values: OwnValues<T>,
    start: usize,
    n: usize,
    /// The same number for all processes that read one table.
    seal: u64,
}

/// The values of the points of one process, with the names and labels of all.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnValues<T> {
    /// In a type that `T` holds exactly.
    Exact(Table<T>),
    /// In double precision, for a run in single precision.
    Wide(Table<f64>),
}

impl<T> OwnValues<T> {
    const fn d(&self) -> usize {
        match self {
            Self::Exact(table) => table.d(),
            Self::Wide(table) => table.d(),
        }
    }

    /// The number of rows, and the names and labels of all.
    const fn rows(&self) -> (usize, &Annotations) {
        match self {
            Self::Exact(table) => (table.n(), &table.annotations),
            Self::Wide(table) => (table.n(), &table.annotations),
        }
    }
}

/// Whether points that are read so need no others: none is left out or completed by a mean, and none is a column.
pub(super) fn are_alone(options: &CsvOptions) -> bool {
    !options.transpose && options.missing == Missing::Error
}

impl<T: Scalar> OwnRows<T> {
    /// Whether the rows of some points can be read of an array.
    pub(super) fn are_there(npy: &Npy<File>, options: &CsvOptions) -> bool {
        are_alone(options) && !npy.is_by_columns() && npy.sides().is_ok()
    }

    /// Reads those of process `rank` of so many.
    pub(super) fn read(mut npy: Npy<File>, (rank, processes): (usize, usize), options: &CsvOptions) -> Result<Self> {
        no_columns(options)?;
        let (n, d) = npy.sides()?;
        let own = rows_of(rank, processes, n);
        let seal = seal(&mut npy)?;
        let exact = size_of::<T>() == size_of::<f64>() || npy.dtype.fits_single();
        let fits = Fits::of::<T>();
        let start = own.start;
        let values = if exact {
            let data: Vec<T> = npy.rows(own.clone())?;
            check(&data, start, d, fits)?;
            OwnValues::Exact(Table::from_rows(data, d))
        } else {
            let data: Vec<f64> = npy.rows(own.clone())?;
            check(&data, start, d, fits)?;
            OwnValues::Wide(Table::from_rows(data, d))
        };
        Self::new(values, &own, n, seal)
    }

    /// Those of some points, of `n`, of a table with this seal.
    pub(super) fn new(values: OwnValues<T>, own: &Range<usize>, n: usize, seal: u64) -> Result<Self> {
        let (rows, annotations) = values.rows();
        ensure!(
            rows == own.len(),
            "the file has {rows} of the {} rows {own:?} that it says it has: it is damaged, write it again",
            own.len()
        );
        let ids = annotations.ids.iter().map(Vec::len);
        let mut counts = ids.chain(annotations.labels.iter().map(|labels| labels.codes.len()));
        if let Some(count) = counts.find(|&count| count != n) {
            bail!(
                "the file has names or labels of {count} rows, but says that it has {n}: it is damaged, write it again"
            );
        }
        Ok(Self { values, start: own.start, n, seal })
    }

    /// The values of this process's points.
    pub const fn values(&self) -> &OwnValues<T> {
        &self.values
    }

    /// The number of points, of all processes.
    pub const fn n(&self) -> usize {
        self.n
    }

    /// The number of values of each point.
    pub const fn d(&self) -> usize {
        self.values.d()
    }

    /// The same number for all processes that read one table, and another for tables of another shape, or that differ where it is looked:
    /// in some rows of an array, and in some pieces of a file of Parquet or Arrow. Not for each that differs elsewhere.
    pub const fn seal(&self) -> u64 {
        self.seal
    }

    /// The points for a fit by all processes, which call this together: of what is wider than `T`, an offset is subtracted before it is
    /// rounded where the metric allows it.
    pub(super) fn into_dataset(self, metric: &Metric, cx: Context<'_>) -> Result<Dataset<'static, T>> {
        Ok(match self.values {
            OwnValues::Exact(table) => {
                let (values, _, d) = table.into_parts();
                Dataset::dealt(values, d, self.start, self.n)?
            }
            OwnValues::Wide(table) => {
                let (values, _, d) = table.into_parts();
                Dataset::dealt_from_f64(values, d, self.start, self.n, metric, cx)?
            }
        })
    }
}

/// A hash of the shape of an array and of some of its rows.
fn seal(npy: &mut Npy<File>) -> Result<u64> {
    let (n, d) = npy.sides()?;
    let mut hasher = DefaultHasher::new();
    (n, d, npy.dtype.size).hash(&mut hasher);
    let last = SEEN.min(n) - 1;
    for s in 0..=last {
        // In two steps, so that the product cannot overflow; the last of them is the last row.
        let i = s * ((n - 1) / last.max(1)) + s * ((n - 1) % last.max(1)) / last.max(1);
        npy.rows::<f64>(i..i + 1)?.iter().for_each(|value| value.to_bits().hash(&mut hasher));
    }
    Ok(hasher.finish())
}

/// Checks that all values of the rows from number `start` on are finite, and within the range of the run.
fn check<S: Scalar>(data: &[S], start: usize, d: usize, fits: Fits) -> Result<()> {
    match data.iter().position(|value| !fits.admits(value.to_f64())) {
        Some(place) => Err(refused(data[place].to_f64(), (start + place / d, place % d), fits)),
        None => Ok(()),
    }
}
