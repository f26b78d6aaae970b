//! Writing maps.

mod csv;
mod npy;

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
}

impl Format {
    /// The format of a file name.
    ///
    /// # Errors
    ///
    /// For an extension that is neither `.npy` nor `.csv`.
    pub fn of(path: &Path) -> Result<Self> {
        match path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase()).as_deref() {
            Some("npy") => Ok(Self::Npy),
            Some("csv") => Ok(Self::Csv),
            _ => bail!("{}: the extension of the output must be .npy or .csv", path.display()),
        }
    }

    /// The bytes of a file with these positions.
    pub fn encode<T: Scalar, const D: usize>(self, y: &[[T; D]]) -> Vec<u8> {
        match self {
            Self::Npy => npy::encode(y),
            Self::Csv => csv::encode(y),
        }
    }
}
