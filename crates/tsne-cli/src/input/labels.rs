//! Labels of points: categories, in a stable order.

use super::npy::{Npy, Shape, element_text};
use super::text::{Delimiter, fields, for_each_line, open};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;

/// One category per point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The category of each point, an index into `names`.
    pub codes: Vec<u32>,
    /// The categories, sorted: as numbers if all of them are numbers, else as text.
    pub names: Vec<String>,
}

impl Labels {
    /// The categories of the given texts.
    pub fn from_texts(texts: Vec<String>) -> Self {
        let mut names = texts.clone();
        names.sort_unstable();
        names.dedup();
        let numbers: Option<Vec<f64>> = names.iter().map(|name| name.parse().ok()).collect();
        let codes = |names: &[String]| {
            // Every text is among the names.
            texts.iter().map(|text| names.binary_search(text).unwrap_or_default() as u32).collect::<Vec<u32>>()
        };
        match numbers {
            None => Self { codes: codes(&names), names },
            Some(numbers) => {
                let mut order: Vec<usize> = (0..names.len()).collect();
                order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]).then(a.cmp(&b)));
                let mut rank = vec![0; names.len()];
                for (place, &name) in order.iter().enumerate() {
                    rank[name] = place as u32;
                }
                let codes = codes(&names).into_iter().map(|code| rank[code as usize]).collect();
                Self { codes, names: order.iter().map(|&name| names[name].clone()).collect() }
            }
        }
    }

    /// Reads the labels of `n` points from an `.npy` file or a text file with one label per line. A text file may
    /// have one line more: then its first line is a title.
    ///
    /// # Errors
    ///
    /// Unless there are exactly `n` labels, none of them missing.
    pub fn read(path: &Path, n: usize) -> Result<Self> {
        let texts = if super::is_npy(path) { read_npy(path)? } else { read_text(path, n)? };
        ensure!(
            texts.len() == n,
            "there are {} labels for {n} points: give one label per point, in the order of the points",
            texts.len()
        );
        Ok(Self::from_texts(texts))
    }

    /// The categories as numbers, if all of them are.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        self.names.iter().map(|name| name.parse().ok().filter(|value: &f64| value.is_finite())).collect()
    }
}

fn read_npy(path: &Path) -> Result<Vec<String>> {
    let npy = Npy::open(path)?;
    ensure!(
        matches!(npy.shape.as_slice(), [_] | [_, 1]),
        "the labels have shape {}, but one column of n labels is needed",
        Shape(&npy.shape)
    );
    let dtype = npy.dtype;
    let elements = npy.elements()?;
    let text = |(i, element)| {
        element_text(dtype, element).with_context(|| format!("label {i} (counted from 0) is not finite or not text"))
    };
    elements.chunks_exact(dtype.size).enumerate().map(text).collect()
}

fn read_text(path: &Path, n: usize) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for_each_line(open(path)?, |number, line| {
        // Labels may be words with blanks in them, so white space does not separate.
        let delimiter = match Delimiter::detect(line) {
            Delimiter::Whitespace => Delimiter::Character('\t'),
            delimiter => delimiter,
        };
        let mut found = fields(line, delimiter);
        match (found.next().flatten(), found.next()) {
            (Some(label), None) if !label.is_empty() => texts.push(label.into_owned()),
            (_, Some(_)) => bail!("line {number} has several fields: give one label per line"),
            _ => bail!("line {number} has an empty label or a quote that is not closed: fill it in"),
        }
        Ok(())
    })?;
    if texts.len() == n + 1 {
        texts.remove(0);
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Labels {
        Labels::from_texts(texts.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn numbers_sort_as_numbers_and_words_as_words() {
        let labels = texts(&["10", "9", "10", "-1"]);
        assert_eq!(labels.names, ["-1", "9", "10"]);
        assert_eq!(labels.codes, [2, 1, 2, 0]);
        let labels = texts(&["b", "a", "10", "9"]);
        assert_eq!(labels.names, ["10", "9", "a", "b"]);
        assert_eq!(labels.codes, [3, 2, 0, 1]);
        assert!(labels.numbers().is_none());
    }
}
