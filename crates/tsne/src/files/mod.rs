//! Files that appear whole or not at all: one set of rules for everything that is written.
//!
//! [`AtomicFile`] is a file in the making, which takes its place with [`AtomicFile::commit`]; [`write`](fn@write) does both for bytes
//! that are there already. [`check_target`] tells before any work whether a path can be written, and [`same_file`]
//! whether two paths name one file. [`ScratchDir`] is something else: files without a name, for arrays that memory need not hold. [`store::Writer`](crate::store::Writer) saves models by these rules.
//!
//! - At every moment, also after a crash, a path holds the old file or the whole new one.
//! - The permissions of an old file are kept; a new one has those that the process gives to new files.
//! - What is read-only or not a regular file (a directory, a pipe, a device) is refused, before anything is written.
//!   A symbolic link is replaced, and what it points to stays as it is; a link to a directory, pipe or device is refused.
//! - Any name that the file system allows is fine, and files that earlier processes left are never in the way.
//! - Whatever ends the process, nothing else is left: on Linux, the file has no name until it is complete (`O_TMPFILE`);
//!   where it replaces another, it has a temporary one for microseconds then. On other systems, and on file systems that cannot do that (NFS, some
//!   overlays), it has a temporary name in the same directory, `.tsne-` and random letters, from its first byte on: it
//!   goes away with the [`AtomicFile`], and stays only if a signal ends the process in this time.

mod atomic_file;
mod scratch_dir;
mod target;

pub use atomic_file::{AtomicFile, check_target, write};
pub use scratch_dir::ScratchDir;
pub use target::same_file;
