//! How a map keeps the neighborhoods of single points, of one map or of several.

use super::comparison::{Comparison, Indexed, Space};
use super::measures::Measures;
use super::ranks::{excesses, less_excess, ranks_of};
use super::recall::kept_counts;
use std::num::NonZeroUsize;
use tsne_affinity::ExactSearch;
use tsne_core::{Points, Result, Rows, Scalar, blocks, memory};

/// How a map keeps the neighborhoods of single points: what [`Comparison::per_point`] measures.
///
/// All values are in the order of [`points`](Self::points). The measures of the map are the means of them.
#[derive(Debug, Clone, PartialEq)]
pub struct PointMeasures {
    /// The number of all points.
    n: usize,
    k: NonZeroUsize,
    points: Vec<u32>,
    /// By how much the ranks of each point's neighbors in the map exceed `k` in the data ...
    strangers: Vec<u64>,
    /// ... and those of its neighbors in the data in the map.
    lost: Vec<u64>,
    kept: Vec<u32>,
    kin: Vec<f64>,
}

impl PointMeasures {
    /// The points that were measured, ascending: all, or the sample.
    pub fn points(&self) -> &[u32] {
        &self.points
    }

    /// For each point, how near its `k` neighbors in the map are to being its neighbors in the data: its term of
    /// [`Comparison::trustworthiness`], `1 - 2 / (k (2n - 3k - 1)) Σ_j (r_ij - k)`. 1 if all are; 0 if they are the farthest points.
    pub fn trustworthiness(&self) -> impl ExactSizeIterator<Item = f64> + Clone {
        self.strangers.iter().map(|&excess| less_excess(excess as f64, (1, self.n, self.k)))
    }

    /// The same for its neighbors in the data, by their ranks in the map: its term of [`Comparison::continuity`].
    pub fn continuity(&self) -> impl ExactSizeIterator<Item = f64> + Clone {
        self.lost.iter().map(|&excess| less_excess(excess as f64, (1, self.n, self.k)))
    }

    /// The share of its `k` neighbors in the data that are among its `k` neighbors in the map: its term of
    /// [`Comparison::neighbor_recall`].
    pub fn neighbor_recall(&self) -> impl ExactSizeIterator<Item = f64> + Clone {
        self.kept.iter().map(|&kept| f64::from(kept) / self.k.get() as f64)
    }

    /// How far each point is, in the map, from the nearest of its `k` neighbors in the data: 1 is the median distance of a point
    /// to its nearest neighbor in the map, so that maps of any size compare. Above some tens, a point has been torn from all its
    /// kin. Where all measured points coincide with others, it is in the unit of the map.
    pub fn kin_distance(&self) -> &[f64] {
        &self.kin
    }

    /// The measures of the map: means over the points.
    pub fn means(&self) -> Measures {
        let of = (self.points.len(), self.n, self.k);
        let kept: u64 = self.kept.iter().map(|&kept| u64::from(kept)).sum();
        Measures {
            trustworthiness: less_excess(self.strangers.iter().map(|&excess| excess as f64).sum(), of),
            continuity: less_excess(self.lost.iter().map(|&excess| excess as f64).sum(), of),
            neighbor_recall: kept as f64 / (self.points.len() * self.k.get()) as f64,
        }
    }

    /// The standard errors of the [means](Self::means) as estimates of those of all points: `s √((1 - m/n) / m)` for `m` of `n`
    /// points drawn without repetition, whose values deviate by `s` (Cochran 1977, "Sampling techniques", 2.6). 0 of all points.
    pub fn standard_errors(&self) -> Measures {
        let (m, n) = (self.points.len() as f64, self.n as f64);
        let of = |values: &mut dyn Iterator<Item = f64>, mean: f64| -> f64 {
            let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
            (squares / (m - 1.0).max(1.0) * (1.0 - m / n) / m).max(0.0).sqrt()
        };
        let means = self.means();
        Measures {
            trustworthiness: of(&mut self.trustworthiness(), means.trustworthiness),
            continuity: of(&mut self.continuity(), means.continuity),
            neighbor_recall: of(&mut self.neighbor_recall(), means.neighbor_recall),
        }
    }
}

