//! The values of points, dense or sparse, as they are changed step by step.

use crate::input::{PointTable, SparseTable, Table};
use anyhow::{Context as _, Result, bail, ensure};
use tsne::core::{blocks, memory};
use tsne::{Points, Scalar};

/// Values in double precision.
pub(super) enum Values {
    /// Row by row, with the number of columns.
    Dense(Vec<f64>, usize),
    /// Row pointers, columns, values, and the number of columns.
    Sparse(Vec<usize>, Vec<u32>, Vec<f64>, usize),
}

impl Values {
    pub(super) fn of<T: Scalar>(points: PointTable<T>) -> Result<Self> {
        fn wide<T: Scalar>(values: Vec<T>) -> Result<Vec<f64>> {
            Ok(memory::converted("the values in double precision", values, 0.0, |_, value: T| value.to_f64())?)
        }
        Ok(match points {
            PointTable::Dense(table) => {
                let (values, _, d) = table.into_parts();
                Self::Dense(wide(values)?, d)
            }
            PointTable::Wide(table) => {
                let (values, _, d) = table.into_parts();
                Self::Dense(values, d)
            }
            PointTable::Sparse(table) => {
                let (pointers, columns, values, d) = table.into_parts();
                Self::Sparse(pointers, columns, wide(values)?, d)
            }
            PointTable::Own(_) => bail!("the values of points are prepared by processes that have all of them"),
            PointTable::Graph(_) => bail!("a graph of neighbors has no values to prepare: leave out --neighbors-key"),
        })
    }

    pub(super) fn d(&self) -> usize {
        match self {
            Self::Dense(_, d) | Self::Sparse(.., d) => *d,
        }
    }

    pub(super) fn is_sparse(&self) -> bool {
        matches!(self, Self::Sparse(..))
    }

    /// Whether all points are the same.
    pub(super) fn are_same(&self) -> bool {
        match self {
            Self::Dense(values, d) => values.chunks_exact((*d).max(1)).all(|row| values.starts_with(row)),
            Self::Sparse(pointers, columns, values, _) => {
                let row = |ends: &[usize]| (&columns[ends[0]..ends[1]], &values[ends[0]..ends[1]]);
                pointers.windows(2).all(|ends| row(ends) == row(&pointers[..2]))
            }
        }
    }

