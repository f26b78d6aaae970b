use crate::dealt::DealtRows;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::scalar::Scalar;
use crate::sparse::SparseRows;

/// Borrowed data points, `n × d`: dense or sparse rows, or dense ones that are dealt out to a team. Cheap to copy.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Points<'a, T> {
    /// Every coordinate is stored.
    Dense(Rows<'a, T>),
    /// Only coordinates other than zero are stored.
    Sparse(SparseRows<'a, T>),
    /// Every coordinate is stored, by that member of a [`Team`](crate::Team) whose point it is.
    Dealt(DealtRows<'a, T>),
}

impl<'a, T: Copy> Points<'a, T> {
    /// The number of points; of those that are dealt out, of all members'.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Points, Rows, SparseRows};
    ///
    /// let dense: Points<'_, f64> = Rows::new(&[1.0, 0.0, 0.0, 2.0], 2, 2)?.into();
    /// let sparse: Points<'_, f64> = SparseRows::new(&[0, 1, 2], &[0, 1], &[1.0, 2.0], 2)?.into();
    /// assert_eq!((dense.n(), sparse.n()), (2, 2));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn n(&self) -> usize {
        match self {
            Self::Dense(rows) => rows.n(),
            Self::Sparse(rows) => rows.n(),
            Self::Dealt(rows) => rows.n(),
        }
    }

    /// The number of coordinates of a point.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Points, SparseRows};
    ///
    /// let one_word_of_ten_thousand: Points<'_, f64> = SparseRows::new(&[0, 1], &[123], &[1.0], 10_000)?.into();
    /// assert_eq!(one_word_of_ten_thousand.d(), 10_000);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn d(&self) -> usize {
        match self {
            Self::Dense(rows) => rows.d(),
            Self::Sparse(rows) => rows.d(),
            Self::Dealt(rows) => rows.d(),
        }
    }

    /// The dense rows, for methods that work on nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for sparse points, and for those that are dealt out; `method` is named in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Points, SparseRows};
    ///
    /// let sparse: Points<'_, f64> = SparseRows::new(&[0, 1], &[0], &[1.0], 2)?.into();
    /// let error = sparse.dense("the kd-tree").unwrap_err();
    /// assert!(error.to_string().contains("the kd-tree takes dense rows"));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn dense(&self, method: &str) -> Result<Rows<'a, T>> {
        match self {
            Self::Dense(rows) => Ok(*rows),
            Self::Sparse(_) => Err(sparse(method)),
            Self::Dealt(_) => Err(dealt(method)),
        }
    }
}

/// The error of points that are dealt out where `method` takes all of them.
fn dealt(method: &str) -> Error {
    let why = format_args!(
        "they are dealt out to a team, but {method} takes all rows: bring them together by DealtRows::whole"
    );
    Error::invalid("points", why)
}

/// The error of sparse points where `method` takes dense rows.
pub(crate) fn sparse(method: &str) -> Error {
    Error::invalid("points", format_args!("they are sparse, but {method} takes dense rows: convert them"))
}

impl<T: Scalar> Points<'_, T> {
    /// Checks that every value is finite; of points that are dealt out, every value of this member's.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] with the first row and column where one is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Error, Points, SparseRows};
    ///
    /// let points: Points<'_, f64> = SparseRows::new(&[0, 1], &[7], &[f64::NAN], 10)?.into();
    /// assert_eq!(points.check_finite(), Err(Error::non_finite("data", 0, 7)));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_finite(&self) -> Result<()> {
        match self {
            Self::Dense(rows) => rows.check_finite(),
            Self::Sparse(rows) => rows.check_finite(),
            Self::Dealt(rows) => rows.check_finite(),
        }
    }
}

impl<'a, T> From<Rows<'a, T>> for Points<'a, T> {
    fn from(rows: Rows<'a, T>) -> Self {
        Self::Dense(rows)
    }
}

impl<'a, T> From<DealtRows<'a, T>> for Points<'a, T> {
    fn from(rows: DealtRows<'a, T>) -> Self {
        Self::Dealt(rows)
    }
}

impl<'a, T> From<SparseRows<'a, T>> for Points<'a, T> {
    fn from(rows: SparseRows<'a, T>) -> Self {
        Self::Sparse(rows)
    }
}
