//! The directory of `--scratch`, for what memory need not hold.

use crate::command::run::warn;
use anyhow::{Context as _, Result};
use std::path::Path;
use tsne::files::ScratchDir;

/// The directory, if one was given: before anything takes long.
///
/// # Errors
///
/// Where no file can be made in it.
pub(crate) fn open(directory: Option<&Path>, quiet: bool) -> Result<Option<ScratchDir>> {
    let Some(directory) = directory else { return Ok(None) };
    let scratch = ScratchDir::new(directory).context("--scratch")?;
    if scratch.is_in_memory() {
        let why = format!(
            "--scratch {}: the files of this directory are in memory (tmpfs), so that they save none: name one on a disk",
            directory.display()
        );
        warn(quiet, &[why]);
    }
    Ok(Some(scratch))
}
