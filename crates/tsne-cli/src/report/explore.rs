use super::{Summary, memory, seconds};
use serde::Serialize;

/// What `tsne explore` wrote, in the order of its JSON object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExploreReport {
    /// The number of points.
    pub n: usize,
    /// The dimension of the map.
    pub components: usize,
    /// Whether the points have ids.
    pub ids: bool,
    /// The names of the columns of labels.
    pub labels: Vec<String>,
    /// The neighbors in the data of each point; 0 without data.
    pub k: usize,
    /// The size of the page with all that belongs to it.
    pub bytes: u64,
    /// The number of its files: 1 unless it is in a folder.
    pub files: usize,
    /// The time of each part.
    pub seconds: ExploreSeconds,
    /// The largest resident memory of the process; `null` where the system does not tell (it does on Linux).
    pub peak_memory_bytes: Option<u64>,
    /// The seed of an approximate search.
    pub seed: u64,
    /// The version of the program.
    pub version: &'static str,
}

/// Seconds of each part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ExploreSeconds {
    /// Reading the map, its labels and ids.
    pub read: f64,
    /// Reading the data and searching neighbors.
    pub neighbors: f64,
    /// Writing the page.
    pub write: f64,
    /// All of these.
    pub total: f64,
}

impl Summary for ExploreReport {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let s = &self.seconds;
        let mut lines = vec![("map", format!("{} points x {} dimensions", self.n, self.components))];
        if self.ids {
            lines.push(("ids", "yes".into()));
        }
        if !self.labels.is_empty() {
            lines.push(("labels", self.labels.join(", ")));
        }
        if self.k > 0 {
            lines.push(("neighbors", format!("{} in the data", self.k)));
        }
        let files = if self.files > 1 { format!(" in {} files", self.files) } else { String::new() };
        lines.push(("page", format!("{:.1} MB{files}", self.bytes as f64 / 1e6)));
        lines.push(seconds(s.total, &[("read", s.read), ("neighbors", s.neighbors), ("write", s.write)]));
        lines.extend(memory(self.peak_memory_bytes));
        lines
    }
}
