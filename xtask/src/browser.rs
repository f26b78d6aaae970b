//! `cargo xtask browser`: the page that `tsne explore` writes, in a real browser.
//!
//! Chromium is the system's, its driver (`playwright-core`, without browsers of its own) comes by npm into the build directory. The
//! tests are `crates/tsne-cli/tests/browser/`, run by Node's own test runner.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::debian;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// The driver: the version that was tried, with the Chromium of Debian 12.
const DRIVER: &str = "playwright-core@1.64.1";

/// The files of the tests, in the order in which they run.
const TESTS: [&str; 3] = ["explore", "film", "tiles"];

/// Runs `cargo xtask browser`.
pub(crate) fn run() -> Result<()> {
    let shell = Shell::new()?;
    let tools = Tools::find(&shell)?;
    tools.test(&shell)
}

/// The step of `cargo xtask ci`: like the command, but where browser and driver cannot be had (no Node, another system than
/// Debian, no root, no network) it says so and passes.
pub(crate) fn check(shell: &Shell) -> Result<Outcome> {
    match Tools::find(shell) {
        Ok(tools) => tools.test(shell).map(|()| Outcome::Passed),
        Err(error) => Ok(Outcome::Skipped(format!("{error:#}"))),
    }
}

/// What the tests need besides the command.
struct Tools {
    target: PathBuf,
    chromium: PathBuf,
    /// Where the driver and the files of the tests are.
    directory: PathBuf,
}

impl Tools {
    fn find(shell: &Shell) -> Result<Self> {
        if cmd!(shell, "npm --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
            bail!("there is no npm: install Node.js (20 or later)");
        }
        let chromium = match chromium(shell) {
            Some(path) => path,
            None => {
                debian::install(shell, "chromium", "chromium")?;
                chromium(shell).context("the package `chromium` is installed, but there is no such command")?
            }
        };
        let target = PathBuf::from(Workspace::load(shell)?.target_directory);
        let directory = target.join("browser");
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        // Written last, so that an interrupted installation is not taken for a whole one.
        let installed = directory.join("installed.txt");
        if !fs::read_to_string(&installed).is_ok_and(|text| text == DRIVER) {
            fs::write(directory.join("package.json"), "{}\n")?;
            cmd!(shell, "npm install --silent --no-audit --no-fund --prefix {directory} {DRIVER}")
                .run()
                .context("the driver of the browser cannot be installed: is there a network?")?;
            fs::write(&installed, DRIVER)?;
        }
        Ok(Self { target, chromium, directory })
    }

    fn test(&self, shell: &Shell) -> Result<()> {
        let program = Workspace::command(shell, &self.target)?;
        let _chromium = shell.push_env("CHROMIUM", &self.chromium);
        let directory = &self.directory;
        TESTS.iter().try_for_each(|name| -> Result<()> {
            let test = format!("crates/tsne-cli/tests/browser/{name}.mjs");
            Ok(cmd!(shell, "node {test} {directory} {program}").run()?)
        })
    }
}

/// The browser, by the names that distributions give it.
fn chromium(shell: &Shell) -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find_map(|name| {
        let path = cmd!(shell, "which {name}").quiet().ignore_stderr().read().ok()?;
        cmd!(shell, "{path} --version").quiet().ignore_stdout().ignore_stderr().run().ok()?;
        Some(PathBuf::from(path))
    })
}
