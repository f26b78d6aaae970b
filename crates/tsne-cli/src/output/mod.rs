//! Writing maps.

#[cfg(feature = "columnar")]
mod columnar;
mod content;
mod csv;
#[cfg(feature = "h5ad")]
mod h5ad;
mod note;
mod npy;

#[cfg(feature = "h5ad")]
pub use h5ad::MapOf;

pub use content::{Beside, Numbers};
pub use note::Note;

use crate::input::Annotations;
use anyhow::{Result, bail};
use std::io::Write;
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
    /// Parquet, with the columns that Embedding Atlas looks for.
    #[cfg(feature = "columnar")]
    Parquet,
    /// A file of Arrow IPC with the same columns.
    #[cfg(feature = "columnar")]
    Arrow,
}

impl Format {
    /// The format of a file name.
    ///
    /// # Errors
    ///
    /// For an extension of none of the formats. `-` is comma-separated.
    pub fn of(path: &Path) -> Result<Self> {
        match path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase()).as_deref() {
            Some("npy") => Ok(Self::Npy),
            Some("csv") => Ok(Self::Csv),
            Some("tsv") => Ok(Self::Tsv),
            #[cfg(feature = "columnar")]
            Some("parquet") => Ok(Self::Parquet),
            #[cfg(feature = "columnar")]
            Some("arrow" | "feather") => Ok(Self::Arrow),
            #[cfg(not(feature = "columnar"))]
            Some("parquet" | "arrow" | "feather") => bail!(
                "{}: this program was built without the feature columnar, so it writes neither Parquet nor Arrow: write .csv, or \
                 build it with cargo install --path crates/tsne-cli --features columnar",
                path.display()
            ),
            _ if path == Path::new("-") => Ok(Self::Csv),
            _ => bail!(
                "{}: the extension of the output must be .npy, .csv, .tsv, .parquet or .arrow; - is standard output, as .csv",
                path.display()
            ),
        }
    }

    /// Whether there is room for the neighbors of points.
    pub fn has_neighbors(self) -> bool {
        match self {
            Self::Npy | Self::Csv | Self::Tsv => false,
            #[cfg(feature = "columnar")]
            Self::Parquet | Self::Arrow => true,
        }
    }

    /// Whether a file has room for names and labels, and for the neighbors of so many points (0 where none are written): to be asked
    /// before there is a map.
    ///
    /// # Errors
    ///
    /// For names of more bytes, or more of them, than the format holds.
    pub fn check(self, annotations: &Annotations, with_neighbors: usize) -> Result<()> {
        match self {
            Self::Npy | Self::Csv | Self::Tsv => {
                let _ = (annotations, with_neighbors);
                Ok(())
            }
            #[cfg(feature = "columnar")]
            Self::Parquet | Self::Arrow => columnar::check(annotations, with_neighbors),
        }
    }

    /// The bytes of a file with these positions.
    ///
    /// # Errors
    ///
    /// As [`Format::write`].
    pub fn encode<T: Scalar, const D: usize>(self, y: &[[T; D]]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write(&mut bytes, y, &Beside::default())?;
        Ok(bytes)
    }

    /// Writes a file with these positions and what is beside them.
    ///
    /// # Errors
    ///
    /// For what `to` refuses, and ids or labels that are not those of the points.
    pub fn write<T: Scalar, const D: usize>(
        self,
        mut to: impl Write + Send,
        y: &[[T; D]],
        beside: &Beside<'_, T>,
    ) -> Result<()> {
        let none = Annotations::default();
        let annotations = beside.annotations.unwrap_or(&none);
        match self {
            Self::Npy => to.write_all(&npy::encode(y))?,
            Self::Csv => to.write_all(&csv::encode(y, annotations, b','))?,
            Self::Tsv => to.write_all(&csv::encode(y, annotations, b'\t'))?,
            #[cfg(feature = "columnar")]
            Self::Parquet => columnar::write_parquet(to, &columnar::Map::new(y, beside)?)?,
            #[cfg(feature = "columnar")]
            Self::Arrow => columnar::write_arrow(to, &columnar::Map::new(y, beside)?)?,
        }
        Ok(())
    }

    /// Whether a file of this format has columns with names.
    pub fn has_columns(self) -> bool {
        self != Self::Npy
    }

    /// Writes a file with columns of numbers, a row for each name.
    ///
    /// # Errors
    ///
    /// For a format without names of columns, and what `to` refuses.
    pub fn write_numbers(self, mut to: impl Write + Send, ids: &[String], columns: &[Numbers]) -> Result<()> {
        match self {
            Self::Csv => to.write_all(&csv::encode_numbers(ids, columns, b','))?,
            Self::Tsv => to.write_all(&csv::encode_numbers(ids, columns, b'\t'))?,
            Self::Npy => bail!("an .npy file has no names of columns: write .csv or .tsv"),
            #[cfg(feature = "columnar")]
            Self::Parquet => columnar::write_parquet(to, &columnar::NumberTable::new(ids, columns))?,
            #[cfg(feature = "columnar")]
            Self::Arrow => columnar::write_arrow(to, &columnar::NumberTable::new(ids, columns))?,
        }
        Ok(())
    }
}
