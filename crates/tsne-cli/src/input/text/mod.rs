//! Tables of delimited text.

mod columns;
mod header;
mod records;
mod value;

pub use columns::{CsvOptions, IndexColumn, TableForm};
pub use header::HeaderLine;

use super::fits::Fits;
use super::grow::grow;
use super::labels::{Labels, LabelsBuilder};
use anyhow::{Result, bail, ensure};
use columns::{Columns, Role};
use header::{is_header, is_index_name, is_number};
use records::{Record, Records};
use std::io::BufRead;
use std::str::FromStr;
use tsne::Scalar;
use value::Ragged;

/// The points of a text table.
#[derive(Debug)]
pub(crate) struct Parsed<T> {
    /// In row-major order.
    pub(crate) values: Vec<T>,
    pub(crate) n: usize,
    pub(crate) d: usize,
    pub(crate) labels: Option<Labels>,
    pub(crate) form: TableForm,
}

/// Reads a table of numbers that `fits` admits.
pub(crate) fn read<T: Scalar + FromStr>(read: impl BufRead, options: &CsvOptions, fits: Fits) -> Result<Parsed<T>> {
    let mut records = Records::new(read, true)?;
    let (mut first, mut record) = (Record::default(), Record::default());
    if !records.read(&mut first)? {
        bail!("{NO_LINES}");
    }
    let second = records.read(&mut record)?;
    let names = is_header(options.header, &first, second.then_some(&record))?;
    let (columns, mut table) = if names {
        ensure!(second, "{NO_LINES}");
        let columns = Columns::new(options, Some(first), &record)?;
        let table = Rows::new(&columns, fits);
        (columns, table)
    } else {
        let columns = Columns::new(options, None, &first)?;
        let mut table = Rows::new(&columns, fits);
        table.push(&columns, &first)?;
        (columns, table)
    };
    if second {
        table.push(&columns, &record)?;
        while records.read(&mut record)? {
            table.push(&columns, &record)?;
        }
    }
    table.finish(&columns)
}

const NO_LINES: &str = "the file has no lines of numbers: write one point per line";

/// The rows of a table so far.
struct Rows<T> {
    values: Vec<T>,
    n: usize,
    /// Values of each point.
    d: usize,
    labels: LabelsBuilder,
    /// Of each column of text that is left out: its place, and how many of its fields are numbers.
    text: Vec<(usize, usize)>,
    first_line: u64,
    fits: Fits,
}

impl<T: Scalar + FromStr> Rows<T> {
    fn new(columns: &Columns, fits: Fits) -> Self {
        let with = |role: Role| columns.roles().iter().enumerate().filter(move |(_, has)| **has == role);
        Self {
            values: Vec::new(),
            n: 0,
            d: with(Role::Value).count(),
            labels: LabelsBuilder::default(),
            text: with(Role::Text).map(|(column, _)| (column, 0)).collect(),
            first_line: 0,
            fits,
        }
    }

    fn push(&mut self, columns: &Columns, record: &Record) -> Result<()> {
        let (given, expected) = (record.len(), columns.roles().len());
        ensure!(given == expected, "{}", Ragged { line: record.line, given, expected });
        if self.n == 0 {
            self.first_line = record.line;
        }
        grow("the values of the table", &mut self.values, self.d)?;
        for (column, (role, field)) in columns.roles().iter().zip(record.fields()).enumerate() {
            match role {
                Role::Value => match field.parse::<T>() {
                    Ok(value) if self.fits.admits(value.to_f64()) => self.values.push(value),
                    _ => bail!("{}", value::refused(record.line, column, field, columns, self.fits)),
                },
                Role::Label => {
                    let line = record.line;
                    ensure!(!field.is_empty(), "line {line}, column {} is an empty label: fill it in", column + 1);
                    self.labels.push(field)?;
                }
                Role::Index | Role::Dropped | Role::Text => {}
            }
        }
        for (column, numbers) in &mut self.text {
            *numbers += usize::from(is_number(record.field(*column)));
        }
        self.n += 1;
        Ok(())
    }

    fn finish(self, columns: &Columns) -> Result<Parsed<T>> {
        let form = columns.form();
        if let Some((column, numbers)) = self.text.iter().find(|(_, numbers)| 2 * numbers > self.n) {
            bail!(
                "line {}, column {} is not a number, but {numbers} of {} lines have one there: correct it, or leave the \
                 column out with --drop-column {}",
                self.first_line,
                column + 1,
                self.n,
                columns.selector(*column)
            );
        }
        let labels = form.label_column.is_some().then(|| self.labels.finish());
        Ok(Parsed { values: self.values, n: self.n, d: self.d, labels, form })
    }
}

/// Visits the only column of a table of labels, or the one beside the names of the rows, which has a header.
pub(crate) fn read_labels(read: impl BufRead, mut visit: impl FnMut(&str) -> Result<()>) -> Result<()> {
    // Labels may be words with blanks in them.
    let mut records = Records::new(read, false)?;
    let mut record = Record::default();
    let mut more = records.read(&mut record)?;
    let count = record.len();
    let beside_index = count == 2 && is_index_name(record.field(0));
    ensure!(
        count <= 1 || beside_index,
        "line {} has {count} fields: give one label per line, in a .txt file if the commas belong to the labels",
        record.line
    );
    if beside_index {
        more = records.read(&mut record)?;
    }
    while more {
        let (line, given) = (record.line, record.len());
        ensure!(
            given == count,
            "line {line} has {given} fields, but the first has {count}: give one label per line, in a .txt file if the \
             commas belong to the labels"
        );
        let label = record.field(count - 1);
        ensure!(!label.is_empty(), "line {line} has an empty label: fill it in");
        visit(label)?;
        more = records.read(&mut record)?;
    }
    Ok(())
}
