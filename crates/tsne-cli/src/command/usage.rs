//! What is wrong with the arguments, in one line that says what to write instead.

use crate::args::command;
use crate::command::code::USAGE;
use crate::command::failure::Failure;
use crate::report::printable;
use clap::error::ErrorKind;
use std::ffi::{OsStr, OsString};

/// How alike a word and what was written must be for a suggestion: from 0 to 1, by edits over the longer length. `cosin`, `recomended`
/// and `pac` are 0.83, 0.91 and 0.67 like what was meant; `fast` is 0.5 like `fft`.
const ALIKE: f64 = 0.6;

/// Prints help and version as they are, where `prints` says that this process does, and makes one line of what is wrong with the
/// arguments. `first` is the first argument, which may name a subcommand.
///
/// # Errors
///
/// What is wrong.
pub(super) fn usage(error: &clap::Error, first: Option<&OsString>, prints: bool) -> Result<(), Failure> {
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_help || !error.use_stderr() {
        if prints {
            let _ = error.print();
        }
        return if error.use_stderr() { Err(Failure::said(USAGE)) } else { Ok(()) };
    }
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("Usage:"));
    let line = lines.take_while(|line| !line.starts_with("For more information")).collect::<Vec<_>>().join(" ");
    let meant = written(error).and_then(|written| meant(&written, &line));
    let meant = meant.map(|word| format!("did you mean {word}? ")).unwrap_or_default();
    let called = called(first.map(OsString::as_os_str));
    Err(Failure::new(USAGE, &format!("{} ({meant}`{called} --help` lists the options)", printable(&line))))
}

/// The value that was refused.
fn written(error: &clap::Error) -> Option<String> {
    match error.get(clap::error::ContextKind::InvalidValue)? {
        clap::error::ContextValue::String(value) if !value.is_empty() => Some(value.clone()),
        _ => None,
    }
}

/// The word of a message that is most like what was written, which names what is allowed.
fn meant(written: &str, message: &str) -> Option<String> {
    let lower = written.to_lowercase();
    let words = message.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).filter(|word| *word != written);
    let alike = words.map(|word| (strsim::normalized_damerau_levenshtein(&lower, &word.to_lowercase()), word));
    let (alike, word) = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (alike >= ALIKE).then(|| word.to_owned())
}

/// The program with the subcommand that was asked for, if it was.
fn called(first: Option<&OsStr>) -> String {
    let command = command();
    let first = first.and_then(OsStr::to_str).unwrap_or_default();
    let known = command.get_subcommands().any(|subcommand| subcommand.get_name() == first);
    if known { format!("tsne {first}") } else { "tsne".into() }
}
