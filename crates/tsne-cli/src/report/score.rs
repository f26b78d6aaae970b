use super::{InputReport, Summary, agreement, memory, seconds};
use serde::Serialize;

/// Everything that `tsne score` measures, in the order of its JSON object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreReport {
    /// The number of points.
    pub n: usize,
    /// The number of values of each point.
    pub d: usize,
    /// What the file of the data was taken for.
    pub input: InputReport,
    /// The dimension of the map.
    pub components: usize,
    /// The longest side of the map.
    pub extent: f64,
    /// The KL divergence, exact; `null` where it was not asked for.
    pub kl_divergence: Option<f64>,
    /// The perplexity that it refers to: the given one, or the largest that so few points allow.
    pub perplexity: f64,
    /// `2 KL + ln(n) perplexity / n`; `null` without the KL divergence.
    pub pbic: Option<f64>,
    /// The neighbors that the next four measures look at.
    pub k: usize,
    /// How near the neighbors in the map are to being neighbors in the data.
    pub trustworthiness: f64,
    /// How near the neighbors in the data are to being neighbors in the map.
    pub continuity: f64,
    /// The mean share of the neighbors in the data that are neighbors in the map.
    pub neighbor_recall: f64,
    /// The share of points whose label is the most frequent one of their neighbors in the map; without labels, and
    /// for labels that are no classes, `null`.
    pub label_agreement: Option<f64>,
    /// The rank correlation of distances; `null` where all distances are equal.
    pub spearman: Option<f64>,
    /// The points that trustworthiness, continuity and neighbor recall were measured on.
    pub sample: usize,
    /// The points that the rank correlation was measured on.
    pub spearman_sample: usize,
    /// The time of each part.
    pub seconds: ScoreSeconds,
    /// The largest resident memory of the process; `null` where the system does not tell (it does on Linux).
    pub peak_memory_bytes: Option<u64>,
    /// The seed of the samples.
    pub seed: u64,
    /// The version of the program.
    pub version: &'static str,
}

/// Seconds of each part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreSeconds {
    /// Reading data, map and labels.
    pub read: f64,
    /// Affinities and KL divergence.
    pub kl_divergence: f64,
    /// Trustworthiness, continuity and neighbor recall, which are measured at once.
    pub neighborhoods: f64,
    /// The rank correlation.
    pub spearman: f64,
    /// All of these, and the label agreement.
    pub total: f64,
}

impl Summary for ScoreReport {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let s = &self.seconds;
        let of = |sample: usize| if sample < self.n { format!(" (on {sample} points)") } else { String::new() };
        let mut lines = vec![
            ("input", self.input.line(self.n, self.d)),
            ("map", format!("{} dimensions", self.components)),
            ("extent", format!("{:.1}", self.extent)),
        ];
        lines.extend(
            self.kl_divergence.map(|kl| ("KL divergence", format!("{kl:.4} (perplexity {})", self.perplexity))),
        );
        lines.extend(self.pbic.map(|pbic| ("pBIC", format!("{pbic:.4}"))));
        lines.push(("trustworthiness", format!("{:.4} at {}{}", self.trustworthiness, self.k, of(self.sample))));
        lines.push(("continuity", format!("{:.4} at {}{}", self.continuity, self.k, of(self.sample))));
        lines.push(("neighbor recall", format!("{:.4} at {}{}", self.neighbor_recall, self.k, of(self.sample))));
        lines.extend(agreement(self.label_agreement, &self.input));
        lines.extend(self.spearman.map(|rho| ("Spearman", format!("{rho:.4}{}", of(self.spearman_sample)))));
        lines.push(seconds(
            s.total,
            &[
                ("read", s.read),
                ("KL divergence", s.kl_divergence),
                ("neighborhoods", s.neighborhoods),
                ("Spearman", s.spearman),
            ],
        ));
        lines.extend(memory(self.peak_memory_bytes));
        lines
    }
}
