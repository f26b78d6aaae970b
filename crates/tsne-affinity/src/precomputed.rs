//! Affinities from a matrix that the caller has already.

use rayon::prelude::*;
use tsne_core::{Affinities, AffinityKind, Context, Error, Result, Rows, Scalar, blocks};

/// The largest distance of a sum from 1 at which it counts as 1: that of [`Affinities::from_parts`].
const SUM_TOLERANCE: f64 = 1e-3;

/// What is done to a given matrix of joint affinities. By default both; a matrix that is symmetric already is not changed
/// by the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Precomputed {
    /// Whether to replace the matrix by `(P + Pᵀ) / 2`. Without, the caller answers for the symmetry: see
    /// [`Symmetrization`](crate::Symmetrization#without-symmetrization) for what an optimizer makes of a matrix that
    /// is not symmetric.
    pub symmetrize: bool,
    /// Whether to divide by the sum of all entries. Without, it must be 1 within 0.1 %.
    pub normalize: bool,
}

impl Default for Precomputed {
    fn default() -> Self {
        Self { symmetrize: true, normalize: true }
    }
}

/// Joint affinities from the arrays of a compressed-row `n × n` matrix (SciPy's `indptr`, `indices` and `data`).
///
/// Columns may stand in any order; entries that repeat a column are added up, and entries that are 0 are left out. So is
/// the diagonal, before anything else is done: a point has no affinity to itself (van der Maaten and Hinton 2008 define
/// `p_ii = 0`), no force comes from it, and the sum is the one of what counts. A row may be empty: its point is repelled
/// only.
///
/// Takes `O(nnz log(nnz / n))` time.
///
/// # Determinism
///
/// The same bits for any number of threads. With [`Precomputed::symmetrize`] both halves have the same bits.
///
/// # Errors
///
/// [`Error::Shape`] where lengths do not fit together; [`Error::Invalid`] where row pointers descend, a column is out of
/// range, a weight is negative or not finite, all weights are 0, or their sum is not 1 and
/// [`Precomputed::normalize`] is off; [`Error::TooFewPoints`] below two points; [`Error::Cancelled`].
///
/// # Examples
///
/// ```
/// use tsne_affinity::{Precomputed, precomputed_joint};
/// use tsne_core::Context;
///
/// // Three points in a row; the middle one is counted from both sides.
/// let p = precomputed_joint(&[0, 1, 3, 3], &[1, 2, 0], &[1.0f64, 2.0, 1.0], 3, Precomputed::default(), Context::new())?;
/// assert_eq!(p.row(0), (&[1][..], &[0.25][..]));
/// assert_eq!(p.row(2), (&[1][..], &[0.25][..]));
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn precomputed_joint<T: Scalar>(
    row_pointers: &[usize],
    columns: &[u32],
    weights: &[T],
    n: usize,
    options: Precomputed,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let source = Compressed::new(row_pointers, columns, weights, n)?;
    if source.n() != n {
        return Err(Error::shape("row_pointers", n.saturating_add(1), row_pointers.len()));
    }
    joint(n, |i, row| source.read(i, row), options, cx)
}

/// Joint affinities from a dense `n × n` matrix, otherwise as [`precomputed_joint`].
///
/// # Errors
///
/// Those of [`precomputed_joint`]; [`Error::Shape`] unless the matrix is square.
///
/// # Examples
///
/// ```
/// use tsne_affinity::{Precomputed, precomputed_joint_dense};
/// use tsne_core::{Context, Rows};
///
/// let similarity = [1.0f32, 0.5, 0.0, 0.5, 1.0, 0.5, 0.0, 0.5, 1.0];
/// let p = precomputed_joint_dense(Rows::new(&similarity, 3, 3)?, Precomputed::default(), Context::new())?;
/// assert_eq!(p.row(1), (&[0, 2][..], &[0.25, 0.25][..]));
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn precomputed_joint_dense<T: Scalar>(
    matrix: Rows<'_, T>,
    options: Precomputed,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    if matrix.d() != matrix.n() {
        return Err(Error::shape("a row of the affinities", matrix.n(), matrix.d()));
    }
    joint(matrix.n(), |i, row| read_dense(matrix, i, row), options, cx)
}

/// Conditional affinities of new points from the arrays of a compressed-row matrix with a row for each new point and a
/// column for each of `n_reference` reference points. Each row is divided by its sum.
///
/// Columns may stand in any order; entries that repeat a column are added up, and entries that are 0 are left out.
///
/// # Errors
///
/// [`Error::Shape`] where lengths do not fit together; [`Error::Invalid`] where row pointers descend, a column is out of
/// range, a weight is negative or not finite, or all weights of a row are 0; [`Error::Cancelled`].
///
/// # Examples
///
/// ```
/// let p = tsne_affinity::precomputed_conditional(&[0, 2], &[4, 0], &[3.0f64, 1.0], 5, tsne_core::Context::new())?;
/// assert_eq!(p.row(0), (&[0, 4][..], &[0.25, 0.75][..]));
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn precomputed_conditional<T: Scalar>(
    row_pointers: &[usize],
    columns: &[u32],
    weights: &[T],
    n_reference: usize,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let source = Compressed::new(row_pointers, columns, weights, n_reference)?;
    conditional(source.n(), n_reference, |i, row| source.read(i, row), cx)
}

