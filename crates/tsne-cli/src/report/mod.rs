//! What a run reports, as text or as JSON.

mod embed;
mod explore;
mod input;
mod members;
mod plan;
mod printable;
mod score;
mod transform;

pub use embed::{Decided, ForceError, Milliseconds, Report, Seconds};
pub use explore::{ExploreReport, ExploreSeconds};
pub use input::{InputReport, LabelsReport};
pub use members::{MemberReport, MemberSeconds, SentBytes};
pub use plan::{PlanReport, Remedy, StageReport, amount};
pub(crate) use printable::printable;
use printable::printable_json;
pub use score::{MapScore, ScoreReport, ScoreSeconds, StandardErrors};
pub use transform::{TransformReport, TransformSeconds};

use anyhow::{Context, Result};
use serde::Serialize;
use std::io::Write;

/// One entry of the history of a descent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HistoryEntry {
    /// Iterations that were run before it, over all phases.
    pub iteration: usize,
    /// The KL divergence then, never exaggerated.
    pub kl_divergence: f64,
}

/// A report in both forms.
pub trait Summary: Serialize {
    /// The lines of the text: what, and its value.
    fn lines(&self) -> Vec<(&'static str, String)>;

    /// Writes one line with the JSON object.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    fn write_json(&self, mut to: impl Write) -> Result<()> {
        let json = printable_json(serde_json::to_string(self).context("cannot write the report")?);
        writeln!(to, "{json}").context("cannot write the report")
    }

    /// Writes a few aligned lines; `files` are what was written.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    fn write_text(&self, mut to: impl Write, files: &[String]) -> Result<()> {
        let mut lines = self.lines();
        if !files.is_empty() {
            lines.push(("written", files.join(", ")));
        }
        for (name, value) in lines {
            writeln!(to, "{name:<16} {}", printable(&value)).context("cannot write the report")?;
        }
        Ok(())
    }
}

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// The line of the label agreement, where there are labels.
fn agreement(share: Option<f64>, input: &InputReport) -> Option<(&'static str, String)> {
    let labels = input.labels.as_ref()?;
    let text = match share {
        Some(share) => percent(share),
        None if labels.continuous => "not measured, as the labels are numbers and not classes".into(),
        None => return None,
    };
    Some(("label agreement", text))
}

/// The total of seconds and its parts.
fn seconds(total: f64, parts: &[(&str, f64)]) -> (&'static str, String) {
    let parts: Vec<String> = parts.iter().map(|(name, seconds)| format!("{name} {seconds:.2}")).collect();
    ("seconds", format!("{total:.2} ({})", parts.join(", ")))
}

/// The line of the peak memory, where it is known.
fn memory(bytes: Option<u64>) -> Option<(&'static str, String)> {
    bytes.map(|bytes| ("peak memory", amount(bytes)))
}
