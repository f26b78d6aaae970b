//! Views of `ndarray` as rows and back, without a copy. (An embedding is an array by ndarray's own
//! `Array2::from(embedding.to_vec())`.)

use crate::error::{Error, Result};
use crate::graph::KnnGraph;
use crate::rows::Rows;
use crate::scalar::Scalar;
use ndarray::{ArrayView2, ShapeBuilder};

/// # Errors
///
/// [`Error::Invalid`] for a view whose rows do not follow each other in memory, as those of a transposed array or of some
/// columns: view its `as_standard_layout()`.
///
/// # Examples
///
/// ```
/// use ndarray::array;
/// use tsne_core::Rows;
///
/// let x = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
/// let rows = Rows::try_from(x.view())?;
/// assert_eq!((rows.n(), rows.d(), rows.row(1)), (3, 2, &[3.0, 4.0][..]));
/// assert!(Rows::try_from(x.t()).is_err());
/// # Ok::<(), tsne_core::Error>(())
/// ```
impl<'a, T> TryFrom<ArrayView2<'a, T>> for Rows<'a, T> {
    type Error = Error;

    fn try_from(view: ArrayView2<'a, T>) -> Result<Self> {
        let (n, d) = view.dim();
        let why = "its rows do not follow each other in memory: view its `as_standard_layout()`";
        Rows::new(view.to_slice().ok_or_else(|| Error::invalid("array", why))?, n, d)
    }
}

/// # Errors
///
/// [`Error::Capacity`] for more rows than an array can have.
///
/// # Examples
///
/// ```
/// use ndarray::{ArrayView2, array};
/// use tsne_core::Rows;
///
/// let rows = Rows::with_stride(&[1.0, 2.0, 0.0, 3.0, 4.0], 2, 2, 3)?;
/// assert_eq!(ArrayView2::try_from(rows)?, array![[1.0, 2.0], [3.0, 4.0]]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
impl<'a, T> TryFrom<Rows<'a, T>> for ArrayView2<'a, T> {
    type Error = Error;

    fn try_from(rows: Rows<'a, T>) -> Result<Self> {
        let (data, stride) = rows.as_strided();
        let shape = (rows.n(), rows.d());
        let too_many = |_| Error::capacity("rows of an array", rows.n(), isize::MAX as usize);
        // Strides of an array without elements are ndarray's own matter: it refuses most.
        match shape {
            (0, _) | (_, 0) => ArrayView2::from_shape(shape, &[]),
            _ => ArrayView2::from_shape(shape.strides((stride, 1)), data),
        }
        .map_err(too_many)
    }
}

impl<T: Scalar> KnnGraph<T> {
    /// The neighbor indices and their distances, `n × k` each. With the feature `ndarray`.
    ///
    /// # Errors
    ///
    /// [`Error::Capacity`] for more rows than an array can have.
    ///
    /// # Examples
    ///
    /// ```
    /// use ndarray::array;
    /// use tsne_core::KnnGraph;
    ///
    /// let graph = KnnGraph::from_parts(1, 2, vec![1, 0], vec![3.0, 3.0])?;
    /// let (indices, distances) = graph.views()?;
    /// assert_eq!((indices, distances), (array![[1], [0]].view(), array![[3.0], [3.0]].view()));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn views(&self) -> Result<(ArrayView2<'_, u32>, ArrayView2<'_, T>)> {
        let (n, k) = (self.n(), self.k());
        Ok((Rows::new(self.indices(), n, k)?.try_into()?, Rows::new(self.distances(), n, k)?.try_into()?))
    }
}
