//! A map of one, two or three dimensions.

use super::scored::Scored;
use super::spearman;
use crate::command::run::agreement;
use crate::input::{Labels, Table};
use anyhow::{Result, bail};
use std::str::FromStr;
use tsne::metrics::{self, Comparison, PointMeasures};
use tsne::{Affinities, Context, Float, Kernel, Rows};

/// What is measured of a map, whatever its dimension.
pub(super) trait Map<T: Float + FromStr>: Send + Sync {
    fn components(&self) -> usize;
    fn rows(&self) -> Result<Rows<'_, T>>;
    fn extent(&self) -> f64;
    fn agreement(&self, labels: &Labels, k: usize) -> Result<Option<f64>>;
    fn kl_shares(&self, p: &Affinities<T>, kernel: Kernel) -> Result<Vec<f64>>;
    fn spearman(&self, scored: &Scored<'_, T>, sample: usize) -> Result<Option<f64>>;
    /// The neighborhoods of this map and of others, of a sample and `k` neighbors.
    fn per_point_beside(
        &self,
        scored: &Scored<'_, T>,
        others: &[Rows<'_, T>],
        sample: (usize, usize),
    ) -> Result<Vec<PointMeasures>>;
}

impl<T: Float + FromStr, const D: usize> Map<T> for Vec<[T; D]> {
    fn components(&self) -> usize {
        D
    }

    fn rows(&self) -> Result<Rows<'_, T>> {
        Ok(Rows::new(self.as_flattened(), self.len(), D)?)
    }

    fn extent(&self) -> f64 {
        metrics::extent(self)
    }

    fn agreement(&self, labels: &Labels, k: usize) -> Result<Option<f64>> {
        agreement(self, labels, k)
    }

    fn kl_shares(&self, p: &Affinities<T>, kernel: Kernel) -> Result<Vec<f64>> {
        Ok(metrics::kl_shares(p, kernel, self, Context::new())?)
    }

    fn spearman(&self, scored: &Scored<'_, T>, sample: usize) -> Result<Option<f64>> {
        spearman::spearman(scored, self, sample)
    }

    fn per_point_beside(
        &self,
        scored: &Scored<'_, T>,
        others: &[Rows<'_, T>],
        (sample, k): (usize, usize),
    ) -> Result<Vec<PointMeasures>> {
        let comparison = Comparison::new(scored.points.points()?, self)?.metric(&scored.metric);
        Ok(comparison.sample(sample, scored.args.call.seed).per_point_beside(others, k)?)
    }
}

/// The map of a table.
///
/// # Errors
///
/// Unless it has one to three columns.
pub(super) fn of_table<T: Float + FromStr>(table: &Table<f64>) -> Result<Box<dyn Map<T>>> {
    Ok(match table.d() {
        1 => Box::new(positions::<T, 1>(table)?),
        2 => Box::new(positions::<T, 2>(table)?),
        3 => Box::new(positions::<T, 3>(table)?),
        d => bail!("the map has {d} columns, but a map has 1, 2 or 3"),
    })
}

fn positions<T: Float, const D: usize>(table: &Table<f64>) -> Result<Vec<[T; D]>> {
    let rows = table.rows()?;
    // Far from the origin single precision would lose what tells points apart: distances stay the same where the origin moves.
    let middle: [f64; D] = std::array::from_fn(|c| {
        let of = |row: &[f64]| row[c];
        let (low, high) =
            rows.iter().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        let middle = 0.5 * low + 0.5 * high;
        if middle.abs() > high - low { middle } else { 0.0 }
    });
    Ok(rows.iter().map(|row| std::array::from_fn(|c| T::from_f64(row[c] - middle[c]))).collect())
}
