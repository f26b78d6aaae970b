//! Data points, and what was subtracted from them.

use super::columns::{Column, columns, columns_of_dealt, doubts, lost, offset};
use super::distances;
use super::kept::Kept;
use crate::warning::Warning;
use std::sync::Arc;
use tsne_affinity::{Metric, Translation};
use tsne_core::{
    Context, DealtRows, Error, Points, Result, Rows, Scalar, SharedPoints, SharedRows, SharedSparseRows, SparseRows,
};

/// Data points: borrowed for a call, or owned and shared by all that keep them.
///
/// [`Rows`], [`SparseRows`] and [`DealtRows`] become one by themselves; an embedding that keeps its data then copies them once. One that is
/// made from owned data ([`Dataset::dense`], [`Dataset::sparse`], [`Dataset::from_f64`]) shares them.
///
/// # Examples
///
/// Time stamps: in `f32` they would all be the same.
///
/// ```
/// use tsne::{Dataset, Metric, NewPoints, Rows, Tsne};
///
/// let seconds: Vec<f64> = (0..60).map(|i| 1.7e9 + f64::from(i % 3) * 10.0 + f64::from(i) * 0.01).collect();
/// let data: Dataset<'_, f32> = Dataset::from_f64(Rows::new(&seconds, 60, 1)?, &Metric::Euclidean)?;
/// assert!((data.offset().unwrap()[0] - 1.7e9).abs() < 30.0);
/// let embedding = Tsne::<f32, 2>::builder().perplexity(5.0).n_iter(50).build()?.fit(data)?;
/// // New points are given as the data were.
/// let new = [1.7e9 + 10.0];
/// let placed = embedding.transform(NewPoints::from_f64(Rows::new(&new, 1, 1)?))?;
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dataset<'a, T> {
    points: Stored<'a, T>,
    /// What was seen before the data were rounded.
    lost: Option<Warning>,
}

#[derive(Debug, Clone)]
enum Stored<'a, T> {
    Borrowed(Points<'a, T>),
    Shared(Kept<T>),
    /// Those from a number on, of so many.
    Dealt(Kept<T>, usize, usize),
}

/// What was subtracted from each column, and a warning of what was lost all the same.
type Moved = (Option<Arc<[f64]>>, Option<Warning>);

impl<'a, T> From<Points<'a, T>> for Dataset<'a, T> {
    fn from(points: Points<'a, T>) -> Self {
        Self { points: Stored::Borrowed(points), lost: None }
    }
}

impl<'a, T> From<Rows<'a, T>> for Dataset<'a, T> {
    fn from(rows: Rows<'a, T>) -> Self {
        Points::Dense(rows).into()
    }
}

impl<'a, T> From<DealtRows<'a, T>> for Dataset<'a, T> {
    fn from(rows: DealtRows<'a, T>) -> Self {
        Points::Dealt(rows).into()
    }
}

impl<'a, T> From<SparseRows<'a, T>> for Dataset<'a, T> {
    fn from(rows: SparseRows<'a, T>) -> Self {
        Points::Sparse(rows).into()
    }
}

impl<T> From<Kept<T>> for Dataset<'_, T> {
    fn from(kept: Kept<T>) -> Self {
        Self { points: Stored::Shared(kept), lost: None }
    }
}

