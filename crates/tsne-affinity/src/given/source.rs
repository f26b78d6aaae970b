//! A matrix of affinities as it is given: compressed rows in any order, or dense.

use tsne_core::{Error, Result, Rows, Scalar, blocks, memory};

/// The name of a row in errors.
pub(super) const ROW: &str = "a row of the affinities";

/// Entries of a row in any order, with repetitions.
pub(super) type Row<T> = Vec<(u32, T)>;

/// Where rows are read from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a, T> {
    Compressed(Compressed<'a, T>),
    Dense(Rows<'a, T>),
}

impl<T: Scalar> Source<'_, T> {
    /// The number of rows.
    pub(super) const fn n(&self) -> usize {
        match self {
            Self::Compressed(rows) => rows.row_pointers.len() - 1,
            Self::Dense(rows) => rows.n(),
        }
    }

    /// Appends the entries of row `i`; zeros of dense rows are left out.
    pub(super) fn read(&self, i: usize, row: &mut Row<T>) -> Result<()> {
        match self {
            Self::Compressed(rows) => rows.read(i, row),
            Self::Dense(rows) => {
                memory::reserve(ROW, row, rows.d())?;
                // What is not a number is not 0 either, and is found where weights are checked.
                let entries = rows.row(i).iter().enumerate().filter(|(_, w)| **w != T::ZERO);
                row.extend(entries.map(|(j, &w)| (j as u32, w)));
                Ok(())
            }
        }
    }
}

/// The arrays of a compressed-row matrix whose columns may stand in any order.
#[derive(Clone, Copy)]
pub(super) struct Compressed<'a, T> {
    row_pointers: &'a [usize],
    columns: &'a [u32],
    weights: &'a [T],
}

impl<'a, T: Scalar> Compressed<'a, T> {
    pub(super) fn new(
        row_pointers: &'a [usize],
        columns: &'a [u32],
        weights: &'a [T],
        n_columns: usize,
    ) -> Result<Self> {
        if columns.len() != weights.len() {
            return Err(Error::shape("weights", columns.len(), weights.len()));
        }
        let (Some(&first), Some(&last)) = (row_pointers.first(), row_pointers.last()) else {
            return Err(Error::shape("row_pointers", 1, 0));
        };
        if first != 0 || last != columns.len() {
            let why = format_args!("row pointers run from {first} to {last}, but must run from 0 to {}", columns.len());
            return Err(Error::invalid("precomputed affinities", why));
        }
        if let Some(i) = row_pointers.windows(2).position(|pair| pair[0] > pair[1]) {
            let why = format_args!("row pointer {} is below the one before it", i + 1);
            return Err(Error::invalid("precomputed affinities", why));
        }
        let beyond = |i: usize| {
            let row = row_pointers[i]..row_pointers[i + 1];
            row.into_iter().find(|&at| columns[at] as usize >= n_columns).map(|at| (i, at))
        };
        if let Some((i, at)) = blocks::find_first(row_pointers.len() - 1, beyond) {
            let why = format_args!("row {i} names column {}, but there are {n_columns}", columns[at]);
            return Err(Error::invalid("precomputed affinities", why));
        }
        Ok(Self { row_pointers, columns, weights })
    }

    fn read(&self, i: usize, row: &mut Row<T>) -> Result<()> {
        let range = self.row_pointers[i]..self.row_pointers[i + 1];
        memory::reserve(ROW, row, range.len())?;
        row.extend(self.columns[range.clone()].iter().copied().zip(self.weights[range].iter().copied()));
        Ok(())
    }
}
