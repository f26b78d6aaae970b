//! Limits on files as a whole.

use super::rule::{TrackedFile, Violation};

/// Data are made by `cargo xtask data`, not kept in git.
const MAX_BYTES: u64 = 1 << 20;

/// A file of Rust holds one idea: 400 lines as a rule, this many at most.
const MAX_LINES: usize = 800;

/// The only source of packages in the lock file.
const LOCK_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// All rules of this file.
pub(super) fn check(files: &[TrackedFile]) -> Vec<Violation> {
    let mut violations: Vec<Violation> = files.iter().flat_map(|file| [size(file), length(file)]).flatten().collect();
    violations.extend(files.iter().flat_map(lock_sources));
    violations
}

fn size(file: &TrackedFile) -> Option<Violation> {
    let message = format!("{} bytes are more than {MAX_BYTES}: make it by a command and ignore it in git", file.bytes);
    (file.bytes > MAX_BYTES).then(|| Violation::new(&file.path, "size", message))
}

fn length(file: &TrackedFile) -> Option<Violation> {
    let lines = file.lines().count();
    let message = format!("{lines} lines are more than {MAX_LINES}: split the file by ideas");
    (file.is_rust() && lines > MAX_LINES).then(|| Violation::new(&file.path, "length", message))
}

/// A mirror configured on one machine must not reach the lock file.
fn lock_sources(file: &TrackedFile) -> Vec<Violation> {
    if !file.path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let sources = file.lines().filter_map(|(number, line)| Some((number, line.strip_prefix("source = ")?)));
    let foreign = sources.filter(|(_, source)| source.trim_matches('"') != LOCK_SOURCE);
    let violation = |(number, source)| {
        let message = format!("{source} is not the registry everyone has: lock again without a source replacement");
        Violation::new(format!("{}:{number}", file.path), "lock-source", message)
    };
    foreign.map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rule::tests::{check as expect, file};

    #[test]
    fn large_files_are_found() {
        let mut large = file("a.bin", "");
        large.bytes = MAX_BYTES;
        expect(&check(&[large.clone()]), &[]);
        large.bytes += 1;
        expect(&check(&[large]), &[("a.bin", "size")]);
    }

    #[test]
    fn long_sources_are_found() {
        let text = "\n".repeat(MAX_LINES);
        expect(&check(&[file("a.rs", &text)]), &[]);
        let text = "\n".repeat(MAX_LINES + 1);
        expect(&check(&[file("a.rs", &text), file("a.md", &text)]), &[("a.rs", "length")]);
    }

    #[test]
    fn foreign_sources_are_found() {
        let text = format!("source = \"{LOCK_SOURCE}\"\nsource = \"sparse+https://mirror.example/index/\"\n");
        expect(&check(&[file("Cargo.lock", &text)]), &[("Cargo.lock:2", "lock-source")]);
    }
}
