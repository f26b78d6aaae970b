//! A file that takes its place when it is complete.

use super::target::{directory, permissions};
use std::fmt;
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile, TempPath};

/// A file in the making. [`AtomicFile::commit`] puts it in its place; dropped before, it goes away.
///
/// Writes are buffered. The [module](super) says what is guaranteed.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use tsne::files::AtomicFile;
///
/// let path = std::env::temp_dir().join(format!("doc-atomic-{}.txt", std::process::id()));
/// let mut file = AtomicFile::create(&path)?;
/// writeln!(file, "the whole content")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "the whole content\n");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AtomicFile {
    target: PathBuf,
    file: BufWriter<File>,
    /// `None` while the file has no name.
    name: Option<TempPath>,
}

impl fmt::Debug for AtomicFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtomicFile").field("target", &self.target).finish_non_exhaustive()
    }
}

impl AtomicFile {
    /// Begins a file that is to stand at `path`.
    ///
    /// # Errors
    ///
    /// Those of [`check_target`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::files::AtomicFile;
    ///
    /// assert!(AtomicFile::create(std::env::temp_dir()).unwrap_err().to_string().contains("not a regular file"));
    /// ```
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let target = path.as_ref().to_owned();
        let permissions = permissions(&target)?;
        let directory = directory(&target);
        let (file, name) = match unnamed(directory, permissions.as_ref())? {
            Some(file) => (file, None),
            None => {
                let (file, name) = named(directory, permissions.as_ref())?.into_parts();
                (file, Some(name))
            }
        };
        if let Some(permissions) = permissions {
            // Without the mask that the process puts on new files.
            file.set_permissions(permissions)?;
        }
        Ok(Self { target, file: BufWriter::new(file), name })
    }

    /// A path by which others can open the file while it is in the making, for code that opens what it writes itself. It leads there as
    /// long as this value lives; what was written by it is seen only once it is [flushed](Write::flush).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::files::AtomicFile;
    ///
    /// let path = std::env::temp_dir().join(format!("doc-path-{}.txt", std::process::id()));
    /// let file = AtomicFile::create(&path)?;
    /// std::fs::OpenOptions::new().write(true).open(file.path())?.set_len(10)?;
    /// assert!(!path.exists());
    /// file.commit()?;
    /// assert_eq!(std::fs::metadata(&path)?.len(), 10);
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn path(&self) -> PathBuf {
        match &self.name {
            Some(name) => name.to_path_buf(),
            None => entry(self.file.get_ref()),
        }
    }

    /// Puts the file in its place, where it replaces an older one, once it is on the disk.
    ///
    /// # Errors
    ///
    /// Where the last bytes cannot be written or the file cannot be renamed; what was there stays, and nothing else is left.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::files::AtomicFile;
    ///
    /// let path = std::env::temp_dir().join(format!("doc-commit-{}.txt", std::process::id()));
    /// AtomicFile::create(&path)?.commit()?;
    /// assert_eq!(std::fs::metadata(&path)?.len(), 0);
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn commit(self) -> io::Result<()> {
        let Self { target, file, name } = self;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let directory = directory(&target);
        let name = match name {
            Some(name) => Some(name),
            // Where there is no old file, no other name is ever seen.
            None if is_whole_unnamed(&file) && linked(&file, &target)? => None,
            None => {
                let name = link(&file, directory)?;
                if !is_whole_unnamed(&file) {
                    file.sync_all()?;
                }
                Some(name)
            }
        };
        // Windows renames no open file.
        drop(file);
        if let Some(name) = name {
            name.persist(&target).map_err(|failed| failed.error)?;
        }
        // The new name survives a crash only once the directory is on the disk. Not every file system can do that, and the
        // file is in place: no reason to fail.
        #[cfg(unix)]
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
///
/// Those of [`AtomicFile::create`] and [`AtomicFile::commit`], and of the disk.
///
/// # Examples
///
/// ```
/// let path = std::env::temp_dir().join(format!("doc-write-{}.txt", std::process::id()));
/// tsne::files::write(&path, b"all of it")?;
/// assert_eq!(std::fs::read(&path)?, b"all of it");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)?;
    file.commit()
}

