//! Tables of delimited text.

mod columns;
mod header;
mod labels;
mod like_labels;
mod number;
mod options;
mod records;
mod value;

pub use columns::TableForm;
pub use header::HeaderLine;
pub(crate) use labels::{LabelTable, column_names};
pub use number::Decimal;
pub use options::{CsvOptions, IndexColumn};

use super::fits::Fits;
use super::grow::grow;
use super::labels::{Labels, LabelsBuilder};
use super::missing::{Missing, Resolved, is_missing, keep};
use super::transpose::transposed;
use anyhow::{Result, bail, ensure};
use columns::{Columns, Role};
use header::is_header;
use number::Numbers;
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
    pub(crate) ids: Option<Vec<String>>,
    pub(crate) labels: Vec<Labels>,
    /// The names of the columns of values, where the first line names them.
    pub(crate) names: Option<Vec<String>>,
    pub(crate) form: TableForm,
    pub(crate) resolved: Resolved,
}

/// Points that are looked at before it is said what columns are for: where the first have no value, a later one has.
const LOOKED_AT: usize = 64;

/// Bytes of them at most, but for the last one.
const LOOKED_AT_BYTES: usize = 1 << 18;

/// Reads a table of numbers that `fits` admits.
pub(crate) fn read<T: Scalar + FromStr>(read: impl BufRead, options: &CsvOptions, fits: Fits) -> Result<Parsed<T>> {
    let mut records = Records::new(read, true, options.decimal)?;
    let mut first = Record::default();
    if !records.read(&mut first)? {
        bail!("{NO_LINES}");
    }
    let mut record = Record::default();
    let second = records.read(&mut record)?;
    let numbers = Numbers { decimal: options.decimal };
    let names = is_header(options.header, numbers, &first, second.then_some(&record))?;
    let mut looked_at = Vec::new();
    let header = if names {
        ensure!(second, "{NO_LINES}");
        Some(first)
    } else {
        looked_at.push(first);
        None
    };
    if second {
        let mut bytes = record.bytes();
        looked_at.push(record);
        while looked_at.len() < LOOKED_AT && bytes < LOOKED_AT_BYTES {
            let mut record = Record::default();
            if !records.read(&mut record)? {
                break;
            }
            bytes += record.bytes();
            looked_at.push(record);
        }
    }
    let columns = Columns::new(options, header, &looked_at)?;
    let mut table = Rows::new(&columns, options, fits);
    for record in &looked_at {
        table.push(&columns, record)?;
    }
    drop(looked_at);
    let mut record = Record::default();
    while records.read(&mut record)? {
        table.push(&columns, &record)?;
    }
    table.finish(&columns, options)
}

const NO_LINES: &str = "the file has no lines of numbers: write one point per line";

/// The rows of a table so far.
struct Rows<T> {
    values: Vec<T>,
    n: usize,
    /// Values of each point.
    d: usize,
    /// Places of the values that are missing.
    holes: Vec<usize>,
    ids: Option<(usize, Vec<String>)>,
    /// The columns of labels, in the order in which they are wanted.
    labels: Vec<(usize, LabelsBuilder)>,
    /// Of each column of text that is left out: its place, and how many of its fields are numbers.
    text: Vec<(usize, usize)>,
    first_line: u64,
    numbers: Numbers,
    missing: Missing,
    fits: Fits,
}

