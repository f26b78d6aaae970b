//! What an array of an HDF5 file claims, held against the bytes of the file before it is read.
//!
//! Deflate, the strongest of the filters, makes 258 bytes of two bits. What is refused here would be allocated by the reader below:
//! the whole array, a chunk of it, and also what a chunk is said to take of the file.

use anyhow::{Context, Result, ensure};
use hdf5_pure::Dataset;

/// What deflate compresses at most.
const MAX_COMPRESSION: u64 = 1032;

/// What a chunk may have in any file: one of which nothing is stored yet takes no byte of it.
const ANY_CHUNK: u64 = 16 << 20;

/// The bytes that an array of a file claims to have, if the file can hold them, and each of its chunks.
pub(crate) fn claimed(array: &Dataset, length: u64, what: &str) -> Result<u64> {
    let size = array.element_size().with_context(|| format!("{what} has no readable type"))?;
    let shape = array.shape().with_context(|| format!("{what} has no readable shape"))?;
    let most = length.saturating_mul(MAX_COMPRESSION);
    let bytes = bytes(&shape, size).filter(|&bytes| bytes <= most).with_context(|| {
        format!("{what} claims the shape {shape:?}, more than the {length} bytes of the file can hold: it is damaged")
    })?;
    if let Some(chunk) = array.chunk_shape().with_context(|| format!("{what} has no readable chunks"))? {
        let most = most.max(ANY_CHUNK);
        ensure!(
            self::bytes(&chunk, size).is_some_and(|bytes| bytes <= most),
            "{what} claims chunks of the shape {chunk:?}, {size} bytes an element, but a file of {length} bytes can have \
             {most} bytes a chunk at most: it is damaged, copy or write it anew"
        );
        for chunk in array.chunks().with_context(|| format!("{what} has chunks that cannot be read"))? {
            ensure!(
                chunk.address.checked_add(chunk.storage_size).is_some_and(|end| end <= length),
                "{what} claims a chunk of {} bytes at {}, but the file has {length} bytes: it is damaged, copy or write it \
                 anew",
                chunk.storage_size,
                chunk.address
            );
        }
    }
    Ok(bytes)
}

fn bytes(shape: &[u64], size: u64) -> Option<u64> {
    shape.iter().try_fold(size, |product, &side| product.checked_mul(side))
}
