//! Numbers that are classes: a cluster or a class that was written as a number, and that nobody has asked for as labels.

use std::collections::BTreeSet;
use tsne::Scalar;

/// Words of which a name of classes has one, in the tables of single cells and of machine learning.
const WORDS: [&str; 19] = [
    "batch", "category", "celltype", "class", "classes", "cluster", "clusters", "donor", "fold", "group", "kmeans",
    "label", "labels", "leiden", "louvain", "sample", "species", "subclass", "target",
];

/// More different numbers than these are no classes.
const MOST: usize = 200;

/// Classes have at least so many points each on average.
const POINTS_PER_CLASS: usize = 5;

/// The different numbers of a column, as far as they may be classes.
#[derive(Debug, Default)]
pub(in crate::input) struct Kinds {
    kinds: BTreeSet<i64>,
    count: usize,
    /// Whether one was no whole number, or there were too many.
    are_none: bool,
}

impl Kinds {
    pub(in crate::input) fn push(&mut self, value: f64) {
        self.count += 1;
        self.are_none |= value.fract() != 0.0 || self.kinds.len() > MOST;
        if !self.are_none {
            self.kinds.insert(value as i64);
        }
    }

    pub(in crate::input) fn are_classes(&self) -> bool {
        let kinds = self.kinds.len();
        !self.are_none && (2..=MOST).contains(&kinds) && kinds * POINTS_PER_CLASS <= self.count
    }
}

/// Whether a word of the name of a column is one of classes.
pub(in crate::input) fn is_named_so(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphabetic());
    words.any(|word| WORDS.contains(&word)) || name.contains("cell_type")
}

/// The names of columns of a row-major table that look like classes: by a word of the name, and by whole numbers that repeat.
pub(super) fn among<T: Scalar>(names: &[String], values: &[T]) -> Vec<String> {
    let d = names.len().max(1);
    let are_classes = |column: usize| {
        let mut kinds = Kinds::default();
        for value in values.iter().skip(column).step_by(d) {
            kinds.push(value.to_f64());
            if kinds.are_none {
                return false;
            }
        }
        kinds.are_classes()
    };
    (0..names.len()).filter(|&c| is_named_so(&names[c]) && are_classes(c)).map(|c| names[c].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_both_decide() {
        let names = ["leiden", "gene", "Cluster_2", "class", "target"].map(str::to_owned);
        let rows = (0..40).map(|i| [f64::from(i % 4), f64::from(i % 4), f64::from(i % 8), f64::from(i), 0.5]);
        let values: Vec<f64> = rows.flatten().collect();
        // A gene has another name, 40 classes of 40 points are none, and halves are measured.
        assert_eq!(among(&names, &values), ["leiden", "Cluster_2"]);
        assert!(among::<f64>(&names, &[]).is_empty());
    }
}
