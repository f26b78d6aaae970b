//! Rows of a given matrix, checked, sorted by column and joined with those of its transpose.

use super::source::{ROW, Row, Source};
use tsne_core::buckets::Buckets;
use tsne_core::{Context, Error, Result, Scalar, blocks, memory};

/// What is made here, in errors.
const COLUMNS: &str = "columns of the affinities";
const WEIGHTS: &str = "weights of the affinities";

/// Rows with ascending columns and positive weights.
pub(super) struct SortedRows<T> {
    pub(super) row_pointers: Vec<usize>,
    pub(super) columns: Vec<u32>,
    pub(super) weights: Vec<T>,
}

impl<T: Scalar> SortedRows<T> {
    /// Computes rows block by block and strings them together.
    fn collect(n: usize, fill: impl Fn(usize, &mut Row<T>) -> Result<()> + Sync, cx: Context<'_>) -> Result<Self> {
        let blocks = blocks::try_map(n, |rows| {
            cx.check()?;
            let mut block = Self { row_pointers: Vec::new(), columns: Vec::new(), weights: Vec::new() };
            let mut row = Row::new();
            for i in rows {
                row.clear();
                fill(i, &mut row)?;
                memory::grow(COLUMNS, &mut block.columns, row.len())?;
                memory::grow(WEIGHTS, &mut block.weights, row.len())?;
                block.columns.extend(row.iter().map(|&(column, _)| column));
                block.weights.extend(row.iter().map(|&(_, weight)| weight));
                block.row_pointers.push(block.columns.len());
            }
            Ok(block)
        })?;
        let nnz = blocks.iter().map(|block| block.columns.len()).sum();
        let mut all = Self { row_pointers: Vec::new(), columns: Vec::new(), weights: Vec::new() };
        memory::reserve("row pointers", &mut all.row_pointers, n + 1)?;
        memory::reserve(COLUMNS, &mut all.columns, nnz)?;
        memory::reserve(WEIGHTS, &mut all.weights, nnz)?;
        all.row_pointers.push(0);
        for block in blocks {
            let start = all.columns.len();
            all.row_pointers.extend(block.row_pointers.iter().map(|end| start + end));
            all.columns.extend(block.columns);
            all.weights.extend(block.weights);
        }
        Ok(all)
    }

    /// Reads, checks and sorts all rows, and adds up repetitions; the diagonal is left out unless asked for.
    pub(super) fn read(source: Source<'_, T>, diagonal: bool, cx: Context<'_>) -> Result<Self> {
        let fill = |i: usize, row: &mut Row<T>| {
            source.read(i, row)?;
            if let Some((j, w)) = row.iter().find(|(_, w)| !(w.is_finite() && *w >= T::ZERO)) {
                let why = format_args!("row {i}, column {j} is {w}, but weights are finite and not negative: mend it");
                return Err(Error::invalid("precomputed affinities", why));
            }
            row.retain(|&(j, w)| w > T::ZERO && (diagonal || j as usize != i));
            sort(row)?;
            row.dedup_by(|later, first| {
                let same = later.0 == first.0;
                if same {
                    first.1 += later.1;
                }
                same
            });
            match row.iter().find(|(_, w)| !w.is_finite()) {
                Some((j, w)) => {
                    let why = format_args!("the entries of row {i}, column {j} add up to {w}: scale the weights down");
                    Err(Error::invalid("precomputed affinities", why))
                }
                None => Ok(()),
            }
        };
        Self::collect(source.n(), fill, cx)
    }

    fn row(&self, i: usize) -> (&[u32], &[T]) {
        let range = self.row_pointers[i]..self.row_pointers[i + 1];
        (&self.columns[range.clone()], &self.weights[range])
    }

    /// The transpose of a square matrix. Rows come in order, so columns ascend.
    fn transposed(&self) -> Result<Buckets<(u32, T)>> {
        let n = self.row_pointers.len() - 1;
        Buckets::new(n, || {
            (0..n).flat_map(|i| {
                let (columns, weights) = self.row(i);
                columns.iter().zip(weights).map(move |(&j, &w)| (j as usize, (i as u32, w)))
            })
        })
    }

    /// Half the sum of a square matrix and its transpose, divided by `divisor`.
    pub(super) fn symmetrized(&self, divisor: f64, cx: Context<'_>) -> Result<Self> {
        let other = self.transposed()?;
        let fill = |i: usize, row: &mut Row<T>| {
            let (own, other) = (self.row(i), other.bucket(i));
            memory::grow(ROW, row, own.0.len() + other.len())?;
            merge(own, other, divisor, row);
            Ok(())
        };
        Self::collect(self.row_pointers.len() - 1, fill, cx)
    }
}

/// Sorts entries by column; repetitions stay in the order in which they are given, in which they are added.
fn sort<T: Scalar>(row: &mut Row<T>) -> Result<()> {
    if row.is_sorted_by_key(|&(column, _)| column) {
        return Ok(());
    }
    // By place too, and so in place: a stable sort asks for memory that it cannot be without.
    let mut order =
        memory::collected(ROW, row.iter().enumerate().map(|(place, &(column, weight))| (column, place, weight)))?;
    order.sort_unstable_by_key(|&(column, place, _)| (column, place));
    row.iter_mut().zip(order).for_each(|(entry, (column, _, weight))| *entry = (column, weight));
    Ok(())
}

/// Half the sum of two rows with ascending columns, divided by `divisor`.
fn merge<T: Scalar>(a: (&[u32], &[T]), b: &[(u32, T)], divisor: f64, out: &mut Row<T>) {
    let mut a = a.0.iter().zip(a.1).peekable();
    let mut b = b.iter().map(|(j, w)| (j, w)).peekable();
    loop {
        let column = match (a.peek(), b.peek()) {
            (Some((i, _)), Some((j, _))) => **i.min(j),
            (Some((i, _)), None) | (None, Some((i, _))) => **i,
            (None, None) => return,
        };
        let from_a = a.next_if(|(i, _)| **i == column).map_or(0.0, |(_, w)| w.to_f64());
        let from_b = b.next_if(|(j, _)| **j == column).map_or(0.0, |(_, w)| w.to_f64());
        // Halved first, so that the sum of two large weights is finite. It does not depend on their order.
        out.push((column, T::from_f64((0.5 * from_a + 0.5 * from_b) / divisor)));
    }
}
