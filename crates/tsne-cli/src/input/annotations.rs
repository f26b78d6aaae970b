//! What is known of points beside their values: who they are and what they are labeled with.

use super::labels::Labels;

/// Ids and labels of points, each in the order of the points.
///
/// Labels color a map and name its points; any number of columns of them go with one map. What draws, writes or explores a map
/// takes them from here, wherever they were read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// The name of each point: row names of a table, barcodes, words.
    pub ids: Option<Vec<String>>,
    /// Columns of labels; the first is the one that colors the map unless another is asked for.
    pub labels: Vec<Labels>,
}

impl Annotations {
    /// The column of labels with a name.
    pub fn column(&self, name: &str) -> Option<&Labels> {
        self.labels.iter().find(|labels| labels.name == name)
    }
}
