use crate::{Error, Result, Rows, Scalar, SparseRows};

/// Borrowed data points, `n × d`: dense or sparse rows. Cheap to copy.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Points<'a, T> {
    /// Every coordinate is stored.
    Dense(Rows<'a, T>),
    /// Only coordinates other than zero are stored.
    Sparse(SparseRows<'a, T>),
}

impl<'a, T: Copy> Points<'a, T> {
    /// The number of points.
    pub fn n(&self) -> usize {
        match self {
            Self::Dense(rows) => rows.n(),
            Self::Sparse(rows) => rows.n(),
        }
    }

    /// The number of coordinates of a point.
    pub fn d(&self) -> usize {
        match self {
            Self::Dense(rows) => rows.d(),
            Self::Sparse(rows) => rows.d(),
        }
    }

    /// The dense rows, for methods that work on nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for sparse points; `method` is named in it.
    pub fn dense(&self, method: &str) -> Result<Rows<'a, T>> {
        match self {
            Self::Dense(rows) => Ok(*rows),
            Self::Sparse(_) => Err(Error::invalid(
                "points",
                format_args!("they are sparse, but {method} takes dense rows: convert them"),
            )),
        }
    }
}

impl<T: Scalar> Points<'_, T> {
    /// Checks that every value is finite.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] with the first row and column where one is not.
    pub fn check_finite(&self) -> Result<()> {
        match self {
            Self::Dense(rows) => rows.check_finite(),
            Self::Sparse(rows) => rows.check_finite(),
        }
    }
}

impl<'a, T> From<Rows<'a, T>> for Points<'a, T> {
    fn from(rows: Rows<'a, T>) -> Self {
        Self::Dense(rows)
    }
}

impl<'a, T> From<SparseRows<'a, T>> for Points<'a, T> {
    fn from(rows: SparseRows<'a, T>) -> Self {
        Self::Sparse(rows)
    }
}
