//! What the columns of a table are for.

use super::header::{is_index_name, is_short};
use super::number::{Numbers, is_boolean};
use super::options::{CsvOptions, IndexColumn};
use super::records::Record;
use crate::input::missing::is_missing;
use crate::input::names::{COLUMN, Names};
use anyhow::{Result, ensure};
use serde::Serialize;

/// What a table was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TableForm {
    /// Whether the first line names the columns.
    pub header: bool,
    /// The name of the column with the names of the rows, if there is any; empty where it has none.
    pub index_column: Option<String>,
    /// Columns of text that nobody asked for, which were left out.
    pub left_out: Vec<String>,
    /// Columns among the values that look like classes, by their names and values.
    pub like_labels: Vec<String>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Value,
    /// Labels: which column of them, in the order in which they are wanted.
    Label(usize),
    Index,
    /// Asked to be left out, or not asked for.
    Dropped,
    /// Text that was not asked for.
    Text,
}

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Columns {
    header: Option<Record>,
    /// Columns before the first that has a name: 1 where the header is one field short.
    offset: usize,
    roles: Vec<Role>,
}

impl Columns {
    /// The columns of a table with this header, if any, and these first points, at least one.
    pub(super) fn new(options: &CsvOptions, header: Option<Record>, points: &[Record]) -> Result<Self> {
        let first = points.first().map_or(0, Record::len);
        let offset = usize::from(header.as_ref().is_some_and(|header| is_short(header, first)));
        let count = header.as_ref().map_or(first, Record::len) + offset;
        let mut columns = Self { header, offset, roles: vec![Role::Value; count] };
        columns.roles = columns.assign(options, points)?;
        ensure!(
            columns.roles.contains(&Role::Value),
            "no column of numbers is left: drop fewer columns, or name those that are wanted with --columns"
        );
        Ok(columns)
    }

    fn assign(&self, options: &CsvOptions, points: &[Record]) -> Result<Vec<Role>> {
        let names = self.names();
        let count = self.roles.len();
        let mut roles = vec![Role::Value; count];
        // Of columns that were named one by one, text is a mistake and not left out.
        let mut asked = vec![false; count];
        if !options.columns.is_empty() {
            roles.fill(Role::Dropped);
            for wanted in &options.columns {
                let chosen = names.choose(wanted)?;
                for column in chosen.columns {
                    roles[column] = Role::Value;
                    asked[column] |= chosen.exact;
                }
            }
        }
        match &options.index_column {
            IndexColumn::Auto => {
                let named = self.name(0).is_none_or(is_index_name) && self.header.is_some() && count > 1;
                if named && !asked.first().copied().unwrap_or(false) {
                    roles[0] = Role::Index;
                }
            }
            IndexColumn::None => {}
            IndexColumn::Column(column) => roles[names.find(column)?] = Role::Index,
        }
        for wanted in &options.drop_columns {
            for column in names.choose(wanted)?.columns {
                roles[column] = Role::Dropped;
            }
        }
        for (which, column) in options.label_columns.iter().enumerate() {
            roles[names.find(column)?] = Role::Label(which);
        }
        if self.header.is_some() {
            let numbers = Numbers { decimal: options.decimal };
            for (column, role) in roles.iter_mut().enumerate().filter(|(_, role)| **role == Role::Value) {
                let mut fields = points.iter().map(|point| point.field(column));
                let first = fields.find(|field| !is_missing(field));
                if !asked[column] && first.is_some_and(|field| is_text(field, numbers)) {
                    *role = Role::Text;
                }
            }
        }
        Ok(roles)
    }

    pub(super) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Whether the first line named the columns.
    pub(super) fn has_header(&self) -> bool {
        self.header.is_some()
    }

    /// The name of a column in the header line, if it has one.
    pub(super) fn name(&self, column: usize) -> Option<&str> {
        let header = self.header.as_ref()?;
        let named = column.checked_sub(self.offset).filter(|&named| named < header.len())?;
        Some(header.field(named))
    }

    /// What a column is called: its name, or `#` and its number.
    pub(super) fn called(&self, column: usize) -> String {
        match self.name(column) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => format!("#{}", column + 1),
        }
    }

    /// What the command line calls a column.
    pub(super) fn selector(&self, column: usize) -> String {
        let number = (column + 1).to_string();
        match self.names().find(&number) {
            Ok(found) if found == column => number,
            // In a shell, a word that begins with # is a comment.
            _ => format!("'#{number}'"),
        }
    }

    fn names(&self) -> Names<'_> {
        Names::new((0..self.roles.len()).map(|column| self.name(column)), COLUMN)
    }

    /// What was understood.
    pub(super) fn form(&self) -> TableForm {
        let index = self.roles.iter().position(|role| *role == Role::Index);
        let left_out = self.roles.iter().enumerate().filter(|(_, role)| **role == Role::Text);
        TableForm {
            header: self.header.is_some(),
            index_column: index.map(|column| self.name(column).unwrap_or_default().to_owned()),
            left_out: left_out.map(|(column, _)| self.called(column)).collect(),
            like_labels: Vec::new(),
        }
    }
}

/// Whether a field of a point is text, and not a number, a missing one or one with a decimal comma.
fn is_text(field: &str, numbers: Numbers) -> bool {
    let is_value = |text: &str| numbers.is_number(text) || text.parse::<f64>().is_ok() || is_boolean(text);
    let comma = field.contains(',') && is_value(&field.replace(',', "."));
    !is_value(field) && !comma && !field.eq_ignore_ascii_case("none")
}
