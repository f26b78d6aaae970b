//! The rows of one of several processes, of an array that none of them reads whole.

use super::dense::no_columns;
use super::fits::Fits;
use super::missing::Missing;
use super::npy::Npy;
use super::table::CsvOptions;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use tsne::core::rows_of;
use tsne::{Dataset, Scalar};

/// Rows, evenly spaced, by which processes see that they read the same array.
const SEEN: usize = 128;

/// Points of `d` finite numbers each: those from number `start` on, of `n`.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnRows<T> {
    data: Vec<T>,
    start: usize,
    n: usize,
    d: usize,
    /// A hash of the shape and of some rows, the same for all processes that read one array.
    seal: u64,
}

impl<T: Scalar> OwnRows<T> {
    /// Whether the rows of some points can be read of an array, and need no others.
    pub(super) fn are_there(npy: &Npy<File>, options: &CsvOptions) -> bool {
        let exact = size_of::<T>() == size_of::<f64>() || npy.dtype.fits_single();
        let plain = !options.transpose && options.missing == Missing::Error;
        exact && plain && !npy.is_by_columns() && npy.sides().is_ok()
    }

    /// Reads those of process `rank` of so many.
    pub(super) fn read(mut npy: Npy<File>, (rank, processes): (usize, usize), options: &CsvOptions) -> Result<Self> {
        no_columns(options)?;
        let (n, d) = npy.sides()?;
        let own = rows_of(rank, processes, n);
        let mut hasher = DefaultHasher::new();
        (n, d, npy.dtype.size).hash(&mut hasher);
        let last = SEEN.min(n) - 1;
        for s in 0..=last {
            // In two steps, so that the product cannot overflow; the last of them is the last row.
            let i = s * ((n - 1) / last.max(1)) + s * ((n - 1) % last.max(1)) / last.max(1);
            npy.rows::<T>(i..i + 1)?.iter().for_each(|value| value.bits().hash(&mut hasher));
        }
        let fits = Fits::of::<T>();
        let data: Vec<T> = npy.rows(own.clone())?;
        if let Some(place) = data.iter().position(|value| !fits.admits(value.to_f64())) {
            bail!(
                "the value in row {}, column {} (counted from 0) is infinite, not a number, or beyond the range of {}: replace it, \
                 or use --float f64 if it is only large",
                own.start + place / d,
                place % d,
                fits.name
            );
        }
        Ok(Self { data, start: own.start, n, d, seal: hasher.finish() })
    }

    /// The number of points, of all processes.
    pub const fn n(&self) -> usize {
        self.n
    }

    /// The number of values of each point.
    pub const fn d(&self) -> usize {
        self.d
    }

    /// The same number for all processes that read one array, and another for arrays of another shape, or that differ in one of the rows
    /// that are looked at: not for each that differs in others.
    pub const fn seal(&self) -> u64 {
        self.seal
    }

    /// The points for a fit by all processes.
    pub(super) fn into_dataset(self) -> Result<Dataset<'static, T>> {
        Dataset::dealt(self.data, self.d, self.start, self.n).context("the table is inconsistent")
    }
}
