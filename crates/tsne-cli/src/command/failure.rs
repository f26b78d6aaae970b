//! How a run ends that did not do what it was asked for.

use crate::command::code::FAILURE;
use crate::command::interrupt::{self, Interrupt, Interrupted};
use crate::report::printable;
use std::io::Write;

/// A run that did not do what it was asked for: its exit code, and the line that says why.
///
/// # Examples
///
/// ```
/// use tsne::core::ThreadTeam;
///
/// let arguments = ["tsne", "embed", "missing.npy", "--output", "map.npy"];
/// let ended = ThreadTeam::run(2, 1, |team| tsne_cli::run_in_team(arguments, team))?;
/// for failure in ended.into_iter().filter_map(Result::err) {
///     assert_eq!(failure.code(), 1);
///     assert!(failure.line().is_some_and(|line| line.contains("missing.npy")));
/// }
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Failure {
    code: u8,
    line: Option<String>,
}

impl Failure {
    /// With the code to exit with, and the line that says why. A code of 0 becomes 1: that of success is none of a failure.
    pub fn new(code: u8, line: &str) -> Self {
        Self { code: code.max(1), line: Some(line.to_owned()) }
    }

    /// Of which all was said.
    pub fn said(code: u8) -> Self {
        Self { code: code.max(1), line: None }
    }

    /// Of an error, in one line, whatever the messages below it contain.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        let line = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
        let (line, code) = match Interrupt::of_this_process() {
            false => (format!("error: {line}"), FAILURE),
            true if error.is::<Interrupted>() => (line, interrupt::CODE),
            true => ("interrupted before there was a map to write".into(), interrupt::CODE),
        };
        Self { code, line: Some(printable(&line).into_owned()) }
    }

    /// The code that the process should exit with. Not 0.
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// What is to be said; nothing where it was said already.
    pub fn line(&self) -> Option<&str> {
        self.line.as_deref()
    }

    /// Says it on the standard error. Where it cannot be written, the exit code remains.
    pub fn say(&self) {
        if let Some(line) = &self.line {
            // At once: others of a team may be writing.
            _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
        }
    }
}
