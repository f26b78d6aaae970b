//! Buffers that grow with the map.

use tsne_core::{Result, memory};

/// Numbers that a buffer has room for beyond its length at the most, 16 MiB in `f32`: while a map grows, each grid is larger than the
/// last one. Room that nothing is written to takes no memory.
const MOST_ROOM: usize = 1 << 21;

/// Makes a buffer as long as given; what it holds does not matter, and is not moved when it grows.
pub(crate) fn fit<V: Clone>(what: &'static str, buffer: &mut Vec<V>, length: usize, zero: V) -> Result<()> {
    // Or much less than there is: the memory goes back.
    if length > buffer.capacity() || length < buffer.capacity() / 4 {
        *buffer = Vec::new();
        memory::reserve(what, buffer, length + (length / 2).min(MOST_ROOM))?;
    }
    memory::resize(what, buffer, length, zero)
}
