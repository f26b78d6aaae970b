//! The exit codes.

/// Of a program that did what it was asked for.
pub(super) const SUCCESS: u8 = 0;

/// Of one that did not.
pub(super) const FAILURE: u8 = 1;

/// Of arguments that are wrong.
pub(super) const USAGE: u8 = 2;
