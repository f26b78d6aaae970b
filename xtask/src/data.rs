//! `cargo xtask data`, and what `compare` asks of the same program: `benches/data`, which is built when it is needed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use xshell::{Shell, cmd};

use crate::debian;
use crate::workspace::Workspace;

/// The Debian package of Fashion-MNIST, and where its files are.
const PACKAGE: &str = "dataset-fashion-mnist";
const SOURCE: &str = "/usr/share/datasets/fashion-mnist";

/// The digits that come with the command.
const DIGITS: &str = "crates/tsne-cli/data/digits.csv.gz";

/// A data set to make.
#[derive(Debug, Subcommand)]
pub(crate) enum Set {
    /// Fashion-MNIST: pixels, labels, 50 principal components.
    FashionMnist(FashionMnist),
    /// A hierarchical Gaussian mixture in 50 dimensions.
    Synthetic(Synthetic),
}

#[derive(Debug, Args)]
pub(crate) struct FashionMnist {
    #[arg(long, default_value = "data/fashion-mnist")]
    out: PathBuf,
    /// Write anew what is there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Synthetic {
    /// The number of points.
    #[arg(long, default_value_t = 1_000_000)]
    n: usize,
    #[arg(long, default_value = "data/synthetic")]
    out: PathBuf,
    /// Write anew what is there.
    #[arg(long)]
    force: bool,
}

/// Runs `cargo xtask data NAME`.
pub(crate) fn run(set: &Set) -> Result<()> {
    let data = Data::build(&Shell::new()?)?;
    match set {
        Set::FashionMnist(FashionMnist { out, force }) => data.fashion_mnist(out, *force),
        Set::Synthetic(Synthetic { n, out, force }) => data.synthetic(*n, out, *force),
    }
}

/// The program.
#[derive(Debug, Default)]
pub(crate) struct Data {
    program: PathBuf,
}

impl Data {
    pub(crate) fn build(shell: &Shell) -> Result<Self> {
        cmd!(shell, "cargo build --release --quiet --package tsne-data").quiet().run()?;
        let release = PathBuf::from(Workspace::load(shell)?.target_directory).join("release");
        Ok(Self { program: release.join("tsne-data").with_extension(std::env::consts::EXE_EXTENSION) })
    }

    /// Fashion-MNIST in `out`, of what is not there.
    pub(crate) fn fashion_mnist(&self, out: &Path, force: bool) -> Result<()> {
        if !Path::new(SOURCE).is_dir() {
            debian::install(&Shell::new()?, PACKAGE, SOURCE)?;
        }
        if !Path::new(SOURCE).is_dir() {
            bail!("{PACKAGE} is installed but {SOURCE} is still missing: `dpkg -L {PACKAGE}` tells where it went");
        }
        let options = ["--source".as_ref(), SOURCE.as_ref(), "--out".as_ref(), out.as_os_str()];
        self.run("fashion-mnist", &options, force)
    }

    /// The first `n` points of the synthetic mixture in `out`, of what is not there.
    pub(crate) fn synthetic(&self, n: usize, out: &Path, force: bool) -> Result<()> {
        let n = n.to_string();
        let options = ["--n".as_ref(), n.as_ref(), "--out".as_ref(), out.as_os_str()];
        self.run("synthetic", &options, force)
    }

    pub(crate) fn digits(&self, points: &Path, labels: &Path) -> Result<()> {
        self.run("digits", &[DIGITS.as_ref(), points.as_ref(), labels.as_ref()], false)
    }

    /// Writes the rows of a range.
    pub(crate) fn rows(&self, from: &Path, range: std::ops::Range<usize>, to: &Path) -> Result<()> {
        let [start, end] = [range.start, range.end].map(|row| row.to_string());
        self.run("rows", &[from.as_ref(), start.as_ref(), end.as_ref(), to.as_ref()], false)
    }

    /// Writes the rows of one map below those of another.
    pub(crate) fn stack(&self, top: &Path, below: &Path, to: &Path) -> Result<()> {
        self.run("stack", &[top.as_ref(), below.as_ref(), to.as_ref()], false)
    }

    /// The numbers of rows and of columns.
    pub(crate) fn shape(&self, file: &Path) -> Result<(usize, usize)> {
        let (program, shell) = (&self.program, Shell::new()?);
        let text = cmd!(shell, "{program} shape {file}").quiet().read()?;
        let extents: Vec<usize> = text.split_whitespace().filter_map(|extent| extent.parse().ok()).collect();
        let n = *extents.first().with_context(|| format!("{} is no array of rows", file.display()))?;
        Ok((n, extents[1..].iter().product()))
    }

    fn run(&self, task: &str, arguments: &[&OsStr], force: bool) -> Result<()> {
        let (program, shell) = (&self.program, Shell::new()?);
        let force = force.then_some("--force");
        Ok(cmd!(shell, "{program} {task} {arguments...} {force...}").quiet().run()?)
    }
}
