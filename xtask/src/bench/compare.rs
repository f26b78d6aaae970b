//! Two sets of figures side by side.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result, bail};

use super::figure::{Figure, Figures, time};
use crate::table::aligned;

/// What became of a benchmark.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    /// The intervals separate, and the median grew by more than allowed.
    TooSlow,
    /// The intervals separate.
    Slower,
    Faster,
    /// The intervals overlap.
    Same,
    /// The baseline does not know it.
    New,
}

/// The benchmarks of a run against a baseline.
#[derive(Debug)]
pub(super) struct Comparison {
    rows: Vec<(String, Option<Figure>, Figure, Change)>,
    fail_over: f64,
}

impl Comparison {
    pub(super) fn new(before: &Figures, now: &Figures, fail_over: f64) -> Self {
        let row = |(name, &now): (&String, &Figure)| {
            let before = before.get(name).copied();
            let change = before.map_or(Change::New, |before| change(before, now, fail_over));
            (name.clone(), before, now, change)
        };
        Self { rows: now.iter().map(row).collect(), fail_over }
    }

    /// The crates and groups of the benchmarks that became too slow.
    pub(super) fn groups_too_slow(&self) -> BTreeSet<(String, String)> {
        let slow = self.rows.iter().filter(|row| row.3 == Change::TooSlow);
        let group = |name: &str| {
            let mut words = name.split('/').map(str::to_owned);
            words.next().zip(words.next())
        };
        slow.filter_map(|row| group(&row.0)).collect()
    }

    /// An error that names every benchmark that became too slow.
    pub(super) fn verdict(&self) -> Result<()> {
        let slow: Vec<&str> =
            self.rows.iter().filter(|row| row.3 == Change::TooSlow).map(|row| row.0.as_str()).collect();
        if slow.is_empty() {
            return Ok(());
        }
        let percent = 100.0 * self.fail_over;
        bail!("slower by more than {percent} %, intervals apart, each time: {}", slow.join(", "));
    }
}

fn change(before: Figure, now: Figure, fail_over: f64) -> Change {
    if now.lower > before.upper {
        if now.median > before.median * (1.0 + fail_over) { Change::TooSlow } else { Change::Slower }
    } else if now.upper < before.lower {
        Change::Faster
    } else {
        Change::Same
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |(name, before, now, change): &(String, Option<Figure>, Figure, Change)| {
            let (old, old_interval, ratio) = match before {
                Some(before) => (time(before.median), before.interval(), format!("{:.3}", now.median / before.median)),
                None => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
            };
            let word = match change {
                Change::TooSlow => "TOO SLOW",
                Change::Slower => "slower",
                Change::Faster => "faster",
                Change::Same => "same",
                Change::New => "new",
            };
            vec![name.clone(), old, old_interval, time(now.median), now.interval(), ratio, word.to_owned()]
        };
        let head = ["benchmark", "before", "95 % interval", "now", "95 % interval", "ratio", ""];
        f.write_str(&aligned(&head, self.rows.iter().map(row).collect()))
    }
}

/// `5%` or `5` as 0.05.
pub(super) fn parse_percent(text: &str) -> Result<f64> {
    let percent: f64 = text
        .trim_end_matches('%')
        .trim()
        .parse()
        .with_context(|| format!("`--fail-over {text}`: write a percentage, as in `--fail-over 5%`"))?;
    if !(percent.is_finite() && percent >= 0.0) {
        bail!("`--fail-over {text}`: a finite percentage of at least 0 is allowed");
    }
    Ok(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(median: f64, half: f64) -> Figure {
        Figure { median, lower: median - half, upper: median + half }
    }

    #[test]
    fn a_benchmark_fails_only_with_both_conditions() {
        let before = figure(100.0, 1.0);
        assert_eq!(change(before, figure(110.0, 1.0), 0.05), Change::TooSlow);
        assert_eq!(change(before, figure(110.0, 9.5), 0.05), Change::Same, "the intervals overlap");
        assert_eq!(change(before, figure(104.0, 1.0), 0.05), Change::Slower, "within what is allowed");
        assert_eq!(change(before, figure(104.0, 1.0), 0.03), Change::TooSlow);
        assert_eq!(change(before, figure(90.0, 1.0), 0.05), Change::Faster);
        assert_eq!(change(before, before, 0.0), Change::Same);
    }

    #[test]
    fn the_verdict_names_what_is_too_slow_and_the_table_shows_all() {
        let figures = |entries: &[(&str, f64)]| {
            entries.iter().map(|(name, median)| ((*name).to_owned(), figure(*median, 0.5))).collect::<Figures>()
        };
        let before = figures(&[("a", 100.0), ("b", 100.0), ("gone", 1.0)]);
        let fine = Comparison::new(&before, &figures(&[("a", 80.0), ("c", 5.0)]), 0.05);
        fine.verdict().unwrap();
        let slow = Comparison::new(&before, &figures(&[("a", 80.0), ("b", 120.0), ("c", 5.0)]), 0.05);
        let error = slow.verdict().unwrap_err().to_string();
        assert!(error.contains("5 %") && error.ends_with(": b"), "{error}");
        let table = slow.to_string();
        let lines: Vec<&str> = table.lines().skip(1).collect();
        assert!(lines[0].contains("0.800") && lines[0].ends_with("faster"), "{table}");
        assert!(lines[1].contains("1.200") && lines[1].ends_with("TOO SLOW"), "{table}");
        assert!(lines[2].ends_with("new"), "{table}");
    }

    #[test]
    fn what_is_too_slow_is_known_by_crate_and_group() {
        let figures = |of: &[(&str, f64)]| of.iter().map(|(name, t)| ((*name).to_owned(), figure(*t, 0.5))).collect();
        let before: Figures = figures(&[("a/tree/f32/n10", 10.0), ("a/tree/f64", 10.0), ("a/walk", 10.0)]);
        let now = figures(&[("a/tree/f32/n10", 20.0), ("a/tree/f64", 20.0), ("a/walk", 10.0)]);
        let groups = Comparison::new(&before, &now, 0.05).groups_too_slow();
        assert_eq!(groups.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "tree".to_owned())]);
    }

    #[test]
    fn percentages_are_read() {
        assert_eq!(parse_percent("5%").unwrap(), 0.05);
        assert_eq!(parse_percent("0").unwrap(), 0.0);
        for text in ["", "five", "-1%", "inf", "NaN"] {
            assert!(parse_percent(text).is_err(), "{text}");
        }
    }
}
