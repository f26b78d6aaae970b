//! Replacing a file as a whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Temporary files of this process so far, for their names.
static TEMPORARIES: AtomicU64 = AtomicU64::new(0);

/// Names that are tried before giving up: they are taken only where killed processes left files.
const ATTEMPTS: usize = 1000;

/// Puts what `write` writes at `path`. On any error what was there stays, and nothing else is left.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let permissions = check_destination(path)?;
    let directory = match path.parent() {
        Some(parent) if parent != OsStr::new("") => parent,
        _ => Path::new("."),
    };
    let (mut file, temporary) = Temporary::create(directory)?;
    if let Some(permissions) = permissions {
        // Before the content: it may be private.
        file.set_permissions(permissions)?;
    }
    write(&mut file)?;
    file.sync_all()?;
    drop(file);
    temporary.rename(path)?;
    // The new name survives a crash only once the directory is on the disk. Not every file system can do that, and the
    // file is in place: no reason to fail.
    #[cfg(unix)]
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

/// The permissions of an old file at `path`; an error for what must not be replaced.
fn check_destination(path: &Path) -> io::Result<Option<Permissions>> {
    let not_a_file = || Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file; choose another path"));
    if path.file_name().is_none() {
        return not_a_file();
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

/// A file that is removed unless it is renamed.
struct Temporary(Option<PathBuf>);

impl Temporary {
    fn create(directory: &Path) -> io::Result<(File, Self)> {
        let process = std::process::id();
        let mut result = Err(io::Error::from(ErrorKind::AlreadyExists));
        for _ in 0..ATTEMPTS {
            let number = TEMPORARIES.fetch_add(1, Ordering::Relaxed);
            let path = directory.join(format!(".tsne-{process}-{number}.tmp"));
            // Only a new file: never one that is there, nor where a link points.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((file, Self(Some(path)))),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => result = Err(error),
                Err(error) => return Err(error),
            }
        }
        result
    }

    fn rename(mut self, path: &Path) -> io::Result<()> {
        if let Some(temporary) = &self.0 {
            fs::rename(temporary, path)?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What cannot be removed cannot be reported from here either.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A write that fails, or panics, after its first bytes: the old file stays, and nothing else.
    #[test]
    fn a_write_that_fails_halfway_leaves_the_old_file() {
        let directory = std::env::temp_dir().join(format!("tsne-atomic-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let path = directory.join("model");
        replace(&path, |file| file.write_all(b"old")).unwrap();
        let failed = replace(&path, |file| file.write_all(b"ne").and(Err(ErrorKind::StorageFull.into())));
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::StorageFull);
        let panicked = std::panic::catch_unwind(|| replace(&path, |_| std::panic::resume_unwind(Box::new(()))));
        assert!(panicked.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }
}
