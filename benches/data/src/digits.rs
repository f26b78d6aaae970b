//! The digits that come with the command: 64 pixels, then the label.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;

use crate::npy::Array;

/// Writes the points and their labels.
pub(crate) fn make(source: &Path, points: &Path, labels: &Path) -> Result<()> {
    let name = || source.display().to_string();
    let mut text = String::new();
    GzDecoder::new(File::open(source).with_context(name)?).read_to_string(&mut text).with_context(name)?;
    let (x, y) = table(&text).with_context(name)?;
    let n = y.len() as u64;
    Array { shape: vec![n, (x.len() / y.len().max(1)) as u64], values: x }.write(points)?;
    Array { shape: vec![n], values: y }.write(labels)
}

/// The columns but the last, and the last, of numbers separated by commas.
fn table(text: &str) -> Result<(Vec<f32>, Vec<i32>)> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for line in text.lines().map(|line| line.trim().trim_end_matches(',')) {
        let (values, label) = line.rsplit_once(',').with_context(|| format!("`{line}` has no columns"))?;
        for value in values.split(',') {
            x.push(value.parse().with_context(|| format!("`{value}` is no number"))?);
        }
        y.push(label.parse().with_context(|| format!("`{label}` is no label"))?);
    }
    Ok((x, y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_split_from_its_labels() {
        assert_eq!(table("1,2.5,0\n3,4,7\n").unwrap(), (vec![1.0, 2.5, 3.0, 4.0], vec![0, 7]));
        assert!(table("1,x,0").unwrap_err().to_string().contains("`x`"));
        assert!(table("1").is_err());
    }
}
