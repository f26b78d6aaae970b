//! What the columns of a table are for.

use super::options::{CsvOptions, IndexColumn};
use super::schema::{Kind, Schema, is_index_name};
use crate::input::names::{COLUMN, Names};
use anyhow::{Result, bail, ensure};
use serde::Serialize;

/// What a table was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TableForm {
    /// Whether the table names its columns.
    pub header: bool,
    /// The name of the column with the names of the rows, if there is any; empty where it has none.
    pub index_column: Option<String>,
    /// Columns of text and others without numbers that nobody asked for, which were left out.
    pub left_out: Vec<String>,
    /// Columns among the values that look like classes, by their names and values.
    pub like_labels: Vec<String>,
    /// Whether the file says itself what its columns are called and hold, as Parquet does.
    pub typed: bool,
    /// The column of lists that holds all values, if it is one.
    pub vector: Option<String>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::input) enum Role {
    Value,
    /// Labels: which column of them, in the order in which they are wanted.
    Label(usize),
    Index,
    /// Asked to be left out, or not asked for.
    Dropped,
    /// No numbers, and not asked for.
    LeftOut,
}

/// The columns of a table.
#[derive(Debug)]
pub(in crate::input) struct Columns {
    schema: Schema,
    roles: Vec<Role>,
    /// How many values each column gives a point.
    widths: Vec<usize>,
}

impl Columns {
    /// The columns of a table as the options want them.
    pub(in crate::input) fn new(options: &CsvOptions, schema: Schema) -> Result<Self> {
        let count = schema.kinds.len();
        let mut columns = Self { schema, roles: vec![Role::Value; count], widths: vec![1; count] };
        columns.roles = columns.assign(options)?;
        ensure!(
            columns.roles.contains(&Role::Value),
            "no column of numbers is left: drop fewer columns, or name those that are wanted with --columns"
        );
        Ok(columns)
    }