impl<T: Scalar, const D: usize> Comparison<'_, T, D> {
    /// What the map keeps of the neighborhood of each point: the terms of [`Comparison::measures`].
    ///
    /// On the [sample](Self::sample), or on all points, in `O(n² d)`.
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
    /// // The last point is on the wrong side.
    /// let x = [0.0, 1.0, 3.0, 6.0, 10.0, 15.0];
    /// let y = [[0.0], [1.0], [3.0], [6.0], [10.0], [-3.5]];
    /// let points = Comparison::new(Rows::new(&x, 6, 1)?, &y)?.per_point(2)?;
    /// let worst = points.trustworthiness().enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    /// assert_eq!(worst.map(|(i, _)| i), Some(5));
    /// // It is 9.5 from the nearer one of its neighbors in the data; the median of the nearest distances is 2.5.
    /// assert_eq!(points.kin_distance()[5], 9.5 / 2.5);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn per_point(&self, k: usize) -> Result<PointMeasures> {
        let measured = self.per_point_beside(&[], k)?;
        measured.into_iter().next().ok_or_else(|| tsne_core::Error::too_few_points(0, 3))
    }

    /// [`Comparison::per_point`] of this map and of `others` of the same points, which may have other dimensions: what is asked of
    /// the data is computed once.
    ///
    /// # Errors
    ///
    /// Those of [`Comparison::per_point`], and [`Error::Shape`](crate::Error::Shape) unless each map has a position for each point.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// let x = [0.0, 1.0, 3.0, 6.0, 10.0, 15.0];
    /// let y = [[0.0], [1.0], [3.0], [6.0], [10.0], [15.0]];
    /// let torn = [0.0, 0.0, 10.0, 0.0, 1.0, 0.0, 11.0, 0.0, 2.0, 0.0, 12.0, 0.0];
    /// let comparison = Comparison::new(Rows::new(&x, 6, 1)?, &y)?;
    /// let measured = comparison.per_point_beside(&[Rows::new(&torn, 6, 2)?], 2)?;
    /// assert!(measured[0].means().trustworthiness == 1.0 && measured[1].means().trustworthiness < 1.0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn per_point_beside(&self, others: &[Rows<'_, T>], k: usize) -> Result<Vec<PointMeasures>> {
        let n = self.y.len();
        let k = self.k(k, n.saturating_sub(1) / 2)?;
        for other in others {
            if other.n() != n {
                return Err(tsne_core::Error::shape("embedding", n, other.n()));
            }
            Points::from(*other).check_finite()?;
        }
        let rows = self.rows()?;
        let of_maps = ExactSearch::default();
        self.with_spaces(|data, map| {
            let others = others.iter().map(|&other| Space {
                points: other.into(),
                search: &of_maps,
                is_matrix: false,
                cx: self.cx,
            });
            let maps = std::iter::once(map).chain(others).map(|map| map.index()).collect::<Result<Vec<_>>>()?;
            measure(&data.index()?, &maps, &rows, k)
        })
    }
}

/// The measures of `rows` of several maps, with one search of the data and one count of ranks in them.
fn measure<T: Scalar>(
    data: &Indexed<'_, T>,
    maps: &[Indexed<'_, T>],
    rows: &[u32],
    k: NonZeroUsize,
) -> Result<Vec<PointMeasures>> {
    let near = data.neighbors(k, rows)?;
    let in_maps = maps.iter().map(|map| map.nearest(k, rows)).collect::<Result<Vec<_>>>()?;
    // The neighbors of a row in the first map, then in the second, and so on.
    let width = maps.len() * k.get();
    let mut all = memory::filled("neighbors in the maps", rows.len().saturating_mul(width), 0)?;
    for (m, (in_map, _)) in in_maps.iter().enumerate() {
        for (all, own) in all.chunks_exact_mut(width).zip(in_map.chunks_exact(k.get())) {
            all[m * k.get()..][..k.get()].copy_from_slice(own);
        }
    }
    let ranks = ranks_of(data, rows, &all, width)?;
    let mut measured = Vec::with_capacity(maps.len());
    for (m, (map, (in_map, distances))) in maps.iter().zip(&in_maps).enumerate() {
        let of_data = ranks_of(map, rows, &near, k.get())?;
        measured.push(PointMeasures {
            n: data.points.n(),
            k,
            points: memory::copied("points that are measured", rows)?,
            strangers: excesses(&ranks, (m * k.get(), width), k)?,
            lost: excesses(&of_data, (0, k.get()), k)?,
            kept: kept_counts(&near, in_map, k)?,
            kin: kin_distances(map, rows, &near, (distances, k))?,
        });
    }
    Ok(measured)
}

/// The distance of each row, in the map, to the nearest of its neighbors in the data, in units of the median of the distances to
/// nearest neighbors in the map.
fn kin_distances<T: Scalar>(
    map: &Indexed<'_, T>,
    rows: &[u32],
    near: &[u32],
    (distances, k): (&[T], NonZeroUsize),
) -> Result<Vec<f64>> {
    let k = k.get();
    let mut nearest = memory::collected("distances to the nearest", distances.iter().step_by(k).map(|d| d.to_f64()))?;
    nearest.retain(|distance| *distance > 0.0);
    nearest.sort_unstable_by(f64::total_cmp);
    let middle = |at: usize| nearest.get(at).copied();
    let unit = match nearest.len() {
        0 => 1.0,
        count => 0.5 * (middle((count - 1) / 2).unwrap_or(1.0) + middle(count / 2).unwrap_or(1.0)),
    };
    let y = map.points.dense("a map")?;
    let mut kin = memory::filled("distances to kin", rows.len(), 0.0)?;
    blocks_of(&mut kin, |row| {
        let own = y.row(rows[row] as usize);
        let others = near[row * k..(row + 1) * k].iter().map(|&j| distance(own, y.row(j as usize)));
        others.fold(f64::INFINITY, f64::min) / unit
    });
    Ok(kin)
}

/// The distance of two points, which is a number, or there would be no index; its square may be beyond the numbers, or below those with
/// all their digits.
fn distance<T: Scalar>(a: &[T], b: &[T]) -> f64 {
    let times = |factor: f64| {
        let squares = a.iter().zip(b).map(|(a, b)| (factor * (a.to_f64() - b.to_f64())).powi(2));
        squares.sum::<f64>().sqrt() / factor
    };
    match times(1.0) {
        small if small < 1e-145 => times(2f64.powi(600)),
        f64::INFINITY => times(2f64.powi(-600)),
        distance => distance,
    }
}

/// Fills `values` by their numbers, in parallel.
fn blocks_of<A: Send>(values: &mut [A], f: impl Fn(usize) -> A + Sync) {
    tsne_core::chunks::for_each(values, blocks::BLOCK, |block, values| {
        for (row, value) in (block * blocks::BLOCK..).zip(values) {
            *value = f(row);
        }
    });
}
