//! Opening files, and what their names say.

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The size of the buffer between file and parser: larger ones did not read faster.
const BUFFER: usize = 1 << 18;

/// Opens a text file, decompressing it if its name ends in `.gz`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path).context("cannot open")?;
    let read: Box<dyn Read> = if ends_in(path, "gz") { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Box::new(BufReader::with_capacity(BUFFER, read)))
}

/// Whether a name has that extension.
pub(crate) fn ends_in(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// A name without the extension of its compression.
pub(crate) fn uncompressed(path: &Path) -> PathBuf {
    if ends_in(path, "gz") { path.with_extension("") } else { path.to_owned() }
}
