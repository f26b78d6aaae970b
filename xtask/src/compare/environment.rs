//! The programs that are compared: built and installed before anything is measured.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

use super::peer::{Kind, Peer, Programs};

/// What pip is to install.
const REQUIREMENTS: &str = "benches/peers/requirements.txt";

/// Builds what `peers` need, and the judge.
pub(super) fn build(shell: &Shell, peers: &[Peer]) -> Result<Programs> {
    let target = PathBuf::from(Workspace::load(shell)?.target_directory);
    cmd!(shell, "cargo build --release --package tsne-benches --example judge").quiet().run()?;
    let any = |wanted: fn(&Kind) -> bool| peers.iter().any(|peer| wanted(&peer.kind));
    if any(|kind| matches!(kind, Kind::Ours { .. })) {
        cmd!(shell, "cargo build --release --package tsne-cli").quiet().run()?;
    }
    let rust = target.join("peers-rust");
    if any(|kind| matches!(kind, Kind::Rust)) {
        // All instructions of this machine, which favors them: the command of this repository is built for any.
        let _flags = shell.push_env("RUSTFLAGS", "-C target-cpu=native");
        let manifest = "benches/peers/rust/Cargo.toml";
        cmd!(shell, "cargo build --release --locked --manifest-path {manifest} --target-dir {rust}").quiet().run()?;
    }
    let release = target.join("release");
    Ok(Programs {
        tsne: release.join("tsne"),
        judge: release.join("examples/judge"),
        // Also draws the plots.
        python: python(shell)?,
        peers: rust.join("release/peers"),
    })
}

/// The interpreter of a virtual environment with the required packages. It is made anew when the requirements have
/// changed.
pub(super) fn python(shell: &Shell) -> Result<PathBuf> {
    let environment = PathBuf::from(Workspace::load(shell)?.target_directory).join("peers");
    let interpreter = environment.join("bin/python");
    let wanted = fs::read_to_string(REQUIREMENTS).context(REQUIREMENTS)?;
    // Written last, so that an interrupted installation is not taken for a whole one.
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(interpreter);
    }
    println!("installing the peers in {}", environment.display());
    cmd!(shell, "python3 -m venv --clear {environment}").run().context("a Python 3 with `venv` is needed")?;
    cmd!(shell, "{interpreter} -m pip install --quiet --requirement {REQUIREMENTS}").run()?;
    fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(interpreter)
}
