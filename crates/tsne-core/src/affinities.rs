use crate::array::Array;
use crate::blocks;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::instances;
use crate::memory;
use crate::scalar::Scalar;
use std::ops::Range;
use std::sync::Arc;

/// What the entries of an [`Affinities`] matrix are normalized to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AffinityKind {
    /// Symmetric, all entries together sum to 1: the affinities of one set of points.
    Joint,
    /// Each row sums to 1: new points against a fixed reference.
    Conditional,
}

/// Sparse affinities `P`: compressed rows, columns ascending in each row.
///
/// Column indices are 32-bit, row pointers the machine's word: more than 2^32 non-zeros are possible. They never change, so clones
/// share the arrays.
#[derive(Debug, Clone, PartialEq)]
pub struct Affinities<T> {
    arrays: Arc<Arrays<T>>,
    /// The point of the first row.
    first: usize,
    n_columns: usize,
    kind: AffinityKind,
}

#[derive(Debug, Clone, PartialEq)]
struct Arrays<T> {
    row_pointers: Vec<usize>,
    columns: Array<u32>,
    weights: Array<T>,
}

/// The largest relative error of a sum that is accepted as 1: `f32` weights of 10^9 entries stay within it.
const SUM_TOLERANCE: f64 = 1e-3;

impl<T: Scalar> Affinities<T> {
    /// Affinities from the arrays of a compressed-row matrix: `row_pointers` (one more than rows, from 0 to the
    /// number of entries), `columns` ascending in each row, and `weights`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where lengths do not fit together, [`Error::Invalid`] where row pointers descend, a column
    /// is out of range or out of order, a weight is negative or not finite, a joint row names its own point, or a sum is not 1
    /// within 0.1 % (all entries for [`AffinityKind::Joint`], each row for [`AffinityKind::Conditional`]).
    /// Whether a joint matrix is symmetric is the caller's word.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Affinities, AffinityKind};
    ///
    /// // A path of three points: the middle one is affine to both ends.
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f32; 4], 3, AffinityKind::Joint)?;
    /// assert_eq!(p.row(1), (&[0, 2][..], &[0.25, 0.25][..]));
    /// let double = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.5f32; 4], 3, AffinityKind::Joint);
    /// assert!(double.unwrap_err().to_string().contains("joint weights sum to 2"));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn from_parts(
        row_pointers: Vec<usize>,
        columns: Vec<u32>,
        weights: Vec<T>,
        n_columns: usize,
        kind: AffinityKind,
    ) -> Result<Self> {
        checked(None, row_pointers, columns.into(), weights.into(), n_columns, kind)
    }

    /// Some rows of the joint affinities of `n` points, those from point `first` on: what a member of a [`Team`](crate::Team) has of
    /// them. That all entries of all members sum to 1 is the caller's word.
    ///
    /// # Errors
    ///
    /// Those of [`Affinities::from_parts`], but for the sum, which is looked at where the rows are all; [`Error::Shape`] for rows
    /// beyond point `n`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Affinities;
    ///
    /// // The last two points of a path of three.
    /// let rows = Affinities::from_rows(1, vec![0, 2, 3], vec![0, 2, 1], vec![0.25f32; 3], 3)?;
    /// assert_eq!((rows.n(), rows.n_columns(), rows.points()), (2, 3, 1..3));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn from_rows(
        first: usize,
        row_pointers: Vec<usize>,
        columns: Vec<u32>,
        weights: Vec<T>,
        n: usize,
    ) -> Result<Self> {
        Self::from_row_arrays(first, row_pointers, columns.into(), weights.into(), n)
    }

    /// [`Affinities::from_rows`] of arrays that may be in files.
    ///
    /// # Errors
    ///
    /// Those of [`Affinities::from_rows`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Affinities;
    ///
    /// let rows = Affinities::from_row_arrays(0, vec![0, 1, 2], vec![1, 0].into(), vec![0.5f32; 2].into(), 2)?;
    /// assert_eq!((rows.n(), rows.points()), (2, 0..2));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn from_row_arrays(
        first: usize,
        row_pointers: Vec<usize>,
        columns: Array<u32>,
        weights: Array<T>,
        n: usize,
    ) -> Result<Self> {
        checked(Some(first), row_pointers, columns, weights, n, AffinityKind::Joint)
    }

    /// The rows of some of the points, from joint affinities of all: those of a member of a [`Team`](crate::Team), or whatever part
    /// is looked at. Other kinds, and rows that are not all, have no part and are errors.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for points beyond the last, [`Error::Invalid`] unless these are the joint affinities of all points,
    /// [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Affinities, AffinityKind};
    ///
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f32; 4], 3, AffinityKind::Joint)?;
    /// let rows = p.of_points(1..3)?;
    /// assert_eq!((rows.points(), rows.row(0)), (1..3, p.row(1)));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn of_points(&self, points: Range<usize>) -> Result<Self> {
        const WHAT: &str = "rows of the affinities";
        if self.kind != AffinityKind::Joint || self.n() != self.n_columns {
            return Err(Error::invalid("affinities", "only joint ones of all points have rows of some"));
        }
        let Some(pointers) =
            self.row_pointers().get(points.start..points.end.saturating_add(1)).filter(|p| !p.is_empty())
        else {
            return Err(Error::shape(WHAT, self.n(), points.end));
        };
        let entries = pointers[0]..pointers[pointers.len() - 1];
        let row_pointers = memory::collected(WHAT, pointers.iter().map(|at| at - entries.start))?;
        let columns = memory::copied(WHAT, &self.columns()[entries.clone()])?;
        let weights = memory::copied(WHAT, &self.weights()[entries])?;
        Self::from_rows(points.start, row_pointers, columns, weights, self.n_columns)
    }

    /// The points whose rows these are: all, but for [`Affinities::from_rows`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Affinities, AffinityKind};
    ///
    /// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5f32; 2], 2, AffinityKind::Joint)?;
    /// assert_eq!(p.points(), 0..2);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn points(&self) -> Range<usize> {
        self.first..self.first + self.n()
    }

    /// Checks that these are the rows of this process's points: all, or in a [`Team`](crate::Team) those of [`Context::rows`].
    ///
    /// # Errors
    ///
    /// [`Error::Team`] for others.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Affinities, AffinityKind, Context};
    ///
    /// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f32; 4], 3, AffinityKind::Joint)?;
    /// assert!(p.check_own(Context::new()).is_ok() && p.of_points(1..3)?.check_own(Context::new()).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_own(&self, cx: Context<'_>) -> Result<()> {
        let (given, own) = (self.points(), cx.rows(self.n_columns));
        if given == own {
            return Ok(());
        }
        Err(Error::team(format_args!(
            "the affinities are of points {given:?}, but those of this member are {own:?}: pass the context that they were made with"
        )))
    }

    /// The number of rows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// assert_eq!(p.n(), 2);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn n(&self) -> usize {
        self.arrays.row_pointers.len() - 1
    }

    /// The number of columns: the points of joint affinities, as many as rows where these are all; the reference points of conditional
    /// ones.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// // Two new points against three fitted ones.
    /// assert_eq!((p.n(), p.n_columns()), (2, 3));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// The number of stored entries.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// assert_eq!(p.nnz(), 3);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn nnz(&self) -> usize {
        self.arrays.columns.len()
    }

    /// What the entries are normalized to.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// assert_eq!(p.kind(), AffinityKind::Conditional);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn kind(&self) -> AffinityKind {
        self.kind
    }

    /// Columns and weights of row `i`; empty beyond the last row.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// assert_eq!(p.row(0), (&[0, 2][..], &[0.25, 0.75][..]));
    /// assert!(p.row(2).0.is_empty());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[inline]
    pub fn row(&self, i: usize) -> (&[u32], &[T]) {
        let Arrays { row_pointers, columns, weights } = &*self.arrays;
        let (Some(&start), Some(&end)) = (row_pointers.get(i), row_pointers.get(i.saturating_add(1))) else {
            return (&[], &[]);
        };
        (&columns[start..end], &weights[start..end])
    }

    /// Where each row starts in [`Affinities::columns`], and the number of entries last.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// assert_eq!(p.row_pointers(), [0, 2, 3]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn row_pointers(&self) -> &[usize] {
        &self.arrays.row_pointers
    }

    /// All columns, row by row.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// assert_eq!(p.columns(), [0, 2, 1]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn columns(&self) -> &[u32] {
        &self.arrays.columns
    }

    /// All weights, row by row.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// assert_eq!(p.weights(), [0.25, 0.75, 1.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn weights(&self) -> &[T] {
        &self.arrays.weights
    }

    /// Whether both are one matrix: clones of each other, and not just equal.
    ///
    /// What was computed from one (and kept with a clone of it) holds for the other.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let made = || Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5f32; 2], 2, AffinityKind::Joint);
    /// let (p, other) = (made()?, made()?);
    /// assert!(p.ptr_eq(&p.clone()) && !p.ptr_eq(&other) && p == other);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.arrays, &other.arrays)
    }

    /// The arrays back: row pointers, columns, weights. Copied only while there are clones of the matrix, or where they are in files.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tsne_core::{Affinities, AffinityKind};
    /// let weights = vec![0.25, 0.75, 1.0];
    /// let p = Affinities::from_parts(vec![0, 2, 3], vec![0, 2, 1], weights, 3, AffinityKind::Conditional)?;
    /// let (row_pointers, columns, weights) = p.into_parts();
    /// assert_eq!((row_pointers, columns, weights), (vec![0, 2, 3], vec![0, 2, 1], vec![0.25, 0.75, 1.0]));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn into_parts(self) -> (Vec<usize>, Vec<u32>, Vec<T>) {
        let Arrays { row_pointers, columns, weights } = Arc::unwrap_or_clone(self.arrays);
        (row_pointers, columns.into_vec(), weights.into_vec())
    }
}

