//! What criterion measured: a median with its confidence interval per benchmark.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::table::aligned;

/// A median time with the bounds of its 95 % confidence interval, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) median: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// Figures by the name of the benchmark: crate, group, id.
pub(super) type Figures = BTreeMap<String, Figure>;

impl Figure {
    /// From criterion's `estimates.json`.
    fn from_estimates(estimates: &Value) -> Result<Self> {
        let median = &estimates["median"];
        let interval = &median["confidence_interval"];
        Self::checked(&median["point_estimate"], &interval["lower_bound"], &interval["upper_bound"])
    }

    /// From what [`Figure::to_json`] wrote.
    pub(super) fn from_json(value: &Value) -> Result<Self> {
        Self::checked(&value["median"], &value["lower"], &value["upper"])
    }

    fn checked(median: &Value, lower: &Value, upper: &Value) -> Result<Self> {
        let number = |value: &Value| value.as_f64().context("a median or a bound of its interval is missing");
        let figure = Self { median: number(median)?, lower: number(lower)?, upper: number(upper)? };
        if figure.lower <= figure.median && figure.median <= figure.upper && figure.median > 0.0 {
            return Ok(figure);
        }
        bail!(
            "the median {} is not positive and inside its interval [{}, {}]",
            figure.median,
            figure.lower,
            figure.upper
        )
    }

    pub(super) fn to_json(self) -> Value {
        json!({ "median": self.median, "lower": self.lower, "upper": self.upper })
    }

    /// The interval for a table.
    pub(super) fn interval(self) -> String {
        format!("[{} .. {}]", time(self.lower), time(self.upper))
    }
}

/// Every result under criterion's directory `home` that is not older than `since`; names begin with `package`.
pub(super) fn collect(home: &Path, package: &str, since: SystemTime) -> Result<Figures> {
    let mut figures = Figures::new();
    let mut open = vec![home.to_owned()];
    while let Some(directory) = open.pop() {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            }
        }
        let estimates = directory.join("estimates.json");
        let is_new = directory.file_name().is_some_and(|name| name == "new");
        if is_new && estimates.is_file() && fs::metadata(&estimates)?.modified()? >= since {
            let figure = Figure::from_estimates(&read(&estimates)?)
                .with_context(|| format!("{} is not what criterion writes", estimates.display()))?;
            let benchmark = directory.join("benchmark.json");
            let name = full_id(&read(&benchmark)?)
                .with_context(|| format!("{} is not what criterion writes", benchmark.display()))?;
            figures.insert(format!("{package}/{name}"), figure);
        }
    }
    Ok(figures)
}

/// Takes from `again` what was measured to be quicker than before: noise makes slower.
pub(super) fn keep_quicker(figures: &mut Figures, again: Figures) {
    for (name, now) in again {
        figures.entry(name).and_modify(|before| *before = if now.median < before.median { now } else { *before });
    }
}

/// From criterion's `benchmark.json`.
fn full_id(benchmark: &Value) -> Result<String> {
    benchmark["full_id"].as_str().map(str::to_owned).context("there is no `full_id`")
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

/// The figures as a table.
pub(super) fn table(figures: &Figures) -> String {
    let rows = figures.iter().map(|(name, figure)| vec![name.clone(), time(figure.median), figure.interval()]);
    aligned(&["benchmark", "median", "95 % interval"], rows.collect())
}

/// Nanoseconds with four digits and the unit that suits them.
pub(super) fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    let decimals = if value < 10.0 { 3 } else { 2_usize.saturating_sub(usize::from(value >= 100.0)) };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimates(median: f64, lower: f64, upper: f64) -> Value {
        let interval = json!({ "confidence_level": 0.95, "lower_bound": lower, "upper_bound": upper });
        json!({
            "mean": { "point_estimate": 1e9 },
            "median": { "confidence_interval": interval, "point_estimate": median, "standard_error": 0.1 },
        })
    }

    #[test]
    fn the_median_is_read_and_survives_json() {
        let figure = Figure::from_estimates(&estimates(5.0, 4.5, 6.25)).unwrap();
        assert_eq!(figure, Figure { median: 5.0, lower: 4.5, upper: 6.25 });
        assert_eq!(Figure::from_json(&figure.to_json()).unwrap(), figure);
    }

    #[test]
    fn of_two_runs_the_quicker_counts() {
        let figure = |median: f64| Figure { median, lower: median - 1.0, upper: median + 1.0 };
        let named =
            |of: &[(&str, f64)]| of.iter().map(|(name, t)| ((*name).to_owned(), figure(*t))).collect::<Figures>();
        let mut figures = named(&[("a", 10.0), ("b", 10.0)]);
        keep_quicker(&mut figures, named(&[("a", 8.0), ("b", 12.0), ("other", 1.0)]));
        assert_eq!(figures, named(&[("a", 8.0), ("b", 10.0)]));
    }

    #[test]
    fn what_is_no_measurement_is_refused() {
        assert!(Figure::from_estimates(&json!({ "median": { "point_estimate": 1.0 } })).is_err());
        assert!(Figure::from_estimates(&estimates(5.0, 5.5, 6.0)).is_err());
        assert!(Figure::from_estimates(&estimates(0.0, 0.0, 0.0)).is_err());
    }

    #[test]
    fn only_new_results_of_this_run_are_collected() {
        let home = std::env::temp_dir().join(format!("xtask-figures-{}", std::process::id()));
        let put = |directory: &str, id: &str| {
            let directory = home.join(directory);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("estimates.json"), estimates(2.0, 1.0, 3.0).to_string()).unwrap();
            fs::write(directory.join("benchmark.json"), json!({ "full_id": id }).to_string()).unwrap();
        };
        put("tree/f32_n10000/new", "tree/f32/n10000");
        put("tree/f32_n10000/base", "tree/f32/n10000/base");
        let figures = collect(&home, "tsne-bh", SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(figures.keys().collect::<Vec<_>>(), ["tsne-bh/tree/f32/n10000"]);
        let later = SystemTime::now() + std::time::Duration::from_secs(3600);
        assert!(collect(&home, "tsne-bh", later).unwrap().is_empty());
        fs::remove_dir_all(&home).unwrap();
        assert!(collect(&home, "tsne-bh", SystemTime::UNIX_EPOCH).unwrap().is_empty(), "no directory, no figures");
    }

    #[test]
    fn times_have_four_digits() {
        let texts = [1.5, 15.25, 999.4, 1e3, 1.234e6, 2.5e9, 123e9].map(time);
        assert_eq!(texts, ["1.500 ns", "15.25 ns", "999.4 ns", "1.000 µs", "1.234 ms", "2.500 s", "123.0 s"]);
    }
}