    fn assign(&self, options: &CsvOptions) -> Result<Vec<Role>> {
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
                let named = self.has_header() && self.name(0).is_none_or(is_index_name);
                let index = if named { self.schema.index.max(1) } else { self.schema.index };
                for column in (0..index).filter(|&column| count > 1 && !asked[column]) {
                    // Of several columns that name the rows together, the first does, if its values are names: dates are none.
                    let names = column == 0 && self.schema.kinds[column].no_text().is_none();
                    roles[column] = if names { Role::Index } else { Role::LeftOut };
                }
            }
            IndexColumn::None => {}
            IndexColumn::Column(column) => roles[self.texts(&names, column)?] = Role::Index,
        }
        for wanted in &options.drop_columns {
            for column in names.choose(wanted)?.columns {
                roles[column] = Role::Dropped;
            }
        }
        for (which, column) in options.label_columns.iter().enumerate() {
            roles[self.texts(&names, column)?] = Role::Label(which);
        }
        for (column, role) in roles.iter_mut().enumerate().filter(|(_, role)| **role == Role::Value) {
            match &self.schema.kinds[column] {
                Kind::Text if !asked[column] => *role = Role::LeftOut,
                Kind::Other(what) if asked[column] => bail!(
                    "column {:?} holds values of the type {what}, which are no numbers: choose others with --columns",
                    self.called(column)
                ),
                Kind::Other(_) => *role = Role::LeftOut,
                _ => {}
            }
        }
        if options.columns.is_empty() {
            self.prefer_vector(&mut roles)?;
        }
        Ok(roles)
    }

    /// Takes the column of lists for the values where there is one: numbers beside it tell something about it.
    fn prefer_vector(&self, roles: &mut [Role]) -> Result<()> {
        let is_vector = |column: usize| self.schema.kinds[column] == Kind::Vector;
        let vectors: Vec<usize> = (0..roles.len()).filter(|&c| is_vector(c) && roles[c] == Role::Value).collect();
        match vectors.as_slice() {
            [] => {}
            [_] => {
                for (column, role) in roles.iter_mut().enumerate() {
                    if *role == Role::Value && !is_vector(column) {
                        *role = Role::LeftOut;
                    }
                }
            }
            [first, second, ..] => bail!(
                "columns {:?} and {:?} both hold lists of numbers: choose one with --columns {}",
                self.called(*first),
                self.called(*second),
                self.called(*first)
            ),
        }
        Ok(())
    }

    /// The column of this name or number, which must have something to write.
    fn texts(&self, names: &Names<'_>, wanted: &str) -> Result<usize> {
        let column = names.find(wanted)?;
        if let Some(what) = self.schema.kinds[column].no_text() {
            bail!("column {wanted:?} holds {what}, which can neither label nor name points: choose another");
        }
        Ok(column)
    }

    pub(in crate::input) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The columns with a role, in their order.
    pub(in crate::input) fn of(&self, role: Role) -> impl Iterator<Item = usize> {
        self.roles.iter().enumerate().filter(move |(_, has)| **has == role).map(|(column, _)| column)
    }

    /// The columns of labels, in the order in which they are wanted.
    pub(in crate::input) fn labels(&self) -> Vec<usize> {
        let which = |(column, role): (usize, &Role)| match role {
            Role::Label(which) => Some((*which, column)),
            _ => None,
        };
        let mut labels: Vec<(usize, usize)> = self.roles.iter().enumerate().filter_map(which).collect();
        labels.sort_unstable();
        labels.into_iter().map(|(_, column)| column).collect()
    }

    /// Whether the values of a column are texts: numbers that are stored so, and were asked for.
    #[cfg(feature = "columnar")]
    pub(in crate::input) fn is_text(&self, column: usize) -> bool {
        self.schema.kinds[column] == Kind::Text
    }

    /// Whether a column holds lists of numbers.
    #[cfg(feature = "columnar")]
    pub(in crate::input) fn is_vector(&self, column: usize) -> bool {
        self.schema.kinds[column] == Kind::Vector
    }

    /// Says how many values a column gives each point.
    #[cfg(feature = "columnar")]
    pub(in crate::input) fn set_width(&mut self, column: usize, width: usize) {
        self.widths[column] = width;
    }

    /// How many values a column gives each point.
    #[cfg(feature = "columnar")]
    pub(in crate::input) fn width(&self, column: usize) -> usize {
        self.widths[column]
    }

    /// Values of each point.
    pub(in crate::input) fn d(&self) -> usize {
        self.of(Role::Value).map(|column| self.widths[column]).sum()
    }

    /// The names of the values of a point.
    pub(in crate::input) fn value_names(&self) -> impl Iterator<Item = String> {
        self.of(Role::Value).flat_map(move |column| {
            let (called, width) = (self.called(column), self.widths[column]);
            let is_vector = self.schema.kinds[column] == Kind::Vector;
            (0..width).map(move |place| if is_vector { format!("{called}[{place}]") } else { called.clone() })
        })
    }

    /// Whether the table names its columns.
    pub(in crate::input) fn has_header(&self) -> bool {
        self.schema.names.is_some()
    }

    /// The name of a column, if the table has names.
    pub(in crate::input) fn name(&self, column: usize) -> Option<&str> {
        self.schema.names.as_ref()?.get(column).map(String::as_str)
    }

    /// What a column is called: its name, or `#` and its number.
    pub(in crate::input) fn called(&self, column: usize) -> String {
        match self.name(column) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => format!("#{}", column + 1),
        }
    }

    /// What the command line calls a column.
    pub(in crate::input) fn selector(&self, column: usize) -> String {
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
    pub(in crate::input) fn form(&self) -> TableForm {
        let mut values = self.of(Role::Value);
        let only = values.next().filter(|_| values.next().is_none());
        let vector = only.filter(|&column| self.schema.kinds[column] == Kind::Vector);
        TableForm {
            header: self.has_header(),
            index_column: self.of(Role::Index).next().map(|column| self.name(column).unwrap_or_default().to_owned()),
            left_out: self.of(Role::LeftOut).map(|column| self.called(column)).collect(),
            like_labels: Vec::new(),
            typed: self.schema.typed,
            vector: vector.map(|column| self.called(column)),
        }
    }
}
