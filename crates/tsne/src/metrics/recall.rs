use super::comparison::{Comparison, Indexed, Subset, draw, others};
use std::num::NonZeroUsize;
use tsne_affinity::{BruteForceSearch, Metric};
use tsne_core::{Context, Error, KnnGraph, NeighborIndex, NeighborSearch, Points, Result, Scalar, memory};

/// The mean fraction of the `k` nearest neighbors in the data that are among the `k` nearest in the map, for Euclidean
/// distances and all points.
///
/// `k` is 10 where the literature calls it KNN (Kobak and Berens 2019, "The art of using t-SNE for single-cell
/// transcriptomics"). The cost is that of two searches for `k` neighbors. For other metrics, samples and cancellation
/// see [`Comparison`].
///
/// # Errors
///
/// Those of [`Comparison::new`] and [`Comparison::neighbor_recall`].
///
/// # Examples
///
/// ```
/// use tsne::{Rows, metrics};
///
/// // The nearest neighbor of the last two of four points changes.
/// let x = [0.0, 1.0, 10.0, 11.0];
/// let y = [[0.0], [1.0], [3.0], [13.0]];
/// assert_eq!(metrics::neighbor_recall(Rows::new(&x, 4, 1)?, &y, 1)?, 0.75);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn neighbor_recall<'a, T: Scalar, const D: usize>(
    x: impl Into<Points<'a, T>>,
    y: &'a [[T; D]],
    k: usize,
) -> Result<f64> {
    Comparison::new(x, y)?.neighbor_recall(k)
}

/// The share of the nearest neighbors of the points `x` that `graph` has: what an approximate search has found. Measured for all points,
/// or for a sample of `(points, seed)` without repetition.
///
/// Neighbors as near as the last one count as well: of points that tie, a search may choose others. A sample of `m` of `n` points costs
/// `m n` distances.
///
/// # Errors
///
/// [`Error::Shape`] unless the graph has a row for each point, among as many; [`Error::Parameter`] for an empty sample; those of the
/// [search](BruteForceSearch), [`Error::Cancelled`] among them.
///
/// # Examples
///
/// ```
/// use tsne::core::KnnGraph;
/// use tsne::{Context, Metric, Rows, metrics};
///
/// // The nearest neighbor of the last point is the one before it, and not the first.
/// let x = Rows::new(&[0.0, 1.0, 10.0, 12.0], 4, 1)?;
/// let graph = KnnGraph::from_parts(1, 4, vec![1, 0, 3, 0], vec![1.0, 1.0, 2.0, 12.0])?;
/// assert_eq!(metrics::graph_recall(&graph, x, &Metric::Euclidean, None, Context::new())?, 0.75);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn graph_recall<'a, T: Scalar>(
    graph: &KnnGraph<T>,
    x: impl Into<Points<'a, T>>,
    metric: &Metric,
    sample: Option<(usize, u64)>,
    cx: Context<'_>,
) -> Result<f64> {
    let (x, k, cx) = (x.into(), graph.k(), cx.without_team());
    let n = x.n();
    if (graph.n(), graph.n_reference()) != (n, n) {
        return Err(Error::shape("neighbor graph", n, graph.n()));
    }
    let Some(wanted) = NonZeroUsize::new(k).filter(|k| k.get() < n) else { return Ok(1.0) };
    let rows: Vec<u32> = match sample {
        Some((0, _)) => return Err(Error::parameter("sample", 0, "at least 1 point")),
        Some((points, seed)) if points < n => numbered(draw(n, points, seed)?)?,
        _ => memory::collected(WHAT, (0..n).map(|i| i as u32))?,
    };
    let index = BruteForceSearch::new(metric.clone()).build(x, cx)?;
    let nearest = Indexed { points: x, index, cx }.nearest(wanted, &rows)?;
    Ok(found_count(graph, 0, &rows, (&nearest.0, &nearest.1)) as f64 / (rows.len() * k) as f64)
}