/// Checks that a file can be written to `path`, and leaves nothing behind.
///
/// For the time before the work: what cannot be saved should not be computed first.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](std::io::ErrorKind::InvalidInput) where the path names no file, or something that is not a regular one;
/// [`ErrorKind::PermissionDenied`](std::io::ErrorKind::PermissionDenied) for a read-only file or directory; [`ErrorKind::NotFound`](std::io::ErrorKind::NotFound) for a directory that is missing; others
/// as the system gives them. The message does not name the path, as those of [`std::fs`] do not.
///
/// # Examples
///
/// ```
/// use std::io::ErrorKind;
/// use tsne::files;
///
/// let directory = std::env::temp_dir();
/// files::check_target(directory.join(format!("doc-target-{}.csv", std::process::id())))?;
/// let error = files::check_target(&directory).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn check_target(path: impl AsRef<Path>) -> io::Result<()> {
    AtomicFile::create(path).map(drop)
}

/// A file with a temporary name of its own, whatever others have left in the directory.
fn named(directory: &Path, permissions: Option<&Permissions>) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode(permissions)));
    #[cfg(not(unix))]
    let _ = permissions;
    builder.tempfile_in(directory)
}

/// How temporary names begin.
const PREFIX: &str = ".tsne-";

/// The mode that a file is created with, before the mask of the process: that of the file it replaces, lest its content can be
/// read by others for a moment, or that of any new file.
#[cfg(unix)]
fn mode(permissions: Option<&Permissions>) -> u32 {
    permissions.map_or(0o666, std::os::unix::fs::PermissionsExt::mode)
}

/// A file that has no name yet; `None` where there can be none.
#[cfg(target_os = "linux")]
fn unnamed(directory: &Path, permissions: Option<&Permissions>) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags};
    // It gets its name through its entry there.
    if !Path::new("/proc/self/fd").is_dir() {
        return Ok(None);
    }
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open(directory, flags, Mode::from_raw_mode(mode(permissions) & 0o777)) {
        Ok(file) => Ok(Some(file.into())),
        // File systems and kernels that do not know the flag.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the system shows a file that has no name.
#[cfg(target_os = "linux")]
fn entry(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Elsewhere every file has a name.
#[cfg(not(target_os = "linux"))]
fn entry(_: &File) -> PathBuf {
    PathBuf::new()
}

/// Whether the file system has the whole file on the disk once it is synchronized, though it has no name: some (btrfs) synchronize
/// only what has one. Of those that are not known it is not believed.
#[cfg(target_os = "linux")]
fn is_whole_unnamed(file: &File) -> bool {
    /// Ext4, XFS and tmpfs, by the numbers that statfs(2) gives them.
    const KNOWN: [u32; 3] = [0xEF53, 0x5846_5342, 0x0102_1994];
    rustix::fs::fstatfs(file).is_ok_and(|system| KNOWN.contains(&(system.f_type as u32)))
}

/// Gives the file its own name if there is no other file of that name, and tells whether it did.
#[cfg(target_os = "linux")]
fn linked(file: &File, target: &Path) -> io::Result<bool> {
    use rustix::fs::{AtFlags, CWD, linkat};
    match linkat(CWD, entry(file).as_path(), CWD, target, AtFlags::SYMLINK_FOLLOW) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
const fn is_whole_unnamed(_: &File) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
const fn linked(_: &File, _: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(target_os = "linux")]
fn link(file: &File, directory: &Path) -> io::Result<TempPath> {
    use rustix::fs::{AtFlags, CWD, linkat};
    let entry = entry(file);
    let of_name = |name: &Path| Ok(linkat(CWD, entry.as_path(), CWD, name, AtFlags::SYMLINK_FOLLOW)?);
    Ok(Builder::new().prefix(PREFIX).make_in(directory, of_name)?.into_temp_path())
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path, _: Option<&Permissions>) -> io::Result<Option<File>> {
    Ok(None)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<TempPath> {
    Err(io::ErrorKind::Unsupported.into())
}
