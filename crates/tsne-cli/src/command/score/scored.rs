//! What every map is measured against.

use crate::args::ScoreArgs;
use crate::input::Annotations;
use crate::report::InputReport;
use std::time::Instant;
use tsne::{Dataset, Metric};

/// What is measured, apart from the maps.
pub(super) struct Scored<'a, T: 'static> {
    pub(super) args: &'a ScoreArgs,
    pub(super) metric: Metric,
    pub(super) points: Dataset<'static, T>,
    pub(super) annotations: Annotations,
    /// What the maps are called.
    pub(super) names: Vec<String>,
    pub(super) input: InputReport,
    pub(super) started: Instant,
}
