//! Where a reader's bytes come from: memory, or a file that several threads read at once, each from its own place.
//!
//! A file is read, not mapped: what another process writes into a mapped file changes under the slices that lead there, after
//! they were checked.

use super::StoreError;
use std::fs::File;
use std::io;

/// The bytes of a model file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'s> {
    Bytes(&'s [u8]),
    File(&'s File),
}

impl Source<'_> {
    /// `size` bytes from `offset` on: the source's own, or in `buffer`, which has at least so many.
    pub(super) fn piece<'b>(&'b self, offset: u64, size: usize, buffer: &'b mut [u8]) -> Result<&'b [u8], StoreError> {
        let io = |source| StoreError::Io { action: "read", path: None, source };
        match self {
            Self::Bytes(bytes) => {
                let piece = usize::try_from(offset).ok().and_then(|start| bytes.get(start..start.checked_add(size)?));
                piece.ok_or_else(|| io(io::ErrorKind::UnexpectedEof.into()))
            }
            Self::File(file) => {
                let piece = buffer.get_mut(..size).ok_or_else(|| io(io::ErrorKind::InvalidInput.into()))?;
                read_at(file, piece, offset).map_err(io)?;
                Ok(piece)
            }
        }
    }

    /// Bytes that are wanted in an array of their own.
    pub(super) fn fill(&self, offset: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
        let size = bytes.len();
        match self {
            Self::Bytes(_) => bytes.copy_from_slice(self.piece(offset, size, &mut [])?),
            Self::File(_) => _ = self.piece(offset, size, bytes)?,
        }
        Ok(())
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Where files have one place for all, one thread reads at a time.
#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    use std::sync::{Mutex, PoisonError};
    static PLACE: Mutex<()> = Mutex::new(());
    let _place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}
