use crate::blocks;
use crate::error::{Error, Result};
use crate::instances;
use crate::scalar::Scalar;

/// A borrowed row-major `n × d` matrix: row `i` is `data[i * stride .. i * stride + d]`.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, T> {
    data: &'a [T],
    n: usize,
    d: usize,
    stride: usize,
}

impl<'a, T> Rows<'a, T> {
    /// A view of `n` contiguous rows of `d` values.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless `data` has exactly `n * d` values.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Rows;
    ///
    /// let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    /// assert_eq!(Rows::new(&data, 2, 3)?.row(1), [4.0, 5.0, 6.0]);
    /// assert!(Rows::new(&data, 2, 2).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(data: &'a [T], n: usize, d: usize) -> Result<Self> {
        let expected = n.checked_mul(d).ok_or(Error::capacity("n * d", usize::MAX, isize::MAX as usize))?;
        if data.len() != expected {
            return Err(Error::shape("data", expected, data.len()));
        }
        Ok(Self { data, n, d, stride: d })
    }

    /// A view of `n` rows of `d` values that start `stride` values apart.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] if `stride < d`; [`Error::Shape`] if `data` ends before the last row.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Rows;
    ///
    /// // The first two of three columns.
    /// let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    /// assert_eq!(Rows::with_stride(&data, 2, 2, 3)?.row(1), [4.0, 5.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn with_stride(data: &'a [T], n: usize, d: usize, stride: usize) -> Result<Self> {
        if stride < d {
            return Err(Error::parameter("stride", stride, format_args!("at least d = {d}")));
        }
        let needed = match n {
            0 => Some(0),
            _ => (n - 1).checked_mul(stride).and_then(|start| start.checked_add(d)),
        };
        match needed {
            Some(needed) if data.len() >= needed => Ok(Self { data, n, d, stride }),
            _ => Err(Error::shape("data", needed.unwrap_or(usize::MAX), data.len())),
        }
    }

    /// The number of rows.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Rows;
    ///
    /// assert_eq!(Rows::new(&[0.0; 6], 2, 3)?.n(), 2);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn n(&self) -> usize {
        self.n
    }

    /// The number of columns.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Rows;
    ///
    /// assert_eq!(Rows::new(&[0.0; 6], 2, 3)?.d(), 3);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn d(&self) -> usize {
        self.d
    }

    /// Row `i`, or `None` beyond the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Rows;
    ///
    /// let rows = Rows::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
    /// assert_eq!((rows.get(1), rows.get(2)), (Some(&[3.0, 4.0][..]), None));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn get(&self, i: usize) -> Option<&'a [T]> {
        if i >= self.n {
            return None;
        }
        let start = i * self.stride;
        self.data.get(start..start + self.d)
    }

    /// Row `i`; the empty row beyond the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Rows;
    ///
    /// let rows = Rows::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
    /// assert_eq!(rows.row(1), [3.0, 4.0]);
    /// assert!(rows.row(2).is_empty());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[inline]
    pub fn row(&self, i: usize) -> &'a [T] {
        self.get(i).unwrap_or(&[])
    }

    /// All rows in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Rows;
    ///
    /// let rows = Rows::new(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
    /// assert!(rows.iter().map(|row| row.iter().sum::<f64>()).eq([3.0, 7.0]));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [T]> + use<'a, T> {
        let rows = Self { ..*self };
        (0..self.n).map(move |i| rows.row(i))
    }

    /// The values from the first to the last row, and how far apart rows start.
    #[cfg(feature = "ndarray")]
    pub(crate) fn as_strided(&self) -> (&'a [T], usize) {
        let end = self.n.checked_sub(1).map_or(0, |last| last * self.stride + self.d);
        (self.data.get(..end).unwrap_or(&[]), self.stride)
    }
}

impl<'a, T> Rows<'a, T> {
    /// Rows of which [`new`](Self::new) was happy before.
    pub(crate) const fn of_checked(data: &'a [T], n: usize, d: usize) -> Self {
        Self { data, n, d, stride: d }
    }
}

impl<T: Scalar> Rows<'_, T> {
    /// Checks that every value is finite.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] with the first row and column where one is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Error, Rows};
    ///
    /// let rows = Rows::new(&[1.0, 2.0, 3.0, f64::INFINITY], 2, 2)?;
    /// assert_eq!(rows.check_finite(), Err(Error::non_finite("data", 1, 1)));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_finite(&self) -> Result<()> {
        if self.d == 0 {
            return Ok(()); // There may be `usize::MAX` rows without a value.
        }
        match not_finite(*self) {
            Some((row, column)) => Err(Error::non_finite("data", row, column)),
            None => Ok(()),
        }
    }
}

instances! {
    /// Row and column of the first value that is not finite.
    fn not_finite[NotFinite]<'a, 'b, T>(rows: Rows<'b, T>) -> Option<(usize, usize)> = first_not_finite
}

fn first_not_finite<T: Scalar>(rows: Rows<'_, T>) -> Option<(usize, usize)> {
    blocks::find_first(rows.n, |i| {
        let row = rows.row(i);
        // One pass without branches; the position is looked for only where there is one.
        let finite = row.iter().fold(true, |all, v| all & v.is_finite());
        if finite { None } else { row.iter().position(|v| !v.is_finite()).map(|column| (i, column)) }
    })
}

/// Checks that every coordinate of an embedding is finite, and that all differences of coordinates are.
///
/// # Errors
///
/// [`Error::NonFinite`] with the first point and coordinate where one is not; [`Error::Parameter`] for coordinates beyond
/// half the largest number.
///
/// # Examples
///
/// ```
/// use tsne_core::check_embedding;
///
/// assert_eq!(check_embedding(&[[0.0f32, 1.0], [2.0, 3.0]]), Ok(()));
/// assert!(check_embedding(&[[0.0f32, f32::NAN]]).is_err());
/// assert!(check_embedding(&[[0.0f32, 2e38]]).is_err()); // Twice that is not finite.
/// ```
pub fn check_embedding<T: Scalar, const D: usize>(y: &[[T; D]]) -> Result<()> {
    check_coordinates(Rows::new(y.as_flattened(), y.len(), D)?)
}

instances! {
    /// [`check_embedding`] of points as rows.
    fn check_coordinates[CheckCoordinates]<'a, 'b, T>(points: Rows<'b, T>) -> Result<()> = check_coordinates_of
}

/// Coordinates that are looked at together.
const COORDINATES: usize = 256;

fn check_coordinates_of<T: Scalar>(points: Rows<'_, T>) -> Result<()> {
    let limit = T::MAX * T::HALF;
    // One pass without a branch for each value, of which a descent makes one in each iteration. What is no number is not below.
    let outside = |at: usize| {
        let values = &points.data[at * COORDINATES..];
        let within = values.iter().take(COORDINATES).fold(true, |all, v| all & (v.abs() <= limit));
        (!within).then_some(())
    };
    if blocks::find_first(points.data.len().div_ceil(COORDINATES), outside).is_none() {
        return Ok(());
    }
    match points.check_finite() {
        Err(Error::NonFinite { row, column, .. }) => return Err(Error::non_finite("embedding", row, column)),
        other => other?,
    }
    let too_large = blocks::find_first(points.n, |i| points.row(i).iter().copied().find(|v| v.abs() > limit));
    match too_large {
        Some(value) => {
            let allowed = format_args!("at most {limit:e} in absolute value: rescale the embedding");
            Err(Error::parameter("a coordinate of the embedding", format_args!("{value:e}"), allowed))
        }
        None => Ok(()),
    }
}
