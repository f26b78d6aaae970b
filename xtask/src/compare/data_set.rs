//! The data sets that peers are compared on.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

use crate::args::Args;
use crate::data;

use super::npy::{self, Array};

/// Those of a run that names none.
pub(super) const DEFAULT: [&str; 3] = ["digits", "fashion-10k", "fashion-70k"];

/// The share of the points that the task `transform` takes as new: one of this many. Of the 70,000 points of
/// Fashion-MNIST these are the 10,000 of its test part.
const NEW_ONE_OF: usize = 7;

/// Points and their labels, as files.
#[derive(Clone, Debug)]
pub(super) struct DataSet {
    pub(super) name: String,
    pub(super) points: PathBuf,
    pub(super) labels: Option<PathBuf>,
    pub(super) n: usize,
    pub(super) d: usize,
}

impl DataSet {
    /// The data set `name`, or the file of this name. What is missing is made: the parts of other data sets in `out`.
    pub(super) fn prepare(name: &str, out: &Path) -> Result<Self> {
        let fashion = |file: &str| Path::new("data/fashion-mnist").join(file);
        let synthetic = |file: &str| Path::new("data/synthetic").join(file);
        let make = |file: &Path, command: &str| match file.is_file() {
            true => Ok(()),
            false => data::run(Args::new([command.to_owned()])),
        };
        let own = |file: &str| out.join("data").join(format!("{name}-{file}.npy"));
        let (points, labels) = match name {
            "digits" => {
                let (points, labels) = (own("x"), own("labels"));
                if !points.is_file() || !labels.is_file() {
                    digits(&points, &labels)?;
                }
                (points, Some(labels))
            }
            "fashion-10k" => {
                make(&fashion("pca50.npy"), "fashion-mnist")?;
                let (points, labels) = (own("x"), own("labels"));
                for (from, to) in [(fashion("pca50.npy"), &points), (fashion("labels.npy"), &labels)] {
                    if !to.is_file() {
                        part(&from, 0..10_000, to)?;
                    }
                }
                (points, Some(labels))
            }
            "fashion-70k" | "fashion-784" => {
                let file = fashion(if name == "fashion-70k" { "pca50.npy" } else { "x784.npy" });
                make(&file, "fashion-mnist")?;
                (file, Some(fashion("labels.npy")))
            }
            "synthetic-250k" | "synthetic-1m" => {
                let tail = if name == "synthetic-250k" { "_250k.npy" } else { ".npy" };
                let file = synthetic(&format!("x50{tail}"));
                make(&file, "synthetic")?;
                (file, Some(synthetic(&format!("labels{tail}"))))
            }
            file if file.ends_with(".npy") => (file.into(), None),
            other => bail!(
                "`--data {other}`: there are digits, fashion-10k, fashion-70k, fashion-784, synthetic-250k, \
                 synthetic-1m, or the name of a file .npy"
            ),
        };
        let array = Array::read(&points)?;
        let name = Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.display().to_string());
        Ok(Self { name, points, labels, n: array.n(), d: array.d() })
    }

    /// The points to fit and the new ones, as files in `out`.
    pub(super) fn split(&self, out: &Path) -> Result<(PathBuf, PathBuf)> {
        let file = |which: &str| out.join("data").join(format!("{}-{which}.npy", self.name));
        let (fitted, new) = (file("fitted"), file("new"));
        let at = self.n - self.n / NEW_ONE_OF;
        for (range, to) in [(0..at, &fitted), (at..self.n, &new)] {
            if !to.is_file() {
                part(&self.points, range, to)?;
            }
        }
        Ok((fitted, new))
    }
}

fn part(from: &Path, range: std::ops::Range<usize>, to: &Path) -> Result<()> {
    Array::read(from)?.rows(range).write(to)
}

/// The digits that come with the command: 64 pixels, then the label.
fn digits(points: &Path, labels: &Path) -> Result<()> {
    let path = "crates/tsne-cli/data/digits.csv.gz";
    let mut text = String::new();
    GzDecoder::new(File::open(path).context(path)?).read_to_string(&mut text).context(path)?;
    let (x, y) = table(&text).context(path)?;
    npy::write(points, &[y.len(), x.len() / y.len().max(1)], &x)?;
    npy::write(labels, &[y.len()], &y)
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

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = DataSet::prepare("mnist", Path::new("nowhere")).unwrap_err().to_string();
        assert!(error.contains("fashion-10k") && error.contains("mnist"));
    }
}
