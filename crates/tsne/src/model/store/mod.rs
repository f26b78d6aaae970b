//! The file that holds a saved model: a versioned, checksummed container of named arrays.
//!
//! [`Writer`] borrows arrays and writes them in one pass, [`Reader`] checks a whole file before it hands out anything,
//! and [`Settings`] is the section that holds the scalars. `docs/model-format.md` gives the layout byte by byte.
//!
//! ```
//! use tsne::store::{Reader, Settings, StoreError, Writer};
//!
//! let positions = [[0.5_f32, 1.5], [2.5, 3.5], [4.5, 5.5]];
//! let mut settings = Settings::new();
//! settings.set("perplexity", 30.0).set("metric", "euclidean");
//!
//! let mut file = Vec::new();
//! let mut writer = Writer::new();
//! writer.settings("settings", &settings)?.array("positions", &[3, 2], positions.as_flattened())?;
//! writer.write_to(&mut file)?;
//!
//! let mut reader = Reader::from_bytes(&file)?;
//! assert_eq!(reader.settings("settings")?.get::<f64>("perplexity")?, 30.0);
//! assert_eq!(reader.take::<f32>("positions", &[3, 2])?, positions.as_flattened());
//! // A file that was cut says so.
//! let error = Reader::from_bytes(&file[..file.len() - 1]).unwrap_err();
//! assert!(matches!(error, StoreError::Length { .. }));
//! # Ok::<(), StoreError>(())
//! ```
//!
//! # What is guaranteed
//!
//! - Floating-point numbers come back bit for bit; a file has the same bytes on every platform.
//! - A file that is cut, extended, changed in transfer or made up gives an error: never a panic, and never more memory
//!   than the file is long (and a constant of about 200 KiB; of a large file, 64 KiB for each thread that reads it).
//! - [`Writer::save`] leaves either the old file or the whole new one at its path.
//!
//! # What is not guaranteed
//!
//! The checksums find damage, not malice: who can write the file can write matching checksums. What a forged file can
//! do is bounded by the checks above; that its arrays make sense together is for whoever takes them to check.

mod element;
mod error;
mod hash;
mod layout;
mod reader;
mod settings;
mod source;
mod writer;

pub use element::{Element, ElementType};
pub(in crate::model) use element::{Encode, Sink};
pub use error::StoreError;
pub use layout::{MAX_NAME, MAX_RANK, MAX_SECTIONS, VERSION};
pub(in crate::model) use reader::Kept;
pub use reader::Reader;
pub use settings::{FromValue, Settings, Value};
pub use writer::Writer;
