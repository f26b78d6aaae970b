//! Which files of a data set are to be written.

use std::path::Path;

use anyhow::{Context, Result};

use crate::npy;

/// The types of the elements, as .npy files call them.
pub(crate) const F32: &str = "<f4";
pub(crate) const I32: &str = "<i4";

/// A .npy file to make: its name, the type of its elements, its shape.
pub(crate) type Target = (&'static str, &'static str, Vec<u64>);

/// The names of `targets` that are to be written, with the directory made; says what is kept.
pub(crate) fn wanted(out: &Path, targets: &[Target], force: bool) -> Result<Vec<&'static str>> {
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