impl<T: Scalar> Dataset<'static, T> {
    /// Owned dense points, `n × d`, row by row.
    ///
    /// # Errors
    ///
    /// Those of [`Rows::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Dataset, Tsne};
    ///
    /// let values: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let data = Dataset::dense(values, 60, 5)?;
    /// let embedding = Tsne::<f32, 2>::builder().perplexity(10.0).n_iter(50).build()?.fit(data.clone())?;
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn dense(values: Vec<T>, n: usize, d: usize) -> Result<Self> {
        Ok(Kept::from(SharedPoints::from(SharedRows::new(values, n, d)?)).into())
    }

    /// Owned dense points of a member of a team, row by row: those from number `start` on, of `n` points that are
    /// [dealt out](DealtRows).
    ///
    /// # Errors
    ///
    /// Those of [`Rows::new`] and [`DealtRows::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Dataset;
    ///
    /// // Two points of one column, the last of seven.
    /// let own = Dataset::dealt(vec![1.0, 2.0], 1, 5, 7)?;
    /// assert_eq!((own.n(), own.d()), (7, 1));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn dealt(values: Vec<T>, d: usize, start: usize, n: usize) -> Result<Self> {
        let own = values.len() / d.max(1);
        let rows = SharedRows::new(values, own, d)?;
        DealtRows::new(rows.rows(), start, n)?;
        Ok(Self { points: Stored::Dealt(Kept::from(SharedPoints::from(rows)), start, n), lost: None })
    }

    /// Owned sparse points with `d` columns, as compressed rows.
    ///
    /// # Errors
    ///
    /// Those of [`SparseRows::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Dataset;
    ///
    /// let data = Dataset::sparse(vec![0, 2, 3], vec![1, 3, 2], vec![5.0, 6.0, 7.0], 4)?;
    /// assert_eq!((data.n(), data.d()), (2, 4));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn sparse(row_pointers: Vec<usize>, columns: Vec<u32>, values: Vec<T>, d: usize) -> Result<Self> {
        Ok(Kept::from(SharedPoints::from(SharedSparseRows::new(row_pointers, columns, values, d)?)).into())
    }

    /// Points given in double precision, rounded to `T`, less an offset where `metric` allows it ([`Metric::translation`]).
    ///
    /// The columns of dense data that lie far from the origin in relation to their width are moved to it, each by a value
    /// of its own, or all by one: what they have in common would cost the digits in which they differ. Data that are near
    /// the origin are rounded, and no more. Where the metric minds and digits are lost, the fit says so
    /// ([`Warning::Offset`]).
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`](tsne_core::Error::NonFinite) for a value that is not finite; [`Error::Invalid`](tsne_core::Error::Invalid) for one that is too large for `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Dataset, Metric, Points, Rows};
    ///
    /// let x = [1e8 + 0.25, 1e8 + 0.5, 1e8 + 0.75];
    /// let data = Dataset::<f32>::from_f64(Rows::new(&x, 3, 1)?, &Metric::Euclidean)?;
    /// assert_eq!(data.offset(), Some(&[1e8 + 0.5][..]));
    /// let Points::Dense(rows) = data.points()? else { unreachable!() };
    /// assert_eq!([rows.row(0), rows.row(1), rows.row(2)], [[-0.25], [0.0], [0.25]]);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn from_f64<'p>(points: impl Into<Points<'p, f64>>, metric: &Metric) -> Result<Self> {
        let points = points.into();
        points.check_finite()?;
        let Points::Dense(rows) = points else { return Ok(Kept::converted(points, None)?.into()) };
        let (offset, lost) = Self::moved(metric, || Ok(columns(rows)))?;
        Ok(Self { points: Stored::Shared(Kept::converted(points, offset)?), lost })
    }

    /// Owned dense points in double precision, `n × d`, as [`Dataset::from_f64`] takes them, but given away: they are given back
    /// to the system as they are converted, so that hardly more than they are is in memory at a time.
    ///
    /// # Errors
    ///
    /// Those of [`Rows::new`] and of [`Dataset::from_f64`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Dataset, Metric};
    ///
    /// let data = Dataset::<f32>::dense_from_f64(vec![1e8 + 0.25, 1e8 + 0.5, 1e8 + 0.75], 3, 1, &Metric::Euclidean)?;
    /// assert_eq!(data.offset(), Some(&[1e8 + 0.5][..]));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn dense_from_f64(values: Vec<f64>, n: usize, d: usize, metric: &Metric) -> Result<Self> {
        let rows = Rows::new(&values, n, d)?;
        Points::Dense(rows).check_finite()?;
        let (offset, lost) = Self::moved(metric, || Ok(columns(rows)))?;
        Ok(Self { points: Stored::Shared(Kept::narrowed(values, 0, (n, d), offset)?), lost })
    }

    /// Owned dense points of a member of a team in double precision, those from number `start` on of `n` points that are
    /// [dealt out](DealtRows), rounded as [`Dataset::dense_from_f64`] rounds all. All members call this together: the offset is that of
    /// all points.
    ///
    /// # Errors
    ///
    /// Those of [`Dataset::dealt`] and of [`Dataset::from_f64`]; [`Error::Team`](tsne_core::Error::Team).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Dataset, Metric};
    ///
    /// // The only member of a team has all points.
    /// let own = Dataset::<f32>::dealt_from_f64(vec![1e8 + 0.25, 1e8 + 0.5], 1, 0, 2, &Metric::Euclidean, Context::new())?;
    /// assert_eq!(own.offset(), Some(&[1e8 + 0.25][..]));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn dealt_from_f64(
        values: Vec<f64>,
        d: usize,
        start: usize,
        n: usize,
        metric: &Metric,
        cx: Context<'_>,
    ) -> Result<Self> {
        let own = values.len() / d.max(1);
        let rows = DealtRows::new(Rows::new(&values, own, d)?, start, n)?;
        rows.check_finite()?;
        rows.check(cx)?;
        let (offset, lost) = Self::moved(metric, || columns_of_dealt(&rows, cx))?;
        Ok(Self { points: Stored::Dealt(Kept::narrowed(values, start, (own, d), offset)?, start, n), lost })
    }

    /// What is subtracted from columns before they are rounded, and what they have lost nevertheless.
    fn moved(metric: &Metric, columns: impl FnOnce() -> Result<Vec<Column>>) -> Result<Moved> {
        let seen = if *metric == Metric::Precomputed { Vec::new() } else { columns()? };
        let offset: Option<Arc<[f64]>> = offset::<T>(&seen, metric).map(Arc::from);
        // What an offset saves, the given numbers have lost already if they are too far away for themselves.
        let lost = if offset.is_some() { lost::<f64>(&seen) } else { lost::<T>(&seen) };
        Ok((offset, lost))
    }
}

