//! What the input was taken for.

use crate::input::{Labels, Loaded, kinds_in_words};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Names that a line of text shows at most.
const SHOWN: usize = 5;

/// What the input was taken for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputReport {
    /// Of a text table, whether its first line names the columns; of other files `null`.
    pub header: Option<bool>,
    /// Whether it is a table that says itself what its columns are called and hold, as Parquet does.
    #[serde(default)]
    pub typed: bool,
    /// The name of the column with the names of the rows, perhaps empty; `null` without such a column.
    pub index_column: Option<String>,
    /// Columns of text that were left out.
    pub left_out: Vec<String>,
    /// What of its file the points are, where it holds several things; else `null`.
    pub part: Option<String>,
    /// Whether the points have names.
    pub ids: bool,
    /// Values that were missing.
    pub missing: usize,
    /// Points that were left out for them.
    pub dropped: usize,
    /// The labels that color the map; `null` without.
    pub labels: Option<LabelsReport>,
    /// Further columns of labels.
    pub more_labels: Vec<LabelsReport>,
    /// How the values were prepared, step by step.
    pub prepared: Vec<String>,
    /// Whether labels were joined with the points by their names.
    pub joined: bool,
    /// Columns of classes among the values.
    #[serde(default)]
    pub like_labels: Vec<String>,
    /// A name that several points have; `null` without.
    #[serde(default)]
    pub repeated_id: Option<String>,
}

/// What the labels were taken for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelsReport {
    /// The column or the file.
    pub source: String,
    /// The first line of the file, if it was taken for a title and not for a label; else `null`.
    pub title: Option<String>,
    /// How many different ones there are.
    pub kinds: usize,
    /// Whether they are measured numbers, and not classes.
    pub continuous: bool,
    /// How many points have none.
    pub missing: usize,
}

impl LabelsReport {
    /// Labels of a column or file of that name.
    pub fn new(source: String, labels: &Labels) -> Self {
        let continuous = labels.are_continuous();
        let (title, kinds, missing) = (labels.title.clone(), labels.names.len(), labels.missing());
        Self { source, title, kinds, continuous, missing }
    }

    /// That the first line, taken for a title, may be a label: where most of `n` labels differ, it being another than the rest says
    /// nothing.
    pub fn doubt(&self, n: usize) -> Option<String> {
        let title = self.title.as_ref().filter(|_| 2 * self.kinds > n)?;
        Some(format!(
            "the first line of {:?}, {title:?}, was taken for a title, as there is a line more than points: if it is a label, \
             another line is too many",
            self.source
        ))
    }

    fn words(&self) -> String {
        let title = self.title.as_ref().map(|title| format!("title {title:?}, ")).unwrap_or_default();
        title + &kinds_in_words(self.kinds, self.continuous, self.missing)
    }
}

impl InputReport {
    /// What was read.
    pub fn new<T>(loaded: &Loaded<T>) -> Self {
        let form = loaded.form.as_ref();
        let labels = loaded.sources.iter().zip(&loaded.annotations.labels);
        let mut labels = labels.map(|(source, labels)| LabelsReport::new(source.clone(), labels));
        Self {
            header: form.filter(|form| !form.typed).map(|form| form.header),
            typed: form.is_some_and(|form| form.typed),
            index_column: form.and_then(|form| form.index_column.clone()),
            left_out: form.map_or(&loaded.left_out, |form| &form.left_out).clone(),
            part: loaded.part.clone(),
            ids: loaded.annotations.ids.is_some(),
            missing: loaded.resolved.missing,
            dropped: loaded.resolved.dropped,
            labels: labels.next(),
            more_labels: labels.collect(),
            prepared: Vec::new(),
            joined: loaded.joined,
            like_labels: form.map_or_else(Vec::new, |form| form.like_labels.clone()),
            repeated_id: loaded.annotations.ids.as_deref().and_then(repeated).map(str::to_owned),
        }
    }

