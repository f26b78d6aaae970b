//! How much memory a call takes.

use crate::ALLOCATOR;
use stats_alloc::Region;

/// Runs `call`, which may allocate no more than `bound` bytes, those that it frees before it ends included.
///
/// Counted for all threads: no other one works meanwhile.
pub(crate) fn bounded<R>(bound: usize, call: impl FnOnce() -> R) -> R {
    let region = Region::new(ALLOCATOR);
    let result = call();
    let change = region.change();
    // What arrays grow by is among them.
    let bytes = change.bytes_allocated;
    assert!(bytes <= bound, "{bytes} bytes were allocated, more than {bound}");
    result
}
