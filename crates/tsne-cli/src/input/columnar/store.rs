//! The bytes of a file, none of which is asked for beyond its end.

use anyhow::{Context, Result};
use bytes::{Buf, Bytes};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// A file, or what came through a pipe.
#[derive(Debug, Clone)]
pub(super) enum Store {
    File(Arc<File>, u64),
    Memory(Bytes),
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context("cannot open")?;
        let length = file.metadata().context("cannot read the length of the file")?.len();
        Ok(Self::File(Arc::new(file), length))
    }

    /// All from a place on.
    pub(super) fn read_from(&self, start: u64) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::File(file, _) => Box::new(file.get_read(start).map_err(io::Error::other)?),
            Self::Memory(bytes) => Box::new(bytes.get_read(start).map_err(io::Error::other)?),
        })
    }

    /// The bytes at a place, if there are so many.
    pub(super) fn bytes(&self, start: u64, length: u64) -> ParquetResult<Bytes> {
        let end = start.checked_add(length).filter(|&end| end <= self.len());
        let Some((_, length)) = end.zip(usize::try_from(length).ok()) else {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} are beyond the end of the file of {} bytes",
                self.len()
            )));
        };
        match self {
            Self::File(file, _) => file.get_bytes(start, length),
            Self::Memory(bytes) => bytes.get_bytes(start, length),
        }
    }
}

impl Length for Store {
    fn len(&self) -> u64 {
        match self {
            Self::File(_, length) => *length,
            Self::Memory(bytes) => bytes.remaining() as u64,
        }
    }
}

impl ChunkReader for Store {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(self.read_from(start)?)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        self.bytes(start, length as u64)
    }
}