impl<T: Scalar + FromStr> Rows<T> {
    fn new(columns: &Columns, options: &CsvOptions, fits: Fits) -> Self {
        let roles = || columns.roles().iter().copied().enumerate();
        let mut labels: Vec<(usize, usize)> = roles()
            .filter_map(|(column, role)| match role {
                Role::Label(which) => Some((which, column)),
                _ => None,
            })
            .collect();
        labels.sort_unstable();
        Self {
            values: Vec::new(),
            n: 0,
            d: roles().filter(|(_, role)| *role == Role::Value).count(),
            holes: Vec::new(),
            ids: roles().find(|(_, role)| *role == Role::Index).map(|(column, _)| (column, Vec::new())),
            labels: labels.into_iter().map(|(_, column)| (column, LabelsBuilder::default())).collect(),
            text: roles().filter(|(_, role)| *role == Role::Text).map(|(column, _)| (column, 0)).collect(),
            first_line: 0,
            numbers: Numbers { decimal: options.decimal },
            missing: options.missing,
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
            if *role != Role::Value {
                continue;
            }
            match self.numbers.value::<T>(field) {
                Some(value) if self.fits.admits(value.to_f64()) => self.values.push(value),
                _ if self.missing != Missing::Error && (is_missing(field) || field.eq_ignore_ascii_case("none")) => {
                    grow("the places of missing values", &mut self.holes, 1)?;
                    self.holes.push(self.values.len());
                    self.values.push(T::ZERO);
                }
                _ => bail!("{}", value::refused(record.line, column, field, columns, self.numbers, self.fits)),
            }
        }
        if let Some((column, ids)) = &mut self.ids {
            grow("the names of the rows", ids, 1)?;
            ids.push(record.field(*column).to_owned());
        }
        for (column, labels) in &mut self.labels {
            labels.push(record.field(*column))?;
        }
        for (column, numbers) in &mut self.text {
            *numbers += usize::from(self.numbers.is_number(record.field(*column)));
        }
        self.n += 1;
        Ok(())
    }

    fn finish(mut self, columns: &Columns, options: &CsvOptions) -> Result<Parsed<T>> {
        let mut form = columns.form();
        if let Some((column, numbers)) = self.text.iter().find(|(_, numbers)| 2 * numbers > self.n) {
            bail!(
                "line {}, column {} is not a number, but {numbers} of {} lines have one there: correct it, or leave the \
                 column out with --drop-columns {}",
                self.first_line,
                column + 1,
                self.n,
                columns.selector(*column)
            );
        }
        let of = |role: Role| columns.roles().iter().enumerate().filter(move |(_, has)| **has == role);
        let place = |which: usize| of(Role::Value).nth(which).map_or(0, |(column, _)| column);
        let names = || of(Role::Value).map(|(column, _)| columns.called(column)).collect();
        let mut names: Option<Vec<String>> = columns.has_header().then(names);
        let mut ids = self.ids.map(|(_, ids)| ids);
        if let (Some(names), true) = (&names, options.columns.is_empty() && !options.transpose) {
            form.like_labels = like_labels::among(names, &self.values);
        }
        if options.transpose {
            ensure!(
                self.labels.is_empty(),
                "of a transposed table the columns are points and hold no labels: give these in a table of their own, --labels"
            );
            self.values = transposed(&self.values, self.n, self.d)?;
            let (n, d) = (self.n, self.d);
            self.holes.iter_mut().for_each(|hole| *hole = *hole % d * n + *hole / d);
            self.holes.sort_unstable();
            self.d = n;
            std::mem::swap(&mut ids, &mut names);
        }
        let name = |which: usize| match options.transpose {
            false => format!("{:?}", columns.called(place(which))),
            true => format!("{} of the transposed table", which + 1),
        };
        let resolved = self.missing.resolve(&mut self.values, self.d, &self.holes, name)?;
        let mut labels = Vec::new();
        for (column, builder) in self.labels {
            let of = builder.finish();
            labels.push(Labels { name: columns.called(column), label_type: options.label_type, ..of });
        }
        if let Some(kept) = &resolved.kept {
            ids = ids.map(|ids| keep(ids, kept));
            labels = labels.iter().map(|labels| labels.chosen(kept.iter().map(|&row| Some(row)))).collect();
        }
        Ok(Parsed { n: self.values.len() / self.d, values: self.values, d: self.d, ids, labels, names, form, resolved })
    }
}
