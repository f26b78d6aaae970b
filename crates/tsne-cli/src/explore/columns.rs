//! Columns of labels as arrays: codes of classes as narrow as they can be, or numbers.

use super::blob::{element, planes};
use super::text;
use crate::input::Labels;
use anyhow::Result;
use std::io::Write;

/// How a column is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// Codes of so many bytes, the largest of which is that of no label.
    Classes(u8),
    /// The numbers of the categories, in single precision where that prints the same.
    Numbers(Vec<f64>, u8),
}

impl Form {
    pub(super) fn of(labels: &Labels) -> Self {
        match labels.numbers().filter(|_| labels.are_continuous()) {
            Some(numbers) => {
                let is_single = |value: &f64| format!("{:?}", *value as f32).parse() == Ok(*value);
                let bytes = if numbers.iter().all(is_single) { 4 } else { 8 };
                Self::Numbers(numbers, bytes)
            }
            None => Self::Classes(match labels.names.len() {
                0..=0xff => 1,
                0x100..=0xffff => 2,
                _ => 4,
            }),
        }
    }
}

/// Writes the values of column `c`, and the names of its classes.
pub(super) fn write(to: &mut dyn Write, c: usize, labels: &Labels) -> Result<()> {
    let name = format!("values-{c}");
    // What is no category is a missing one.
    let codes = || labels.codes.iter().map(|&code| if (code as usize) < labels.names.len() { code } else { u32::MAX });
    match Form::of(labels) {
        Form::Numbers(numbers, bytes) => {
            let values = codes().map(|code| numbers.get(code as usize).copied().unwrap_or(f64::NAN));
            match bytes {
                4 => element(to, &name, |to| planes(to, values.map(|value| (value as f32).to_le_bytes()))),
                _ => element(to, &name, |to| planes(to, values.map(f64::to_le_bytes))),
            }
        }
        Form::Classes(bytes) => {
            match bytes {
                1 => element(to, &name, |to| planes(to, codes().map(|code| (code as u8).to_le_bytes())))?,
                2 => element(to, &name, |to| planes(to, codes().map(|code| (code as u16).to_le_bytes())))?,
                _ => element(to, &name, |to| planes(to, codes().map(u32::to_le_bytes)))?,
            }
            text::write(to, &format!("names-{c}"), &labels.names)
        }
    }
}