    /// The points as a view.
    pub(super) fn points(&self) -> Result<Points<'_, f64>> {
        Ok(match self {
            Self::Dense(values, d) => tsne::Rows::new(values, values.len() / d.max(&1), *d)?.into(),
            Self::Sparse(pointers, columns, values, d) => tsne::SparseRows::new(pointers, columns, values, *d)?.into(),
        })
    }

    /// Checks that what was made of the values is finite.
    fn check_finite(&self) -> Result<()> {
        let (values, row_of): (_, &dyn Fn(usize) -> usize) = match self {
            Self::Dense(values, d) => (values, &|place| place / d.max(&1)),
            Self::Sparse(pointers, _, values, _) => {
                (values, &|place| pointers.partition_point(|start| *start <= place) - 1)
            }
        };
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(place) => bail!(
                "the preparation makes {} of a value of point {} (counted from 0), but points are finite: divide the data by a \
                 constant, or leave out what prepares them",
                values[place],
                row_of(place)
            ),
        }
    }

    /// The values as points of a run in any precision.
    pub(super) fn into_points<T: Scalar>(self) -> Result<PointTable<T>> {
        self.check_finite()?;
        Ok(match self {
            Self::Dense(values, d) => PointTable::Wide(Table::from_rows(values, d)),
            Self::Sparse(pointers, columns, values, d) => {
                PointTable::Sparse(SparseTable::from_compressed(pointers, columns, values, d)?)
            }
        })
    }

    /// Each row's values.
    fn rows_mut(&mut self) -> Vec<&mut [f64]> {
        match self {
            Self::Dense(values, d) => values.chunks_exact_mut((*d).max(1)).collect(),
            Self::Sparse(pointers, _, values, _) => {
                let mut rest = values.as_mut_slice();
                let mut rows = Vec::new();
                for ends in pointers.windows(2) {
                    let (row, after) = rest.split_at_mut(ends[1] - ends[0]);
                    rows.push(row);
                    rest = after;
                }
                rows
            }
        }
    }

    /// The sum of each row.
    pub(super) fn sums(&mut self) -> Result<Vec<f64>> {
        let mut sums = Vec::new();
        for (i, row) in self.rows_mut().into_iter().enumerate() {
            ensure!(
                row.iter().all(|&value| value >= 0.0),
                "point {i} (counted from 0) has a negative value, so its sum means nothing: leave out --normalize-total"
            );
            let sum: f64 = row.iter().sum();
            ensure!(
                sum.is_finite(),
                "the values of point {i} (counted from 0) add up to no number: divide the data by a constant"
            );
            sums.push(sum);
        }
        Ok(sums)
    }

    /// Scales each row to this sum, but for rows of zeros.
    pub(super) fn scale_rows(&mut self, sum: f64) -> Result<()> {
        let sums = self.sums()?;
        for (row, of_row) in self.rows_mut().into_iter().zip(sums).filter(|(_, of_row)| *of_row > 0.0) {
            row.iter_mut().for_each(|value| *value *= sum / of_row);
        }
        Ok(())
    }

    /// The logarithm of one more than each value.
    pub(super) fn log1p(&mut self) -> Result<()> {
        for (i, row) in self.rows_mut().into_iter().enumerate() {
            for value in row {
                ensure!(
                    *value > -1.0,
                    "point {i} (counted from 0) has the value {value}, of which there is no ln(1 + x): leave out --log1p"
                );
                *value = value.ln_1p();
            }
        }
        Ok(())
    }

    /// The number of points.
    fn n(&self) -> usize {
        match self {
            Self::Dense(values, d) => values.len() / (*d).max(1),
            Self::Sparse(pointers, ..) => pointers.len().saturating_sub(1),
        }
    }

    /// The mean of each column.
    pub(super) fn means(&self) -> Result<Vec<f64>> {
        let mut means = vec![0.0; self.d()];
        match self {
            Self::Dense(values, d) => {
                for row in values.chunks_exact((*d).max(1)) {
                    means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
                }
            }
            Self::Sparse(_, columns, values, _) => {
                columns.iter().zip(values).for_each(|(&column, value)| means[column as usize] += value);
            }
        }
        let n = self.n() as f64;
        means.iter_mut().for_each(|mean| *mean /= n);
        check_columns("sum", &means)?;
        Ok(means)
    }

    /// The standard deviation of each column around its mean, 1 for constant ones.
    pub(super) fn deviations(&self, means: &[f64]) -> Result<Vec<f64>> {
        let (n, mut squares) = (self.n() as f64, vec![0.0; self.d()]);
        match self {
            Self::Dense(values, d) => {
                for row in values.chunks_exact((*d).max(1)) {
                    let deviations = row.iter().zip(means).map(|(value, mean)| value - mean);
                    squares.iter_mut().zip(deviations).for_each(|(square, deviation)| *square += deviation * deviation);
                }
            }
            Self::Sparse(_, columns, values, _) => {
                let mut stored = vec![0.0; self.d()];
                for (&column, value) in columns.iter().zip(values) {
                    stored[column as usize] += 1.0;
                    let deviation = value - means[column as usize];
                    squares[column as usize] += deviation * deviation;
                }
                for ((square, mean), stored) in squares.iter_mut().zip(means).zip(&stored) {
                    *square += (n - stored) * mean * mean;
                }
            }
        }
        // By an infinite deviation all values of a column would become 0.
        check_columns("variance", &squares)?;
        let deviation = |(square, mean): (f64, &f64)| {
            let deviation: f64 = (square / n).sqrt();
            // What is left of a constant column by rounding is nothing.
            if deviation > 1e-12 * mean.abs() { deviation } else { 1.0 }
        };
        Ok(squares.into_iter().zip(means).map(deviation).collect())
    }

    /// Subtracts means and divides by deviations.
    pub(super) fn standardize(&mut self, means: &[f64], deviations: &[f64]) -> Result<()> {
        match self {
            Self::Dense(values, d) => {
                for row in values.chunks_exact_mut((*d).max(1)) {
                    for ((value, mean), deviation) in row.iter_mut().zip(means).zip(deviations) {
                        *value = (*value - mean) / deviation;
                    }
                }
            }
            Self::Sparse(_, columns, values, _) => {
                for (value, &column) in values.iter_mut().zip(columns.iter()) {
                    let deviation = deviations.get(column as usize).context("a column has no deviation")?;
                    *value /= deviation;
                }
            }
        }
        Ok(())
    }

    /// The same values with all zeros.
    pub(super) fn dense(self) -> Result<Self> {
        let Self::Sparse(pointers, columns, values, d) = self else { return Ok(self) };
        let n = pointers.len().saturating_sub(1);
        let mut dense = memory::filled("dense points", n.checked_mul(d).context("the points are too many")?, 0.0)?;
        for (ends, row) in pointers.windows(2).zip(dense.chunks_exact_mut(d.max(1))) {
            for place in ends[0]..ends[1] {
                row[columns[place] as usize] = values[place];
            }
        }
        Ok(Self::Dense(dense, d))
    }

    /// The coordinates along axes of what is left of each row less the means.
    pub(super) fn project(self, means: &[f64], axes: &[f64]) -> Result<Self> {
        let d = means.len();
        let count = axes.len() / d.max(1);
        let shift: Vec<f64> =
            axes.chunks_exact(d.max(1)).map(|axis| axis.iter().zip(means).map(|(a, m)| a * m).sum()).collect();
        // Axis by axis within a column: the few numbers that a stored value meets lie side by side.
        let mut by_column = memory::filled("principal axes", axes.len(), 0.0)?;
        for (which, axis) in axes.chunks_exact(d.max(1)).enumerate() {
            axis.iter().enumerate().for_each(|(column, value)| by_column[column * count + which] = *value);
        }
        let points = self.points()?;
        let n = points.n();
        let parts = blocks::try_map(n, |rows| {
            let mut part = Vec::new();
            memory::reserve("principal components", &mut part, rows.len() * count)?;
            for i in rows {
                let start = part.len();
                part.resize(start + count, 0.0);
                let out = &mut part[start..];
                let mut add = |column: usize, value: f64| {
                    let of_column = &by_column[column * count..(column + 1) * count];
                    out.iter_mut().zip(of_column).for_each(|(out, axis)| *out += value * axis);
                };
                match &points {
                    Points::Dense(x) => {
                        x.row(i).iter().enumerate().for_each(|(column, value)| add(column, *value - means[column]))
                    }
                    Points::Sparse(x) => {
                        let (columns, values) = x.row(i);
                        columns.iter().zip(values).for_each(|(column, value)| add(*column as usize, *value));
                        out.iter_mut().zip(&shift).for_each(|(out, shift)| *out -= shift);
                    }
                    _ => {}
                }
            }
            Ok(part)
        })?;
        Ok(Self::Dense(parts.concat(), count))
    }
}

/// Checks that what was summed up for each column is finite.
fn check_columns(what: &str, sums: &[f64]) -> Result<()> {
    match sums.iter().position(|sum| !sum.is_finite()) {
        None => Ok(()),
        Some(column) => {
            bail!(
                "the {what} of column {column} (counted from 0) is too large for a number: divide the data by a constant"
            )
        }
    }
}
