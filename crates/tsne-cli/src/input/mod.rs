//! Reading points, dense and sparse, their labels, and parameters of metrics.
//!
//! No size that a file claims is believed before the bytes are there, and no line is read without a limit: what a reader
//! allocates is bounded by what the file holds.

mod annotations;
#[cfg(feature = "columnar")]
mod columnar;
mod counting;
mod dense;
mod fits;
mod format;
mod grow;
#[cfg(feature = "h5ad")]
pub(crate) mod h5ad;
mod labels;
mod line_ends;
mod lines;
mod loaded;
mod map;
mod missing;
mod mtx;
mod names;
mod npy;
mod npz;
mod open;
mod own_rows;
mod parameters;
mod points;
mod preview;
mod sparse;
mod table;
mod tenx;
mod text;
mod transpose;

pub use annotations::Annotations;
pub use dense::Table;
pub(crate) use labels::kinds_in_words;
pub use labels::{LabelType, Labels};
pub use loaded::{InputOptions, Loaded};
#[cfg(feature = "columnar")]
pub(crate) use map::PROJECTION;
pub(crate) use map::label_names;
pub use map::{MapTable, as_embedded};
pub use missing::{Missing, Resolved};
#[cfg(not(test))]
pub(crate) use open::is_stream;
pub use own_rows::{OwnRows, OwnValues};
pub use parameters::read_parameters;
pub use points::PointTable;
pub use preview::Preview;
pub use sparse::SparseTable;
pub use table::{CsvOptions, Decimal, IndexColumn, TableForm};
pub use text::HeaderLine;
