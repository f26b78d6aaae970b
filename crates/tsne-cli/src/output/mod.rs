//! Writing maps.

mod csv;
#[cfg(feature = "h5ad")]
mod h5ad;
mod note;
mod npy;

#[cfg(feature = "h5ad")]
pub use h5ad::MapOf;

pub use note::Note;

use crate::input::Annotations;
use anyhow::{Result, bail};
use std::path::Path;
use tsne::Scalar;

/// The format of a map, chosen by the extension of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// NumPy, little-endian, C order, `n × D`.
    Npy,
    /// Comma-separated, with a header line that names the coordinates.
    Csv,
    /// The same, separated by tabs.
    Tsv,
}

impl Format {
    /// The format of a file name.
    ///
    /// # Errors
    ///
    /// For an extension that is neither `.npy` nor `.csv` or `.tsv`. `-` is comma-separated.
    pub fn of(path: &Path) -> Result<Self> {
        match path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase()).as_deref() {
            Some("npy") => Ok(Self::Npy),
            Some("csv") => Ok(Self::Csv),
            Some("tsv") => Ok(Self::Tsv),
            _ if path == Path::new("-") => Ok(Self::Csv),
            _ => bail!(
                "{}: the extension of the output must be .npy or .csv, or .tsv; - is standard output",
                path.display()
            ),
        }
    }

    /// The bytes of a file with these positions.
    pub fn encode<T: Scalar, const D: usize>(self, y: &[[T; D]]) -> Vec<u8> {
        self.encode_with(y, &Annotations::default())
    }

    /// The bytes of a file with these positions; tables have columns of names and labels, too.
    pub fn encode_with<T: Scalar, const D: usize>(self, y: &[[T; D]], annotations: &Annotations) -> Vec<u8> {
        match self {
            Self::Npy => npy::encode(y),
            Self::Csv => csv::encode(y, annotations, b','),
            Self::Tsv => csv::encode(y, annotations, b'\t'),
        }
    }

    /// Whether a file of this format has columns with names.
    pub fn has_columns(self) -> bool {
        self != Self::Npy
    }

    /// The bytes of a file with columns of numbers, a row for each name.
    ///
    /// # Errors
    ///
    /// For a format without names of columns.
    pub fn encode_numbers(self, ids: &[String], columns: &[Numbers]) -> Result<Vec<u8>> {
        match self {
            Self::Csv => Ok(csv::encode_numbers(ids, columns, b',')),
            Self::Tsv => Ok(csv::encode_numbers(ids, columns, b'\t')),
            Self::Npy => bail!("an .npy file has no names of columns: write .csv or .tsv"),
        }
    }
}

/// A column of numbers, some of which may be missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// What they are.
    pub name: String,
    /// One for each row.
    pub values: Vec<Option<f64>>,
}
