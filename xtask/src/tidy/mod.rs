//! `cargo xtask tidy`: the rules of the repository that no compiler knows. One rule is one function from data to
//! violations, so that each is tested on a made-up violation.

mod arrows;
mod files;
mod links;
mod manifest;
mod modules;
mod rule;
mod tests_named;
mod text;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

use self::rule::TrackedFile;

/// Runs every rule; fails where one is broken.
pub(crate) fn run() -> Result<()> {
    let shell = Shell::new()?;
    let workspace = Workspace::load(&shell)?;
    let files = tracked_files(&shell)?;
    let mut violations = arrows::check(&workspace);
    violations.extend(manifest::check(&workspace, &files));
    violations.extend(files::check(&files));
    violations.extend(links::check(&files));
    violations.extend(tests_named::check(&files));
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
