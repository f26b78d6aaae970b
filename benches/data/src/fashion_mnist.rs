//! Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 70000 images of clothes, 28 by 28 bytes, in ten classes.

use std::path::Path;

use anyhow::{Result, bail};

use crate::idx;
use crate::npy::{Array, Writer};
use crate::pca::Pca;
use crate::targets::{F32, I32, wanted};

/// The two parts, in the order of the rows, with their numbers of images.
const PARTS: [(&str, usize); 2] = [("train", 60_000), ("t10k", 10_000)];
const SIDE: usize = 28;
const COMPONENTS: usize = 50;

/// Writes `x784.npy` (bytes / 255), `labels.npy` and `pca50.npy` into `out`: 70000 rows each, training images first;
/// `source` has the IDX files.
pub(crate) fn make(source: &Path, out: &Path, force: bool) -> Result<()> {
    let d = SIDE * SIDE;
    let n = PARTS.iter().map(|part| part.1).sum::<usize>();
    let targets = [
        ("x784.npy", F32, [n, d].map(|extent| extent as u64).to_vec()),
        ("labels.npy", I32, vec![n as u64]),
        ("pca50.npy", F32, [n, COMPONENTS].map(|extent| extent as u64).to_vec()),
    ];
    let wanted = wanted(out, &targets, force)?;
    if wanted.is_empty() {
        return Ok(());
    }
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
    let mut writer = Writer::<f32>::create(path, &[(images.len() / d) as u64, d as u64])?;
    let mut row = vec![0.0_f32; d];
    for image in images.chunks_exact(d) {
        row.iter_mut().zip(image).for_each(|(x, &byte)| *x = f32::from(byte) / 255.0);
        writer.put(&row)?;
    }
    writer.finish()
}

fn write_labels(path: &Path, labels: &[u8]) -> Result<()> {
    Array { shape: vec![labels.len() as u64], values: labels.iter().map(|&label| i32::from(label)).collect() }
        .write(path)
}

fn write_components(path: &Path, images: &[u8], d: usize) -> Result<()> {
    let pca = Pca::fit(images, d, COMPONENTS)?;
    let mut writer = Writer::<f32>::create(path, &[(images.len() / d) as u64, COMPONENTS as u64])?;
    let mut y = [0.0_f32; COMPONENTS];
    for image in images.chunks_exact(d) {
        pca.project(image, &mut y);
        writer.put(&y)?;
    }
    writer.finish()
}
