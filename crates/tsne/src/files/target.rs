//! What may be written, and where.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Whether two paths name one file: `same` and `./same`, links to one file, and names of files that do not exist yet.
///
/// Names that differ only in upper and lower case are taken for one on Windows and macOS, whose file systems do so as a rule.
///
/// # Examples
///
/// ```
/// use tsne::files::same_file;
///
/// assert!(same_file("map.csv", "./map.csv"));
/// assert!(!same_file("map.csv", "map.png"));
/// ```
pub fn same_file(a: impl AsRef<Path>, b: impl AsRef<Path>) -> bool {
    let (a, b) = (a.as_ref(), b.as_ref());
    if a == b || same_inode(a, b) {
        return true;
    }
    let (a, b) = (resolved(a), resolved(b));
    let ignore_case = cfg!(any(windows, target_os = "macos"));
    a == b || (ignore_case && a.to_string_lossy().to_lowercase() == b.to_string_lossy().to_lowercase())
}

/// Hard links are one file by another name.
#[cfg(unix)]
fn same_inode(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!((fs::metadata(a), fs::metadata(b)), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

#[cfg(not(unix))]
const fn same_inode(_: &Path, _: &Path) -> bool {
    false
}

/// The path without links and dots, as far as there are files.
fn resolved(path: &Path) -> PathBuf {
    let with_parent = || Some(fs::canonicalize(directory(path)).ok()?.join(path.file_name()?));
    fs::canonicalize(path).ok().or_else(with_parent).unwrap_or_else(|| path.to_owned())
}

/// The directory that a file at `path` is in.
pub(super) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != OsStr::new("") => parent,
        _ => Path::new("."),
    }
}

/// The permissions of an old file at `path`; an error for what must not be replaced.
pub(super) fn permissions(path: &Path) -> io::Result<Option<Permissions>> {
    let not_a_file = || Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file; choose another path"));
    // A path that ends with a separator means a directory; `file_name` does not tell.
    let ends_with_separator = path.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    if path.file_name().is_none() || ends_with_separator {
        return not_a_file();
    }
    let directory = directory(path);
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            let why = format!("{} is not a directory; choose another path", directory.display());
            return Err(io::Error::new(ErrorKind::NotADirectory, why));
        }
        Err(error) => {
            let why = format!("the directory {} cannot be used ({error}); create it first", directory.display());
            return Err(io::Error::new(error.kind(), why));
        }
    }
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if metadata.is_symlink() {
        // A link to a device, such as a terminal's, means the device; one to a file, or to nothing, is only a name.
        let target = fs::metadata(path);
        return if target.is_ok_and(|target| !target.is_file()) { not_a_file() } else { Ok(None) };
    }
    if !metadata.is_file() {
        return not_a_file();
    }
    if metadata.permissions().readonly() {
        let why = "the file there is read-only; make it writable or choose another path";
        return Err(io::Error::new(ErrorKind::PermissionDenied, why));
    }
    Ok(Some(metadata.permissions()))
}
