//! The arguments that the command was called with: those of this process, or what a program that carries the command has given it.

use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

static ARGUMENTS: Mutex<Vec<OsString>> = Mutex::new(Vec::new());

/// Remembers the arguments, from the name of the program on.
pub(super) fn with(arguments: &[OsString]) {
    *ARGUMENTS.lock().unwrap_or_else(PoisonError::into_inner) = arguments.to_vec();
}

/// The arguments, from the name of the program on.
pub(super) fn arguments() -> Vec<OsString> {
    ARGUMENTS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
