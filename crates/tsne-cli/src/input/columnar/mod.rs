//! Tables that are stored by columns: Parquet and Arrow IPC, the latter as a file (`.arrow`, `.feather`) or as a stream.
//!
//! What the columns are for is decided as for tables of text. Batches are decoded one after the other, and only the columns that
//! are wanted: beside the points there is one batch in memory. Types are those of the file, so a null is missing, and what is
//! no number is no value. The index of a frame of pandas, which its files have last, comes first as in its CSV.
//!
//! Formats: <https://parquet.apache.org/docs/file-format/>, <https://arrow.apache.org/docs/format/Columnar.html>.

mod cells;
mod file;
mod guard;
mod ipc;
mod labels;
mod own;
mod pages;
mod parquet;
mod points;
mod schema;
mod store;

pub(super) use file::Opened;
pub(super) use labels::read_labels;
pub(super) use own::read_own;
pub(super) use points::{read, shape};
