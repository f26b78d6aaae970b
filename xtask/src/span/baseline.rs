//! The ratios that are kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Work over span by part.
pub(super) type Ratios = BTreeMap<String, f64>;

/// The file of the ratios: one line per part, in the order of their names.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Baseline {
    /// The architecture and the vector units: parallel loops have more of them than what is between.
    pub(super) cpu: String,
    pub(super) ratios: Ratios,
}

impl Baseline {
    pub(super) fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("there is no baseline {}: `cargo xtask span --save` makes it", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is no baseline: `cargo xtask span --save` makes it anew", path.display()))
    }

    pub(super) fn save(&self, path: &Path) -> Result<()> {
        // A tenth more or less is noise.
        let ratios = self.ratios.iter().map(|(name, ratio)| (name.clone(), (10.0 * ratio).round() / 10.0)).collect();
        let text = serde_json::to_string_pretty(&Self { cpu: self.cpu.clone(), ratios })?;
        fs::write(path, format!("{text}\n")).with_context(|| format!("cannot write {}", path.display()))
    }
}
