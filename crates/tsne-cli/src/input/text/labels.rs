//! Columns of labels of a text table of their own.

use super::header::{HeaderLine, is_short};
use super::records::Records;
use crate::input::labels::Owners;
use crate::input::table::{CsvOptions, Kind, LabelForm, LabelRows, LabelTable, Record, Schema};
use anyhow::{Context, Result, ensure};
use std::io::BufRead;

/// The names of a table's columns, if its first line has any for what comes below.
pub(crate) fn column_names(read: impl BufRead, options: &CsvOptions) -> Result<Vec<String>> {
    let mut records = Records::new(read, false, options.decimal)?;
    let (mut first, mut second) = (Record::default(), Record::default());
    records.read(&mut first)?;
    let short = records.read(&mut second)? && is_short(&first, second.len());
    Ok(names(&first, short))
}

/// The fields of a header line, which may leave out that of the first column.
pub(super) fn names(header: &Record, short: bool) -> Vec<String> {
    let blank = short.then(String::new);
    blank.into_iter().chain(header.fields().map(str::to_owned)).collect()
}

/// Reads the wanted columns, or the only one, for these points.
///
/// # Errors
///
/// Where a column is not there, or the rows fit the points neither by their names nor by their number.
pub(crate) fn read_labels(
    read: impl BufRead,
    wanted: &[String],
    options: &CsvOptions,
    points: &Owners<'_>,
) -> Result<LabelTable> {
    // Labels may be words with blanks in them.
    let mut records = Records::new(read, false, options.decimal)?;
    let (mut first, mut record) = (Record::default(), Record::default());
    ensure!(records.read(&mut first)?, "the file has no labels: give one for each point");
    let mut more = records.read(&mut record)?;
    let header = if wanted.is_empty() { first.len() > 1 } else { options.header != HeaderLine::No };
    let short = header && !wanted.is_empty() && more && is_short(&first, record.len());
    let kinds = vec![Kind::Text; first.len() + usize::from(short)];
    let schema = Schema { names: header.then(|| names(&first, short)), kinds, ..Schema::default() };
    let form = match wanted {
        [] => LabelForm::sole(&schema).with_context(|| {
            format!(
                "{} has {} fields: name the columns that hold labels with --label-column, or give one label per line, in a .txt \
                 file if the commas belong to the labels",
                first.place,
                first.len()
            )
        })?,
        wanted => LabelForm::chosen(&schema, wanted, options)?,
    };
    let mut rows = LabelRows::new(&form, points)?;
    if !header {
        rows.push(&first)?;
    }
    while more {
        rows.push(&record)?;
        more = records.read(&mut record)?;
    }
    rows.finish(options)
}
