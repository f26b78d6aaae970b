//! Columns of labels as arrays: codes of classes as narrow as they can be, or numbers.

use super::blob::Arrays;
use super::text;
use crate::input::Labels;
use anyhow::Result;

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

/// Writes the values of column `c` at these points.
pub(super) fn write_values(
    to: &mut Arrays<'_>,
    c: usize,
    (labels, form): (&Labels, &Form),
    points: impl Iterator<Item = usize> + Clone,
) -> Result<()> {
    let name = format!("values-{c}");
    // What is no category is a missing one.
    let code = |i: usize| labels.codes.get(i).copied().filter(|&code| (code as usize) < labels.names.len());
    let codes = points.map(|i| code(i).unwrap_or(u32::MAX));
    match form {
        Form::Numbers(numbers, bytes) => {
            let values = codes.map(|code| numbers.get(code as usize).copied().unwrap_or(f64::NAN));
            match bytes {
                4 => to.numbers(&name, values.map(|value| (value as f32).to_le_bytes())),
                _ => to.numbers(&name, values.map(f64::to_le_bytes)),
            }
        }
        Form::Classes(1) => to.numbers(&name, codes.map(|code| (code as u8).to_le_bytes())),
        Form::Classes(2) => to.numbers(&name, codes.map(|code| (code as u16).to_le_bytes())),
        Form::Classes(_) => to.numbers(&name, codes.map(u32::to_le_bytes)),
    }
}

/// Writes the names of the classes of column `c`, if it is one of classes.
pub(super) fn write_names(to: &mut Arrays<'_>, c: usize, (labels, form): (&Labels, &Form)) -> Result<()> {
    match form {
        Form::Numbers(..) => Ok(()),
        Form::Classes(_) => text::write(to, &format!("names-{c}"), labels.names.iter().map(String::as_str)),
    }
}
