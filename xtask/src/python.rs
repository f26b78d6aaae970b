//! `cargo xtask python`: the Python package is built, installed into an environment of its own, and tested there.
//!
//! `crates/tsne-py` is a workspace of its own, so that no other step needs a Python, or compiles its crates. Here it is compiled into
//! the same build directory as everything else, by the same profile: what the tests have built of the toolkit's dependencies is
//! there already.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use xshell::{Shell, cmd};

use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// The package.
const PACKAGE: &str = "crates/tsne-py";

/// The oldest Python that the wheel is for, as its minor version.
const OLDEST: u32 = 11;

/// What builds the wheel, and what its tests use.
const TOOLS: [&str; 9] = [
    "maturin>=1.9,<2",
    "numpy>=2",
    "scipy",
    "scikit-learn>=1.9,<1.10",
    "pandas",
    "narwhals",
    "matplotlib",
    "mypy",
    "pytest",
];

/// What the tests use where the interpreter has its lock: there is no wheel of it for the others.
const POLARS: &str = "polars";

/// What the tests use beyond it where a person runs them: it takes as long to be installed as all the rest.
const SCANPY: [&str; 2] = ["scanpy", "pyarrow"];

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Optimize the wheel as one that is published; the default is the profile of the tests.
    #[arg(long)]
    release: bool,
    /// Leave scanpy and its tests out.
    #[arg(long)]
    without_scanpy: bool,
    /// What pytest is told.
    #[arg(last = true)]
    pytest: Vec<String>,
}

/// Runs `cargo xtask python`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let shell = Shell::new()?;
    let environment = Environment::find(&shell, !options.without_scanpy)?;
    environment.install(&shell, options.release)?;
    environment.test(&shell, &options.pytest)
}

/// The step of `cargo xtask ci`: like the command, but where there is no Python, or its packages cannot be had, it says so and passes.
pub(crate) fn check(shell: &Shell) -> Result<Outcome> {
    let environment = match Environment::find(shell, false) {
        Ok(environment) => environment,
        Err(error) => return Ok(Outcome::Skipped(format!("{error:#}"))),
    };
    lints(shell)?;
    environment.install(shell, false)?;
    // A thousand fits are minutes of a build for tests: a person runs them.
    let soak = format!("--ignore={PACKAGE}/tests/test_soak.py");
    environment.test(shell, &[soak]).map(|()| Outcome::Passed)
}

/// What `fmt` and `clippy` are for the other crates.
fn lints(shell: &Shell) -> Result<()> {
    let manifest = format!("{PACKAGE}/Cargo.toml");
    cmd!(shell, "cargo fmt --manifest-path {manifest} --check").run()?;
    let target = Workspace::load(shell)?.target_directory;
    cmd!(shell, "cargo clippy --manifest-path {manifest} --target-dir {target} --locked -- -D warnings")
        .run()
        .with_context(|| {
            format!("where the lock file is not up to date, `cargo metadata --manifest-path {manifest}` makes it so")
        })?;
    Ok(())
}

/// A virtual environment with all that the package needs.
struct Environment {
    target: PathBuf,
    directory: PathBuf,
}

impl Environment {
    fn find(shell: &Shell, with_scanpy: bool) -> Result<Self> {
        let python = python(shell)?;
        let target = PathBuf::from(Workspace::load(shell)?.target_directory);
        let directory = target.join("python");
        let environment = Self { target, directory };
        let mut wanted = TOOLS.to_vec();
        if !free_threaded(shell, python)? {
            wanted.push(POLARS);
        }
        if with_scanpy {
            wanted.extend(SCANPY);
        }
        let text = wanted.join("\n");
        // Written last, so that an interrupted installation is not taken for a whole one.
        let installed = environment.directory.join("installed.txt");
        let there = fs::read_to_string(&installed).unwrap_or_default();
        if !wanted.iter().all(|tool| there.lines().any(|line| line == *tool)) {
            let directory = &environment.directory;
            cmd!(shell, "{python} -m venv {directory}").run().context("no virtual environment can be made")?;
            let inside = environment.python();
            cmd!(shell, "{inside} -m pip install --quiet --disable-pip-version-check {wanted...}")
                .run()
                .context("the packages of the tests cannot be installed: is there a network?")?;
            fs::write(&installed, text)?;
        }
        Ok(environment)
    }

    fn python(&self) -> PathBuf {
        self.program("python")
    }

    fn program(&self, name: &str) -> PathBuf {
        let directory = self.directory.join(if cfg!(windows) { "Scripts" } else { "bin" });
        directory.join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// Builds the wheel and puts it in the place of the last one.
    fn install(&self, shell: &Shell, release: bool) -> Result<()> {
        let (maturin, python, target) = (self.program("maturin"), self.python(), &self.target);
        let wheels = self.directory.join("wheels");
        if wheels.exists() {
            fs::remove_dir_all(&wheels)?;
        }
        let profile = if release { "release" } else { "dev" };
        cmd!(shell, "{maturin} build --quiet --locked --profile {profile} --interpreter {python} --manifest-path {PACKAGE}/Cargo.toml --target-dir {target} --out {wheels}")
            .run()
            .context("the wheel cannot be built")?;
        let wheel = only_wheel(&wheels)?;
        cmd!(shell, "{python} -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall {wheel}")
            .run()?;
        Ok(())
    }

    /// Types first: it is the installed package that they are of.
    fn test(&self, shell: &Shell, pytest: &[String]) -> Result<()> {
        let (python, cache) = (self.python(), self.directory.join("mypy"));
        let tests = format!("{PACKAGE}/tests");
        cmd!(shell, "{python} -m mypy.stubtest tsne_rs._tsne_rs")
            .run()
            .context("the stubs are not those of the extension")?;
        cmd!(shell, "{python} -m mypy --config-file {PACKAGE}/pyproject.toml --cache-dir {cache} -p tsne_rs")
            .run()
            .context("the annotations of the package do not fit together")?;
        // Not from the directory of the sources, whose package has no extension.
        cmd!(shell, "{python} -m pytest -p no:cacheprovider --rootdir {tests} {tests} {pytest...}").run()?;
        Ok(())
    }
}

fn only_wheel(directory: &Path) -> Result<PathBuf> {
    let found: Vec<PathBuf> = fs::read_dir(directory)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    ensure!(found.len() == 1, "maturin wrote {} files into {}, not one", found.len(), directory.display());
    found.into_iter().next().context("one was there")
}

/// A Python that the wheel is for.
fn python(shell: &Shell) -> Result<&'static str> {
    let script = "import sys; print(sys.version_info.major * 1000 + sys.version_info.minor)";
    for name in ["python3", "python"] {
        let Ok(text) = cmd!(shell, "{name} -c {script}").quiet().ignore_stderr().read() else { continue };
        if text.trim().parse::<u32>().is_ok_and(|version| version >= 3000 + OLDEST) {
            return Ok(name);
        }
    }
    bail!("there is no Python 3.{OLDEST} or later")
}

/// Whether it is a Python without its lock.
fn free_threaded(shell: &Shell, python: &str) -> Result<bool> {
    let script = "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED') or 0)";
    Ok(cmd!(shell, "{python} -c {script}").quiet().read()?.trim() == "1")
}
