use std::collections::BinaryHeap;
use std::num::NonZeroUsize;
use tsne_affinity::{ExactSearch, Metric};
use tsne_core::{
    Context, Error, KnnGraph, NeighborIndex, NeighborSearch, Points, Result, Rows, Scalar, SparseRows, check_embedding,
    memory, random,
};

/// The stream of random numbers that chooses samples.
const SAMPLE_STREAM: u64 = 101;

/// A map `y`, `n × D`, held against its data `x`, `n × d`: what [`trustworthiness`](super::trustworthiness) and its
/// like measure, with a neighbor search of one's own, on a sample of the points, with cancellation.
///
/// Distances in the map are Euclidean. Those in the data are the search's, by default Euclidean: any metric works
/// that a search has. It should be exact, for an approximate one counts its own mistakes against the map. Neighbors
/// are ordered by `(distance, index)`, as distances are given by the search: rounded to `T`. All measures are the
/// same for any number of threads.
///
/// # Examples
///
/// ```
/// use tsne::affinity::{BruteForceSearch, Metric};
/// use tsne::{Context, Rows, metrics::Comparison};
///
/// let x: Vec<f64> = (0..200).map(|i| f64::from(i * i % 31)).collect();
/// let y: Vec<[f64; 2]> = x.chunks(4).map(|row| [row[0], row[1]]).collect();
/// let cosine = BruteForceSearch::new(Metric::Cosine);
/// let comparison = Comparison::new(Rows::new(&x, 50, 4)?, &y)?.search(&cosine).sample(20, 7);
/// assert!((0.0..=1.0).contains(&comparison.trustworthiness(5)?));
/// assert!((0.0..=1.0).contains(&comparison.neighbor_recall(5)?));
/// assert!((-1.0..=1.0).contains(&comparison.spearman()?));
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Comparison<'a, T, const D: usize> {
    pub(super) x: Points<'a, T>,
    pub(super) y: &'a [[T; D]],
    pub(super) metric: Option<&'a Metric>,
    pub(super) search: Option<&'a dyn NeighborSearch<T>>,
    pub(super) sample: Option<(usize, u64)>,
    pub(super) cx: Context<'a>,
}

impl<T, const D: usize> std::fmt::Debug for Comparison<'_, T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Comparison").field("n", &self.y.len()).field("sample", &self.sample).finish_non_exhaustive()
    }
}

