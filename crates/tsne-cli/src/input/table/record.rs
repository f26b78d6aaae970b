//! One row of a table as texts.

use std::fmt;

/// One row: its fields, and where it stands.
#[derive(Debug, Clone, Default)]
pub(in crate::input) struct Record {
    pub(in crate::input) text: String,
    /// Where each field ends in the text.
    pub(in crate::input) ends: Vec<usize>,
    pub(in crate::input) place: Place,
}

/// Where a row stands in its file, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::input) enum Place {
    /// The line where it begins, counted from 1.
    Line(u64),
    /// How many rows there are up to it, in a file that has no lines.
    #[cfg(feature = "columnar")]
    Row(u64),
}

impl Default for Place {
    fn default() -> Self {
        Self::Line(0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            #[cfg(feature = "columnar")]
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

impl Record {
    #[cfg(feature = "columnar")]
    pub(in crate::input) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a field, which is what `write` adds to the text.
    #[cfg(feature = "columnar")]
    pub(in crate::input) fn push(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.ends.push(self.text.len());
    }

    pub(in crate::input) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all fields.
    pub(in crate::input) fn bytes(&self) -> usize {
        self.text.len() + size_of_val(self.ends.as_slice())
    }

    /// The field at a place, without the blanks around it; beyond the last one, an empty text.
    pub(in crate::input) fn field(&self, i: usize) -> &str {
        let Some(&end) = self.ends.get(i) else { return "" };
        let start = i.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start..end).unwrap_or_default().trim()
    }

    pub(in crate::input) fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.field(i))
    }
}