instances! {
    /// [`Affinities::from_parts`].
    fn checked[Checked]<'a, 'b, T>(
        first_of_some: Option<usize>,
        row_pointers: Vec<usize>,
        columns: Array<u32>,
        weights: Array<T>,
        n_columns: usize,
        kind: AffinityKind,
    ) -> Result<Affinities<T>> = from_checked_parts
}

/// The sum of a row, in eight lanes. It is held against a tolerance, and not kept.
fn lanes_sum<T: Scalar>(weights: &[T]) -> f64 {
    let (chunks, rest) = weights.as_chunks::<8>();
    let mut sums = [0.0f64; 8];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, w)| *sum += w.to_f64());
    }
    // From 0: the standard library's empty sum is -0, which a message would show.
    rest.iter().map(|w| w.to_f64()).chain(sums).fold(0.0, |sum, v| sum + v)
}

/// What is wrong with row `i`.
fn fault<T: Scalar>(matrix: &Affinities<T>, i: usize) -> Option<String> {
    let (columns, weights) = matrix.row(i);
    let n_columns = matrix.n_columns;
    if columns.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Some(format!("the columns of row {i} do not ascend, or repeat"));
    }
    if let Some(&j) = columns.last().filter(|&&j| j as usize >= n_columns) {
        return Some(format!("row {i} names column {j}, but there are {n_columns}"));
    }
    if matrix.kind == AffinityKind::Joint && columns.binary_search(&((matrix.first + i) as u32)).is_ok() {
        return Some(format!("row {i} names its own point: leave it out"));
    }
    weights
        .iter()
        .find(|w| !(w.is_finite() && **w >= T::ZERO))
        .map(|w| format!("row {i} has the weight {w}, but weights are finite and not negative"))
}

