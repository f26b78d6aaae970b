//! Columns of labels of a stored table of their own.

use super::cells::texts;
use super::file::Opened;
use crate::input::labels::Owners;
use crate::input::table::{CsvOptions, LabelForm, LabelRows, LabelTable, Place, Record};
use anyhow::{Context, Result};

/// Reads the wanted columns, or the only one, for these points.
///
/// # Errors
///
/// Where a column is not there, or the rows fit the points neither by their names nor by their number.
pub(in crate::input) fn read_labels(
    opened: Opened,
    wanted: &[String],
    options: &CsvOptions,
    points: &Owners<'_>,
) -> Result<LabelTable> {
    let count = opened.schema.kinds.len();
    let form = match wanted {
        [] => LabelForm::sole(&opened.schema).with_context(|| {
            format!("the table has {count} columns: name those that hold labels with --label-column")
        })?,
        wanted => LabelForm::chosen(&opened.schema, wanted, options)?,
    };
    let (read, form) = form.narrowed();
    let mut rows = LabelRows::new(&form, points)?;
    let mut batches = opened.batches(&read)?;
    let (mut record, mut before) = (Record::default(), 0);
    while let Some(batch) = batches.next()? {
        let cells = read.iter().map(|&column| texts(batch.column(column)?)).collect::<Result<Vec<Record>>>()?;
        for row in 0..batch.n() {
            record.clear();
            for cells in &cells {
                record.push(|text| text.push_str(cells.field(row)));
            }
            record.place = Place::Row(before + row as u64 + 1);
            rows.push(&record)?;
        }
        before += batch.n() as u64;
    }
    rows.finish(options)
}
