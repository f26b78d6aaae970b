//! Files that appear whole or not at all.

use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A temporary file in the directory of its target. Dropped, it is removed; [`AtomicFile::commit`] renames it.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Creates the temporary file for `target`.
    ///
    /// # Errors
    ///
    /// If `target` is a directory, or a file cannot be created beside it.
    pub fn create(target: &Path) -> Result<Self> {
        ensure!(!target.is_dir(), "{} is a directory: name a file in it", target.display());
        let Some(name) = target.file_name() else { bail!("{} does not name a file", target.display()) };
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        ensure!(directory.is_dir(), "{} is not a directory: create it first", directory.display());
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.tmp", std::process::id()));
        let temporary = directory.join(hidden);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary);
        let file = file.with_context(|| format!("cannot create a file in {}", directory.display()))?;
        Ok(Self { target: target.to_owned(), temporary, file: Some(BufWriter::new(file)) })
    }

    /// Puts the file in its place, where it replaces an older one.
    ///
    /// # Errors
    ///
    /// If the last bytes cannot be written or the file cannot be renamed; nothing is left behind then.
    pub fn commit(mut self) -> Result<()> {
        if let Some(mut file) = self.file.take() {
            let done = file.flush().and_then(|()| file.get_ref().sync_all());
            drop(file);
            let done = done.and_then(|()| fs::rename(&self.temporary, &self.target));
            if done.is_err() {
                self.remove();
            }
            done.with_context(|| format!("cannot write {}", self.target.display()))?;
        }
        Ok(())
    }

    fn remove(&self) {
        // Nothing better can be done where removing fails.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.remove();
        }
    }
}

/// Checks that a file can be created at `target`, and leaves nothing behind.
///
/// # Errors
///
/// Those of [`AtomicFile::create`].
pub fn check_target(target: &Path) -> Result<()> {
    AtomicFile::create(target).map(drop)
}

/// Writes `bytes` to `target`, whole or not at all. Since they are complete before the temporary file exists, it is
/// there for moments only.
///
/// # Errors
///
/// If the file cannot be created, written or renamed.
pub fn write(target: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes).with_context(|| format!("cannot write {}", target.display()))?;
    file.commit()
}
