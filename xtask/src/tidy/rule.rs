//! What a rule looks at, and what it finds.

use std::fmt;

/// A rule broken at a place.
#[derive(Debug)]
pub(super) struct Violation {
    /// The file, with the line where there is one; or the crate.
    pub(super) place: String,
    /// The name of the rule.
    pub(super) rule: &'static str,
    /// What is wrong and what to do.
    pub(super) message: String,
}

impl Violation {
    pub(super) fn new(place: impl Into<String>, rule: &'static str, message: impl Into<String>) -> Self {
        Self { place: place.into(), rule, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [{}] {}", self.place, self.rule, self.message)
    }
}

/// A file that git tracks or would track.
#[derive(Clone, Debug)]
pub(super) struct TrackedFile {
    /// Relative to the root, with forward slashes.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// The content where it is text.
    pub(super) text: Option<String>,
}

impl TrackedFile {
    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines of a text, numbered from one.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.as_deref().unwrap_or_default().lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::tidy) fn file(path: &str, text: &str) -> TrackedFile {
        TrackedFile { path: path.to_owned(), bytes: text.len() as u64, text: Some(text.to_owned()) }
    }

    #[track_caller]
    pub(in crate::tidy) fn check(violations: &[Violation], expected: &[(&str, &str)]) {
        let found: Vec<(&str, &str)> = violations.iter().map(|v| (v.place.as_str(), v.rule)).collect();
        assert_eq!(found, expected, "{violations:#?}");
    }
}
