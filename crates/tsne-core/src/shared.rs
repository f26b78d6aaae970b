//! Data points that are owned, and shared by all who hold a clone of them: what an index is built over that outlives a call.
//!
//! They are checked once, when they are made. A view of them checks nothing, whatever their size.

use crate::error::Result;
use crate::points::{self, Points};
use crate::rows::Rows;
use crate::sparse::SparseRows;
use std::sync::Arc;

/// Owned data points, `n × d`: dense or sparse rows. A clone shares them.
///
/// # Examples
///
/// ```
/// use tsne_core::{SharedPoints, SharedRows};
///
/// let points: SharedPoints<f64> = SharedRows::new(vec![1.0, 0.0, 0.0, 2.0], 2, 2)?.into();
/// let clone = points.clone();
/// drop(points);
/// assert_eq!((clone.points().n(), clone.points().d()), (2, 2));
/// # Ok::<(), tsne_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SharedPoints<T> {
    /// Every coordinate is stored.
    Dense(SharedRows<T>),
    /// Only coordinates other than zero are stored.
    Sparse(SharedSparseRows<T>),
}

/// Owned dense rows, one after the other. A clone shares them.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedRows<T> {
    values: Arc<Vec<T>>,
    n: usize,
    d: usize,
}

/// Owned sparse rows. A clone shares them.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedSparseRows<T> {
    parts: Arc<(Vec<usize>, Vec<u32>, Vec<T>)>,
    d: usize,
}

impl<T> SharedPoints<T> {
    /// The points, at no cost.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{SharedPoints, SharedSparseRows};
    ///
    /// let points: SharedPoints<f32> = SharedSparseRows::new(vec![0, 1], vec![7], vec![1.0], 10)?.into();
    /// assert_eq!((points.points().n(), points.points().d()), (1, 10));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn points(&self) -> Points<'_, T> {
        match self {
            Self::Dense(rows) => Points::Dense(rows.rows()),
            Self::Sparse(rows) => Points::Sparse(rows.rows()),
        }
    }

    /// The dense rows, for methods that work on nothing else.
    ///
    /// # Errors
    ///
    /// Those of [`Points::dense`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{SharedPoints, SharedSparseRows};
    ///
    /// let sparse: SharedPoints<f64> = SharedSparseRows::new(vec![0, 1], vec![0], vec![1.0], 2)?.into();
    /// assert!(sparse.dense("the kd-tree").unwrap_err().to_string().contains("the kd-tree takes dense rows"));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn dense(&self, method: &str) -> Result<&SharedRows<T>> {
        match self {
            Self::Dense(rows) => Ok(rows),
            Self::Sparse(_) => Err(points::sparse(method)),
        }
    }
}

impl<T> SharedRows<T> {
    /// `n` rows of `d` values.
    ///
    /// # Errors
    ///
    /// Those of [`Rows::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::SharedRows;
    ///
    /// assert_eq!(SharedRows::new(vec![1.0, 2.0, 3.0, 4.0], 2, 2)?.rows().row(1), [3.0, 4.0]);
    /// assert!(SharedRows::new(vec![1.0], 2, 2).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(values: Vec<T>, n: usize, d: usize) -> Result<Self> {
        Rows::new(&values, n, d)?;
        Ok(Self { values: Arc::new(values), n, d })
    }

    /// All values, row by row.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::SharedRows;
    ///
    /// assert_eq!(SharedRows::new(vec![1.0, 2.0], 2, 1)?.values(), [1.0, 2.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The rows, at no cost.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::SharedRows;
    ///
    /// assert_eq!(SharedRows::new(vec![1.0, 2.0], 1, 2)?.rows().d(), 2);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[inline]
    pub fn rows(&self) -> Rows<'_, T> {
        Rows::of_checked(&self.values, self.n, self.d)
    }
}

/// All [values](SharedRows::values).
impl<T> AsRef<[T]> for SharedRows<T> {
    fn as_ref(&self) -> &[T] {
        self.values()
    }
}

impl<T: Sync> SharedSparseRows<T> {
    /// Compressed rows with `d` columns.
    ///
    /// # Errors
    ///
    /// Those of [`SparseRows::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::SharedSparseRows;
    ///
    /// let rows = SharedSparseRows::new(vec![0, 2, 3], vec![1, 3, 2], vec![5.0, 6.0, 7.0], 4)?;
    /// assert_eq!(rows.rows().row(1), (&[2][..], &[7.0][..]));
    /// assert!(SharedSparseRows::new(vec![0, 1], vec![4], vec![5.0], 4).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(row_pointers: Vec<usize>, columns: Vec<u32>, values: Vec<T>, d: usize) -> Result<Self> {
        SparseRows::new(&row_pointers, &columns, &values, d)?;
        Ok(Self { parts: Arc::new((row_pointers, columns, values)), d })
    }
}

impl<T> SharedSparseRows<T> {
    /// The rows, at no cost.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::SharedSparseRows;
    ///
    /// assert_eq!(SharedSparseRows::new(vec![0, 1], vec![3], vec![5.0], 4)?.rows().nnz(), 1);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[inline]
    pub fn rows(&self) -> SparseRows<'_, T> {
        let (row_pointers, columns, values) = &*self.parts;
        SparseRows::of_checked(row_pointers, columns, values, self.d)
    }
}

impl<T> From<SharedRows<T>> for SharedPoints<T> {
    fn from(rows: SharedRows<T>) -> Self {
        Self::Dense(rows)
    }
}

impl<T> From<SharedSparseRows<T>> for SharedPoints<T> {
    fn from(rows: SharedSparseRows<T>) -> Self {
        Self::Sparse(rows)
    }
}
