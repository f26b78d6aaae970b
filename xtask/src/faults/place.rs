//! Directories in which runs are done, and what lies in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The files of a directory and of those in it, by their names from there.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// The directory of all runs: saved maps name the one that they were made in.
pub(super) const PLACE: &str = "place";

/// An empty directory of that name.
pub(super) fn empty(parent: &Path, name: &str) -> Result<PathBuf> {
    let path = parent.join(name);
    if path.exists() {
        fs::remove_dir_all(&path).with_context(|| format!("cannot empty {}", path.display()))?;
    }
    fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path)
}

/// All files of a directory, hidden ones too.
pub(super) fn files(directory: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut open = vec![String::new()];
    while let Some(prefix) = open.pop() {
        let inside = directory.join(&prefix);
        for entry in fs::read_dir(&inside).with_context(|| format!("cannot list {}", inside.display()))? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                open.push(format!("{name}/"));
            } else {
                files.insert(name, fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// Puts files into a directory.
pub(super) fn put(files: &Files, directory: &Path) -> Result<()> {
    for (name, bytes) in files {
        let path = directory.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
