//! Buffers that grow with the map.

use tsne_core::{Result, memory};

/// Bytes that a buffer has room for beyond its length at the most: while a map grows, each grid is larger than the last one. Room that
/// nothing is written to takes no memory.
const MOST_ROOM: usize = 16 << 20;

/// Makes a buffer as long as given; what it holds does not matter, and is not moved when it grows. What is new is `zero`.
pub(crate) fn fit<V: Clone>(what: &'static str, buffer: &mut Vec<V>, length: usize, zero: V) -> Result<()> {
    // Or much less than there is: the memory goes back.
    if length > buffer.capacity() || length < buffer.capacity() / 4 {
        *buffer = Vec::new();
        memory::reserve(what, buffer, length + (length / 2).min(MOST_ROOM / size_of::<V>().max(1)))?;
    }
    memory::resize(what, buffer, length, zero)
}
