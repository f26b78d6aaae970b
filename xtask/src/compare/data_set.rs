//! The data sets that peers are compared on.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::data::Data;

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
    pub(super) fn prepare(name: &str, out: &Path, data: &Data) -> Result<Self> {
        let fashion = |file: &str| Path::new("data/fashion-mnist").join(file);
        let synthetic = |file: &str| Path::new("data/synthetic").join(file);
        let make_fashion = || data.fashion_mnist(Path::new("data/fashion-mnist"), false);
        let own = |file: &str| out.join("data").join(format!("{name}-{file}.npy"));
        let (points, labels) = match name {
            "digits" => {
                let (points, labels) = (own("x"), own("labels"));
                if !points.is_file() || !labels.is_file() {
                    data.digits(&points, &labels)?;
                }
                (points, Some(labels))
            }
            "fashion-10k" => {
                let (points, labels) = (own("x"), own("labels"));
                if !points.is_file() || !labels.is_file() {
                    make_fashion()?;
                    data.rows(&fashion("pca50.npy"), 0..10_000, &points)?;
                    data.rows(&fashion("labels.npy"), 0..10_000, &labels)?;
                }
                (points, Some(labels))
            }
            "fashion-70k" | "fashion-784" => {
                let file = fashion(if name == "fashion-70k" { "pca50.npy" } else { "x784.npy" });
                if !file.is_file() {
                    make_fashion()?;
                }
                (file, Some(fashion("labels.npy")))
            }
            "synthetic-250k" | "synthetic-1m" => {
                let tail = if name == "synthetic-250k" { "_250k.npy" } else { ".npy" };
                let file = synthetic(&format!("x50{tail}"));
                if !file.is_file() {
                    data.synthetic(1_000_000, Path::new("data/synthetic"), false)?;
                }
                (file, Some(synthetic(&format!("labels{tail}"))))
            }
            file if file.ends_with(".npy") => (file.into(), None),
            other => bail!(
                "`--data {other}`: there are digits, fashion-10k, fashion-70k, fashion-784, synthetic-250k, \
                 synthetic-1m, or the name of a file .npy"
            ),
        };
        let (n, d) = data.shape(&points)?;
        let name = Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.display().to_string());
        Ok(Self { name, points, labels, n, d })
    }

    /// The points to fit and the new ones, as files in `out`.
    pub(super) fn split(&self, out: &Path, data: &Data) -> Result<(PathBuf, PathBuf)> {
        let file = |which: &str| out.join("data").join(format!("{}-{which}.npy", self.name));
        let (fitted, new) = (file("fitted"), file("new"));
        let at = self.n - self.n / NEW_ONE_OF;
        for (range, to) in [(0..at, &fitted), (at..self.n, &new)] {
            if !to.is_file() {
                data.rows(&self.points, range, to)?;
            }
        }
        Ok((fitted, new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = DataSet::prepare("mnist", Path::new("nowhere"), &Data::default()).unwrap_err().to_string();
        assert!(error.contains("fashion-10k") && error.contains("mnist"));
    }
}
