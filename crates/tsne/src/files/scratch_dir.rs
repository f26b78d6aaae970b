//! A directory for arrays that memory need not hold.
//!
//! # Why `unsafe` is sound here
//!
//! A mapped file changes under whoever reads it where others write into it or cut it off. These files have no name, or lose it as soon
//! as they have one, before they are mapped (on Windows: nobody else can open them, and they go with their last handle); no other process
//! opens them, and this one has closed them. Their length is reserved on the disk before they are mapped, so that no page is missing when it
//! is written.
#![allow(unsafe_code)]

use memmap2::MmapMut;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use tsne_core::{Error, Mapping, Result, Scratch};

/// A directory in which neighbors and affinities are kept while a map is made, in place of memory. No result depends on it.
///
/// These arrays grow with the neighbors of all points, and are most of the memory of a fit. In files, the system has in memory what is
/// used just now, and the rest on the disk: give the directory to all calls of a map, by the context that they take.
///
/// - The files have no names (on Windows: names that nobody else can open), and are gone with the arrays in them, whatever ends the process.
/// - Their room is reserved before anything is written: a disk that is full is an error, and not the end of the process. (A file system
///   that writes elsewhere what it overwrites, such as btrfs or ZFS, cannot promise it: there a page that finds no room ends the process,
///   SIGBUS.)
/// - A directory in memory (tmpfs) serves nothing.
///
/// # Examples
///
/// ```
/// use tsne::files::ScratchDir;
/// use tsne::{Context, Rows, Tsne};
///
/// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).n_iter(50).build()?;
/// let scratch = ScratchDir::new(std::env::temp_dir())?;
/// let embedding = tsne.fit_with(Rows::new(&data, 60, 5)?, None, Context::new().with_scratch(&scratch))?;
/// assert_eq!(embedding.positions(), tsne.fit(Rows::new(&data, 60, 5)?)?.positions());
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ScratchDir {
    directory: PathBuf,
}

impl ScratchDir {
    /// Files in this directory, which must be there.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where no file can be made and mapped in it: it does not exist, is none, or is read-only.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::files::ScratchDir;
    ///
    /// let error = ScratchDir::new("no/such/directory").unwrap_err().to_string();
    /// assert!(error.starts_with("scratch is no/such/directory, but must be a directory in which files can be made"));
    /// ```
    pub fn new(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = directory.as_ref().to_owned();
        // A file by whatever the others are made by.
        match mapped(&directory, 1) {
            Ok(_) => Ok(Self { directory }),
            Err(error) => {
                let allowed = format_args!("a directory in which files can be made ({error}): name another one");
                Err(Error::parameter("scratch", directory.display(), allowed))
            }
        }
    }

    /// The directory.
    ///
    /// # Examples
    ///
    /// ```
    /// let directory = std::env::temp_dir();
    /// assert_eq!(tsne::files::ScratchDir::new(&directory)?.path(), directory);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// Whether its files are in memory: then they save none. Always false where that cannot be told.
    ///
    /// # Examples
    ///
    /// ```
    /// let is_in_memory = tsne::files::ScratchDir::new(std::env::temp_dir())?.is_in_memory();
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn is_in_memory(&self) -> bool {
        is_in_memory(&self.directory)
    }
}

impl Scratch for ScratchDir {
    fn room(&self, what: &'static str, bytes: usize) -> Result<Box<dyn Mapping>> {
        match mapped(&self.directory, bytes) {
            Ok(map) => Ok(Box::new(map)),
            Err(error) => Err(Error::other("the scratch directory", no_room(&self.directory, what, bytes, &error))),
        }
    }
}

fn no_room(directory: &Path, what: &str, bytes: usize, error: &impl fmt::Display) -> String {
    format!(
        "{:.2} GiB for {what} could not be had in {} ({error}): free some there, or name a directory on another disk",
        bytes as f64 / (1u64 << 30) as f64,
        directory.display()
    )
}

/// A file without a name, in memory as far as it is used.
struct MappedFile(MmapMut);

