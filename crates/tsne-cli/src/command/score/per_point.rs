//! The measures of every point, as a table.

use crate::output::{Format, Numbers};
use anyhow::{Result, ensure};
use std::io::Write;
use std::path::Path;
use tsne::metrics::PointMeasures;

/// Checks that the measures can be written into a file of this name.
///
/// # Errors
///
/// If its format has no names of columns.
pub(super) fn check(path: &Path) -> Result<()> {
    ensure!(
        Format::of(path)?.has_columns(),
        "{}: the measures of the points are columns with names: give a file .csv or .tsv",
        path.display()
    );
    Ok(())
}

/// The columns of the table of `n` points: of several maps, with their names behind them. What was not measured is missing.
pub(super) fn columns(n: usize, names: &[String], kept: &[PointMeasures], shares: &[Vec<f64>]) -> Vec<Numbers> {
    let mut columns = Vec::new();
    for (m, kept) in kept.iter().enumerate() {
        let name = |measure: &str| match names.get(m).filter(|_| names.len() > 1) {
            Some(map) => format!("{measure}_{map}"),
            None => measure.to_owned(),
        };
        let mut spread = |measure: &str, values: &mut dyn Iterator<Item = f64>| {
            let mut all = vec![None; n];
            for (&point, value) in kept.points().iter().zip(values) {
                if let Some(place) = all.get_mut(point as usize) {
                    *place = Some(value);
                }
            }
            columns.push(Numbers { name: name(measure), values: all });
        };
        spread("neighbor_recall", &mut kept.neighbor_recall());
        spread("trust", &mut kept.trustworthiness());
        spread("continuity", &mut kept.continuity());
        spread("kin_distance", &mut kept.kin_distance().iter().copied());
        if let Some(shares) = shares.get(m) {
            columns.push(Numbers { name: name("kl_share"), values: shares.iter().copied().map(Some).collect() });
        }
    }
    columns
}

/// Writes the table. Points without names are numbered from 0.
///
/// # Errors
///
/// Those of [`check`], and of what it is written to.
pub(super) fn write(
    (format, to): (Format, &mut (dyn Write + Send)),
    n: usize,
    ids: Option<&[String]>,
    columns: &[Numbers],
) -> Result<()> {
    let counted: Vec<String>;
    let ids = match ids {
        Some(ids) => ids,
        None => {
            counted = (0..n).map(|i| i.to_string()).collect();
            &counted
        }
    };
    format.write_numbers(to, ids, columns)
}
