//! What is told with a map.

/// A value of the description of a map.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// A number.
    Number(f64),
    /// A whole number.
    Count(i64),
    /// A text.
    Text(String),
}