impl<'a, T: Scalar, const D: usize> Comparison<'a, T, D> {
    /// The map `y` against the data `x`: Euclidean distances, all points.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] unless there is a position for each point; [`Error::NonFinite`] for a value that is not finite;
    /// [`Error::Parameter`] for positions beyond half the largest number.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// let x = [0.0f32, 1.0, 2.0];
    /// assert!(Comparison::new(Rows::new(&x, 3, 1)?, &[[0.0f32], [1.0]]).is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new(x: impl Into<Points<'a, T>>, y: &'a [[T; D]]) -> Result<Self> {
        let x = x.into();
        if y.len() != x.n() {
            return Err(Error::shape("embedding", x.n(), y.len()));
        }
        x.check_finite()?;
        check_embedding(y)?;
        Ok(Self { x, y, metric: None, search: None, sample: None, cx: Context::new() })
    }

    /// Distances in the data by `metric`, exactly.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Metric, Rows, metrics::Comparison};
    ///
    /// // Longer rows of the same direction: the map keeps the neighbors by direction, not those by distance.
    /// let x = [1.0, 0.0, 9.0, 1.0, 1.0, 1.0, 1.0, 8.0];
    /// let y = [[0.0], [1.0], [5.0], [9.0]];
    /// let comparison = Comparison::new(Rows::new(&x, 4, 2)?, &y)?;
    /// assert_eq!(comparison.metric(&Metric::Cosine).neighbor_recall(1)?, 0.75);
    /// assert_eq!(comparison.neighbor_recall(1)?, 0.25);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn metric(self, metric: &'a Metric) -> Self {
        Self { metric: Some(metric), search: None, ..self }
    }

    /// Distances in the data by `search`, which takes the place of a metric. A [metric](Self::metric) that the toolkit has is
    /// faster without a search around it.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::affinity::{BruteForceSearch, Metric};
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// // Longer rows of the same direction: the map keeps the neighbors by direction, not those by distance.
    /// let x = [1.0, 0.0, 9.0, 1.0, 1.0, 1.0, 1.0, 8.0];
    /// let y = [[0.0], [1.0], [5.0], [9.0]];
    /// let comparison = Comparison::new(Rows::new(&x, 4, 2)?, &y)?;
    /// let cosine = BruteForceSearch::new(Metric::Cosine);
    /// assert_eq!(comparison.search(&cosine).neighbor_recall(1)?, 0.75);
    /// assert_eq!(comparison.neighbor_recall(1)?, 0.25);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn search(self, search: &'a dyn NeighborSearch<T>) -> Self {
        Self { search: Some(search), metric: None, ..self }
    }

    /// Measures on `points` random points only, without repetition, a function of `seed`; on all if there are no more.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// let x: Vec<f64> = (0..200).map(|i| f64::from(i * i % 31)).collect();
    /// let y: Vec<[f64; 2]> = x.chunks(4).map(|row| [row[0], row[1]]).collect();
    /// let comparison = Comparison::new(Rows::new(&x, 50, 4)?, &y)?;
    /// assert_eq!(comparison.sample(10, 1).trustworthiness(5)?, comparison.sample(10, 1).trustworthiness(5)?);
    /// assert_eq!(comparison.sample(50, 1).trustworthiness(5)?, comparison.trustworthiness(5)?);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn sample(self, points: usize, seed: u64) -> Self {
        Self { sample: Some((points, seed)), ..self }
    }

    /// A context for cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CancelToken, Context, Error, Rows, metrics::Comparison};
    ///
    /// let (x, y) = ([0.0, 1.0, 3.0, 6.0, 10.0], [[0.0], [1.0], [3.0], [6.0], [10.0]]);
    /// let token = CancelToken::new();
    /// token.cancel(); // As another thread would.
    /// let comparison = Comparison::new(Rows::new(&x, 5, 1)?, &y)?.context(Context::new().with_cancel(&token));
    /// assert_eq!(comparison.trustworthiness(2), Err(Error::Cancelled));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn context(self, cx: Context<'a>) -> Self {
        // Each member of a team measures all by itself.
        Self { cx: cx.without_team(), ..self }
    }

    /// The points to measure on, ascending.
    pub(super) fn rows(&self) -> Result<Vec<u32>> {
        let n = self.y.len();
        match self.sample {
            Some((0, _)) => Err(Error::parameter("sample", 0, "at least 1 point")),
            Some((points, seed)) if points < n => {
                memory::collected(WHAT, draw(n, points, seed)?.into_iter().map(|i| i as u32))
            }
            _ => memory::collected(WHAT, (0..n).map(|i| i as u32)),
        }
    }

    /// Checks `k` against the largest that a measure allows.
    pub(super) fn k(&self, k: usize, max: usize) -> Result<NonZeroUsize> {
        let n = self.y.len();
        if max == 0 {
            return Err(Error::too_few_points(n, n.max(1) + 1));
        }
        NonZeroUsize::new(k)
            .filter(|k| k.get() <= max)
            .ok_or_else(|| Error::parameter("k", k, format_args!("from 1 to {max} for n = {n} points")))
    }

    /// Calls `f` with data and map, and how each is searched.
    pub(super) fn with_spaces<R>(&self, f: impl FnOnce(Space<'_, T>, Space<'_, T>) -> Result<R>) -> Result<R> {
        let euclidean = Metric::Euclidean;
        let metric = self.metric.unwrap_or(&euclidean);
        let (exact, of_map) = (ExactSearch::new(metric.clone()), ExactSearch::default());
        let y = Rows::new(self.y.as_flattened(), self.y.len(), D)?;
        let is_matrix = *metric == Metric::Precomputed && self.search.is_none();
        let data = Space { points: self.x, search: self.search.unwrap_or(&exact), is_matrix, cx: self.cx };
        f(data, Space { points: y.into(), search: &of_map, is_matrix: false, cx: self.cx })
    }
}

/// `count` of the points below `n`, ascending: those with the smallest hashes.
///
/// # Errors
///
/// [`Error::OutOfMemory`].
pub(super) fn draw(n: usize, count: usize, seed: u64) -> Result<Vec<usize>> {
    let count = count.min(n);
    let mut drawn = Vec::new();
    memory::reserve(WHAT, &mut drawn, count)?;
    // Those of the least hashes, the largest of which is on top.
    let mut least = BinaryHeap::from(drawn);
    for i in 0..n {
        let hashed = (random::element_seed(seed, SAMPLE_STREAM, i as u64), i);
        if least.len() < count {
            least.push(hashed);
        } else if let Some(mut last) = least.peek_mut().filter(|last| hashed < **last) {
            *last = hashed;
        }
    }
    let mut drawn = memory::collected(WHAT, least.into_iter().map(|(_, i)| i))?;
    drawn.sort_unstable();
    Ok(drawn)
}

/// The name of what is made here in errors.
const WHAT: &str = "points to measure";

/// Points with a way to find neighbors among them.
#[derive(Clone, Copy)]
pub(super) struct Space<'a, T> {
    pub(super) points: Points<'a, T>,
    pub(super) search: &'a dyn NeighborSearch<T>,
    /// Whether rows are distances to all points.
    pub(super) is_matrix: bool,
    pub(super) cx: Context<'a>,
}

impl<'a, T: Scalar> Space<'a, T> {
    /// The points as the search indexes them.
    pub(super) fn index(&self) -> Result<Indexed<'a, T>> {
        Ok(Indexed { points: self.points, index: self.search.build(self.points, self.cx)?, cx: self.cx })
    }
}

