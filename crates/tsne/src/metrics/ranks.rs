use super::comparison::{Comparison, Indexed, Subset};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use tsne_core::{Error, Points, Result, Scalar, memory};

/// Distances held at once while points are ranked: 32 MiB with their indices in `f32`.
const RANKED: usize = 1 << 22;

/// 1 less what the ranks of `k` neighbors of each of some of `n` points exceed `k` by, out of the most that they could.
pub(super) fn less_excess(excess: f64, (rows, n, k): (usize, usize, NonZeroUsize)) -> f64 {
    let (n, k) = (n as f64, k.get() as f64);
    1.0 - excess * 2.0 / (rows as f64 * k * (2.0 * n - 3.0 * k - 1.0))
}

/// How far the `k` nearest neighbors in the map are from being neighbors in the data: 1 if all are, for Euclidean
/// distances and all points.
///
/// `1 - 2 / (n k (2n - 3k - 1)) Σ_i Σ_j (r_ij - k)`, summed over those `j` of the `k` nearest neighbors of `i` in the
/// map that are not among the `k` nearest in the data, where `r_ij` is the rank of `j` among the others by distance
/// from `i` in the data, from 1 (Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods").
/// `O(n² d)`; for many points take [`trustworthiness_sampled`]. For other metrics, samples and
/// cancellation see [`Comparison`].
///
/// # Errors
///
/// Those of [`Comparison::new`] and [`Comparison::trustworthiness`].
///
/// # Examples
///
/// ```
/// use tsne::{Rows, metrics};
///
/// let x = [0.0, 1.0, 3.0, 6.0, 10.0];
/// let same = [[0.0], [1.0], [3.0], [6.0], [10.0]];
/// assert_eq!(metrics::trustworthiness(Rows::new(&x, 5, 1)?, &same, 2)?, 1.0);
/// let shuffled = [[0.0], [6.0], [1.0], [10.0], [3.0]];
/// assert!(metrics::trustworthiness(Rows::new(&x, 5, 1)?, &shuffled, 2)? < 1.0);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn trustworthiness<'a, T: Scalar, const D: usize>(
    x: impl Into<Points<'a, T>>,
    y: &'a [[T; D]],
    k: usize,
) -> Result<f64> {
    Comparison::new(x, y)?.trustworthiness(k)
}

/// [`trustworthiness`] of `sample` random points, each ranked among all points: an unbiased estimate of that of all, in
/// `O(sample · n d)`.
///
/// # Errors
///
/// Those of [`trustworthiness`], and [`Error::Parameter`] for a sample of 0 points.
///
/// # Examples
///
/// ```
/// use tsne::{Rows, metrics};
///
/// let x: Vec<f32> = (0..300u16).map(f32::from).collect();
/// let y: Vec<[f32; 1]> = x.iter().map(|v| [2.0 * v]).collect();
/// assert_eq!(metrics::trustworthiness_sampled(Rows::new(&x, 300, 1)?, &y, 10, 50, 42)?, 1.0);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn trustworthiness_sampled<'a, T: Scalar, const D: usize>(
    x: impl Into<Points<'a, T>>,
    y: &'a [[T; D]],
    k: usize,
    sample: usize,
    seed: u64,
) -> Result<f64> {
    Comparison::new(x, y)?.sample(sample, seed).trustworthiness(k)
}

/// Where neighbors are taken from.
#[derive(Clone, Copy)]
enum Side {
    Map,
    Data,
}

