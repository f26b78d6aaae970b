//! Sparse tables.

use anyhow::{Context, Result, bail, ensure};
use tsne::core::buckets::Buckets;
use tsne::core::memory;
use tsne::{Scalar, SparseRows};

/// A matrix may have this many rows more than entries: a few empty rows occur, but a size alone must not make work, of which
/// each point, empty or not, makes as much as any other.
const MAX_EMPTY_ROWS: usize = 4096;

/// The most columns.
const MAX_COLUMNS: usize = u32::MAX as usize;

/// Checks that a matrix of `n` rows and `d` columns can have this many entries.
pub(super) fn check_size(n: usize, d: usize, entries: usize) -> Result<()> {
    ensure!(
        n <= entries.saturating_add(MAX_EMPTY_ROWS),
        "there are {n} rows, but only {entries} entries, so that nearly all rows are empty: leave empty rows out of the matrix"
    );
    ensure!(d <= MAX_COLUMNS, "there are {d} columns, more than {MAX_COLUMNS}, the largest number of 32 bits");
    Ok(())
}

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
    /// Where the lengths do not fit together, row pointers descend, a column is not below `d`, a value or a sum is not
    /// finite, or nearly all rows are empty.
    pub fn from_compressed(
        mut row_pointers: Vec<usize>,
        mut columns: Vec<u32>,
        mut values: Vec<f64>,
        d: usize,
    ) -> Result<Self> {
        let (count, last) = (columns.len(), row_pointers.last().copied());
        ensure!(values.len() == count, "there are {count} columns, but {} values", values.len());
        ensure!(
            row_pointers.first() == Some(&0) && last == Some(count),
            "row pointers must run from 0 to the number of entries, {count}, but they end at {}",
            last.unwrap_or(0)
        );
        check_size(row_pointers.len() - 1, d, count)?;
        // The rows move to the front in place, as repeated entries become one.
        let mut kept = 0;
        let mut from = 0;
        let mut sorted: Vec<(u32, usize, f64)> = Vec::new();
        for i in 1..row_pointers.len() {
            let to = row_pointers[i];
            ensure!(from <= to && to <= count, "row pointer {i} is {to} after {from}, of {count} entries");
            let ascending = columns[from..to].is_sorted_by(|a, b| a < b);
            if !ascending {
                sorted.clear();
                memory::reserve("a row of the matrix", &mut sorted, to - from)?;
                sorted.extend((from..to).map(|place| (columns[place], place, values[place])));
                // By place too, so that repeated entries are added in the order of the file; a stable sort would ask for memory that it
                // cannot be without.
                sorted.sort_unstable_by_key(|&(column, place, _)| (column, place));
                for (place, &(column, _, value)) in (from..to).zip(&sorted) {
                    (columns[place], values[place]) = (column, value);
                }
            }
            let start = kept;
            for place in from..to {
                let (column, value) = (columns[place], values[place]);
                ensure!(
                    (column as usize) < d,
                    "row {} (counted from 0) names column {column}, but there are {d}",
                    i - 1
                );
                if kept > start && columns[kept - 1] == column {
                    values[kept - 1] += value;
                } else {
                    (columns[kept], values[kept]) = (column, value);
                    kept += 1;
                }
            }
            row_pointers[i] = kept;
            from = to;
        }
        columns.truncate(kept);
        values.truncate(kept);
        let mut converted = Vec::new();
        memory::reserve("the values of the matrix", &mut converted, kept)?;
        for (place, &value) in values.iter().enumerate() {
            let value = T::from_f64(value);
            if !value.is_finite() {
                bail!(
                    "the value in row {}, column {} (counted from 0) is infinite, not a number, or beyond the range of {}: \
                     replace it, or use --float f64 if it is only large",
                    row_pointers.partition_point(|&pointer| pointer <= place) - 1,
                    columns[place],
                    T::NAME
                );
            }
            converted.push(value);
        }
        Ok(Self { row_pointers, columns, values: converted, d })
    }

    /// A matrix from entries in any order: row, column and value. Values of repeated places are added, in their order.
    ///
    /// # Errors
    ///
    /// As [`SparseTable::from_compressed`]; and where a row is not below `n`.
    pub fn from_coordinates(n: usize, d: usize, entries: Vec<(u32, u32, f64)>) -> Result<Self> {
        check_size(n, d, entries.len())?;
        if let Some((row, ..)) = entries.iter().find(|(row, ..)| *row as usize >= n) {
            bail!("an entry is in row {row} (counted from 0), but there are {n}");
        }
        // Stable, so that repeated entries are added in the order of the file.
        let rows = Buckets::new(n, || entries.iter().map(|&(row, column, value)| (row as usize, (column, value))))?;
        drop(entries);
        let (row_pointers, entries) = rows.into_parts();
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        memory::reserve("the columns of the matrix", &mut columns, entries.len())?;
        memory::reserve("the values of the matrix", &mut values, entries.len())?;
        columns.extend(entries.iter().map(|&(column, _)| column));
        values.extend(entries.iter().map(|&(_, value)| value));
        drop(entries);
        Self::from_compressed(row_pointers, columns, values, d)
    }

    /// The matrix with its columns as rows.
    ///
    /// # Errors
    ///
    /// Where nearly all columns are empty, and where there is no memory for it.
    pub fn transposed(self) -> Result<Self> {
        let (n, d, count) = (self.n(), self.d, self.columns.len());
        check_size(d, n, count)?;
        let mut row_pointers = memory::filled("the rows of the matrix", d + 1, 0usize)?;
        for &column in &self.columns {
            row_pointers[column as usize + 1] += 1;
        }
        for row in 0..d {
            row_pointers[row + 1] += row_pointers[row];
        }
        let mut next = memory::copied("the rows of the matrix", &row_pointers)?;
        let mut columns = memory::filled("the columns of the matrix", count, 0u32)?;
        let mut values = memory::filled("the values of the matrix", count, T::ZERO)?;
        for row in 0..n {
            for place in self.row_pointers[row]..self.row_pointers[row + 1] {
                let next = &mut next[self.columns[place] as usize];
                (columns[*next], values[*next]) = (row as u32, self.values[place]);
                *next += 1;
            }
        }
        Ok(Self { row_pointers, columns, values, d: n })
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
    /// Row pointers, columns, values, and the number of columns.
    pub(crate) fn into_parts(self) -> (Vec<usize>, Vec<u32>, Vec<T>, usize) {
        (self.row_pointers, self.columns, self.values, self.d)
    }

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
        let (columns, values) = (vec![2, 0, 2, 1], vec![1.0, 2.0, 4.0, 8.0]);
        let table = SparseTable::<f32>::from_compressed(vec![0, 3, 3, 4], columns, values, 3).unwrap();
        let rows = table.rows().unwrap();
        assert_eq!((rows.n(), rows.d()), (3, 3));
        assert_eq!(rows.row(0), (&[0u32, 2][..], &[2.0f32, 5.0][..]));
        assert_eq!((rows.row(1).0.len(), rows.row(2)), (0, (&[1u32][..], &[8.0f32][..])));
    }

    #[test]
    fn columns_become_rows() {
        let entries = vec![(0, 2, 1.0), (2, 0, 2.0), (0, 0, 3.0), (2, 2, 4.0)];
        let turned = entries.iter().map(|&(i, j, value)| (j, i, value)).collect();
        let table = SparseTable::<f32>::from_coordinates(3, 4, entries).unwrap();
        assert_eq!(table.transposed().unwrap(), SparseTable::from_coordinates(4, 3, turned).unwrap());
        assert!(
            SparseTable::<f32>::from_coordinates(2, 4, vec![(2, 0, 1.0)]).unwrap_err().to_string().contains("row 2")
        );
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let error = |row_pointers: Vec<usize>, columns: &[u32], values: &[f64]| {
            let table = SparseTable::<f32>::from_compressed(row_pointers, columns.to_vec(), values.to_vec(), 3);
            table.unwrap_err().to_string()
        };
        assert!(error(vec![], &[], &[]).contains("from 0"));
        assert!(error(vec![0, 2], &[0], &[1.0]).contains("end at 2"));
        assert!(error(vec![0, 9, 1], &[0], &[1.0]).contains("row pointer 1 is 9"));
        assert!(error(vec![0, 1, 0, 1], &[0], &[1.0]).contains("row pointer 2 is 0"));
        assert!(error(vec![0, 1], &[3], &[1.0]).contains("column 3"));
        assert!(error(vec![0, 1], &[0], &[]).contains("0 values"));
        assert!(error(vec![0, 0, 1], &[1], &[1e300]).contains("row 1, column 1"));
        assert!(error(vec![0; 5000], &[], &[]).contains("empty"));
        // At the limit.
        assert!(error(vec![0; MAX_EMPTY_ROWS + 2], &[], &[]).contains("empty"));
        let most = SparseTable::<f32>::from_compressed(vec![0; MAX_EMPTY_ROWS + 1], vec![], vec![], 3).unwrap();
        assert_eq!((most.n(), most.d()), (MAX_EMPTY_ROWS, 3));
    }
}
