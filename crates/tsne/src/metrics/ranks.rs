use super::comparison::{Comparison, Space, Subset};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::num::NonZeroUsize;
use tsne_core::{Error, NeighborSearch, Points, Result, Scalar, blocks};

/// Distances held at once while points are ranked: 32 MiB with their indices in `f32`.
const RANKED: usize = 1 << 22;

/// Rows that are indexed at once for counting: the distances of a point to them are sorted by the search, which a few dozen
/// take little time for, and all points are read anew for each such part.
const INDEXED: usize = 64;

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
        self.with_spaces(|data, map| self.ranked(k, map, data))
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
        self.with_spaces(|data, map| self.ranked(k, data, map))
    }

    /// The measure of the neighbors in `near` by their ranks in `far`.
    fn ranked(&self, k: usize, near: Space<'_, T>, far: Space<'_, T>) -> Result<f64> {
        let n = self.y.len();
        let k = self.k(k, n.saturating_sub(1) / 2)?;
        let rows = self.rows()?;
        let neighbors = near.neighbors(k, rows.as_deref())?;
        let rows = rows.unwrap_or_else(|| (0..n).collect());
        let penalty = match far.swapped() {
            Some(search) => counted(far, &search, &rows, &neighbors, k.get())?,
            None => sorted(far, &rows, &neighbors, k.get())?,
        };
        let (n, k) = (n as f64, k.get() as f64);
        Ok(1.0 - penalty * 2.0 / (rows.len() as f64 * k * (2.0 * n - 3.0 * k - 1.0)))
    }
}

/// The sum of what the ranks of `neighbors`, `k` of each of `rows`, exceed `k` by, among the others in `far`: all points are
/// sorted by their distances from each of `rows`. For any search.
fn sorted<T: Scalar>(far: Space<'_, T>, rows: &[usize], neighbors: &[u32], k: usize) -> Result<f64> {
    let n = far.points.n();
    let index = far.search.build(far.points, far.cx)?;
    let Some(all) = NonZeroUsize::new(n) else { return Err(Error::too_few_points(n, 3)) };
    let count = (RANKED / n).max(1);
    let mut penalty = 0.0;
    for (rows, neighbors) in rows.chunks(count).zip(neighbors.chunks(count * k)) {
        far.cx.check()?;
        let some = Subset::take(far.points, rows)?;
        let graph = index.knn(some.points()?, all, far.cx)?;
        // Integers: exact in any order. Points that the search did not find are the last.
        let of_row = |ranks: &mut Vec<usize>, (row, (&i, neighbors)): (usize, (&usize, &[u32]))| -> u64 {
            ranks.clear();
            ranks.resize(n, n - 1);
            let others = graph.row(row).0.iter().filter(|&&j| j as usize != i);
            for (rank, &j) in others.enumerate() {
                if let Some(place) = ranks.get_mut(j as usize) {
                    *place = rank + 1;
                }
            }
            let rank = |j: &u32| ranks.get(*j as usize).copied().unwrap_or(n - 1);
            neighbors.iter().map(|j| rank(j).saturating_sub(k) as u64).sum()
        };
        let penalties: Vec<u64> =
            rows.par_iter().zip(neighbors.par_chunks(k)).enumerate().map_init(Vec::new, of_row).collect();
        penalty += penalties.iter().sum::<u64>() as f64;
    }
    Ok(penalty)
}

/// The same sum without sorting: the few points whose ranks are asked for are put in order, and all others counted between
/// them. The roles are swapped for that: `search` indexes some of `rows`, and all points ask it for all of its distances.
fn counted<T: Scalar>(
    far: Space<'_, T>,
    search: &dyn NeighborSearch<T>,
    rows: &[usize],
    neighbors: &[u32],
    k: usize,
) -> Result<f64> {
    let n = far.points.n();
    let count = (RANKED / n).clamp(1, INDEXED);
    let mut penalty = 0.0;
    for (rows, neighbors) in rows.chunks(count).zip(neighbors.chunks(count * k)) {
        far.cx.check()?;
        let Some(all) = NonZeroUsize::new(rows.len()) else { break };
        let some = Subset::take(far.points, rows)?;
        let graph = search.build(some.points()?, far.cx)?.knn(far.points, all, far.cx)?;
        // The neighbors of each row by distance and index, which is the order of ranks.
        let mut wanted: Vec<(T, u32)> = Vec::with_capacity(neighbors.len());
        for (row, neighbors) in neighbors.chunks(k).enumerate() {
            let first = wanted.len();
            wanted.extend(neighbors.iter().map(|&j| {
                let (indexed, distances) = graph.row(j as usize);
                let at = indexed.iter().position(|i| *i as usize == row);
                (at.and_then(|at| distances.get(at)).copied().unwrap_or(T::INFINITY), j)
            }));
            wanted[first..].sort_unstable_by(|a, b| order(*a, *b));
        }
        // How many points come before the first neighbor of each row, between the first and the second, and so on.
        let mut partials: Vec<Vec<u64>> = Vec::new();
        blocks::map(&mut partials, n, |range| {
            let mut counts = vec![0; wanted.len()];
            for l in range {
                let (indexed, distances) = graph.row(l);
                for (&row, &distance) in indexed.iter().zip(distances) {
                    let row = row as usize;
                    if rows.get(row) == Some(&l) {
                        continue;
                    }
                    let wanted = &wanted[row * k..(row + 1) * k];
                    let after = wanted.partition_point(|w| order(*w, (distance, l as u32)).is_le());
                    if let Some(count) = counts[row * k..(row + 1) * k].get_mut(after) {
                        *count += 1;
                    }
                }
            }
            counts
        });
        for row in 0..rows.len() {
            let mut before = 0;
            for at in row * k..(row + 1) * k {
                // Of a neighbor itself nothing was counted before it: it is one of those before the next.
                before += partials.iter().map(|counts| counts[at]).sum::<u64>();
                penalty += (before + 1).saturating_sub(k as u64) as f64;
            }
        }
    }
    Ok(penalty)
}

/// The order of neighbors.
fn order<T: Scalar>(a: (T, u32), b: (T, u32)) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}
