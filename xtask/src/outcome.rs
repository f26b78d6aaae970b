//! What became of a check.

/// What became of a step that did not fail.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    /// Why nothing was checked: what it needs is not there, and is no part of what a fresh clone may ask for.
    Skipped(String),
}
