//! Whether the first line of a table names its columns.

use crate::input::table::{Numbers, Record, is_boolean, is_index_name};
use anyhow::{Result, bail};

/// Whether the first line of a text table names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum HeaderLine {
    /// It does if none of its fields is a number, if its numbers count the columns from 0 (or many from another), or if it is
    /// one field short.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It holds the first point.
    No,
}

/// From so many columns on, numbers that count them are names: a point is not like that by chance, which for fewer whole
/// numbers it may be. (Not so among orders of the same numbers, rankings, of which one may well be the first.)
const SURE: usize = 8;

/// Whether the first line names the columns; `second` is the next one, if there is any.
///
/// # Errors
///
/// Where it may as well be a point.
pub(super) fn is_header(option: HeaderLine, written: Numbers, first: &Record, second: Option<&Record>) -> Result<bool> {
    let is_number = |field: &str| written.is_number(field) || is_boolean(field);
    match option {
        HeaderLine::Yes => return Ok(true),
        HeaderLine::No => return Ok(false),
        HeaderLine::Auto => {}
    }
    let Some(second) = second else { return Ok(first.fields().all(|field| !is_number(field))) };
    let numbers: Vec<&str> = first.fields().filter(|field| is_number(field)).collect();
    if is_short(first, second.len()) {
        // What R writes: the row names have no name. Of numbers alone, it may as well be a point that was cut off.
        return Ok(numbers.is_empty() || !is_number(second.field(0)));
    }
    if numbers.is_empty() {
        return Ok(true);
    }
    let Some(start) = counted(&numbers) else { return Ok(false) };
    if is_index_name(first.field(0)) && (start == 0 || numbers.len() > 1) {
        return Ok(true);
    }
    let mut pairs = first.fields().zip(second.fields());
    if pairs.any(|(a, b)| a == b && !is_number(a)) {
        // A label that the next point has, too.
        return Ok(false);
    }
    let below: Vec<&str> = first.fields().zip(second.fields()).filter(|(a, _)| is_number(a)).map(|(_, b)| b).collect();
    if counted(&below).is_some_and(|next| next == start + numbers.len() as u64) {
        // The count goes on: a table of whole numbers in their order.
        return Ok(false);
    }
    let is_many = numbers.len() >= SURE;
    // Names that pandas gives begin at 0.
    if !is_many && (start > 0 || numbers.len() == 1) {
        return Ok(false);
    }
    let is_sure = is_many && !is_order(&below, start);
    if !is_sure && below.iter().all(|field| field.parse::<i64>().is_ok()) {
        bail!(
            "{} ({}) may name the columns or be a point: say which with --header yes or --header no",
            first.place,
            first.fields().collect::<Vec<_>>().join(",")
        );
    }
    Ok(true)
}

/// Whether these are the whole numbers from `start` on in any order.
fn is_order(fields: &[&str], start: u64) -> bool {
    let mut numbers: Vec<u64> = fields.iter().filter_map(|field| field.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.len() == fields.len() && numbers.iter().zip(start..).all(|(a, b)| *a == b)
}

/// Whether the header has one field less than the lines below it.
pub(super) fn is_short(header: &Record, below: usize) -> bool {
    below == header.len() + 1
}

/// The first of whole numbers that rise by one, as a program writes them; of one number, itself.
fn counted(fields: &[&str]) -> Option<u64> {
    let start: u64 = fields.first()?.parse().ok()?;
    let is_next = |(i, field): (usize, &&str)| start.checked_add(i as u64).is_some_and(|n| n.to_string() == *field);
    fields.iter().enumerate().all(is_next).then_some(start)
}
