use super::comparison::{Comparison, Space, Subset, draw};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use tsne_core::{Error, Points, Result, Scalar, memory};

/// Points compared if no sample is asked for (Kobak and Berens 2019).
const SAMPLE: usize = 1000;

/// The most points compared: their 33 million pairs take about one gigabyte.
const MAX_SAMPLE: usize = 8192;

/// Spearman's correlation between the distances in the data and those in the map over all pairs of `sample` random
/// points, Euclidean: 1 if the map keeps the order of all distances.
///
/// The correlation of ranks, equal distances having the mean of their ranks (Spearman 1904). Kobak and Berens (2019,
/// "The art of using t-SNE for single-cell transcriptomics") call it CPD and take 1,000 points. `O(sample² (d + log
/// sample))`. For other metrics and cancellation see [`Comparison`].
///
/// # Errors
///
/// Those of [`Comparison::new`] and [`Comparison::spearman`].
///
/// # Examples
///
/// ```
/// use tsne::{Rows, metrics};
///
/// // A map may stretch distances as long as it keeps their order.
/// let x = [0.0, 1.0, 3.0, 7.0];
/// let y = [[0.0], [1.0], [4.0], [100.0]];
/// let rho = metrics::spearman(Rows::new(&x, 4, 1)?, &y, 1_000, 42)?;
/// assert!((rho - 1.0).abs() < 1e-12);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn spearman<'a, T: Scalar, const D: usize>(
    x: impl Into<Points<'a, T>>,
    y: &'a [[T; D]],
    sample: usize,
    seed: u64,
) -> Result<f64> {
    Comparison::new(x, y)?.sample(sample, seed).spearman()
}

impl<T: Scalar, const D: usize> Comparison<'_, T, D> {
    /// The correlation of distances, [`spearman`], on the sample, or on 1,000 points with seed 0 if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewPoints`] below three points; [`Error::Parameter`] for a sample of fewer than three or more than
    /// 8,192; [`Error::Numerical`] where all distances in the data or all in the map are equal, for they have no
    /// order to keep; the errors of the search; [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, metrics::Comparison};
    ///
    /// // The map turns the order of the three distances around: 1 < 2 < 3 became 3 > 2 > 1.
    /// let comparison = Comparison::new(Rows::new(&[0.0, 1.0, 3.0], 3, 1)?, &[[0.0, 0.0], [3.0, 0.0], [1.0, 0.0]])?;
    /// assert_eq!(comparison.spearman()?, -1.0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn spearman(&self) -> Result<f64> {
        let n = self.y.len();
        if n < 3 {
            return Err(Error::too_few_points(n, 3));
        }
        let (sample, seed) = self.sample.unwrap_or((SAMPLE, 0));
        if sample < 3 || sample.min(n) > MAX_SAMPLE {
            return Err(Error::parameter("sample", sample, format_args!("from 3 to {MAX_SAMPLE} points")));
        }
        let rows = draw(n, sample.min(n), seed)?;
        self.with_spaces(|data, map| {
            let data = ranks(&pair_distances(data, &rows)?)?;
            let map = ranks(&pair_distances(map, &rows)?)?;
            let all_equal = |which| {
                let why = format!("all distances in the {which} are equal: there is no order to keep");
                Error::numerical("Spearman correlation", why)
            };
            let (data, map) =
                (centered(data).ok_or_else(|| all_equal("data"))?, centered(map).ok_or_else(|| all_equal("map"))?);
            let products = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let correlation = products(&data, &map) / (products(&data, &data) * products(&map, &map)).sqrt();
            Ok(correlation.clamp(-1.0, 1.0))
        })
    }
}

/// The name of what is made here in errors.
const WHAT: &str = "distances of a sample";

/// The distances of all pairs of `rows`, `(0, 1), (0, 2), ..., (1, 2), ...`, as the search measures them.
fn pair_distances<T: Scalar>(space: Space<'_, T>, rows: &[usize]) -> Result<Vec<T>> {
    let m = rows.len();
    let some = match space.is_matrix {
        true => Subset::distances(space.points, rows)?,
        false => Subset::take(space.points, rows.iter().copied(), space.cx)?,
    };
    let index = space.search.build(some.points()?, space.cx)?;
    let Some(others) = NonZeroUsize::new(m.saturating_sub(1)) else { return Ok(Vec::new()) };
    let graph = index.knn_graph(others, space.cx)?;
    let mut distances: Vec<Option<T>> = memory::filled(WHAT, m * (m - 1) / 2, None)?;
    for i in 0..m {
        // Where the pairs of point i with later points begin, less i + 1.
        let start = i * (2 * m - i - 1) / 2;
        let (neighbors, values) = graph.row(i);
        for (&j, &distance) in neighbors.iter().zip(values) {
            if j as usize > i
                && let Some(place) = distances.get_mut(start + j as usize - i - 1)
            {
                *place = Some(distance);
            }
        }
    }
    distances
        .into_iter()
        .collect::<Option<Vec<T>>>()
        .ok_or_else(|| Error::invalid("neighbor search", "it did not find all points of the sample: use an exact one"))
}

/// Ranks from 0, equal values having the mean of theirs.
fn ranks<T: Scalar>(values: &[T]) -> Result<Vec<f64>> {
    let mut order = memory::collected(WHAT, 0..values.len() as u32)?;
    let value = |at: &u32| values[*at as usize];
    order.par_sort_unstable_by(|a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
    let mut ranks = memory::filled(WHAT, values.len(), 0.0)?;
    let mut first = 0;
    for tied in order.chunk_by(|a, b| value(a) == value(b)) {
        let rank = first as f64 + 0.5 * (tied.len() - 1) as f64;
        tied.iter().for_each(|at| ranks[*at as usize] = rank);
        first += tied.len();
    }
    Ok(ranks)
}

/// Ranks less their mean; `None` if they are all equal.
fn centered(mut ranks: Vec<f64>) -> Option<Vec<f64>> {
    let first = *ranks.first()?;
    if ranks.iter().all(|rank| *rank == first) {
        return None;
    }
    let mean = 0.5 * (ranks.len() - 1) as f64;
    ranks.iter_mut().for_each(|rank| *rank -= mean);
    Some(ranks)
}
