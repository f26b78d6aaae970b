//! What is written.

use crate::input::Annotations;
use tsne::KnnGraph;

/// What is written beside the positions of a map, where the format has room for it.
#[derive(Debug)]
pub struct Beside<'a, T> {
    /// Names and labels of the points.
    pub annotations: Option<&'a Annotations>,
    /// Their nearest neighbors in the data.
    pub graph: Option<&'a KnnGraph<T>>,
}

impl<T> Default for Beside<'_, T> {
    fn default() -> Self {
        Self { annotations: None, graph: None }
    }
}

/// A column of numbers, some of which may be missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// What they are.
    pub name: String,
    /// One for each row.
    pub values: Vec<Option<f64>>,
}
