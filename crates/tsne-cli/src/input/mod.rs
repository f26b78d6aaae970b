//! Reading points, dense and sparse, their labels, and parameters of metrics.
//!
//! No size that a file claims is believed before the bytes are there, and no line is read without a limit: what a reader
//! allocates is bounded by what the file holds.

mod annotations;
mod dense;
mod fits;
mod grow;
mod labels;
mod lines;
mod mtx;
mod npy;
mod npz;
mod open;
mod parameters;
mod points;
mod sparse;
mod text;

pub use annotations::Annotations;
pub use dense::Table;
pub use labels::{LabelType, Labels};
pub use parameters::read_parameters;
pub use points::PointTable;
pub use sparse::SparseTable;
pub use text::{CsvOptions, HeaderLine, IndexColumn, TableForm};
