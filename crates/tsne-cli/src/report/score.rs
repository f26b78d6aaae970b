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
    /// The measures of the map, where there is one.
    #[serde(flatten)]
    pub map: Option<MapScore>,
    /// Those of several, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maps: Vec<MapScore>,
    /// The perplexity that the divergence refers to: the given one, or the largest that so few points allow.
    pub perplexity: f64,
    /// The neighbors that trustworthiness, continuity, neighbor recall and label agreement look at.
    pub k: usize,
    /// The points that trustworthiness, continuity and neighbor recall were measured on: `n` if on all.
    pub sample: usize,
    /// The points that the rank correlation was measured on.
    pub spearman_sample: usize,
    /// The time of each part, of all maps.
    pub seconds: ScoreSeconds,
    /// The largest resident memory of the process; `null` where the system does not tell (it does on Linux).
    pub peak_memory_bytes: Option<u64>,
    /// The seed of the samples.
    pub seed: u64,
    /// The version of the program.
    pub version: &'static str,
}

/// The measures of one map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapScore {
    /// The name of the map: as much of that of its file as tells it from the others.
    #[serde(rename = "map")]
    pub name: String,
    /// The dimension of the map.
    pub components: usize,
    /// The longest side of the map.
    pub extent: f64,
    /// The KL divergence, exact; `null` where it was not asked for.
    pub kl_divergence: Option<f64>,
    /// `2 KL + ln(n) perplexity / n`; `null` without the KL divergence.
    pub pbic: Option<f64>,
    /// How near the neighbors in the map are to being neighbors in the data.
    pub trustworthiness: f64,
    /// How near the neighbors in the data are to being neighbors in the map.
    pub continuity: f64,
    /// The mean share of the neighbors in the data that are neighbors in the map.
    pub neighbor_recall: f64,
    /// The standard errors of these three; 0 where all points were measured.
    pub standard_errors: StandardErrors,
    /// The share of points whose label is the most frequent one of their neighbors in the map; without labels, and
    /// for labels that are no classes, `null`.
    pub label_agreement: Option<f64>,
    /// The rank correlation of distances; `null` where all distances are equal.
    pub spearman: Option<f64>,
}

/// Standard errors of the measures of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StandardErrors {
    /// That of trustworthiness.
    pub trustworthiness: f64,
    /// That of continuity.
    pub continuity: f64,
    /// That of neighbor recall.
    pub neighbor_recall: f64,
}

/// Seconds of each part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreSeconds {
    /// Reading data, maps and labels.
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

impl ScoreReport {
    fn scores(&self) -> impl Iterator<Item = &MapScore> {
        self.map.iter().chain(&self.maps)
    }

    /// A line with a value of each map, the columns as wide as the widest of `self` and their names, and a note; none where no map
    /// has the value.
    fn line(
        &self,
        (name, note): (&'static str, &str),
        value: impl Fn(&MapScore) -> Option<String>,
    ) -> Option<(&'static str, String)> {
        let values: Vec<Option<String>> = self.scores().map(value).collect();
        if values.iter().all(Option::is_none) {
            return None;
        }
        let mut line = String::new();
        for (value, score) in values.iter().zip(self.scores()) {
            let value = value.as_deref().unwrap_or("-");
            let width = if self.maps.is_empty() { 0 } else { score.name.chars().count().max(COLUMN) + 2 };
            let room = width.saturating_sub(value.chars().count());
            line.push_str(value);
            line.extend(std::iter::repeat_n(' ', room));
        }
        line.push_str(note);
        Some((name, line.trim_end().to_owned()))
    }
}

/// The width of the columns of several maps: `0.9925 ± 0.0004`.
const COLUMN: usize = 15;

impl Summary for ScoreReport {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let s = &self.seconds;
        let of = |sample: usize| if sample < self.n { format!(" (on {sample} points)") } else { String::new() };
        let at = format!(" at {}{}", self.k, of(self.sample));
        let estimate = |value: f64, error: f64| {
            Some(if self.sample < self.n { format!("{value:.4} ± {error:.4}") } else { format!("{value:.4}") })
        };
        let number = |value: Option<f64>| value.map(|value| format!("{value:.4}"));
        let mut lines = vec![("input", self.input.line(self.n, self.d))];
        if !self.maps.is_empty() {
            lines.extend(self.line(("map", ""), |map| Some(map.name.clone())));
        }
        lines.extend(match &self.map {
            Some(map) => Some(("map", format!("{} dimensions", map.components))),
            None => self.line(("dimensions", ""), |map| Some(map.components.to_string())),
        });
        let perplexity = format!(" (perplexity {})", self.perplexity);
        lines.extend(self.line(("extent", ""), |map| Some(format!("{:.1}", map.extent))));
        lines.extend(self.line(("KL divergence", &perplexity), |map| number(map.kl_divergence)));
        lines.extend(self.line(("pBIC", ""), |map| number(map.pbic)));
        lines.extend(
            self.line(("trustworthiness", &at), |map| {
                estimate(map.trustworthiness, map.standard_errors.trustworthiness)
            }),
        );
        lines.extend(self.line(("continuity", &at), |map| estimate(map.continuity, map.standard_errors.continuity)));
        lines.extend(
            self.line(("neighbor recall", &at), |map| {
                estimate(map.neighbor_recall, map.standard_errors.neighbor_recall)
            }),
        );
        match &self.map {
            Some(map) => lines.extend(agreement(map.label_agreement, &self.input)),
            None => lines.extend(self.line(("label agreement", ""), |map| map.label_agreement.map(super::percent))),
        }
        lines.extend(self.line(("Spearman", &of(self.spearman_sample)), |map| number(map.spearman)));
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
