//! Tables of delimited text.

use super::labels::Labels;
use super::text::{Delimiter, fields, for_each_line};
use anyhow::{Context, Result, bail, ensure};
use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;
use std::str::FromStr;
use tsne::Scalar;

/// Whether the first line of a text table names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum HeaderLine {
    /// It does if none of its fields is a number.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It holds the first point.
    No,
}

/// How a text table is read.
#[derive(Debug, Clone, Default)]
pub struct CsvOptions {
    /// Whether the first line names the columns.
    pub header: HeaderLine,
    /// The column with the labels, by its name or its number from 1.
    pub label_column: Option<String>,
    /// Columns to leave out, by their names or numbers from 1.
    pub drop_columns: Vec<String>,
}

/// What a column is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Value,
    Label,
    Dropped,
}

/// The numbers of a text table in row-major order, `(values, n, d, labels)`.
pub(crate) fn read<T: Scalar + FromStr>(
    read: impl BufRead,
    options: &CsvOptions,
) -> Result<(Vec<T>, usize, usize, Option<Labels>)> {
    let mut data = Vec::new();
    let mut labels = options.label_column.as_ref().map(|_| Vec::new());
    let mut delimiter = Delimiter::Whitespace;
    let mut names: Option<Vec<String>> = None;
    let mut roles: Vec<Role> = Vec::new();
    let mut n = 0;
    for_each_line(read, |number, line| {
        // The form of comments that NumPy writes and reads.
        if line.trim_start().starts_with('#') {
            return Ok(());
        }
        if roles.is_empty() {
            delimiter = Delimiter::detect(line);
            let first: Option<Vec<Cow<'_, str>>> = fields(line, delimiter).collect();
            let first = first.with_context(|| unclosed(number))?;
            let is_header = match options.header {
                HeaderLine::Yes => true,
                HeaderLine::No => false,
                HeaderLine::Auto => first.iter().all(|field| field.parse::<f64>().is_err()),
            };
            names = is_header.then(|| first.iter().map(|name| name.clone().into_owned()).collect());
            roles = assign(options, names.as_deref(), first.len())?;
            if is_header {
                return Ok(());
            }
        }
        let mut count = 0;
        for (column, field) in fields(line, delimiter).enumerate() {
            let field = field.with_context(|| unclosed(number))?;
            count += 1;
            match roles.get(column) {
                Some(Role::Value) => match field.parse::<T>() {
                    Ok(value) if value.is_finite() => data.push(value),
                    _ => bail!("{}", Cell { number, column, field: &field, names: names.as_deref(), float: T::NAME }),
                },
                Some(Role::Label) => {
                    ensure!(!field.is_empty(), "line {number}, column {} is an empty label: fill it in", column + 1);
                    labels.iter_mut().for_each(|labels: &mut Vec<String>| labels.push(field.clone().into_owned()));
                }
                Some(Role::Dropped) => {}
                None => bail!("{}", Ragged { number, given: fields(line, delimiter).count(), expected: roles.len() }),
            }
        }
        ensure!(count == roles.len(), "{}", Ragged { number, given: count, expected: roles.len() });
        n += 1;
        Ok(())
    })?;
    ensure!(n > 0, "the file has no lines of numbers: write one point per line");
    let d = data.len() / n;
    Ok((data, n, d, labels.map(Labels::from_texts)))
}

/// What each column is for.
fn assign(options: &CsvOptions, names: Option<&[String]>, count: usize) -> Result<Vec<Role>> {
    let find = |wanted: &str| -> Result<usize> {
        if let Some(column) = names.and_then(|names| names.iter().position(|name| name == wanted)) {
            return Ok(column);
        }
        match wanted.parse::<usize>() {
            Ok(number) if (1..=count).contains(&number) => Ok(number - 1),
            _ => {
                let known = names.map_or_else(String::new, |names| format!(", or one of {names:?}"));
                bail!("there is no column {wanted:?}: give a number from 1 to {count}{known}")
            }
        }
    };
    let mut roles = vec![Role::Value; count];
    for column in &options.drop_columns {
        roles[find(column)?] = Role::Dropped;
    }
    if let Some(column) = &options.label_column {
        roles[find(column)?] = Role::Label;
    }
    ensure!(roles.contains(&Role::Value), "no column of numbers is left: drop fewer columns");
    Ok(roles)
}

fn unclosed(number: u64) -> String {
    format!("line {number} has a quote that is not closed, or text after the closing one: quote whole fields")
}

/// A line with too few or too many fields.
struct Ragged {
    number: u64,
    given: usize,
    expected: usize,
}

impl fmt::Display for Ragged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, given, expected } = self;
        let s = if *given == 1 { "" } else { "s" };
        write!(f, "line {number} has {given} field{s}, but the first line has {expected}: make all lines equally long")
    }
}

/// A field that is not a finite number.
struct Cell<'a> {
    number: u64,
    column: usize,
    field: &'a str,
    names: Option<&'a [String]>,
    float: &'a str,
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column + 1;
        write!(f, "line {}, column {column}", self.number)?;
        if let Some(name) = self.names.and_then(|names| names.get(self.column)).filter(|name| !name.is_empty()) {
            write!(f, " ({name:?})")?;
        }
        let field = self.field;
        if field.is_empty() {
            return write!(f, " is empty: fill it in, or leave the column out with --drop-column {column}");
        }
        match field.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                write!(f, " is {field}, which is beyond the range of {}: use --float f64", self.float)
            }
            Ok(_) => write!(f, " is {field}, which is not finite: remove or replace infinite and missing values"),
            Err(_) if field.contains(',') && field.replace(',', ".").parse::<f64>().is_ok() => {
                write!(f, " is {field:?}, with a decimal comma: write numbers with a decimal point")
            }
            Err(_) => {
                let field: String = field.chars().take(40).collect();
                write!(
                    f,
                    " is {field:?}, not a number: use --label-column {column} if it holds labels, --drop-column \
                     {column} to leave it out"
                )?;
                if self.names.is_none() { write!(f, ", --header yes if the first line names columns") } else { Ok(()) }
            }
        }
    }
}
