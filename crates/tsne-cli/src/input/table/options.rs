//! How tables are read.

use super::number::Decimal;
use crate::input::labels::LabelType;
use crate::input::missing::Missing;
use crate::input::text::HeaderLine;

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

/// How a table is read.
///
/// A column is named by its name in the header line, or by `#` and its number from 1; a number alone will do where no column
/// has it as a name. Where several are chosen, `A..B` are those from one to another, and `*` and `?` stand for any characters
/// and for one.
#[derive(Debug, Clone, Default)]
pub struct CsvOptions {
    /// Whether the first line of a text names the columns.
    pub header: HeaderLine,
    /// The column with the names of the rows.
    pub index_column: IndexColumn,
    /// The columns with the labels, in the order in which they are wanted.
    pub label_columns: Vec<String>,
    /// Whether labels are classes or numbers.
    pub label_type: LabelType,
    /// The columns with the values; all that are left where none is named.
    pub columns: Vec<String>,
    /// Columns to leave out.
    pub drop_columns: Vec<String>,
    /// How numbers are written in a text.
    pub decimal: Decimal,
    /// What is done where a value is missing.
    pub missing: Missing,
    /// Whether lines are what points have, and columns are the points.
    pub transpose: bool,
}
