//! `cargo xtask tidy`: the rules of the repository that no compiler knows. One rule is one function from data to
//! violations, so that each is tested on a made-up violation.

mod arrows;
mod files;
mod links;
mod manifest;
mod modules;
mod text;

use std::fmt;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// A rule broken at a place.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The file, with the line where there is one; or the crate.
    place: String,
    /// The name of the rule.
    rule: &'static str,
    /// What is wrong and what to do.
    message: String,
}

impl Violation {
    fn new(place: impl Into<String>, rule: &'static str, message: impl Into<String>) -> Self {
        Self { place: place.into(), rule, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [{}] {}", self.place, self.rule, self.message)
    }
}

/// A file that git tracks or would track.
#[derive(Clone, Debug)]
pub(crate) struct TrackedFile {
    /// Relative to the root, with forward slashes.
    path: String,
    bytes: u64,
    /// The content where it is text.
    text: Option<String>,
}

impl TrackedFile {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines of a text, numbered from one.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.as_deref().unwrap_or_default().lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// Runs every rule; fails where one is broken.
pub(crate) fn run() -> Result<()> {
    let shell = Shell::new()?;
    let workspace = Workspace::load(&shell)?;
    let files = tracked_files(&shell)?;
    let mut violations = arrows::check(&workspace);
    violations.extend(manifest::check(&workspace, &files));
    violations.extend(files::check(&files));
    violations.extend(links::check(&files));
    violations.extend(text::check(&files));
    violations.extend(modules::check(&workspace, &files));
    for violation in &violations {
        println!("{violation}");
    }
    if !violations.is_empty() {
        bail!("tidy found {} violations: each line above says what to do", violations.len());
    }
    println!("tidy: {} crates and {} files keep the rules", workspace.members.len(), files.len());
    Ok(())
}

/// What git tracks and what it would track: a rule is worth most before the commit.
fn tracked_files(shell: &Shell) -> Result<Vec<TrackedFile>> {
    let list = cmd!(shell, "git ls-files -z --cached --others --exclude-standard")
        .quiet()
        .read()
        .context("`git ls-files` failed: tidy looks at the files of a git repository")?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        // Deleted, but still in the index.
        let Ok(metadata) = std::fs::metadata(path) else { continue };
        if !metadata.is_file() {
            continue;
        }
        let content = std::fs::read(path).with_context(|| format!("cannot read {path}"))?;
        let text = String::from_utf8(content).ok().filter(|text| !text.contains('\0'));
        files.push(TrackedFile { path: path.to_owned(), bytes: metadata.len(), text });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn file(path: &str, text: &str) -> TrackedFile {
        TrackedFile { path: path.to_owned(), bytes: text.len() as u64, text: Some(text.to_owned()) }
    }

    #[track_caller]
    pub(super) fn check(violations: &[Violation], expected: &[(&str, &str)]) {
        let found: Vec<(&str, &str)> = violations.iter().map(|v| (v.place.as_str(), v.rule)).collect();
        assert_eq!(found, expected, "{violations:#?}");
    }
}