    /// What may have been meant otherwise, of `n` points.
    pub fn warnings(&self, n: usize) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(first) = self.like_labels.first() {
            let (are, they) = match self.like_labels.as_slice() {
                [_] => (format!("column {first:?} looks like classes, but is a value"), "it"),
                all => (format!("columns {all:?} look like classes, but are values"), "them"),
            };
            warnings.push(format!(
                "{are} of the points like all others: --label-column {first} makes labels of it, --drop-columns leaves {they} out"
            ));
        }
        warnings.extend(self.labels.iter().chain(&self.more_labels).filter_map(|labels| labels.doubt(n)));
        if let Some(id) = &self.repeated_id {
            warnings.push(format!("several points are called {id:?}: what goes by names cannot tell them apart"));
        }
        warnings
    }

    /// All of it in one line.
    pub(super) fn line(&self, n: usize, d: usize) -> String {
        let s = |count: usize| if count == 1 { "" } else { "s" };
        let mut line = format!("{n} point{} x {d} column{}", s(n), s(d));
        // Writing to a text cannot fail.
        if let Some(part) = &self.part {
            let _ = write!(line, "; {part}");
        }
        if let Some(header) = self.header {
            let _ = write!(line, "; header {}", if header { "yes" } else { "no" });
        }
        if let Some(column) = &self.index_column {
            let _ = write!(line, "; index column {column:?}");
        }
        for labels in self.labels.iter().chain(&self.more_labels) {
            let _ = write!(line, "; labels {:?}, {}", labels.source, labels.words());
        }
        if self.joined {
            line.push_str("; labels joined by name");
        }
        // What else a file of anndata has is told where no labels were chosen.
        if !self.left_out.is_empty() && (self.header.is_some() || self.typed || self.labels.is_none()) {
            let names: Vec<String> = self.left_out.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
            let more = match self.left_out.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let hint = if self.labels.is_none() { " (--label-column colors the map by one)" } else { "" };
            // Of a file that is no table, these are not among the points.
            let what = match (self.header, self.typed) {
                (Some(_), _) => "text left out",
                (None, true) => "left out",
                (None, false) => "classes",
            };
            let _ = write!(line, "; {what}: {}{more}{hint}", names.join(", "));
        }
        if self.missing > 0 {
            let (missing, dropped) = (self.missing, self.dropped);
            let _ = match dropped {
                0 => write!(line, "; {missing} missing value{} filled with means", s(missing)),
                _ => write!(line, "; {missing} missing value{}, {dropped} point{} dropped", s(missing), s(dropped)),
            };
        }
        if !self.prepared.is_empty() {
            let _ = write!(line, "; prepared: {}", self.prepared.join(", "));
        }
        line
    }
}

/// A name that is there more than once, the first of them in alphabetical order.
fn repeated(ids: &[String]) -> Option<&str> {
    let mut sorted: Vec<&str> = ids.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_all_that_was_understood() {
        let labels = Labels::from_texts(["a", "b", "a"]);
        let report = InputReport {
            header: Some(true),
            index_column: Some(String::new()),
            labels: Some(LabelsReport::new("kind".into(), &labels)),
            left_out: (0..7).map(|i| format!("t{i}")).collect(),
            ..InputReport::default()
        };
        assert_eq!(
            report.line(3, 1),
            "3 points x 1 column; header yes; index column \"\"; labels \"kind\", 2 kinds; text left out: \"t0\", \"t1\", \
             \"t2\", \"t3\", \"t4\" and 2 more"
        );
        assert_eq!(InputReport::default().line(1, 2), "1 point x 2 columns");
        let labels = Labels::from_texts(["a", "", "a"]);
        let report = InputReport {
            part: Some("obsm \"X_pca\"".into()),
            labels: Some(LabelsReport::new("kind".into(), &labels)),
            joined: true,
            missing: 3,
            dropped: 2,
            ..InputReport::default()
        };
        assert_eq!(
            report.line(3, 2),
            "3 points x 2 columns; obsm \"X_pca\"; labels \"kind\", 1 kind, 1 missing; labels joined by name; 3 missing \
             values, 2 points dropped"
        );
    }
}