/// Conditional affinities of new points from a dense matrix, new points × reference points, otherwise as
/// [`precomputed_conditional`].
///
/// # Errors
///
/// Those of [`precomputed_conditional`].
///
/// # Examples
///
/// ```
/// use tsne_core::{Context, Rows};
///
/// let p = tsne_affinity::precomputed_conditional_dense(Rows::new(&[0.0f32, 1.0, 3.0], 1, 3)?, Context::new())?;
/// assert_eq!(p.row(0), (&[1, 2][..], &[0.25, 0.75][..]));
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn precomputed_conditional_dense<T: Scalar>(matrix: Rows<'_, T>, cx: Context<'_>) -> Result<Affinities<T>> {
    let max = u32::MAX as usize + 1;
    if matrix.d() > max {
        return Err(Error::capacity("number of columns", matrix.d(), max));
    }
    conditional(matrix.n(), matrix.d(), |i, row| read_dense(matrix, i, row), cx)
}

/// Entries of a row in any order, with repetitions.
type Row<T> = Vec<(u32, T)>;

/// The arrays of a compressed-row matrix whose columns may stand in any order.
struct Compressed<'a, T> {
    row_pointers: &'a [usize],
    columns: &'a [u32],
    weights: &'a [T],
}

impl<'a, T: Scalar> Compressed<'a, T> {
    fn new(row_pointers: &'a [usize], columns: &'a [u32], weights: &'a [T], n_columns: usize) -> Result<Self> {
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
        if let Some(at) = columns.par_iter().position_first(|&j| j as usize >= n_columns) {
            let i = row_pointers.partition_point(|&start| start <= at) - 1;
            let why = format_args!("row {i} names column {}, but there are {n_columns}", columns[at]);
            return Err(Error::invalid("precomputed affinities", why));
        }
        Ok(Self { row_pointers, columns, weights })
    }

    fn n(&self) -> usize {
        self.row_pointers.len() - 1
    }

    fn read(&self, i: usize, row: &mut Row<T>) {
        let range = self.row_pointers[i]..self.row_pointers[i + 1];
        row.extend(self.columns[range.clone()].iter().copied().zip(self.weights[range].iter().copied()));
    }
}

fn read_dense<T: Scalar>(matrix: Rows<'_, T>, i: usize, row: &mut Row<T>) {
    // What is not a number is not 0 either, and is found where weights are checked.
    let entries = matrix.row(i).iter().enumerate().filter(|(_, w)| **w != T::ZERO);
    row.extend(entries.map(|(j, &w)| (j as u32, w)));
}

/// Rows with ascending columns and positive weights.
struct Sorted<T> {
    row_pointers: Vec<usize>,
    columns: Vec<u32>,
    weights: Vec<T>,
}

impl<T: Scalar> Sorted<T> {
    /// Computes rows block by block and strings them together.
    fn collect(n: usize, fill: impl Fn(usize, &mut Row<T>) -> Result<()> + Sync, cx: Context<'_>) -> Result<Self> {
        let blocks: Result<Vec<Self>> = (0..blocks::count(n))
            .into_par_iter()
            .map(|b| {
                cx.check()?;
                let mut block = Self { row_pointers: Vec::new(), columns: Vec::new(), weights: Vec::new() };
                let mut row = Row::new();
                for i in blocks::range(b, n) {
                    row.clear();
                    fill(i, &mut row)?;
                    block.columns.extend(row.iter().map(|&(column, _)| column));
                    block.weights.extend(row.iter().map(|&(_, weight)| weight));
                    block.row_pointers.push(block.columns.len());
                }
                Ok(block)
            })
            .collect();
        let blocks = blocks?;
        let nnz = blocks.iter().map(|block| block.columns.len()).sum();
        let mut all = Self {
            row_pointers: Vec::with_capacity(n + 1),
            columns: Vec::with_capacity(nnz),
            weights: Vec::with_capacity(nnz),
        };
        all.row_pointers.push(0);
        for block in blocks {
            let start = all.columns.len();
            all.row_pointers.extend(block.row_pointers.iter().map(|end| start + end));
            all.columns.extend(block.columns);
            all.weights.extend(block.weights);
        }
        Ok(all)
    }