impl<T: Scalar, const D: usize> Comparison<'_, T, D> {
    /// The [`trustworthiness`] of the map: how far its neighbors are from being neighbors in the data.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] unless `1 <= k < n / 2`; the errors of the search; [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// let x = [0.0, 1.0, 3.0, 6.0, 10.0, 15.0];
    /// let kept = [[0.0], [1.0], [3.0], [6.0], [10.0], [15.0]];
    /// let torn = [[0.0], [10.0], [1.0], [11.0], [2.0], [12.0]];
    /// assert_eq!(Comparison::new(Rows::new(&x, 6, 1)?, &kept)?.trustworthiness(2)?, 1.0);
    /// assert!(Comparison::new(Rows::new(&x, 6, 1)?, &torn)?.trustworthiness(2)? < 1.0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn trustworthiness(&self, k: usize) -> Result<f64> {
        self.ranked(k, Side::Map)
    }

    /// The continuity of the map, its trustworthiness with data and map exchanged: how far neighbors in the data are
    /// from being neighbors in the map (Venna and Kaski 2001).
    ///
    /// # Errors
    ///
    /// Those of [`Comparison::trustworthiness`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// // The map is the data: all neighbors stay.
    /// let x = [0.0, 1.0, 3.0, 6.0, 10.0];
    /// let y = [[0.0], [1.0], [3.0], [6.0], [10.0]];
    /// assert_eq!(Comparison::new(Rows::new(&x, 5, 1)?, &y)?.continuity(2)?, 1.0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn continuity(&self, k: usize) -> Result<f64> {
        self.ranked(k, Side::Data)
    }

    /// The measure of the neighbors in the one space by their ranks in the other.
    fn ranked(&self, k: usize, side: Side) -> Result<f64> {
        let k = self.k(k, self.y.len().saturating_sub(1) / 2)?;
        let rows = self.rows()?;
        self.with_spaces(|data, map| {
            let (data, map) = (data.index()?, map.index()?);
            let (near, far) = match side {
                Side::Map => (map, data),
                Side::Data => (data, map),
            };
            kept_ranks(&far, &rows, &near.neighbors(k, &rows)?, k)
        })
    }
}

/// 1 less what the ranks of `neighbors`, `k` of each of `rows`, exceed `k` by in `far`, out of the most that they could.
fn kept_ranks<T: Scalar>(far: &Indexed<'_, T>, rows: &[u32], neighbors: &[u32], k: NonZeroUsize) -> Result<f64> {
    let ranks = ranks_of(far, rows, neighbors, k.get())?;
    let excess = excesses(&ranks, (0, k.get()), k)?.iter().map(|&excess| excess as f64).sum();
    Ok(less_excess(excess, (rows.len(), far.points.n(), k)))
}

/// The ranks of `neighbors`, `width` of each of `rows`, in `far`.
pub(super) fn ranks_of<T: Scalar>(
    far: &Indexed<'_, T>,
    rows: &[u32],
    neighbors: &[u32],
    width: usize,
) -> Result<Vec<u32>> {
    match far.index.ranks(rows, neighbors, far.cx)? {
        Some(ranks) => Ok(ranks),
        None => sorted(far, rows, neighbors, width),
    }
}

/// By how much `k` ranks of each row exceed `k` in all; rows have `width` ranks, and these begin at `first`.
pub(super) fn excesses(ranks: &[u32], (first, width): (usize, usize), k: NonZeroUsize) -> Result<Vec<u64>> {
    let over = |rank: &u32| u64::from(*rank).saturating_sub(k.get() as u64);
    let of_row = |row: &[u32]| row[first..][..k.get()].iter().map(over).sum();
    memory::collected("ranks beyond the neighbors", ranks.chunks_exact(width).map(of_row))
}

/// The ranks of `neighbors`, `k` of each of `rows`, in `far`: all points are sorted by their distances from each of `rows`. For
/// any search.
fn sorted<T: Scalar>(far: &Indexed<'_, T>, rows: &[u32], neighbors: &[u32], k: usize) -> Result<Vec<u32>> {
    let n = far.points.n();
    let Some(all) = NonZeroUsize::new(n) else { return Err(Error::too_few_points(n, 3)) };
    let count = (RANKED / n).max(1);
    let mut found = memory::filled("ranks of neighbors", neighbors.len(), 0)?;
    let parts = rows.chunks(count).zip(neighbors.chunks(count * k)).zip(found.chunks_mut(count * k));
    for ((rows, neighbors), found) in parts {
        far.cx.check()?;
        let some = Subset::take(far.points, rows.iter().map(|&i| i as usize), far.cx)?;
        let graph = far.index.knn(some.points()?, all, far.cx)?;
        // Points that the search did not find are the last.
        let last = n as u32 - 1;
        let of_row = |ranks: &mut Vec<u32>, (row, found): (usize, &mut [u32])| {
            ranks.clear();
            ranks.resize(n, last);
            let others = graph.row(row).0.iter().filter(|&&j| rows.get(row) != Some(&j));
            for (&j, rank) in others.zip(1..) {
                if let Some(place) = ranks.get_mut(j as usize) {
                    *place = rank;
                }
            }
            for (found, &j) in found.iter_mut().zip(&neighbors[row * k..]) {
                *found = ranks.get(j as usize).copied().unwrap_or(last);
            }
        };
        found.par_chunks_mut(k).enumerate().for_each_init(Vec::new, of_row);
    }
    Ok(found)
}
