//! What the columns of a table are for.

use super::header::{HeaderLine, is_index_name, is_number, is_short};
use super::records::Record;
use anyhow::{Result, bail, ensure};
use serde::Serialize;

/// Which column holds the names of the rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IndexColumn {
    /// The first one, if the header line leaves its name out or empty, or calls it `index`, `id` or alike.
    #[default]
    Auto,
    /// None: all columns hold values.
    None,
    /// That of this name or number.
    Column(String),
}

impl std::str::FromStr for IndexColumn {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "auto" => Self::Auto,
            "none" => Self::None,
            column => Self::Column(column.to_owned()),
        })
    }
}

/// How a text table is read.
///
/// A column is named by its name in the header line, or by `#` and its number from 1; a number alone will do where no column
/// has it as a name.
#[derive(Debug, Clone, Default)]
pub struct CsvOptions {
    /// Whether the first line names the columns.
    pub header: HeaderLine,
    /// The column with the names of the rows.
    pub index_column: IndexColumn,
    /// The column with the labels.
    pub label_column: Option<String>,
    /// Columns to leave out.
    pub drop_columns: Vec<String>,
}

/// What a table was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TableForm {
    /// Whether the first line names the columns.
    pub header: bool,
    /// The name of the column with the names of the rows, if there is any; empty where it has none.
    pub index_column: Option<String>,
    /// The name of the column with the labels, if there is any: `#` and its number where it has none.
    pub label_column: Option<String>,
    /// Columns of text that nobody asked for, which were left out.
    pub left_out: Vec<String>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Value,
    Label,
    Index,
    Dropped,
    /// Text that was not asked for.
    Text,
}

/// Names shown in a message at most.
const SHOWN: usize = 8;

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Columns {
    header: Option<Record>,
    /// Columns before the first that has a name: 1 where the header is one field short.
    offset: usize,
    roles: Vec<Role>,
}

impl Columns {
    /// The columns of a table with this header, if any, and this first point.
    pub(super) fn new(options: &CsvOptions, header: Option<Record>, point: &Record) -> Result<Self> {
        let offset = usize::from(header.as_ref().is_some_and(|header| is_short(header, point)));
        let count = header.as_ref().map_or(point.len(), Record::len) + offset;
        let mut columns = Self { header, offset, roles: vec![Role::Value; count] };
        match &options.index_column {
            IndexColumn::Auto if columns.name(0).is_none_or(is_index_name) && columns.header.is_some() && count > 1 => {
                columns.roles[0] = Role::Index
            }
            IndexColumn::Auto | IndexColumn::None => {}
            IndexColumn::Column(column) => {
                let column = columns.find(column)?;
                columns.roles[column] = Role::Index;
            }
        }
        for column in &options.drop_columns {
            let column = columns.find(column)?;
            columns.roles[column] = Role::Dropped;
        }
        if let Some(column) = &options.label_column {
            let column = columns.find(column)?;
            columns.roles[column] = Role::Label;
        }
        if columns.header.is_some() {
            for (role, field) in columns.roles.iter_mut().zip(point.fields()) {
                if *role == Role::Value && is_text(field) {
                    *role = Role::Text;
                }
            }
        }
        ensure!(columns.roles.contains(&Role::Value), "no column of numbers is left: drop fewer columns");
        Ok(columns)
    }

    pub(super) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The name of a column in the header line, if it has one.
    pub(super) fn name(&self, column: usize) -> Option<&str> {
        let header = self.header.as_ref()?;
        let named = column.checked_sub(self.offset).filter(|&named| named < header.len())?;
        Some(header.field(named))
    }

    /// What the command line calls a column.
    pub(super) fn selector(&self, column: usize) -> String {
        let number = (column + 1).to_string();
        match self.find(&number) {
            Ok(found) if found == column => number,
            // In a shell, a word that begins with # is a comment.
            _ => format!("'#{number}'"),
        }
    }

    /// The column of this name or number.
    fn find(&self, wanted: &str) -> Result<usize> {
        let count = self.roles.len();
        let number = |text: &str| text.parse().ok().filter(|n| (1..=count).contains(n)).map(|n: usize| n - 1);
        let named: Vec<usize> = (0..count).filter(|&column| self.name(column) == Some(wanted)).collect();
        if let Some(column) = wanted.strip_prefix('#').and_then(number) {
            return Ok(column);
        }
        match (named.as_slice(), number(wanted)) {
            (&[column], None) => Ok(column),
            (&[named], Some(counted)) if named == counted => Ok(named),
            (&[named], Some(counted)) => bail!(
                "{wanted:?} is the name of column {} and the number of another: write '#{}' for the one of this name, \
                 '#{}' for the one with this number",
                named + 1,
                named + 1,
                counted + 1
            ),
            (&[], Some(counted)) => Ok(counted),
            (&[], None) => {
                let names: Vec<&str> = (0..count).filter_map(|column| self.name(column)).take(SHOWN + 1).collect();
                let more = if names.len() > SHOWN { ", ..." } else { "" };
                let known = &names[..names.len().min(SHOWN)];
                let known = if known.is_empty() { String::new() } else { format!(", or one of {known:?}{more}") };
                bail!("there is no column {wanted:?}: give a number from 1 to {count}{known}")
            }
            (&[first, second, ..], _) => bail!(
                "{wanted:?} is the name of several columns: write '#{}' or '#{}' for the one that is meant",
                first + 1,
                second + 1
            ),
        }
    }

    /// What was understood.
    pub(super) fn form(&self) -> TableForm {
        let of = |role: Role| self.roles.iter().position(|&has| has == role);
        let name = |column: usize| self.name(column).unwrap_or_default().to_owned();
        let called = |column: usize| match self.name(column) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => format!("#{}", column + 1),
        };
        let left_out = self.roles.iter().enumerate().filter(|(_, role)| **role == Role::Text);
        TableForm {
            header: self.header.is_some(),
            index_column: of(Role::Index).map(name),
            label_column: of(Role::Label).map(called),
            left_out: left_out.map(|(column, _)| called(column)).collect(),
        }
    }
}

/// Whether a field of a point is text, and not a number, a missing one or one with a decimal comma.
fn is_text(field: &str) -> bool {
    const MISSING: [&str; 6] = ["", "na", "n/a", "nan", "null", "none"];
    let comma = field.contains(',') && is_number(&field.replace(',', "."));
    !is_number(field) && !comma && !MISSING.iter().any(|missing| field.eq_ignore_ascii_case(missing))
}
