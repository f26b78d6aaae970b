//! Labels of points: categories in a stable order, or numbers.

mod natural;
mod owners;
mod read;

pub(crate) use owners::Owners;
pub(crate) use read::{is_table, read_labels, schema_of};

use super::grow::grow;
use super::missing::is_missing;
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
    /// The categories in their order: by value if all of them are numbers, else as people expect names (`c2` before `c10`).
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

    /// The labels of chosen points, in their order; `None` is a point without a label. Kinds of which none is left are left out.
    pub fn chosen(&self, points: impl IntoIterator<Item = Option<usize>>) -> Self {
        let code =
            |point: Option<usize>| point.and_then(|point| self.codes.get(point)).copied().unwrap_or(Self::MISSING);
        let mut codes: Vec<u32> = points.into_iter().map(code).collect();
        let mut places = vec![Self::MISSING; self.names.len()];
        for &code in codes.iter().filter(|&&code| code != Self::MISSING) {
            places[code as usize] = 0;
        }
        let mut names = Vec::new();
        for (place, name) in places.iter_mut().zip(&self.names).filter(|(place, _)| **place == 0) {
            *place = names.len() as u32;
            names.push(name.clone());
        }
        for code in codes.iter_mut().filter(|code| **code != Self::MISSING) {
            *code = places[*code as usize];
        }
        Self { codes, names, ..self.clone_without_labels() }
    }

    fn clone_without_labels(&self) -> Self {
        Self {
            name: self.name.clone(),
            label_type: self.label_type,
            title: self.title.clone(),
            codes: Vec::new(),
            names: Vec::new(),
        }
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
        numbers.iter().any(|number| number.fract() != 0.0)
            || kinds * POINTS_PER_CLASS > self.codes.len() - self.missing()
    }

    /// How many kinds of labels there are, in words, and how many points have none.
    pub fn kinds(&self) -> String {
        kinds_in_words(self.names.len(), self.are_continuous(), self.missing())
    }
}

/// How many kinds of labels there are, in words.
pub(crate) fn kinds_in_words(kinds: usize, continuous: bool, missing: usize) -> String {
    let kinds = match (kinds, continuous) {
        (kinds, true) => format!("numbers, {kinds} different"),
        (1, false) => "1 kind".into(),
        (kinds, false) => format!("{kinds} kinds"),
    };
    match missing {
        0 => kinds,
        missing => format!("{kinds}, {missing} missing"),
    }
}

/// Labels as they are read, each kind kept once.
#[derive(Debug, Default)]
pub(crate) struct LabelsBuilder {
    codes: Vec<u32>,
    kinds: HashMap<Box<str>, u32>,
}

impl LabelsBuilder {
    /// Labels of `n` points, none of which has one yet.
    pub(crate) fn of_missing(n: usize) -> Result<Self> {
        let codes = tsne::core::memory::filled("the labels", n, Labels::MISSING)?;
        Ok(Self { codes, kinds: HashMap::new() })
    }

    /// Adds the label of the next point, or none where it is missing.
    pub(crate) fn push(&mut self, text: &str) -> Result<()> {
        grow("the labels", &mut self.codes, 1)?;
        let code = self.code(text);
        self.codes.push(code);
        Ok(())
    }

    /// Adds the label of the next point, which is one whatever it is called.
    #[cfg(feature = "h5ad")]
    pub(crate) fn push_named(&mut self, text: &str) -> Result<()> {
        grow("the labels", &mut self.codes, 1)?;
        let next = self.kinds.len() as u32;
        let code = *self.kinds.entry(text.into()).or_insert(next);
        self.codes.push(code);
        Ok(())
    }

    /// Gives a point its label.
    pub(crate) fn set(&mut self, point: usize, text: &str) {
        let code = self.code(text);
        if let Some(of_point) = self.codes.get_mut(point) {
            *of_point = code;
        }
    }

    /// How many points there are so far.
    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }

    /// Adds points without a label before those at the given places, which ascend.
    pub(crate) fn insert_missing(&mut self, before: &[usize]) {
        let mut blanks = before.iter().peekable();
        let codes = std::mem::take(&mut self.codes);
        for (place, code) in codes.into_iter().enumerate() {
            while blanks.next_if(|&&blank| blank == place).is_some() {
                self.codes.push(Labels::MISSING);
            }
            self.codes.push(code);
        }
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
        if is_missing(text) {
            return Labels::MISSING;
        }
        let next = self.kinds.len() as u32;
        match self.kinds.get(text) {
            Some(&code) => code,
            None => *self.kinds.entry(text.into()).or_insert(next),
        }
    }

    /// The labels in the order of their kinds.
    pub(crate) fn finish(mut self) -> Labels {
        let mut kinds: Vec<(Box<str>, u32)> = self.kinds.into_iter().collect();
        natural::sort(&mut kinds);
        let places: HashMap<u32, u32> = kinds.iter().zip(0..).map(|((_, code), place)| (*code, place)).collect();
        for code in &mut self.codes {
            *code = places.get(code).copied().unwrap_or(Labels::MISSING);
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
        assert_eq!(labels.names, ["9", "10", "a", "b"]);
        assert_eq!(labels.codes, [3, 2, 1, 0]);
        assert!(labels.numbers().is_none());
    }

    #[test]
    fn points_without_a_label() {
        let labels = Labels::from_texts(["b", "", "a", "NA", "b", "nan"]);
        assert_eq!(
            (labels.codes.clone(), labels.missing()),
            (vec![1, Labels::MISSING, 0, Labels::MISSING, 1, Labels::MISSING], 3)
        );
        assert_eq!((labels.names.len(), labels.of(1), labels.of(4)), (2, None, Some("b")));
        assert_eq!(labels.kinds(), "2 kinds, 3 missing");
        let chosen = labels.chosen([Some(4), None, Some(0), Some(1)]);
        assert_eq!((chosen.names, chosen.codes), (vec!["b".to_owned()], vec![0, Labels::MISSING, 0, Labels::MISSING]));
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
