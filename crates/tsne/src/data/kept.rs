//! Data points that are kept: those of a fitted map, which new points are compared with.

use std::sync::Arc;
use tsne_core::{Error, Points, Result, Scalar, SharedPoints, SharedRows, SharedSparseRows, blocks, chunks, memory};

/// Data points that all who keep them share, and what was subtracted from them.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    points: SharedPoints<T>,
    offset: Option<Arc<[f64]>>,
}

impl<T> From<SharedPoints<T>> for Kept<T> {
    fn from(points: SharedPoints<T>) -> Self {
        Self { points, offset: None }
    }
}

impl<T: Scalar> Kept<T> {
    /// Points from which a file says that an offset was subtracted.
    pub(crate) const fn new(points: SharedPoints<T>, offset: Option<Arc<[f64]>>) -> Self {
        Self { points, offset }
    }

    pub(crate) const fn shared(&self) -> &SharedPoints<T> {
        &self.points
    }

    pub(crate) fn offset(&self) -> Option<&[f64]> {
        self.offset.as_deref()
    }

    pub(crate) fn points(&self) -> Points<'_, T> {
        self.points.points()
    }

    /// A copy of points of the caller's.
    pub(super) fn copy_of(points: Points<'_, T>) -> Result<Self> {
        let points = match points {
            Points::Sparse(rows) => SharedSparseRows::new(
                copied("data (rows)", rows.row_pointers())?,
                copied("data (columns)", rows.columns())?,
                copied("data", rows.values())?,
                rows.d(),
            )?
            .into(),
            other => {
                let rows = other.dense("a fitted embedding")?;
                let mut values = Vec::new();
                memory::reserve("data", &mut values, rows.n().saturating_mul(rows.d()))?;
                rows.iter().for_each(|row| values.extend_from_slice(row));
                SharedRows::new(values, rows.n(), rows.d())?.into()
            }
        };
        Ok(Self { points, offset: None })
    }

    /// Other points less the same offset; `None` where there is none, and they are what they are.
    pub(crate) fn aligned(&self, points: Points<'_, T>) -> Result<Option<Self>> {
        let Some(offset) = &self.offset else { return Ok(None) };
        points.check_finite()?;
        Self::converted(points, Some(Arc::clone(offset))).map(Some)
    }

    /// Other points, given in double precision, less the same offset.
    pub(crate) fn aligned_f64(&self, points: Points<'_, f64>) -> Result<Self> {
        points.check_finite()?;
        Self::converted(points, self.offset.clone())
    }

    /// Finite points of another number type, less an offset, which only dense ones can have.
    pub(super) fn converted<S: Scalar>(points: Points<'_, S>, offset: Option<Arc<[f64]>>) -> Result<Self> {
        if let Some(offset) = &offset
            && offset.len() != points.d()
        {
            return Err(Error::shape("data (columns)", offset.len(), points.d()));
        }
        let points: SharedPoints<T> = match (points, offset.as_deref()) {
            (Points::Sparse(rows), None) => {
                let mut values = memory::filled("data", rows.nnz(), T::ZERO)?;
                chunks::for_each(&mut values, blocks::BLOCK, |b, values| {
                    let from = &rows.values()[b * blocks::BLOCK..];
                    values.iter_mut().zip(from).for_each(|(to, from)| *to = T::from_f64(from.to_f64()));
                });
                let row_pointers = copied("data (rows)", rows.row_pointers())?;
                SharedSparseRows::new(row_pointers, copied("data (columns)", rows.columns())?, values, rows.d())?.into()
            }
            (Points::Sparse(_), Some(_)) => {
                let why =
                    "the fitted points are dense and were moved to the origin: give new points as dense rows, too";
                return Err(Error::invalid("data", why));
            }
            (other, offset) => {
                let rows = other.dense("data of another number type")?;
                let (n, d) = (rows.n(), rows.d());
                let mut values = memory::filled("data", n.saturating_mul(d), T::ZERO)?;
                chunks::for_each(&mut values, d, |i, to| match offset {
                    Some(offset) => {
                        to.iter_mut()
                            .zip(rows.row(i))
                            .zip(offset)
                            .for_each(|((to, v), o)| *to = T::from_f64(v.to_f64() - o));
                    }
                    None => to.iter_mut().zip(rows.row(i)).for_each(|(to, v)| *to = T::from_f64(v.to_f64())),
                });
                SharedRows::new(values, n, d)?.into()
            }
        };
        check_range(&points, 0)?;
        Ok(Self { points, offset })
    }

    /// Finite dense rows in double precision that are given away, less an offset: they are given back as they are converted.
    /// The first of them is number `first` in errors.
    pub(super) fn narrowed(
        values: Vec<f64>,
        first: usize,
        (n, d): (usize, usize),
        offset: Option<Arc<[f64]>>,
    ) -> Result<Self> {
        let values = match offset.as_deref() {
            Some(offset) => memory::converted("data", values, T::ZERO, |place, v| T::from_f64(v - offset[place % d])),
            None => memory::converted("data", values, T::ZERO, |_, v| T::from_f64(v)),
        }?;
        let points = SharedRows::new(values, n, d)?.into();
        check_range(&points, first)?;
        Ok(Self { points, offset })
    }

    /// Other points from which the same offset was subtracted.
    pub(super) fn with_points(&self, points: SharedPoints<T>) -> Self {
        Self { points, offset: self.offset.clone() }
    }
}

/// Checks that no value was too large for its new type, of points from number `first` on.
fn check_range<T: Scalar>(points: &SharedPoints<T>, first: usize) -> Result<()> {
    if let Err(Error::NonFinite { row, column, .. }) = points.points().check_finite() {
        let row = first + row;
        let why = format_args!(
            "the value in row {row} and column {column} is too large for {}: divide the data by a constant, or compute in f64",
            T::NAME
        );
        return Err(Error::invalid("data", why));
    }
    Ok(())
}

fn copied<A: Copy>(what: &'static str, from: &[A]) -> Result<Vec<A>> {
    let mut to = Vec::new();
    memory::reserve(what, &mut to, from.len())?;
    to.extend_from_slice(from);
    Ok(to)
}
