use anyhow::{Context, Result, bail, ensure};
use tsne::{Scalar, SparseRows};

/// A sparse `n × d` matrix in compressed rows, columns ascending in each row.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseTable<T> {
    row_pointers: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<T>,
    d: usize,
}

impl<T: Scalar> SparseTable<T> {
    /// A matrix from compressed rows (SciPy's `indptr`, `indices`, `data`). Unsorted columns are sorted; values of repeated
    /// ones are added, in their order.
    ///
    /// # Errors
    ///
    /// Where the lengths do not fit together, row pointers descend, a column is not below `d`, or a value or a sum is not
    /// finite.
    pub fn from_compressed(row_pointers: Vec<usize>, columns: &[usize], values: &[f64], d: usize) -> Result<Self> {
        let (count, last) = (columns.len(), row_pointers.last().copied());
        ensure!(values.len() == count, "there are {count} columns, but {} values", values.len());
        ensure!(
            row_pointers.first() == Some(&0) && last == Some(count),
            "row pointers must run from 0 to the number of entries, {count}, but they end at {}",
            last.unwrap_or(0)
        );
        ensure!(d <= 1 << 32, "there are {d} columns, more than 2³²");
        let mut table =
            Self { row_pointers: vec![0], columns: Vec::with_capacity(count), values: Vec::with_capacity(count), d };
        let mut row: Vec<(usize, f64)> = Vec::new();
        for (i, range) in row_pointers.windows(2).enumerate() {
            let (from, to) = (range[0], range[1]);
            ensure!(from <= to && to <= count, "row pointer {} is {to} after {from}, of {count} entries", i + 1);
            row.clear();
            row.extend(columns[from..to].iter().copied().zip(values[from..to].iter().copied()));
            // Stable, so that repeated entries are added in the order of the file.
            row.sort_by_key(|&(column, _)| column);
            table.push(i, &row)?;
        }
        Ok(table)
    }

    /// Adds row `i`, sorted.
    fn push(&mut self, i: usize, row: &[(usize, f64)]) -> Result<()> {
        for same in row.chunk_by(|a, b| a.0 == b.0) {
            let column = same[0].0;
            ensure!(column < self.d, "row {i} (counted from 0) names column {column}, but there are {}", self.d);
            let sum = T::from_f64(same.iter().map(|(_, value)| value).sum());
            if !sum.is_finite() {
                bail!(
                    "the value in row {i}, column {column} (counted from 0) is infinite, not a number, or beyond the \
                     range of {}: replace it, or use --float f64 if it is only large",
                    T::NAME
                );
            }
            self.columns.push(column as u32);
            self.values.push(sum);
        }
        self.row_pointers.push(self.columns.len());
        Ok(())
    }

    /// The points as a view.
    ///
    /// # Errors
    ///
    /// None: the arrays fit together by construction.
    pub fn rows(&self) -> Result<SparseRows<'_, T>> {
        SparseRows::new(&self.row_pointers, &self.columns, &self.values, self.d).context("the matrix is inconsistent")
    }
}

impl<T> SparseTable<T> {
    /// The number of points.
    pub const fn n(&self) -> usize {
        self.row_pointers.len() - 1
    }

    /// The number of values of each point.
    pub const fn d(&self) -> usize {
        self.d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_repetitions_added() {
        let table =
            SparseTable::<f32>::from_compressed(vec![0, 3, 3, 4], &[2, 0, 2, 1], &[1.0, 2.0, 4.0, 8.0], 3).unwrap();
        let rows = table.rows().unwrap();
        assert_eq!((rows.n(), rows.d()), (3, 3));
        assert_eq!(rows.row(0), (&[0u32, 2][..], &[2.0f32, 5.0][..]));
        assert_eq!((rows.row(1).0.len(), rows.row(2)), (0, (&[1u32][..], &[8.0f32][..])));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let error = |row_pointers: Vec<usize>, columns: &[usize], values: &[f64]| {
            SparseTable::<f32>::from_compressed(row_pointers, columns, values, 3).unwrap_err().to_string()
        };
        assert!(error(vec![], &[], &[]).contains("from 0"));
        assert!(error(vec![0, 2], &[0], &[1.0]).contains("end at 2"));
        assert!(error(vec![0, 9, 1], &[0], &[1.0]).contains("row pointer 1 is 9"));
        assert!(error(vec![0, 1, 0, 1], &[0], &[1.0]).contains("row pointer 2 is 0"));
        assert!(error(vec![0, 1], &[3], &[1.0]).contains("column 3"));
        assert!(error(vec![0, 1], &[0], &[]).contains("0 values"));
        assert!(error(vec![0, 1], &[1], &[1e300]).contains("--float f64"));
    }
}
