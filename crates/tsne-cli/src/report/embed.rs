use super::members::{self, MemberReport};
use super::{HistoryEntry, InputReport, Summary, agreement, memory, seconds};
use serde::Serialize;
use std::time::Duration;
use tsne::{PhaseTime, Timings};

/// Everything about a run of `tsne embed`, in the order of its JSON object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The number of points.
    pub n: usize,
    /// The number of values of each point.
    pub d: usize,
    /// What the file was taken for.
    pub input: InputReport,
    /// What was decided where nothing was said.
    pub decided: Decided,
    /// What was not used as given, or deserves a second look.
    pub warnings: Vec<String>,
    /// The number of iterations that were run.
    pub iterations: usize,
    /// The number of iterations that are left: not 0 if the run was interrupted.
    pub remaining: usize,
    /// The KL divergence of the map.
    pub kl_divergence: f64,
    /// The share of points whose label is the most frequent one of their 10 nearest neighbors in the map; without labels,
    /// and for labels that are no classes, `null`.
    pub label_agreement: Option<f64>,
    /// The error of the repulsive force, with `--force-error`; else `null`.
    pub force_error: Option<ForceError>,
    /// The longest side of the map.
    pub extent: f64,
    /// The time of an iteration.
    pub ms_per_iteration: Milliseconds,
    /// The time of each stage.
    pub seconds: Seconds,
    /// The largest resident memory of the process; `null` where the system does not tell (it does on Linux).
    pub peak_memory_bytes: Option<u64>,
    /// What each process took, where several have computed the map (`tsne-mpi`); left out of one alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberReport>,
    /// The KL divergence on the way, every `--report-every` iterations; empty without.
    pub history: Vec<HistoryEntry>,
    /// The seed.
    pub seed: u64,
    /// The version of the program.
    pub version: &'static str,
}

/// What was decided, by options or without them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    /// The preset that gave what no option gave.
    pub preset: String,
    /// How distances became affinities.
    pub affinities: String,
    /// The perplexities that were used; none where affinities have no perplexity.
    pub perplexities: Vec<f64>,
    /// How neighbors were found: `exact` or `approximate`; `null` where that is not known, as of neighbors that were given.
    pub neighbors: Option<&'static str>,
    /// The share of the nearest neighbors that an approximate search has found, measured for a sample of points; else `null`.
    pub neighbors_recall: Option<f64>,
    /// The stored affinities of each point, on average.
    pub affinities_per_point: f64,
    /// How the repulsion was computed: `exact`, `bh` or `fft`.
    pub repulsion: String,
    /// Why the descent ended: `completed`, `converged` or `stopped`.
    pub finish: String,
    /// The form of momentum.
    pub momentum: String,
}

/// The error of the repulsive force, relative to the root of the mean squared force.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ForceError {
    /// The number of points whose forces were compared with exact ones.
    pub samples: usize,
    /// The root of the mean squared error.
    pub relative_rms: f64,
    /// The largest error.
    pub worst: f64,
    /// The relative error of the normalizer of the map; `null` unless all points were compared.
    pub z_relative: Option<f64>,
}

impl From<tsne::ForceError> for ForceError {
    fn from(error: tsne::ForceError) -> Self {
        Self {
            samples: error.samples,
            relative_rms: error.relative_rms,
            worst: error.worst,
            z_relative: error.z_relative,
        }
    }
}

impl Decided {
    fn line(&self) -> String {
        let Self { preset, neighbors, affinities, perplexities, affinities_per_point, repulsion, finish, .. } = self;
        let found = neighbors.map_or_else(String::new, |found| {
            let recall = self.neighbors_recall.map_or_else(String::new, |recall| format!(" (recall {recall:.3})"));
            format!(" neighbors {found}{recall};")
        });
        let of = match perplexities.as_slice() {
            [] => String::new(),
            all => format!(" {}", all.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")),
        };
        let per_point = format!("{affinities_per_point:.0} per point");
        format!(
            "preset {preset};{found} affinities {affinities}{of}, {per_point}; repulsion {repulsion}; descent {finish}"
        )
    }
}

/// Milliseconds per iteration; `null` for a phase without iterations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Milliseconds {
    /// In the early phase.
    pub early: Option<f64>,
    /// In the normal phase.
    pub late: Option<f64>,
    /// In both.
    pub mean: Option<f64>,
}

impl From<&Timings> for Milliseconds {
    fn from(timings: &Timings) -> Self {
        let per =
            |time: PhaseTime| (time.iterations > 0).then(|| 1e3 * time.duration.as_secs_f64() / time.iterations as f64);
        let (early, late) = (timings.early, timings.normal);
        let both =
            PhaseTime { iterations: early.iterations + late.iterations, duration: early.duration + late.duration };
        Self { early: per(early), late: per(late), mean: per(both) }
    }
}

/// Seconds of each stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Seconds {
    /// Reading the points and labels, or a saved map.
    pub read: f64,
    /// The neighbor search.
    pub neighbors: f64,
    /// Perplexity calibration and symmetrization.
    pub affinities: f64,
    /// The initial positions.
    pub initialization: f64,
    /// The descent.
    pub optimization: f64,
    /// All of the above, evaluation and writing.
    pub total: f64,
}

impl Seconds {
    /// The times of the stages with those of reading and of everything.
    pub fn new(read: Duration, timings: &Timings, total: Duration) -> Self {
        Self {
            read: read.as_secs_f64(),
            neighbors: timings.neighbors.as_secs_f64(),
            affinities: timings.affinities.as_secs_f64(),
            initialization: timings.initialization.as_secs_f64(),
            optimization: timings.optimization.as_secs_f64(),
            total: total.as_secs_f64(),
        }
    }
}

impl Summary for Report {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let ms = |ms: Option<f64>| ms.map_or_else(|| "-".into(), |ms| format!("{ms:.2}"));
        let (per, s) = (&self.ms_per_iteration, &self.seconds);
        let mut lines =
            vec![("input", self.input.line(self.n, self.d)), ("KL divergence", format!("{:.4}", self.kl_divergence))];
        lines.extend(agreement(self.label_agreement, &self.input));
        lines.extend(self.force_error.map(|error| {
            let ForceError { samples, relative_rms, worst, .. } = error;
            ("force error", format!("{relative_rms:.1e} (worst {worst:.1e}; {samples} points)"))
        }));
        let interrupted = match self.remaining {
            0 => String::new(),
            left => format!(" (interrupted, {left} to come)"),
        };
        let per = format!("{} ms (early {}, late {})", ms(per.mean), ms(per.early), ms(per.late));
        lines.extend([
            ("method", self.decided.line()),
            ("extent", format!("{:.1}", self.extent)),
            ("iterations", format!("{}{interrupted} of {per}", self.iterations)),
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
        ]);
        lines.extend(memory(self.peak_memory_bytes));
        lines.extend(members::lines(&self.members));
        lines
    }
}
