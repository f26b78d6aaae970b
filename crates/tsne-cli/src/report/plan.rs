//! What a run will take.

use super::Summary;
use serde::Serialize;

/// Everything that `tsne plan` tells, in the order of its JSON object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanReport {
    /// The number of points.
    pub n: usize,
    /// The number of values of each point, before they are prepared.
    pub d: usize,
    /// The stored entries of sparse points; `null` for dense ones.
    pub entries: Option<usize>,
    /// Whether the number of points is known, and not estimated from the length of the file.
    pub n_is_exact: bool,
    /// The neighbors of each point.
    pub k: usize,
    /// How neighbors will be found; `null` where they are given.
    pub search: Option<&'static str>,
    /// The iterations of the descent, at most.
    pub iterations: usize,
    /// The processes that compute the map together, of each of which memory is told; times are those of one divided by their number.
    pub processes: usize,
    /// The most that another process than the first takes, where the first takes more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_peak_memory_bytes: Option<u64>,
    /// The number of threads, of each process.
    pub threads: usize,
    /// The stages in their order.
    pub stages: Vec<StageReport>,
    /// The memory at the peak of the run, with that of the program itself.
    pub peak_memory_bytes: u64,
    /// The stage that it is in.
    pub peak_stage: &'static str,
    /// The most that is in files of `--scratch` at a time; `null` without it.
    pub scratch_bytes: Option<u64>,
    /// The memory that is free, or less where `--memory-limit` allows less; `null` where nothing is known (free memory is, on Linux).
    pub available_memory_bytes: Option<u64>,
    /// Whether the run fits into it; `null` where that is not known.
    pub fits: Option<bool>,
    /// The time of the whole run.
    pub seconds: f64,
    /// What would fit, where the run does not.
    pub what_would_fit: Vec<Remedy>,
    /// The version of the program.
    pub version: &'static str,
}

/// What a stage will take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StageReport {
    /// Its name.
    pub stage: &'static str,
    /// The memory that is in use at its peak, with that of the program itself.
    pub memory_bytes: u64,
    /// Its time.
    pub seconds: f64,
}

/// A change of the call after which the run fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Remedy {
    /// What to change.
    pub change: String,
    /// The memory at the peak then.
    pub peak_memory_bytes: u64,
}

/// An amount of memory for people.
pub fn amount(bytes: u64) -> String {
    match bytes as f64 {
        large if large >= 9.95e9 => format!("{:.0} GB", large / 1e9),
        large if large >= 9.995e8 => format!("{:.1} GB", large / 1e9),
        small => format!("{:.0} MB", small / 1e6),
    }
}

/// A time for people.
fn time(seconds: f64) -> String {
    match seconds {
        short if short < 9.95 => format!("{short:.1} s"),
        short if short < 120.0 => format!("{short:.0} s"),
        long if long < 7200.0 => format!("{:.0} min", long / 60.0),
        longer => format!("{:.1} h", longer / 3600.0),
    }
}

impl Summary for PlanReport {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let about = if self.n_is_exact { "" } else { "about " };
        let sparse = self.entries.map(|entries| format!(", {entries} entries")).unwrap_or_default();
        let found = self.search.map_or_else(|| "given".to_owned(), |search| format!("{} each, {search}", self.k));
        let each = match self.processes {
            1 => String::new(),
            processes => format!(" in each of {processes} processes"),
        };
        let mut lines = vec![
            ("input", format!("{about}{} points x {} columns{sparse}", self.n, self.d)),
            ("neighbors", found),
            ("iterations", format!("{} on {} threads{each}", self.iterations, self.threads)),
        ];
        lines.extend(self.stages.iter().map(|stage| {
            let StageReport { stage, memory_bytes, seconds } = *stage;
            (stage, format!("{:>9} {:>9}", amount(memory_bytes), time(seconds)))
        }));
        let free =
            self.available_memory_bytes.map(|free| format!(", {} are to be had", amount(free))).unwrap_or_default();
        let whose = self.other_peak_memory_bytes.map_or_else(
            || each.clone(),
            |others| format!(" in the first of {} processes, {} in each other", self.processes, amount(others)),
        );
        lines.push(("peak memory", format!("{} ({}){whose}{free}", amount(self.peak_memory_bytes), self.peak_stage)));
        if let Some(bytes) = self.scratch_bytes {
            lines.push(("scratch", format!("{} on the disk{each}", amount(bytes))));
        }
        lines.push((
            "time",
            format!("{} {}", if self.processes > 1 { "at least" } else { "about" }, time(self.seconds)),
        ));
        if self.fits == Some(false) {
            lines.push(("fits", "no".into()));
            lines.extend(
                self.what_would_fit
                    .iter()
                    .map(|remedy| ("would fit", format!("{} ({})", remedy.change, amount(remedy.peak_memory_bytes)))),
            );
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_times_are_as_exact_as_they_are_known() {
        assert_eq!(
            [12e6, 999.4e6, 1e9, 31.4e9].map(|bytes| amount(bytes as u64)),
            ["12 MB", "999 MB", "1.0 GB", "31 GB"]
        );
        assert_eq!([0.04, 9.0, 61.0, 600.0, 9000.0].map(time), ["0.0 s", "9.0 s", "61 s", "10 min", "2.5 h"]);
    }
}
