//! Labels of points: categories in a stable order, or numbers.

mod read;

use super::grow::grow;
use anyhow::{Context, Result};
use std::collections::HashMap;

/// Up to so many values numbers are classes, however few points have each.
const FEW: usize = 10;

/// Classes have at least so many points each on average: of fewer, no point could find the most frequent label of ten neighbors
/// to be its own.
const POINTS_PER_CLASS: usize = 5;

/// Whether labels are classes or numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LabelType {
    /// Numbers, unless they look like classes.
    #[default]
    Auto,
    /// Classes, also where all of them are numbers.
    Classes,
    /// Numbers, where all of them are; else classes.
    Numbers,
}

/// One column of labels: a category or a number for each point, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// What they tell: the name of their column, or of their file without its extension.
    pub name: String,
    /// Whether they are classes or numbers.
    pub label_type: LabelType,
    /// The category of each point, an index into `names`, or [`Labels::MISSING`].
    pub codes: Vec<u32>,
    /// The categories, sorted: as numbers if all of them are numbers, else as text.
    pub names: Vec<String>,
    /// The first line of their file, if it was taken for a title and not for a label.
    pub title: Option<String>,
}

impl Labels {
    /// The code of a point without a label.
    pub const MISSING: u32 = u32::MAX;

    /// The label of a point, if it has one.
    pub fn of(&self, point: usize) -> Option<&str> {
        let &code = self.codes.get(point)?;
        self.names.get(code as usize).map(String::as_str)
    }

    /// How many points have no label.
    pub fn missing(&self) -> usize {
        self.codes.iter().filter(|&&code| code == Self::MISSING).count()
    }

    /// The categories of the given texts.
    pub fn from_texts(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut builder = LabelsBuilder::default();
        for text in texts {
            let code = builder.code(text.as_ref());
            builder.codes.push(code);
        }
        builder.finish()
    }

    /// The categories as numbers, if all of them are.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        self.names.iter().map(|name| name.parse().ok().filter(|value: &f64| value.is_finite())).collect()
    }

    /// Whether the labels look like measured numbers and not like classes: more than ten values, and fractions among them or
    /// fewer than five points for each on average.
    pub fn are_continuous(&self) -> bool {
        match self.label_type {
            LabelType::Auto => {}
            LabelType::Classes => return false,
            LabelType::Numbers => return !self.names.is_empty() && self.numbers().is_some(),
        }
        let kinds = self.names.len();
        let Some(numbers) = self.numbers().filter(|_| kinds > FEW) else { return false };
        numbers.iter().any(|number| number.fract() != 0.0) || kinds * POINTS_PER_CLASS > self.codes.len()
    }

    /// How many kinds of labels there are, in words.
    pub fn kinds(&self) -> String {
        match (self.names.len(), self.are_continuous()) {
            (kinds, true) => format!("numbers, {kinds} different"),
            (1, false) => "1 kind".into(),
            (kinds, false) => format!("{kinds} kinds"),
        }
    }
}

/// Labels as they are read, each kind kept once.
#[derive(Debug, Default)]
pub(crate) struct LabelsBuilder {
    codes: Vec<u32>,
    kinds: HashMap<Box<str>, u32>,
}

impl LabelsBuilder {
    /// Adds the label of the next point.
    pub(crate) fn push(&mut self, text: &str) -> Result<()> {
        grow("the labels", &mut self.codes, 1)?;
        let code = self.code(text);
        self.codes.push(code);
        Ok(())
    }

    /// How many labels there are so far.
    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }

    /// Takes the first label away if it is the title of the others: not a number, and not one of them.
    pub(crate) fn take_title(&mut self) -> Option<String> {
        let (&first, others) = self.codes.split_first()?;
        let (text, _) = self.kinds.iter().find(|(_, code)| **code == first)?;
        if others.contains(&first) || text.parse::<f64>().is_ok() {
            return None;
        }
        let text = text.clone();
        self.kinds.remove(&text);
        self.codes.remove(0);
        Some(text.into())
    }

    fn code(&mut self, text: &str) -> u32 {
        let next = self.codes.len() as u32;
        match self.kinds.get(text) {
            Some(&code) => code,
            // The place of the first label of a kind stands for the kind.
            None => *self.kinds.entry(text.into()).or_insert(next),
        }
    }

    /// The labels in the order of their kinds.
    pub(crate) fn finish(mut self) -> Labels {
        let mut kinds: Vec<(Box<str>, u32)> = self.kinds.into_iter().collect();
        let number = |text: &str| text.parse::<f64>().ok();
        if kinds.iter().all(|(text, _)| number(text).is_some()) {
            kinds.sort_unstable_by(|(a, _), (b, _)| {
                number(a).unwrap_or_default().total_cmp(&number(b).unwrap_or_default()).then_with(|| a.cmp(b))
            });
        } else {
            kinds.sort_unstable();
        }
        let places: HashMap<u32, u32> = kinds.iter().zip(0..).map(|((_, code), place)| (*code, place)).collect();
        for code in &mut self.codes {
            *code = places.get(code).copied().unwrap_or_default();
        }
        let names = kinds.into_iter().map(|(text, _)| text.into()).collect();
        Labels { codes: self.codes, names, ..Labels::default() }
    }
}

/// The number of points as the codes of labels count them.
pub(crate) fn check_count(n: usize) -> Result<()> {
    u32::try_from(n).map(drop).context("there are more labels than 2³²")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers_and_words_as_words() {
        let labels = Labels::from_texts(["10", "9", "10", "-1"]);
        assert_eq!(labels.names, ["-1", "9", "10"]);
        assert_eq!(labels.codes, [2, 1, 2, 0]);
        let labels = Labels::from_texts(["b", "a", "10", "9"]);
        assert_eq!(labels.names, ["10", "9", "a", "b"]);
        assert_eq!(labels.codes, [3, 2, 0, 1]);
        assert!(labels.numbers().is_none());
    }

    #[test]
    fn measured_numbers_are_no_classes() {
        let labels = |n: usize, of: &dyn Fn(usize) -> f64| Labels::from_texts((0..n).map(|i| of(i).to_string()));
        assert!(labels(100, &|i| i as f64 * 0.37).are_continuous());
        assert!(labels(100, &|i| i as f64).are_continuous());
        assert!(labels(1000, &|i| (i % 11) as f64 + 0.5).are_continuous());
        assert!(!labels(100, &|i| (i % 20) as f64).are_continuous());
        assert!(!labels(11, &|i| (i % 10) as f64 * 0.5).are_continuous());
        assert!(!Labels::from_texts((0..100).map(|i| format!("cell {i}"))).are_continuous());
        assert_eq!(labels(100, &|i| (i % 3) as f64).kinds(), "3 kinds");
    }
}
