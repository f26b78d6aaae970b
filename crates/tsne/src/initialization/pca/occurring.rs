//! The columns that occur: sparse data without those that have no entry, which a declared width can have without end.

use rayon::prelude::*;
use tsne_core::{Result, SparseRows, memory};

/// The columns of sparse data, renumbered without gaps.
pub(super) struct Occurring {
    columns: Vec<u32>,
    /// How many there are.
    pub(super) count: usize,
}

impl Occurring {
    /// `None` if every column occurs. Takes memory for the entries, whatever the width.
    pub(super) fn of<T>(x: SparseRows<'_, T>) -> Result<Option<Self>> {
        let mut numbers = Vec::new();
        memory::reserve("columns that occur", &mut numbers, x.nnz())?;
        numbers.extend_from_slice(x.columns());
        // In place: a sort that merges takes as much memory again, and aborts without it.
        numbers.par_sort_unstable();
        numbers.dedup();
        let count = numbers.len();
        if count == x.d() {
            return Ok(None);
        }
        let mut columns = Vec::new();
        memory::reserve("columns that occur", &mut columns, x.nnz())?;
        // Each is there; fewer than 2^32, since they are numbered by 32 bits.
        columns.extend(x.columns().iter().map(|c| numbers.partition_point(|number| number < c) as u32));
        Ok(Some(Self { columns, count }))
    }

    /// The numbers of the columns of all entries.
    pub(super) fn numbers(&self) -> &[u32] {
        &self.columns
    }

    /// The same data with these columns.
    pub(super) fn rows<'s, T: Sync>(&'s self, x: SparseRows<'s, T>) -> Result<SparseRows<'s, T>> {
        SparseRows::new(x.row_pointers(), &self.columns, x.values(), self.count)
    }
}
