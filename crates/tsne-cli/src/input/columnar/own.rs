//! The rows of one of several processes, of a stored table: of the values its own, of names and labels all.
//!
//! Groups of rows of Parquet, and batches of Arrow, that have none of its own are not read.

use super::cells::optional;
use super::file::Opened;
use super::points::{NO_ROWS, Rows, measure_first, named};
use crate::input::dense::Table;
use crate::input::fits::Fits;
use crate::input::own_rows::{OwnRows, OwnValues};
use crate::input::table::{Columns, CsvOptions, Kinds, Parsed, Role, is_named_so};
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
    let values = if exact {
        OwnValues::Exact(Table::from(parse(path, &columns, own.clone(), Fits::of::<T>(), options)?))
    } else {
        OwnValues::Wide(Table::from(parse(path, &columns, own.clone(), Fits::of::<T>(), options)?))
    };
    OwnRows::new(values, &own, n, seal).map(Some)
}

/// The values of some rows, with the names and labels of all, and with the columns that look like labels by the values of all.
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
    let is_single = |column: &usize| !columns.is_vector(*column) && !columns.is_text(*column);
    let mut suspects: Vec<(usize, Kinds)> = if options.columns.is_empty() {
        let values = columns.of(Role::Value).filter(is_single);
        values.filter(|&column| is_named_so(&columns.called(column))).map(|column| (column, Kinds::default())).collect()
    } else {
        Vec::new()
    };
    let whole: Vec<usize> = named(columns).chain(suspects.iter().map(|(column, _)| *column)).collect();
    if !whole.is_empty() {
        let mut batches = Opened::open(path)?.batches(&whole)?;
        while let Some(batch) = batches.next()? {
            rows.push_names(columns, &batch)?;
            for (column, kinds) in &mut suspects {
                optional(batch.column(*column)?)?.into_iter().flatten().for_each(|value| kinds.push(value));
            }
        }
    }
    let mut parsed = rows.points.finish(columns, options)?;
    let like_labels = suspects.iter().filter(|(_, kinds)| kinds.are_classes());
    parsed.form.like_labels = like_labels.map(|(column, _)| columns.called(*column)).collect();
    Ok(parsed)
}
