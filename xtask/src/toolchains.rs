//! Checks by what a fresh clone may not ask for: another target, another compiler, Miri, cargo-deny. Where one is not
//! there, the step says so.

use std::path::Path;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// Pointers of 32 bits.
const TARGET: &str = "i686-unknown-linux-gnu";

/// The tests that reach the `unsafe` code: the crate, the target, and what the names contain.
const UNSAFE: [(&str, &[&str], &str); 4] = [
    ("tsne-core", &["--lib"], "array::"),
    ("tsne-core", &["--test", "suite"], "simd::"),
    ("tsne-optim", &["--lib"], "attraction::gather"),
    ("tsne-optim", &["--lib"], "attraction::sums"),
];

/// What Miri is told. The pool of threads below rayon keeps its lists in crossbeam-epoch, which walks from a node to what
/// holds it: the stacked borrows forbid that, the borrows in a tree allow it. It also lets its threads run to the end of
/// the process, which Miri calls a leak.
const ALIASING: &str = "-Zmiri-tree-borrows -Zmiri-ignore-leaks";

/// The step `i686` of `cargo xtask ci`.
pub(crate) fn i686(shell: &Shell) -> Result<Outcome> {
    let library = cmd!(shell, "rustc --print target-libdir --target {TARGET}").quiet().read()?;
    if !Path::new(&library).is_dir() {
        return Ok(Outcome::Skipped(format!("there is no {TARGET}: `rustup target add {TARGET}`")));
    }
    let workspace = Workspace::load(shell)?;
    let packages = published(&workspace);
    cmd!(shell, "cargo check {packages...} --all-features --target {TARGET}").run()?;
    Ok(Outcome::Passed)
}

/// The step `msrv`. The tests may use newer things than what they test.
pub(crate) fn msrv(shell: &Shell) -> Result<Outcome> {
    let workspace = Workspace::load(shell)?;
    let version = workspace.members.iter().find_map(|package| package.rust_version.clone());
    let version = version.context("no member says which version of Rust it needs")?;
    let list = cmd!(shell, "rustup toolchain list").quiet().ignore_stderr().read().unwrap_or_default();
    let Some(toolchain) = toolchain(&list, &version) else {
        return Ok(Outcome::Skipped(format!("Rust {version} is not there: `rustup toolchain install {version}`")));
    };
    let packages = published(&workspace);
    // A directory of its own: what one compiler built is of no use to another, and each would clean up after the other.
    let target = Path::new(&workspace.target_directory).join("msrv");
    cmd!(shell, "rustup run {toolchain} cargo check {packages...} --all-features --target-dir {target}").run()?;
    Ok(Outcome::Passed)
}

/// The step `miri`.
pub(crate) fn miri(shell: &Shell) -> Result<Outcome> {
    if cmd!(shell, "cargo +nightly miri --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        return Ok(Outcome::Skipped("there is no Miri: `rustup +nightly component add miri rust-src`".to_owned()));
    }
    // Miri has the vector units that the code was compiled for, and no others.
    let wide = if cfg!(target_arch = "x86_64") { "-C target-feature=+avx2" } else { "" };
    let _flags = shell.push_env("RUSTFLAGS", wide);
    let _model = shell.push_env("MIRIFLAGS", ALIASING);
    for (package, target, tests) in UNSAFE {
        let output = cmd!(shell, "cargo +nightly miri test --package {package} {target...} -- {tests}").read()?;
        println!("{output}");
        if !ran_some(&output) {
            bail!("no test of {package} has `{tests}` in its name: see UNSAFE in xtask/src/toolchains.rs");
        }
    }
    Ok(Outcome::Passed)
}

/// The step `deny`.
pub(crate) fn deny(shell: &Shell) -> Result<Outcome> {
    if cmd!(shell, "cargo deny --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        return Ok(Outcome::Skipped("there is no cargo-deny: `cargo install cargo-deny`".to_owned()));
    }
    cmd!(shell, "cargo deny check bans licenses sources").run()?;
    // Workspaces of their own, with the same rules.
    for manifest in ["crates/tsne-py/Cargo.toml", "crates/tsne-mpi/Cargo.toml", "fuzz/Cargo.toml"] {
        cmd!(shell, "cargo deny --manifest-path {manifest} check bans licenses sources").run()?;
    }
    Ok(Outcome::Passed)
}

/// `--package NAME` for each member that goes to a registry.
fn published(workspace: &Workspace) -> Vec<&str> {
    let published = workspace.members.iter().filter(|package| package.is_published);
    published.flat_map(|package| ["--package", &package.name]).collect()
}

/// The toolchain of a version in what `rustup toolchain list` prints.
fn toolchain<'a>(list: &'a str, version: &str) -> Option<&'a str> {
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(['.', '-']);
    names.into_iter().find(|name| name.strip_prefix(version).is_some_and(ends))
}

/// Whether a test passed, by what the test harness prints.
fn ran_some(output: &str) -> bool {
    let passed = |line: &str| line.strip_prefix("test result: ok. ").is_some_and(|rest| !rest.starts_with("0 passed"));
    output.lines().any(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_is_found_by_its_version() {
        let list =
            "stable-x86_64-unknown-linux-gnu (active, default)\n1.8.0-x\n1.89.0-x86_64-unknown-linux-gnu\n1.9-y\n";
        assert_eq!(toolchain(list, "1.89"), Some("1.89.0-x86_64-unknown-linux-gnu"));
        assert_eq!((toolchain(list, "1.9"), toolchain(list, "1.90")), (Some("1.9-y"), None));
    }

    #[test]
    fn a_filter_that_meets_no_test_is_seen() {
        assert!(ran_some("running 2 tests\ntest result: ok. 2 passed; 0 failed\n"));
        assert!(!ran_some("test result: ok. 0 passed; 0 failed\n"));
        assert!(!ran_some("test result: FAILED. 2 passed; 1 failed\n"));
    }
}
