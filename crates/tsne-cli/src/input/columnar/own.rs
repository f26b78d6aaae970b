//! The rows of one of several processes, of a stored table: of the values its own, of names and labels all.
//!
//! Of Parquet, groups of rows that have none of its own are not read; of a file of Arrow all are decoded, one batch after the other.

use super::file::Opened;
use super::points::{NO_ROWS, Rows, measure_first, named};
use crate::input::dense::Table;
use crate::input::fits::Fits;
use crate::input::own_rows::{OwnRows, OwnValues};
use crate::input::table::{Columns, CsvOptions, Parsed, Role};
use anyhow::{Result, ensure};
use std::ops::Range;
use std::path::Path;
use tsne::Scalar;
use tsne::core::rows_of;

/// Reads the points of process `rank` of so many; `None` where a table cannot be read in parts.
///
/// # Errors
///
/// As [`read`](super::read).
pub(in crate::input) fn read_own<T: Scalar>(
    path: &Path,
    (rank, processes): (usize, usize),
    options: &CsvOptions,
) -> Result<Option<OwnRows<T>>> {
    let opened = Opened::open(path)?;
    let Some(seal) = opened.seal()? else { return Ok(None) };
    let n = opened.rows()?;
    ensure!(n > 0, NO_ROWS);
    let mut columns = Columns::new(options, opened.schema.clone())?;
    let exact = size_of::<T>() == size_of::<f64>() || opened.fit_single(columns.of(Role::Value));
    measure_first(opened, &mut columns)?;
    let own = rows_of(rank, processes, n);
    let start = own.start;
    let values = if exact {
        OwnValues::Exact(Table::from(parse(path, &columns, own, Fits::of::<T>(), options)?))
    } else {
        OwnValues::Wide(Table::from(parse(path, &columns, own, Fits::of::<T>(), options)?))
    };
    OwnRows::new(values, start, n, seal).map(Some)
}

/// The values of some rows, with the names and labels of all.
fn parse<S: Scalar>(
    path: &Path,
    columns: &Columns,
    own: Range<usize>,
    fits: Fits,
    options: &CsvOptions,
) -> Result<Parsed<S>> {
    let mut rows = Rows::new(columns, options, fits, own.start);
    let values: Vec<usize> = columns.of(Role::Value).collect();
    let mut batches = Opened::open(path)?.batches_of(&values, own)?;
    while let Some(batch) = batches.next()? {
        rows.push_values(columns, &batch)?;
    }
    let names: Vec<usize> = named(columns).collect();
    if !names.is_empty() {
        let mut batches = Opened::open(path)?.batches(&names)?;
        while let Some(batch) = batches.next()? {
            rows.push_names(columns, &batch)?;
        }
    }
    rows.points.finish(columns, options)
}