// SAFETY: the file is this value's own and zeroed; the map is where it is, and as long as it is, until it is dropped.
unsafe impl Mapping for MappedFile {
    fn start(&mut self) -> NonNull<u8> {
        NonNull::from(&mut self.0[..]).cast()
    }

    fn bytes(&self) -> usize {
        self.0.len()
    }
}

fn mapped(directory: &Path, bytes: usize) -> io::Result<MappedFile> {
    let file = tempfile::tempfile_in(directory)?;
    // Nothing can be neither reserved nor mapped.
    reserve(&file, bytes.max(1) as u64)?;
    // SAFETY: nobody else has this file, which is as long as it was just made.
    Ok(MappedFile(unsafe { MmapMut::map_mut(&file)? }))
}

/// Makes an empty file so long, with room on the disk for all of it.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        // Some file systems take all that is free before they find that it is too little.
        let disk = rustix::fs::fstatvfs(file)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < bytes {
            let why = format!("{free} bytes are free, {bytes} are needed");
            return Err(io::Error::new(io::ErrorKind::StorageFull, why));
        }
        match rustix::io::retry_on_intr(|| fallocate(file, FallocateFlags::empty(), 0, bytes)) {
            // What the file system cannot do in one call is done by hand.
            Err(Errno::OPNOTSUPP) => {}
            done => return Ok(done?),
        }
    }
    write_zeros(file, bytes)
}

/// Bytes that are written at a time.
const PIECE: usize = 1 << 20;

fn write_zeros(mut file: &File, bytes: u64) -> io::Result<()> {
    use std::io::Write;
    let (zeros, mut left) = (vec![0; PIECE], bytes);
    while left > 0 {
        let piece = left.min(PIECE as u64);
        file.write_all(&zeros[..piece as usize])?;
        left -= piece;
    }
    // What is only promised to be written may find the disk full when nobody hears of it.
    file.sync_data()
}

#[cfg(target_os = "linux")]
fn is_in_memory(directory: &Path) -> bool {
    /// The numbers by which Linux knows tmpfs and ramfs.
    const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58f6];
    rustix::fs::statfs(directory).is_ok_and(|found| IN_MEMORY.contains(&(found.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_directory: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::{Array, Context};

    #[test]
    fn arrays_in_a_directory_leave_nothing_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let scratch = ScratchDir::new(directory.path()).unwrap();
        let cx = Context::new().with_scratch(&scratch);
        let mut array: Array<u32> = cx.zeros("neighbors", 1 << 20).unwrap();
        assert!(array.is_mapped() && array.iter().all(|&item| item == 0));
        array.iter_mut().zip(0..).for_each(|(item, i)| *item = i);
        let is_empty = || std::fs::read_dir(directory.path()).unwrap().next().is_none();
        assert!(cfg!(windows) || is_empty());
        assert!(array.iter().zip(0..).all(|(&item, i)| item == i));
        drop(array);
        assert!(is_empty());
    }

    #[test]
    fn what_is_written_by_hand_is_as_long_as_what_is_reserved() {
        let file = tempfile::tempfile().unwrap();
        write_zeros(&file, PIECE as u64 + 7).unwrap();
        assert_eq!(file.metadata().unwrap().len(), PIECE as u64 + 7);
    }

    /// More than any disk holds, and more than any file; elsewhere room is made by writing, which would fill the disk.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    #[test]
    fn room_that_is_not_there_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let scratch = ScratchDir::new(directory.path()).unwrap();
        for bytes in [1 << (usize::BITS - 15), usize::MAX] {
            let error = scratch.room("neighbors", bytes).err().map(|error| error.to_string()).unwrap();
            assert!(error.starts_with("the scratch directory failed: "), "{error}");
            assert!(error.contains("GiB for neighbors could not be had in "), "{error}");
        }
        assert!(std::fs::read_dir(directory.path()).unwrap().next().is_none());
    }

    #[test]
    fn what_is_no_directory_for_files_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = ScratchDir::new(file.path()).unwrap_err().to_string();
        assert!(error.contains("must be a directory in which files can be made"), "{error}");
        assert!(matches!(ScratchDir::new("no/such").unwrap_err(), Error::Parameter { name: "scratch", .. }));
    }
}
