//! `cargo xtask data`: the data of the benchmarks as .npy files.

mod fashion_mnist;
mod idx;
pub(crate) mod npy;
mod pca;
mod synthetic;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::args::Args;

/// Runs `cargo xtask data NAME`.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let name = args.word();
    let force = args.flag("--force");
    let out: Option<PathBuf> = args.value("--out")?;
    match name.as_deref() {
        Some("fashion-mnist") => {
            args.finish()?;
            fashion_mnist::make(&out.unwrap_or_else(|| "data/fashion-mnist".into()), force)
        }
        Some("synthetic") => {
            let n = args.value("--n")?.unwrap_or(1_000_000);
            args.finish()?;
            synthetic::make(&out.unwrap_or_else(|| "data/synthetic".into()), n, force)
        }
        Some(other) => bail!("no data set `{other}`: there are `fashion-mnist` and `synthetic`"),
        None => bail!("which data set? `cargo xtask data fashion-mnist` or `cargo xtask data synthetic`"),
    }
}

/// A .npy file to make: its name, the type of its elements, its shape.
type Target = (&'static str, &'static str, Vec<usize>);

/// The names of `targets` that are to be written, with the directory made; says what is kept.
fn wanted(out: &Path, targets: &[Target], force: bool) -> Result<Vec<&'static str>> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make the directory {}", out.display()))?;
    let mut wanted = Vec::new();
    for (name, descr, shape) in targets {
        let path = out.join(name);
        if !force && npy::is_whole(&path, descr, shape) {
            println!("{}: {shape:?} {descr}, kept (--force writes it anew)", path.display());
        } else {
            wanted.push(*name);
        }
    }
    Ok(wanted)
}
