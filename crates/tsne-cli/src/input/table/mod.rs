//! Tables: what their columns are for, by the same rules for every file that has columns.

mod columns;
mod gathered;
mod labels;
mod like_labels;
mod number;
mod options;
mod record;
mod schema;
mod value;

pub use columns::TableForm;
pub(in crate::input) use columns::{Columns, Role};
pub(in crate::input) use gathered::{Gathered, Parsed};
pub(crate) use labels::LabelTable;
pub(in crate::input) use labels::{LabelForm, LabelRows};
#[cfg(feature = "columnar")]
pub(in crate::input) use like_labels::{Kinds, is_named_so};
pub use number::Decimal;
pub(in crate::input) use number::{Numbers, is_boolean};
pub use options::{CsvOptions, IndexColumn};
pub(in crate::input) use record::{Place, Record};
pub(in crate::input) use schema::{Kind, Schema, is_index_name};
pub(in crate::input) use value::refused;
