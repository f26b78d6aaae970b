//! Means and variances of columns, in `f64` and in a fixed order of the rows.

use super::check::not_positive;
use tsne_core::{Error, Points, Result, Rows, Scalar, SparseRows, blocks, memory};

pub(super) fn two_points(n: usize) -> Result<()> {
    if n < 2 { Err(Error::too_few_points(n, 2)) } else { Ok(()) }
}

/// The sums of `term` over the columns of all rows, in the order of blocks.
pub(super) fn column_sums<T: Scalar>(rows: Rows<'_, T>, term: impl Fn(usize, f64) -> f64 + Sync) -> Result<Vec<f64>> {
    let partials = blocks::try_map(rows.n(), |range| {
        let mut sums = memory::filled("sums of columns", rows.d(), 0.0)?;
        for i in range {
            sums.iter_mut().zip(rows.row(i)).enumerate().for_each(|(j, (s, v))| *s += term(j, v.to_f64()));
        }
        Ok(sums)
    })?;
    let mut total = vec![0.0; rows.d()];
    partials.iter().for_each(|partial| total.iter_mut().zip(partial).for_each(|(t, p)| *t += p));
    Ok(total)
}

/// The variance of each column, divided by `n - 1`, of finite points.
pub(super) fn variances<T: Scalar>(points: Points<'_, T>) -> Result<Vec<f64>> {
    let n = points.n();
    two_points(n)?;
    let variances = match points {
        Points::Dense(rows) => {
            let mean = column_sums(rows, |_, v| v / n as f64)?;
            column_sums(rows, |j, v| (v - mean[j]).powi(2) / (n - 1) as f64)?
        }
        Points::Sparse(rows) => sparse_variances(rows)?,
        _ => return Err(Error::invalid("points", "their storage is not known to this version")),
    };
    match variances.iter().position(|v| !v.is_finite()) {
        Some(column) => Err(overflow("the variances of the data", column)),
        None => Ok(variances),
    }
}

fn sparse_variances<T: Scalar>(rows: SparseRows<'_, T>) -> Result<Vec<f64>> {
    if let Some(column) = column_without_entries(rows)? {
        // Known before anything of the declared width is made.
        return Err(not_positive("variances", 0.0, column));
    }
    let (n, d) = (rows.n() as f64, rows.d());
    let entries = || rows.columns().iter().map(|&c| c as usize).zip(rows.values().iter().map(|v| v.to_f64()));
    let column_array = || memory::filled("moments of columns", d, 0.0);
    let (mut mean, mut sums, mut stored) = (column_array()?, column_array()?, column_array()?);
    entries().for_each(|(j, v)| mean[j] += v / n);
    for (j, v) in entries() {
        sums[j] += (v - mean[j]).powi(2);
        stored[j] += 1.0;
    }
    Ok((0..d).map(|j| (sums[j] + (n - stored[j]) * mean[j] * mean[j]) / (n - 1.0)).collect())
}

/// The first column that no row stores, of rows with more columns than entries; `None` for all others, where an array as
/// long as the columns takes no more memory than the entries.
fn column_without_entries<T>(rows: SparseRows<'_, T>) -> Result<Option<usize>> {
    if rows.d() <= rows.nnz() {
        return Ok(None);
    }
    let mut columns = Vec::new();
    memory::reserve("columns that occur", &mut columns, rows.nnz())?;
    columns.extend_from_slice(rows.columns());
    columns.sort_unstable();
    columns.dedup();
    let place = columns.iter().zip(0..).position(|(&column, place): (&u32, u32)| column != place);
    Ok(Some(place.unwrap_or(columns.len())))
}

pub(super) fn overflow(stage: &'static str, column: usize) -> Error {
    let why = format_args!("the squares of column {column} overflow f64: divide the data by a constant");
    Error::numerical(stage, why)
}