/// Indexed points.
pub(super) struct Indexed<'a, T> {
    pub(super) points: Points<'a, T>,
    pub(super) index: Box<dyn NeighborIndex<T> + 'a>,
    pub(super) cx: Context<'a>,
}

impl<T: Scalar> Indexed<'_, T> {
    /// The `k` nearest other points of each of `rows`, which ascend, row by row.
    pub(super) fn neighbors(&self, k: NonZeroUsize, rows: &[u32]) -> Result<Vec<u32>> {
        Ok(self.nearest(k, rows)?.0)
    }

    /// The [`neighbors`](Self::neighbors) with their distances.
    pub(super) fn nearest(&self, k: NonZeroUsize, rows: &[u32]) -> Result<(Vec<u32>, Vec<T>)> {
        if rows.len() == self.points.n() {
            let (_, _, indices, distances) = self.index.knn_graph(k, self.cx)?.into_parts();
            return Ok((indices, distances));
        }
        // One more, as a point finds itself.
        let some = Subset::take(self.points, rows.iter().map(|&i| i as usize), self.cx)?;
        others(&self.index.knn(some.points()?, k.saturating_add(1), self.cx)?, k, rows)
    }
}

/// Of the `k + 1` points nearest to each of `rows`, the `k` others, row by row.
///
/// # Errors
///
/// [`Error::OutOfMemory`].
pub(super) fn others<T: Scalar>(graph: &KnnGraph<T>, k: NonZeroUsize, rows: &[u32]) -> Result<(Vec<u32>, Vec<T>)> {
    let of_row = |(row, &i): (usize, &u32)| {
        let (indices, distances) = graph.row(row);
        indices.iter().copied().zip(distances.iter().copied()).filter(move |(j, _)| *j != i).take(k.get())
    };
    let (mut indices, mut distances) = (Vec::new(), Vec::new());
    memory::reserve(WHAT, &mut indices, rows.len().saturating_mul(k.get()))?;
    memory::reserve(WHAT, &mut distances, rows.len().saturating_mul(k.get()))?;
    for (index, distance) in rows.iter().enumerate().flat_map(of_row) {
        indices.push(index);
        distances.push(distance);
    }
    Ok((indices, distances))
}

/// Some rows of points, copied.
pub(super) enum Subset<T> {
    Dense { values: Vec<T>, n: usize, d: usize },
    Sparse { row_pointers: Vec<usize>, columns: Vec<u32>, values: Vec<T>, d: usize },
}

impl<T: Scalar> Subset<T> {
    /// The members of a team take rows that are dealt out together.
    pub(super) fn take(
        points: Points<'_, T>,
        rows: impl ExactSizeIterator<Item = usize> + Clone,
        cx: Context<'_>,
    ) -> Result<Self> {
        Ok(match points {
            Points::Dealt(x) => {
                let rows = memory::collected(WHAT, rows)?;
                Self::Dense { values: x.fetch(|i| rows[i], rows.len(), cx)?, n: rows.len(), d: x.d() }
            }
            Points::Sparse(x) => {
                let (mut row_pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
                let entries = rows.clone().map(|i| x.row(i).0.len()).sum();
                memory::reserve(WHAT, &mut row_pointers, rows.len())?;
                memory::reserve(WHAT, &mut columns, entries)?;
                memory::reserve(WHAT, &mut values, entries)?;
                for i in rows {
                    columns.extend_from_slice(x.row(i).0);
                    values.extend_from_slice(x.row(i).1);
                    row_pointers.push(columns.len());
                }
                Self::Sparse { row_pointers, columns, values, d: x.d() }
            }
            other => {
                let x = other.dense("a sample of points")?;
                let n = rows.len();
                let mut values = Vec::new();
                memory::reserve(WHAT, &mut values, n.saturating_mul(x.d()))?;
                rows.for_each(|i| values.extend_from_slice(x.row(i)));
                Self::Dense { values, n, d: x.d() }
            }
        })
    }

    /// Of a matrix of distances, those among these points.
    pub(super) fn distances(matrix: Points<'_, T>, points: &[usize]) -> Result<Self> {
        let matrix = matrix.dense("a sample of points")?;
        let n = points.len();
        let mut values = Vec::new();
        memory::reserve(WHAT, &mut values, n.saturating_mul(n))?;
        for &i in points {
            let row = matrix.row(i);
            values.extend(points.iter().filter_map(|&j| row.get(j)));
        }
        Ok(Self::Dense { values, n, d: n })
    }

    pub(super) fn points(&self) -> Result<Points<'_, T>> {
        Ok(match self {
            Self::Dense { values, n, d } => Rows::new(values, *n, *d)?.into(),
            Self::Sparse { row_pointers, columns, values, d } => {
                SparseRows::new(row_pointers, columns, values, *d)?.into()
            }
        })
    }
}
