//! Places for arrays that memory need not hold.
//!
//! What asks for them is [`Context::zeros`](crate::Context::zeros); here is what it asks.
//!
//! # Why `unsafe` is sound here
//!
//! No code of it runs here: what a [`Mapping`] must keep to no compiler sees, so that to write one is `unsafe`.
#![allow(unsafe_code)]

use crate::error::Result;
use std::ptr::NonNull;

/// Memory that something else than the allocator gives, such as the pages of a file.
///
/// # Safety
///
/// From [`start`](Self::start) on there are [`bytes`](Self::bytes) bytes, zero at first, which can be read and written until the mapping
/// is dropped; nobody else reads or writes them, and both functions return the same at each call.
pub unsafe trait Mapping: Send + Sync {
    /// Its first byte.
    fn start(&mut self) -> NonNull<u8>;

    /// Its length.
    fn bytes(&self) -> usize;
}

/// A place for arrays that memory need not hold: a directory on a disk, say.
///
/// A [`Context`](crate::Context::with_scratch) brings it along. `tsne::files::ScratchDir` is one.
pub trait Scratch: Sync {
    /// Room for `bytes` bytes, all zero, which are [there](Mapping) whatever else the disk is asked for; `what` names them in errors.
    ///
    /// # Errors
    ///
    /// [`Error::Other`](crate::Error::Other) where there is no room.
    fn room(&self, what: &'static str, bytes: usize) -> Result<Box<dyn Mapping>>;
}
