//! Arrays whose length shows only while their file is read.

use tsne::Result;
use tsne::core::memory;

/// The first items that room is made for.
const FIRST: usize = 1024;

/// Room for `additional` more items, and for half as many as there are besides, so that an array of which nobody promised the
/// length is copied a few times only.
///
/// # Errors
///
/// If there is no memory for them.
pub(crate) fn grow<A>(what: &'static str, array: &mut Vec<A>, additional: usize) -> Result<()> {
    if array.capacity() - array.len() >= additional {
        return Ok(());
    }
    memory::reserve(what, array, additional.max(array.len() / 2).max(FIRST))
}