    /// Checks, sorts and adds up what `read` finds.
    fn read(n: usize, diagonal: bool, read: impl Fn(usize, &mut Row<T>) + Sync, cx: Context<'_>) -> Result<Self> {
        let fill = |i: usize, row: &mut Row<T>| {
            read(i, row);
            if let Some((j, w)) = row.iter().find(|(_, w)| !(w.is_finite() && *w >= T::ZERO)) {
                let why = format_args!("row {i}, column {j} is {w}, but weights are finite and not negative: mend it");
                return Err(Error::invalid("precomputed affinities", why));
            }
            row.retain(|&(j, w)| w > T::ZERO && (diagonal || j as usize != i));
            // A stable sort: repetitions are added in the order in which they are given.
            row.sort_by_key(|&(j, _)| j);
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
        Self::collect(n, fill, cx)
    }

    fn row(&self, i: usize) -> (&[u32], &[T]) {
        let range = self.row_pointers[i]..self.row_pointers[i + 1];
        (&self.columns[range.clone()], &self.weights[range])
    }

    /// The transpose of a square matrix, by counting. Rows come in order, so columns ascend.
    fn transposed(&self) -> Self {
        let n = self.row_pointers.len() - 1;
        let mut row_pointers = vec![0usize; n + 1];
        for &j in &self.columns {
            row_pointers[j as usize + 1] += 1;
        }
        for j in 0..n {
            row_pointers[j + 1] += row_pointers[j];
        }
        let mut next = row_pointers.clone();
        let mut columns = vec![0u32; self.columns.len()];
        let mut weights = vec![T::ZERO; self.columns.len()];
        for i in 0..n {
            let (row, values) = self.row(i);
            for (&j, &w) in row.iter().zip(values) {
                let slot = next[j as usize];
                (columns[slot], weights[slot]) = (i as u32, w);
                next[j as usize] += 1;
            }
        }
        Self { row_pointers, columns, weights }
    }
}

fn joint<T: Scalar>(
    n: usize,
    read: impl Fn(usize, &mut Row<T>) + Sync,
    options: Precomputed,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    if n < 2 {
        return Err(Error::too_few_points(n, 2));
    }
    let mut given = Sorted::read(n, false, read, cx)?;
    let sum = blocks::sum(&mut Vec::new(), n, |rows| {
        given.weights[given.row_pointers[rows.start]..given.row_pointers[rows.end]].iter().map(|w| w.to_f64()).sum()
    });
    if !(sum > 0.0 && sum.is_finite()) {
        let why = format_args!(
            "their sum is {sum} without the diagonal, but must be positive and finite: give some weight, or scale them down"
        );
        return Err(Error::invalid("precomputed affinities", why));
    }
    if !options.normalize && (sum - 1.0).abs() > SUM_TOLERANCE {
        let why =
            format_args!("their sum is {sum} without the diagonal, but must be 1: divide by it, or set normalize");
        return Err(Error::invalid("precomputed affinities", why));
    }
    let divisor = if options.normalize { sum } else { 1.0 };
    if options.symmetrize {
        let other = given.transposed();
        given = Sorted::collect(
            n,
            |i, row| {
                merge(given.row(i), other.row(i), divisor, row);
                Ok(())
            },
            cx,
        )?;
    } else {
        given.weights.par_iter_mut().for_each(|w| *w = T::from_f64(w.to_f64() / divisor));
    }
    let Sorted { row_pointers, columns, weights } = given;
    Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint)
}

/// Half the sum of two rows with ascending columns, divided by `divisor`.
fn merge<T: Scalar>(a: (&[u32], &[T]), b: (&[u32], &[T]), divisor: f64, out: &mut Row<T>) {
    let mut a = a.0.iter().zip(a.1).peekable();
    let mut b = b.0.iter().zip(b.1).peekable();
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

fn conditional<T: Scalar>(
    n: usize,
    n_reference: usize,
    read: impl Fn(usize, &mut Row<T>) + Sync,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let mut rows = Sorted::read(n, true, read, cx)?;
    let mut rest = &mut rows.weights[..];
    for (i, pair) in rows.row_pointers.windows(2).enumerate() {
        let (row, tail) = rest.split_at_mut(pair[1] - pair[0]);
        rest = tail;
        let sum = row.iter().fold(0.0, |sum, w| sum + w.to_f64());
        if !(sum > 0.0 && sum.is_finite()) {
            let why = format_args!(
                "row {i} has the sum {sum}, but each new point needs a positive and finite one: give it some weight, or scale its weights down"
            );
            return Err(Error::invalid("precomputed affinities", why));
        }
        row.iter_mut().for_each(|w| *w = T::from_f64(w.to_f64() / sum));
    }
    let Sorted { row_pointers, columns, weights } = rows;
    Affinities::from_parts(row_pointers, columns, weights, n_reference, AffinityKind::Conditional)
}
