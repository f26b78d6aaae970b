//! Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 70000 images of clothes, 28 by 28 bytes, in ten classes.

use std::path::Path;

use anyhow::{Result, bail};
use xshell::Shell;

use crate::debian;

use super::npy::{Element, NpyWriter};
use super::{idx, pca::Pca, wanted};

const PACKAGE: &str = "dataset-fashion-mnist";
const SOURCE: &str = "/usr/share/datasets/fashion-mnist";
/// The two parts, in the order of the rows, with their numbers of images.
const PARTS: [(&str, usize); 2] = [("train", 60_000), ("t10k", 10_000)];
const SIDE: usize = 28;
const COMPONENTS: usize = 50;

/// Writes `x784.npy` (bytes / 255), `labels.npy` and `pca50.npy` into `out`: 70000 rows each, training images first.
pub(crate) fn make(out: &Path, force: bool) -> Result<()> {
    let d = SIDE * SIDE;
    let n = PARTS.iter().map(|part| part.1).sum::<usize>();
    let targets = [
        ("x784.npy", f32::DESCR, vec![n, d]),
        ("labels.npy", i32::DESCR, vec![n]),
        ("pca50.npy", f32::DESCR, vec![n, COMPONENTS]),
    ];
    let wanted = wanted(out, &targets, force)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let source = Path::new(SOURCE);
    install(source)?;
    let (mut images, mut labels) = (Vec::with_capacity(n * d), Vec::with_capacity(n));
    for (part, n) in PARTS {
        images.extend(idx::read(&source.join(format!("{part}-images-idx3-ubyte.gz")), &[n, SIDE, SIDE])?);
        labels.extend(idx::read(&source.join(format!("{part}-labels-idx1-ubyte.gz")), &[n])?);
    }
    if let Some(label) = labels.iter().find(|&&label| label > 9) {
        bail!("a label is {label}: the ten classes are 0 to 9, so this is not Fashion-MNIST");
    }
    for name in wanted {
        let path = out.join(name);
        match name {
            "x784.npy" => write_pixels(&path, &images, d)?,
            "labels.npy" => write_labels(&path, &labels)?,
            _ => write_components(&path, &images, d)?,
        }
    }
    Ok(())
}

fn write_pixels(path: &Path, images: &[u8], d: usize) -> Result<()> {
    let mut writer = NpyWriter::create::<f32>(path, &[images.len() / d, d])?;
    let mut row = vec![0.0_f32; d];
    for image in images.chunks_exact(d) {
        row.iter_mut().zip(image).for_each(|(x, &byte)| *x = f32::from(byte) / 255.0);
        writer.put(&row)?;
    }
    writer.finish()
}

fn write_labels(path: &Path, labels: &[u8]) -> Result<()> {
    let labels: Vec<i32> = labels.iter().map(|&label| i32::from(label)).collect();
    let mut writer = NpyWriter::create::<i32>(path, &[labels.len()])?;
    writer.put(&labels)?;
    writer.finish()
}

fn write_components(path: &Path, images: &[u8], d: usize) -> Result<()> {
    let pca = Pca::fit(images, d, COMPONENTS)?;
    let mut writer = NpyWriter::create::<f32>(path, &[images.len() / d, COMPONENTS])?;
    let mut y = [0.0_f32; COMPONENTS];
    for image in images.chunks_exact(d) {
        pca.project(image, &mut y);
        writer.put(&y)?;
    }
    writer.finish()
}

/// Installs the Debian package unless its files are there.
fn install(source: &Path) -> Result<()> {
    if source.is_dir() {
        return Ok(());
    }
    debian::install(&Shell::new()?, PACKAGE, SOURCE)?;
    if !source.is_dir() {
        bail!(
            "the package `{PACKAGE}` is installed but {SOURCE} is still missing: `dpkg -L {PACKAGE}` tells where it went"
        );
    }
    Ok(())
}