fn from_checked_parts<T: Scalar>(
    first_of_some: Option<usize>,
    row_pointers: Vec<usize>,
    columns: Array<u32>,
    weights: Array<T>,
    n_columns: usize,
    kind: AffinityKind,
) -> Result<Affinities<T>> {
    let invalid = |why: String| Err(Error::invalid("affinities", why));
    if columns.len() != weights.len() {
        return Err(Error::shape("weights", columns.len(), weights.len()));
    }
    let (Some(&first), Some(&last)) = (row_pointers.first(), row_pointers.last()) else {
        return Err(Error::shape("row_pointers", 1, 0));
    };
    if first != 0 || last != columns.len() {
        return invalid(format!("row pointers run from {first} to {last}, but must run from 0 to {}", columns.len()));
    }
    if let Some(i) = row_pointers.windows(2).position(|pair| pair[0] > pair[1]) {
        return invalid(format!("row pointer {} is below the one before it", i + 1));
    }
    let n = row_pointers.len() - 1;
    let first_row = first_of_some.unwrap_or(0);
    let end = first_row.saturating_add(n);
    // All rows are as many as the points; some end at the last of them.
    let fits = if first_of_some.is_none() { end == n_columns } else { end <= n_columns };
    if kind == AffinityKind::Joint && !fits {
        return Err(Error::shape("joint affinities (rows)", n_columns, end));
    }
    if kind == AffinityKind::Joint && n_columns > u32::MAX as usize {
        return Err(Error::capacity("number of points", n_columns, u32::MAX as usize));
    }
    let arrays = Arc::new(Arrays { row_pointers, columns, weights });
    let matrix = Affinities { arrays, first: first_row, n_columns, kind };
    let checked = |i: usize| {
        let (columns, weights) = matrix.row(i);
        // Without branches, which a vector has none of; what is wrong is looked for only where something is.
        let ascending = columns.iter().zip(columns.iter().skip(1)).fold(true, |all, (a, b)| all & (a < b));
        let weighty = weights.iter().fold(true, |all, w| all & (w.is_finite() & (*w >= T::ZERO)));
        let within = columns.last().is_none_or(|&j| (j as usize) < n_columns);
        let other = kind != AffinityKind::Joint || columns.binary_search(&((first_row + i) as u32)).is_err();
        if ascending & weighty & within & other { None } else { fault(&matrix, i) }
    };
    if let Some(why) = blocks::find_first(n, checked) {
        return invalid(why);
    }
    let sum_of = |i: usize| lanes_sum(matrix.row(i).1);
    match kind {
        AffinityKind::Joint if n < n_columns => {}
        AffinityKind::Joint => {
            let sum = blocks::sum(&mut Vec::new(), n, |range| range.map(sum_of).sum());
            if n > 0 && (sum - 1.0).abs() > SUM_TOLERANCE {
                return invalid(format!("joint weights sum to {sum}, but must sum to 1: divide them by their sum"));
            }
        }
        AffinityKind::Conditional => {
            let is_off = |i: usize| Some((i, sum_of(i))).filter(|(_, sum)| (sum - 1.0).abs() > SUM_TOLERANCE);
            if let Some((i, sum)) = blocks::find_first(n, is_off) {
                return invalid(format!("row {i} sums to {sum}, but must sum to 1: divide it by its sum"));
            }
        }
    }
    Ok(matrix)
}
