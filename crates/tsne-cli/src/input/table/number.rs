//! What fields mean as numbers.

use std::str::FromStr;
use tsne::Scalar;

/// What stands between the whole and the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Decimal {
    /// A point.
    #[default]
    #[value(name = ".")]
    Point,
    /// A comma, as in most languages of Europe.
    #[value(name = ",")]
    Comma,
}

/// Reads numbers as a table writes them.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::input) struct Numbers {
    pub(in crate::input) decimal: Decimal,
}

impl Numbers {
    /// The number in a field, if it is one, perhaps not a finite one.
    #[inline]
    pub(in crate::input) fn parse<T: FromStr>(self, field: &str) -> Option<T> {
        match self.decimal {
            Decimal::Point => field.parse().ok(),
            Decimal::Comma => with_point(field)?.parse().ok(),
        }
    }

    /// The value of a field: a number, or a boolean as 0 or 1.
    pub(in crate::input) fn value<T: Scalar + FromStr>(self, field: &str) -> Option<T> {
        self.parse(field).or_else(|| boolean(field).map(|yes| if yes { T::ONE } else { T::ZERO }))
    }

    /// Whether a field is a number with the thousands of its whole part set apart, by a comma or, with decimal commas, by a point.
    pub(in crate::input) fn is_grouped(self, field: &str) -> bool {
        let (separator, point) = match self.decimal {
            Decimal::Point => (',', '.'),
            Decimal::Comma => ('.', ','),
        };
        let unsigned = field.strip_prefix(['-', '+']).unwrap_or(field);
        let (whole, fraction) = unsigned.split_once(point).unwrap_or((unsigned, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let mut groups = whole.split(separator);
        let first = groups.next().unwrap_or_default();
        let mut rest = groups.peekable();
        let begins =
            matches!(first.len(), 1..=3) && are_digits(first) && !first.starts_with('0') && rest.peek().is_some();
        begins && rest.all(|group| group.len() == 3 && are_digits(group)) && are_digits(fraction)
    }

    /// Whether a field can be a value. Words that a parser takes for infinite or for no number are names, as some genes have them.
    pub(in crate::input) fn is_number(self, field: &str) -> bool {
        field.bytes().any(|byte| byte.is_ascii_digit()) && self.parse::<f64>(field).is_some()
    }
}

/// Whether a field is a boolean, as Python, R and others write them, and which.
fn boolean(field: &str) -> Option<bool> {
    match field {
        "True" | "TRUE" | "true" => Some(true),
        "False" | "FALSE" | "false" => Some(false),
        _ => None,
    }
}

/// Whether a field of a column can only be a value.
pub(in crate::input) fn is_boolean(field: &str) -> bool {
    boolean(field).is_some()
}

/// A number with a decimal comma as one with a point; none for one that has a point already.
fn with_point(field: &str) -> Option<String> {
    (!field.contains('.')).then(|| field.replacen(',', ".", 1))
}
