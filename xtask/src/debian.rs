//! Debian packages that the commands need.

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

/// Installs the Debian package `package`, of which `missing` says what is not there without it.
pub(crate) fn install(shell: &Shell, package: &str, missing: &str) -> Result<()> {
    let by_hand = format!("install the Debian package `{package}`");
    if cmd!(shell, "apt-get --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        bail!("{missing} is missing and there is no apt-get here: {by_hand}, or what your system has in its place");
    }
    if cmd!(shell, "id -u").quiet().read()? != "0" {
        bail!("{missing} is missing and only root may install it: {by_hand} (sudo apt-get install {package})");
    }
    cmd!(shell, "apt-get update").run().context("`apt-get update` failed: is there a network?")?;
    cmd!(shell, "apt-get install --yes {package}").run().with_context(|| format!("{missing} is missing: {by_hand}"))
}
