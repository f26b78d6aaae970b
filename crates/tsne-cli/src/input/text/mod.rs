//! Tables of delimited text.

mod header;
mod labels;
mod records;

pub use header::HeaderLine;
pub(crate) use labels::{column_names, read_labels};
pub(in crate::input) use records::MAX_RECORD;

use super::fits::Fits;
use super::missing::{Missing, is_missing};
use super::table::{
    Columns, CsvOptions, Gathered, Kind, Numbers, Parsed, Place, Record, Role, Schema, is_boolean, refused,
};
use anyhow::{Result, bail, ensure};
use header::{is_header, is_short};
use records::Records;
use std::fmt;
use std::io::BufRead;
use std::str::FromStr;
use tsne::Scalar;

/// Points that are looked at before it is said what columns are for: where the first have no value, a later one has.
const LOOKED_AT: usize = 64;

/// Bytes of them at most, but for the last one.
const LOOKED_AT_BYTES: usize = 1 << 18;

/// Reads a table of numbers that `fits` admits.
pub(in crate::input) fn read<T: Scalar + FromStr>(
    read: impl BufRead,
    options: &CsvOptions,
    fits: Fits,
) -> Result<Parsed<T>> {
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
    let columns = Columns::new(options, schema(header, &looked_at, numbers))?;
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

/// The columns of a table with this header, if any, and these first points, at least one.
fn schema(header: Option<Record>, points: &[Record], numbers: Numbers) -> Schema {
    let first = points.first().map_or(0, Record::len);
    let Some(header) = header else { return Schema { kinds: vec![Kind::Number; first], ..Schema::default() } };
    let names = labels::names(&header, is_short(&header, first));
    let kind = |column: usize| {
        let mut fields = points.iter().map(|point| point.field(column));
        let first = fields.find(|field| !is_missing(field));
        if first.is_some_and(|field| is_text(field, numbers)) { Kind::Text } else { Kind::Number }
    };
    Schema { kinds: (0..names.len()).map(kind).collect(), names: Some(names), ..Schema::default() }
}

/// Whether a field of a point is text, and not a number, a missing one or one with a decimal comma.
fn is_text(field: &str, numbers: Numbers) -> bool {
    let is_value = |text: &str| numbers.is_number(text) || text.parse::<f64>().is_ok() || is_boolean(text);
    let comma = field.contains(',') && is_value(&field.replace(',', "."));
    !is_value(field) && !comma && !field.eq_ignore_ascii_case("none")
}

/// The rows of a table so far.
struct Rows<T> {
    points: Gathered<T>,
    /// Of each column of text that is left out: its place, and how many of its fields are numbers.
    text: Vec<(usize, usize)>,
    first: Place,
    numbers: Numbers,
}

impl<T: Scalar + FromStr> Rows<T> {
    fn new(columns: &Columns, options: &CsvOptions, fits: Fits) -> Self {
        Self {
            points: Gathered::new(columns, options, fits),
            text: columns.of(Role::LeftOut).map(|column| (column, 0)).collect(),
            first: Place::default(),
            numbers: Numbers { decimal: options.decimal },
        }
    }

    fn push(&mut self, columns: &Columns, record: &Record) -> Result<()> {
        let (given, expected) = (record.len(), columns.roles().len());
        ensure!(given == expected, "{}", Ragged { place: record.place, given, expected });
        let points = &mut self.points;
        if points.n == 0 {
            self.first = record.place;
        }
        points.grow(1)?;
        for (column, (role, field)) in columns.roles().iter().zip(record.fields()).enumerate() {
            if *role != Role::Value {
                continue;
            }
            match self.numbers.value::<T>(field) {
                Some(value) if points.fits.admits(value.to_f64()) => points.values.push(value),
                _ if points.missing != Missing::Error && (is_missing(field) || field.eq_ignore_ascii_case("none")) => {
                    points.push_holes(&[points.values.len()])?;
                    points.values.push(T::ZERO);
                }
                _ => bail!("{}", refused(record.place, column, field, columns, self.numbers, points.fits)),
            }
        }
        points.push_texts(|column| record.field(column))?;
        for (column, numbers) in &mut self.text {
            *numbers += usize::from(self.numbers.is_number(record.field(*column)));
        }
        points.n += 1;
        Ok(())
    }

    fn finish(self, columns: &Columns, options: &CsvOptions) -> Result<Parsed<T>> {
        if let Some((column, numbers)) = self.text.iter().find(|(_, numbers)| 2 * numbers > self.points.n) {
            bail!(
                "{}, column {} is not a number, but {numbers} of {} lines have one there: correct it, or leave the column out \
                 with --drop-columns {}",
                self.first,
                column + 1,
                self.points.n,
                columns.selector(*column)
            );
        }
        self.points.finish(columns, options)
    }
}

/// A line with too few or too many fields.
struct Ragged {
    place: Place,
    given: usize,
    expected: usize,
}

impl fmt::Display for Ragged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, given, expected } = self;
        let s = if *given == 1 { "" } else { "s" };
        write!(f, "{place} has {given} field{s}, but the first line has {expected}: make all lines equally long")
    }
}
