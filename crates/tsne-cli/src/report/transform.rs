use super::{HistoryEntry, InputReport, Summary, memory, seconds};
use serde::Serialize;

/// Everything about a run of `tsne transform`, in the order of its JSON object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransformReport {
    /// The number of new points.
    pub n: usize,
    /// The number of values of each point.
    pub d: usize,
    /// What the file was taken for.
    pub input: InputReport,
    /// The number of fitted points.
    pub n_fitted: usize,
    /// The number of iterations that were run.
    pub iterations: usize,
    /// The sum over the new points of the KL divergence of each.
    pub kl_divergence: f64,
    /// Its mean over the new points.
    pub kl_divergence_per_point: f64,
    /// The time of each stage.
    pub seconds: TransformSeconds,
    /// The largest resident memory of the process; `null` where the system does not tell (it does on Linux).
    pub peak_memory_bytes: Option<u64>,
    /// The KL divergence on the way, every `--report-every` iterations; empty without.
    pub history: Vec<HistoryEntry>,
    /// The seed.
    pub seed: u64,
    /// The version of the program.
    pub version: &'static str,
}

/// Seconds of each stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TransformSeconds {
    /// Reading the map, the new points and their labels.
    pub read: f64,
    /// The search for fitted neighbors, its index included.
    pub neighbors: f64,
    /// The affinities to them.
    pub affinities: f64,
    /// The starting positions, and preparing the repulsion of the fitted points.
    pub initialization: f64,
    /// The descent.
    pub optimization: f64,
    /// All of the above, and writing.
    pub total: f64,
}

impl Summary for TransformReport {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let s = &self.seconds;
        let kl = format!("{:.4} per point, sum {:.4}", self.kl_divergence_per_point, self.kl_divergence);
        let mut lines = vec![
            ("input", self.input.line(self.n, self.d)),
            ("map", format!("of {} points", self.n_fitted)),
            ("KL divergence", kl),
            ("iterations", self.iterations.to_string()),
            seconds(
                s.total,
                &[
                    ("read", s.read),
                    ("neighbors", s.neighbors),
                    ("affinities", s.affinities),
                    ("initialization", s.initialization),
                    ("optimization", s.optimization),
                ],
            ),
        ];
        lines.extend(memory(self.peak_memory_bytes));
        lines
    }
}
