//! The files of a page in a folder.

use super::super::blob::Arrays;
use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tsne::files::AtomicFile;

/// The folders of scripts.
const SCRIPTS: [&str; 3] = ["tiles", "rows", "ids"];

/// The page that is opened.
const INDEX: &str = "index.html";

/// By what such a page is known, near its beginning.
const MARK: &str = "<meta name=\"generator\" content=\"tsne explore\">";

/// The scripts in a folder of them; none if it holds anything else.
fn scripts(folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    let mut scripts = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(None) };
    for entry in entries {
        let entry = entry.with_context(|| folder.display().to_string())?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".js"));
        let is_script = number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
        if !is_script || !entry.file_type()?.is_file() {
            return Ok(None);
        }
        scripts.push(entry.path());
    }
    Ok(Some(scripts))
}

/// A folder with a page, and how much was written into it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    bytes: AtomicU64,
    files: AtomicUsize,
}

impl Folder {
    /// Checks whether a page can go into that folder: it is not there, is empty, or has such a page.
    ///
    /// # Errors
    ///
    /// For one with other files, which are nobody's to remove.
    pub fn check(path: &Path) -> Result<()> {
        // A file is there, too, where a slash is behind its name.
        let path = path.components().as_path();
        let Ok(entries) = fs::read_dir(path) else {
            ensure!(!path.exists(), "{}: it is no folder: name another one", path.display());
            return Ok(());
        };
        for entry in entries {
            let entry = entry.with_context(|| path.display().to_string())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = name == INDEX || (SCRIPTS.contains(&&*name) && scripts(&entry.path())?.is_some());
            ensure!(ours, "{}: {name:?} in it is of no such page: name a new folder", path.display());
        }
        let index = path.join(INDEX);
        if index.exists() {
            let mut start = Vec::new();
            File::open(&index)?.take(4096).read_to_end(&mut start)?;
            let known = String::from_utf8_lossy(&start).contains(MARK);
            ensure!(known, "{} is another page: name a new folder", index.display());
        }
        Ok(())
    }

    /// Makes the folder, without the page that it may have had.
    pub(super) fn create(path: &Path) -> Result<Self> {
        Self::check(path)?;
        let index = path.join(INDEX);
        if index.exists() {
            // First, so that no page is ever seen with tiles of another.
            fs::remove_file(&index)?;
        }
        for name in SCRIPTS.map(|name| path.join(name)) {
            fs::create_dir_all(&name).with_context(|| name.display().to_string())?;
            // Those of an older page only: whatever else has come there since the check stays.
            for script in scripts(&name)?.unwrap_or_default() {
                fs::remove_file(&script).with_context(|| script.display().to_string())?;
            }
        }
        Ok(Self { path: path.into(), bytes: AtomicU64::new(0), files: AtomicUsize::new(0) })
    }

    /// Writes the script of that name: a call that hands its arrays to the page.
    pub(super) fn script(&self, name: &str, arrays: impl FnOnce(&mut Arrays<'_>) -> Result<()>) -> Result<()> {
        let path = self.path.join(format!("{name}.js"));
        let write = || -> Result<u64> {
            let mut to = BufWriter::new(File::create(&path)?);
            writeln!(to, "received(\"{name}\",{{")?;
            arrays(&mut Arrays::properties(&mut to))?;
            writeln!(to, "}});")?;
            Ok(to.into_inner().map_err(|error| error.into_error())?.metadata()?.len())
        };
        self.count(write().with_context(|| path.display().to_string())?);
        Ok(())
    }

    /// Writes the page itself, last of all: with it the folder is whole.
    pub(super) fn index(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let mut file = BufWriter::new(AtomicFile::create(self.path.join(INDEX))?);
        write(&mut file)?;
        file.flush()?;
        file.into_inner().map_err(|error| error.into_error())?.commit()?;
        self.count(fs::metadata(self.path.join(INDEX))?.len());
        Ok(())
    }

    fn count(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    /// The bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The number of files.
    pub fn files(&self) -> usize {
        self.files.load(Ordering::Relaxed)
    }
}