impl<'a, T: Scalar> Dataset<'a, T> {
    /// The points, as all computations see them: less the offset.
    ///
    /// # Errors
    ///
    /// None for data that this type made.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Dataset, Rows, metrics};
    ///
    /// let data = Dataset::dense(vec![0.0, 1.0, 3.0, 6.0, 10.0], 5, 1)?;
    /// let map = [[0.0], [1.0], [3.0], [6.0], [10.0]];
    /// assert_eq!(metrics::trustworthiness(data.points()?, &map, 2)?, 1.0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn points(&self) -> Result<Points<'_, T>> {
        match &self.points {
            Stored::Borrowed(points) => Ok(*points),
            Stored::Shared(kept) => Ok(kept.points()),
            Stored::Dealt(kept, start, n) => {
                let rows = kept.points().dense("rows of a member")?;
                DealtRows::new(rows, *start, *n).map(Points::Dealt)
            }
        }
    }

    /// What was subtracted from each column, if anything.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Dataset, Metric, Rows};
    ///
    /// let near = Dataset::<f32>::from_f64(Rows::new(&[1.0, 2.0, 3.0], 3, 1)?, &Metric::Euclidean)?;
    /// assert_eq!(near.offset(), None);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn offset(&self) -> Option<&[f64]> {
        match &self.points {
            Stored::Borrowed(_) => None,
            Stored::Shared(kept) | Stored::Dealt(kept, ..) => kept.offset(),
        }
    }

    /// The number of points.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne::Dataset::dense(vec![0.0; 6], 3, 2)?.n(), 3);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn n(&self) -> usize {
        match &self.points {
            Stored::Borrowed(points) => points.n(),
            Stored::Shared(kept) => kept.points().n(),
            Stored::Dealt(.., n) => *n,
        }
    }

    /// The number of columns.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne::Dataset::dense(vec![0.0; 6], 3, 2)?.d(), 2);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn d(&self) -> usize {
        match &self.points {
            Stored::Borrowed(points) => points.d(),
            Stored::Shared(kept) => kept.points().d(),
            Stored::Dealt(kept, ..) => kept.points().d(),
        }
    }

    /// The rows of this member, of data that are dealt out to a team.
    pub(crate) fn own_rows(&self) -> Result<Option<DealtRows<'_, T>>> {
        Ok(match self.points()? {
            Points::Dealt(rows) => Some(rows),
            _ => None,
        })
    }

    /// The same data where they are dealt out to a team: with all rows, on all members, which call this together. `None` of others.
    pub(crate) fn together(&self, cx: Context<'_>) -> Result<Option<Dataset<'_, T>>> {
        let Some(rows) = self.own_rows()? else { return Ok(None) };
        let points = match &self.points {
            // Those of a team of one are all there.
            Stored::Dealt(kept, ..) if cx.members() < 2 => Stored::Shared(kept.clone()),
            Stored::Dealt(kept, ..) => {
                let all = SharedRows::new(rows.whole(cx)?, rows.n(), rows.d())?;
                Stored::Shared(kept.with_points(all.into()))
            }
            _ if cx.members() < 2 => Stored::Borrowed(rows.rows().into()),
            _ => return Dataset::dense(rows.whole(cx)?, rows.n(), rows.d()).map(Some),
        };
        Ok(Some(Dataset { points, lost: self.lost.clone() }))
    }

    /// The same data, to be kept: shared if they are already, copied if they are borrowed.
    pub(crate) fn kept(&self) -> Result<Kept<T>> {
        match &self.points {
            Stored::Borrowed(points) => Kept::copy_of(*points),
            Stored::Shared(kept) => Ok(kept.clone()),
            Stored::Dealt(..) => Kept::copy_of(self.points()?),
        }
    }

    /// Checks that a metric does not mind what was subtracted.
    pub(crate) fn check(&self, metric: &Metric) -> Result<()> {
        let Some(offset) = self.offset() else { return Ok(()) };
        let minds = match metric.translation() {
            Translation::Columns => false,
            Translation::Uniform => offset.windows(2).any(|pair| pair[0] != pair[1]),
            _ => true,
        };
        match offset.iter().enumerate().find(|(_, v)| **v != 0.0).filter(|_| minds) {
            None => Ok(()),
            Some((column, v)) => {
                let allowed = format_args!(
                    "one that does not mind that {v} was subtracted from column {column} of the data: give Dataset::from_f64 the metric of the fit"
                );
                Err(Error::parameter("metric", metric, allowed))
            }
        }
    }

    /// What deserves a second look before distances are computed. Members of a team look together.
    pub(crate) fn warnings(&self, metric: &Metric, cx: Context<'_>) -> Result<Vec<Warning>> {
        let points = self.points()?;
        let seen = match points {
            Points::Dense(rows) if *metric == Metric::Precomputed => {
                return Ok(distances::doubt(rows).into_iter().collect());
            }
            Points::Dense(rows) => columns(rows),
            Points::Dealt(rows) => columns_of_dealt(&rows, cx)?,
            _ => return Ok(Vec::new()),
        };
        let mut warnings = doubts(points, &seen, metric, cx)?;
        if let Some(lost) = &self.lost {
            // The values differed before they were rounded.
            warnings.retain(|warning| *warning != Warning::IdenticalPoints);
            warnings.push(lost.clone());
        } else if !warnings.contains(&Warning::IdenticalPoints) {
            warnings.extend(lost::<T>(&seen));
        }
        Ok(warnings)
    }
}
