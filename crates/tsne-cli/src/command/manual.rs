//! `tsne completions` and `tsne man`: the command line in the form that shells and `man` take.

use crate::args::{command, subcommands};
use anyhow::{Context, Result};
use clap_complete::Shell;
use std::io::Write;
use std::path::Path;
use tsne::files;

/// Prints the completions of a shell.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn completions(shell: Shell) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command(), "tsne", &mut text);
    std::io::stdout().write_all(&text).context("cannot write to standard output")
}

/// Writes a page for the program and one for each subcommand.
///
/// # Errors
///
/// For a directory that cannot be made and a file that cannot be written.
pub(crate) fn man(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    for (name, command) in subcommands() {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).with_context(|| format!("no page of {name}"))?;
        let path = directory.join(format!("{name}.1"));
        files::write(&path, &page).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
