//! The counts that are kept, and what they hold for.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Instructions by workload.
pub(super) type Counts = BTreeMap<String, u64>;

/// What counts depend on besides the sources: libraries choose their loops by the vector units, the compiler makes the
/// code.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Machine {
    /// The architecture and the vector units that valgrind shows.
    pub(super) cpu: String,
    /// What `rustc --version` prints.
    pub(super) rustc: String,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.cpu, self.rustc)
    }
}

/// The file of the counts: one line per workload, in the order of their names.
#[derive(Debug, PartialEq)]
pub(super) struct Baseline {
    pub(super) machine: Machine,
    pub(super) counts: Counts,
}

impl Baseline {
    pub(super) fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!("there is no baseline {}: `cargo xtask icount --save` makes it", path.display())
        })?;
        Self::parse(&text)
            .with_context(|| format!("{} is no baseline: `cargo xtask icount --save` makes it anew", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let string =
            |key: &str| value[key].as_str().map(str::to_owned).with_context(|| format!("there is no text `{key}`"));
        let machine = Machine { cpu: string("cpu")?, rustc: string("rustc")? };
        let mut counts = Counts::new();
        for (name, count) in value["counts"].as_object().context("there are no `counts`")? {
            let positive = count.as_u64().filter(|&count| count > 0);
            let count = positive.with_context(|| format!("`{name}` has {count}, not a positive whole number"))?;
            counts.insert(name.clone(), count);
        }
        Ok(Self { machine, counts })
    }

    fn text(&self) -> String {
        let value = json!({ "cpu": self.machine.cpu, "rustc": self.machine.rustc, "counts": self.counts });
        format!("{value:#}\n")
    }

    pub(super) fn save(&self, path: &Path) -> Result<()> {
        fs::write(path, self.text()).with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_survives_its_file_one_line_per_workload() {
        let machine = Machine { cpu: "x86_64 avx2".to_owned(), rustc: "rustc 1.95.0".to_owned() };
        let counts = Counts::from([("b/y".to_owned(), 20), ("a/x".to_owned(), 5_000_000_000)]);
        let baseline = Baseline { machine, counts };
        let text = baseline.text();
        assert_eq!(Baseline::parse(&text).unwrap(), baseline);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| line.contains('/')).collect();
        assert_eq!(lines, [r#""a/x": 5000000000,"#, r#""b/y": 20"#]);
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"cpu":"c","rustc":"r"}"#,
            r#"{"cpu":"c","counts":{}}"#,
            r#"{"cpu":"c","rustc":"r","counts":{"a":0}}"#,
            r#"{"cpu":"c","rustc":"r","counts":{"a":1.5}}"#,
        ] {
            assert!(Baseline::parse(text).is_err(), "{text}");
        }
    }
}