/// The [`graph_recall`] of a sample, by the index that found the graph where that can search without a miss.
pub(crate) fn recall_of_search<T: Scalar>(
    graph: &KnnGraph<T>,
    (x, index): (Points<'_, T>, &dyn NeighborIndex<T>),
    metric: &Metric,
    (sample, seed): (usize, u64),
    cx: Context<'_>,
) -> Result<f64> {
    let (n, k) = (x.n(), graph.k());
    let (true, Some(wanted)) = (k < n, NonZeroUsize::new(k)) else { return Ok(1.0) };
    let rows = numbered(draw(n, sample, seed)?)?;
    let own = cx.rows(n);
    let mut own_rows = memory::copied(WHAT, &rows)?;
    own_rows.retain(|&i| own.contains(&(i as usize)));
    let some = Subset::take(x, rows.iter().map(|&i| i as usize), cx)?;
    // The members of a team ask together; each counts those of its own rows.
    let (first, nearest) = match index.knn_exact(some.points()?, wanted.saturating_add(1), cx)? {
        Some(nearest) => (rows.partition_point(|&i| (i as usize) < own.start), others(&nearest, wanted, &rows)?),
        None if own_rows.is_empty() => (0, Default::default()),
        None => {
            let alone = cx.without_team();
            let index = BruteForceSearch::new(metric.clone()).build(x, alone)?;
            (0, Indexed { points: x, index, cx: alone }.nearest(wanted, &own_rows)?)
        }
    };
    let of_own = first * k..(first + own_rows.len()) * k;
    let found = found_count(graph, own.start, &own_rows, (&nearest.0[of_own.clone()], &nearest.1[of_own]));
    let found: usize = cx.gather_one(found)?.iter().sum();
    Ok(found as f64 / (rows.len() * k) as f64)
}

/// The name of what is made here in errors.
const WHAT: &str = "points to measure";

fn numbered(points: Vec<usize>) -> Result<Vec<u32>> {
    memory::collected(WHAT, points.into_iter().map(|i| i as u32))
}

/// How many of the nearest others of `rows` a graph has, of which the first row is that of point `first`.
fn found_count<T: Scalar>(
    graph: &KnnGraph<T>,
    first: usize,
    rows: &[u32],
    (nearest, distances): (&[u32], &[T]),
) -> usize {
    let k = graph.k();
    let found = |row: usize| {
        let (own, lengths) = graph.row(rows[row] as usize - first);
        let nearest = &nearest[row * k..(row + 1) * k];
        let last = distances[(row + 1) * k - 1];
        own.iter().zip(lengths).filter(|(j, length)| **length <= last || nearest.contains(j)).count()
    };
    (0..rows.len()).map(found).sum()
}

impl<T: Scalar, const D: usize> Comparison<'_, T, D> {
    /// The [`neighbor_recall`] of the map.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](crate::Error::Parameter) unless `1 <= k < n`; the errors of the search;
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// // Of each point's nearest neighbor, the map keeps all but that of the last point.
    /// let x = [0.0, 1.0, 10.0, 12.0, 15.0];
    /// let y = [[0.0], [1.0], [10.0], [12.0], [-1.5]];
    /// assert_eq!(Comparison::new(Rows::new(&x, 5, 1)?, &y)?.neighbor_recall(1)?, 0.8);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn neighbor_recall(&self, k: usize) -> Result<f64> {
        let k = self.k(k, self.y.len().saturating_sub(1))?;
        let rows = self.rows()?;
        self.with_spaces(|data, map| {
            let wanted = data.index()?.neighbors(k, &rows)?;
            kept_share(&wanted, &map.index()?.neighbors(k, &rows)?, k)
        })
    }
}

/// How many of `wanted`, `k` in each row, are among `found`; of a search that found too few, of the rows that both have.
pub(super) fn kept_counts(wanted: &[u32], found: &[u32], k: NonZeroUsize) -> Result<Vec<u32>> {
    let mut sorted = Vec::new();
    memory::reserve("neighbors of a row", &mut sorted, k.get())?;
    let of_row = |(wanted, found): (&[u32], &[u32])| {
        sorted.clear();
        sorted.extend_from_slice(found);
        sorted.sort_unstable();
        wanted.iter().filter(|j| sorted.binary_search(j).is_ok()).count() as u32
    };
    let rows = wanted.chunks_exact(k.get()).zip(found.chunks_exact(k.get()));
    memory::collected("counts of neighbors that are kept", rows.map(of_row))
}

/// The share of `wanted`, `k` in each row, that are among `found`.
fn kept_share(wanted: &[u32], found: &[u32], k: NonZeroUsize) -> Result<f64> {
    let kept: u64 = kept_counts(wanted, found, k)?.iter().map(|&kept| u64::from(kept)).sum();
    Ok(kept as f64 / wanted.len() as f64)
}
