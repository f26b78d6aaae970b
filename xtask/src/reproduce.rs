//! `cargo xtask reproduce`: the command built twice from one source is the same file, byte by byte.
//!
//! Whoever doubts a program that was handed out can build it and compare. Between the two builds differ the directory of what is built and
//! the number of compilers at work; what stays is the place of the sources, which Cargo makes part of the names of symbols, the toolchain
//! and the lock file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// The directories of the two builds, and how many compilers run at once.
const BUILDS: [(&str, &str); 2] = [("first", "2"), ("second", "3")];

/// Runs `cargo xtask reproduce`.
pub(crate) fn run() -> Result<()> {
    let shell = Shell::new()?;
    let home = PathBuf::from(Workspace::load(&shell)?.target_directory).join("reproduce");
    let mut programs = Vec::new();
    for (name, jobs) in BUILDS {
        let target = home.join(name);
        // What an earlier build left there would be no second build.
        if target.exists() {
            fs::remove_dir_all(&target).with_context(|| format!("cannot empty {}", target.display()))?;
        }
        cmd!(shell, "cargo build --release --locked --package tsne-cli --jobs {jobs} --target-dir {target}")
            .env("CARGO_INCREMENTAL", "0")
            .run()?;
        programs.push(target.join("release").join(format!("tsne{}", std::env::consts::EXE_SUFFIX)));
    }
    let (first, second) = (read(&programs[0])?, read(&programs[1])?);
    if let Some(at) = first_difference(&first, &second) {
        bail!(
            "the programs differ from byte {at} on ({} and {} bytes): compare {} with {}",
            first.len(),
            second.len(),
            programs[0].display(),
            programs[1].display()
        );
    }
    println!("two builds, the same {} bytes: {}", first.len(), programs[0].display());
    Ok(())
}

fn read(program: &Path) -> Result<Vec<u8>> {
    fs::read(program).with_context(|| format!("cannot read {}", program.display()))
}

/// Where two files differ first; the end of the shorter is a difference.
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let within = a.iter().zip(b).position(|(a, b)| a != b);
    within.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn files_differ_where_bytes_or_lengths_do() {
        assert_eq!(first_difference(b"same", b"same"), None);
        assert_eq!(first_difference(b"same", b"some"), Some(1));
        assert_eq!((first_difference(b"same", b"sa"), first_difference(b"", b"s")), (Some(2), Some(0)));
    }
}
