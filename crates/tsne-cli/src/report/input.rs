//! What the input was taken for.

use crate::input::{Labels, TableForm};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Names that a line of text shows at most.
const SHOWN: usize = 5;

/// What the input was taken for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputReport {
    /// Of a text table, whether its first line names the columns; of other files `null`.
    pub header: Option<bool>,
    /// The name of the column with the names of the rows, perhaps empty; `null` without such a column.
    pub index_column: Option<String>,
    /// Columns of text that were left out.
    pub left_out: Vec<String>,
    /// The labels; `null` without.
    pub labels: Option<LabelsReport>,
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
    #[serde(skip)]
    text: String,
}

impl LabelsReport {
    /// Labels of a column or file of that name.
    pub fn new(source: String, labels: &Labels) -> Self {
        let continuous = labels.are_continuous();
        let text = match &labels.title {
            Some(title) => format!("title {title:?}, {}", labels.kinds()),
            None => labels.kinds(),
        };
        Self { source, title: labels.title.clone(), kinds: labels.names.len(), continuous, text }
    }
}

impl InputReport {
    /// A file in this form, with these labels.
    pub fn new(form: Option<&TableForm>, labels: Option<LabelsReport>) -> Self {
        Self {
            header: form.map(|form| form.header),
            index_column: form.and_then(|form| form.index_column.clone()),
            left_out: form.map(|form| form.left_out.clone()).unwrap_or_default(),
            labels,
        }
    }

    /// All of it in one line.
    pub(super) fn line(&self, n: usize, d: usize) -> String {
        let s = |count: usize| if count == 1 { "" } else { "s" };
        let mut line = format!("{n} point{} x {d} column{}", s(n), s(d));
        // Writing to a text cannot fail.
        if let Some(header) = self.header {
            let _ = write!(line, "; header {}", if header { "yes" } else { "no" });
        }
        if let Some(column) = &self.index_column {
            let _ = write!(line, "; index column {column:?}");
        }
        if let Some(labels) = &self.labels {
            let _ = write!(line, "; labels {:?}, {}", labels.source, labels.text);
        }
        if !self.left_out.is_empty() {
            let names: Vec<String> = self.left_out.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
            let more = match self.left_out.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let hint = if self.labels.is_none() { " (--label-column colors the map by one)" } else { "" };
            let _ = write!(line, "; text left out: {}{more}{hint}", names.join(", "));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_all_that_was_understood() {
        let form = TableForm {
            header: true,
            index_column: Some(String::new()),
            label_column: Some("kind".into()),
            left_out: (0..7).map(|i| format!("t{i}")).collect(),
        };
        let labels = Labels::from_texts(["a", "b", "a"]);
        let report = InputReport::new(Some(&form), Some(LabelsReport::new("kind".into(), &labels)));
        assert_eq!(
            report.line(3, 1),
            "3 points x 1 column; header yes; index column \"\"; labels \"kind\", 2 kinds; text left out: \"t0\", \"t1\", \
             \"t2\", \"t3\", \"t4\" and 2 more"
        );
        assert_eq!(InputReport::new(None, None).line(1, 2), "1 point x 2 columns");
    }
}
