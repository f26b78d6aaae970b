//! Why a field of a table is refused.

use super::columns::Columns;
use super::number::{Decimal, Numbers};
use super::record::Place;
use crate::input::fits::Fits;
use crate::input::missing::is_missing;

/// Characters of a field that a message shows at most.
const SHOWN: usize = 40;

/// The message for a field that is not a finite number of the type.
pub(in crate::input) fn refused(
    at: Place,
    column: usize,
    field: &str,
    columns: &Columns,
    numbers: Numbers,
    fits: Fits,
) -> String {
    let name = columns.name(column).filter(|name| !name.is_empty());
    let place = match name {
        Some(name) => format!("{at}, column {} ({name:?})", column + 1),
        None => format!("{at}, column {}", column + 1),
    };
    let selector = columns.selector(column);
    if field.is_empty() {
        return format!(
            "{place} is empty: fill it in, leave the column out with --drop-columns {selector}, or write --missing drop or \
             --missing mean"
        );
    }
    let shown: String = field.chars().take(SHOWN).collect();
    if is_missing(field) {
        return format!(
            "{place} is {shown}, which is not finite: fill it in, leave the column out with --drop-columns {selector}, or write \
             --missing drop or --missing mean"
        );
    }
    match numbers.parse::<f64>(field) {
        Some(value) if value.is_finite() => {
            format!("{place} is {shown}, which is beyond the range of {}: use --float f64", fits.name)
        }
        Some(_) => format!("{place} is {shown}, which is not finite: remove or replace infinite values"),
        None if field.contains('\n') => {
            format!("{place} goes over several lines: is a quote left open, or not closed?")
        }
        None if numbers.is_grouped(field) => {
            let (separators, decimals) = match numbers.decimal {
                Decimal::Point => ("commas", field.replacen(',', ".", 1).parse::<f64>().is_ok()),
                Decimal::Comma => ("points", field.parse::<f64>().is_ok()),
            };
            let or = match (decimals, numbers.decimal) {
                (false, _) => "",
                (true, Decimal::Point) => ", or read the table with --decimal , if they are decimal commas",
                (true, Decimal::Comma) => ", or leave out --decimal if they are decimal points",
            };
            format!("{place} is {shown:?}, with {separators} between thousands: write the numbers without them{or}")
        }
        None if numbers.decimal == Decimal::Comma && field.contains('.') => {
            format!("{place} is {shown:?}, not a number with a decimal comma: leave out --decimal")
        }
        None if field.contains(',') && field.replace(',', ".").parse::<f64>().is_ok() => {
            format!("{place} is {shown:?}, with a decimal comma: read the table with --decimal ,")
        }
        None => {
            let header = if !columns.has_header() { ", --header yes if the first line names columns" } else { "" };
            format!(
                "{place} is {shown:?}, not a number: use --label-column {selector} if it holds labels, --id-column \
                 {selector} if names, --drop-columns {selector} to leave it out{header}"
            )
        }
    }
}
