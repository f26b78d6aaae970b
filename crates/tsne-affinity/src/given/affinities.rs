//! Affinities from a matrix that the caller has already.

use super::sorted_rows::SortedRows;
use super::source::{Compressed, Source};
use crate::limits::{self, SUM_TOLERANCE};
use tsne_core::{Affinities, AffinityKind, Context, Error, Result, Rows, Scalar, blocks, chunks, instances};

/// What is done to a given matrix of joint affinities. By default both; a matrix that is symmetric already is not changed
/// by the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
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

impl Precomputed {
    /// Sets whether the matrix is replaced by `(P + Pᵀ) / 2`. Default: yes.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Precomputed;
    ///
    /// assert!(!Precomputed::default().with_symmetrize(false).symmetrize);
    /// ```
    #[must_use]
    pub const fn with_symmetrize(self, symmetrize: bool) -> Self {
        Self { symmetrize, ..self }
    }

    /// Sets whether the matrix is divided by the sum of its entries. Default: yes.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Precomputed;
    ///
    /// assert!(!Precomputed::default().with_normalize(false).normalize);
    /// ```
    #[must_use]
    pub const fn with_normalize(self, normalize: bool) -> Self {
        Self { normalize, ..self }
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
/// In a [`Team`](tsne_core::Team) each member is given the whole matrix and computes all of it; the result has the rows of its own
/// points, [`Context::rows`] of `n`.
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
    let source = Source::Compressed(Compressed::new(row_pointers, columns, weights, n)?);
    if source.n() != n {
        return Err(Error::shape("row_pointers", n.saturating_add(1), row_pointers.len()));
    }
    joint(source, options, cx)
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
    joint(Source::Dense(matrix), options, cx)
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
    let source = Source::Compressed(Compressed::new(row_pointers, columns, weights, n_reference)?);
    conditional(source, n_reference, cx)
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
    check_columns(matrix)?;
    conditional(Source::Dense(matrix), matrix.d(), cx)
}

/// Checks that columns have numbers of 32 bits.
fn check_columns<T>(matrix: Rows<'_, T>) -> Result<()> {
    let max = limits::columns(usize::BITS);
    if matrix.d() as u64 > max {
        return Err(Error::capacity("number of columns", matrix.d(), max as usize));
    }
    Ok(())
}

instances! {
    fn joint[Joint]<'a, 'b, T>(source: Source<'b, T>, options: Precomputed, cx: Context<'b>) -> Result<Affinities<T>>
        = joint_of
}

fn joint_of<T: Scalar>(source: Source<'_, T>, options: Precomputed, cx: Context<'_>) -> Result<Affinities<T>> {
    let n = source.n();
    if n < 2 {
        return Err(Error::too_few_points(n, 2));
    }
    if n > limits::POINTS {
        return Err(Error::capacity("number of points", n, limits::POINTS));
    }
    let mut given = SortedRows::read(source, false, cx)?;
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
        given = given.symmetrized(divisor, cx)?;
    } else {
        chunks::for_each(&mut given.weights, blocks::BLOCK, |_, weights| {
            weights.iter_mut().for_each(|w| *w = T::from_f64(w.to_f64() / divisor));
        });
    }
    let SortedRows { row_pointers, columns, weights } = given;
    let p = Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint)?;
    let own = cx.rows(n);
    if own == (0..n) { Ok(p) } else { p.of_points(own) }
}

instances! {
    fn conditional[Conditional]<'a, 'b, T>(source: Source<'b, T>, n_reference: usize, cx: Context<'b>)
        -> Result<Affinities<T>> = conditional_of
}

fn conditional_of<T: Scalar>(source: Source<'_, T>, n_reference: usize, cx: Context<'_>) -> Result<Affinities<T>> {
    let mut rows = SortedRows::read(source, true, cx)?;
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
    let SortedRows { row_pointers, columns, weights } = rows;
    Affinities::from_parts(row_pointers, columns, weights, n_reference, AffinityKind::Conditional)
}
