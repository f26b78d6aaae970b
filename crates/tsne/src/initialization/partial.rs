//! Positions of new points among the positions of their neighbors.

use tsne_core::{Error, KnnGraph, Result, Scalar, check_embedding, chunks, memory};

/// Rows to a task.
const ROWS: usize = 64;

/// The coordinate-wise median of the positions of the first `k` neighbors of each row of `graph`.
///
/// `embedding` are the positions of the points that the graph names. For even `k` the median is the mean of the two
/// middle values. A `k` beyond the graph's is the graph's. `O(k log k)` for each coordinate; rows do not depend on
/// each other.
///
/// # Errors
///
/// [`Error::Parameter`] if `k` is 0, [`Error::Shape`] unless the embedding has a position for each point that the
/// graph can name, [`Error::NonFinite`] for a position that is not finite.
///
/// # Examples
///
/// ```
/// use tsne::{core::KnnGraph, initialization::median};
///
/// // One new point, with all three points of the embedding as neighbors.
/// let graph = KnnGraph::from_parts(3, 3, vec![1, 0, 2], vec![0.1, 0.2, 9.0])?;
/// let embedding = [[0.0, 1.0], [2.0, 5.0], [100.0, 3.0]];
/// assert_eq!(median(&embedding, &graph, 3)?, [[2.0, 3.0]]);
/// assert_eq!(median(&embedding, &graph, 2)?, [[1.0, 3.0]]);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn median<T: Scalar, const D: usize>(embedding: &[[T; D]], graph: &KnnGraph<T>, k: usize) -> Result<Vec<[T; D]>> {
    check_embedding(embedding)?;
    median_of_checked(embedding, graph, k)
}

/// [`median`] in positions that are known to be finite: one new point does not look at all others.
pub(crate) fn median_of_checked<T: Scalar, const D: usize>(
    embedding: &[[T; D]],
    graph: &KnnGraph<T>,
    k: usize,
) -> Result<Vec<[T; D]>> {
    let k = check(embedding, graph, k)?;
    let of_row = |values: &mut Vec<T>, i: usize| -> [T; D] {
        std::array::from_fn(|c| {
            values.clear();
            values.extend(graph.row(i).0.iter().take(k).map(|&j| embedding[j as usize][c]));
            values.sort_unstable_by(T::total_cmp);
            match (values.get((k - 1) / 2), values.get(k / 2)) {
                (Some(&low), Some(&high)) if k.is_multiple_of(2) => (low + high) * T::HALF,
                (Some(&middle), _) => middle,
                _ => T::ZERO,
            }
        })
    };
    by_rows(graph.n(), of_row)
}

/// The mean of the positions of the first `k` neighbors of each row of `graph`, weighted by inverse distance.
///
/// Neighbor `j` at the distance `d_j` has the weight `1 / d_j` over the sum of all: nearer counts more (inverse
/// distance weighting, Shepard 1968). Neighbors at distance 0 share the whole weight equally. `embedding` are the
/// positions of the points that the graph names. A `k` beyond the graph's is the graph's. `O(k)` for each coordinate;
/// rows do not depend on each other.
///
/// # Errors
///
/// Those of [`median`].
///
/// # Examples
///
/// ```
/// use tsne::{core::KnnGraph, initialization::weighted_mean};
///
/// // The nearer of two neighbors has three times the weight.
/// let graph = KnnGraph::from_parts(2, 2, vec![1, 0], vec![1.0, 3.0])?;
/// assert_eq!(weighted_mean(&[[0.0, 4.0], [4.0, 0.0]], &graph, 2)?, [[3.0, 1.0]]);
/// // A point of the data again: the position it has.
/// let graph = KnnGraph::from_parts(2, 2, vec![1, 0], vec![0.0, 3.0])?;
/// assert_eq!(weighted_mean(&[[0.0, 4.0], [4.0, 0.0]], &graph, 2)?, [[4.0, 0.0]]);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn weighted_mean<T: Scalar, const D: usize>(
    embedding: &[[T; D]],
    graph: &KnnGraph<T>,
    k: usize,
) -> Result<Vec<[T; D]>> {
    check_embedding(embedding)?;
    weighted_mean_of_checked(embedding, graph, k)
}

/// [`weighted_mean`] in positions that are known to be finite.
pub(crate) fn weighted_mean_of_checked<T: Scalar, const D: usize>(
    embedding: &[[T; D]],
    graph: &KnnGraph<T>,
    k: usize,
) -> Result<Vec<[T; D]>> {
    let k = check(embedding, graph, k)?;
    let of_row = |_: &mut Vec<T>, i: usize| {
        let (neighbors, distances) = graph.row(i);
        // Distances ascend. In relation to the nearest, no weight overflows: they are in (0, 1].
        let nearest = distances.first().map_or(0.0, |d| d.to_f64());
        let weight = |d: T| match d.to_f64() {
            0.0 => 1.0,
            d if nearest > 0.0 => nearest / d,
            _ => 0.0,
        };
        let total: f64 = distances.iter().take(k).map(|d| weight(*d)).sum();
        let mut mean = [0.0; D];
        for (&j, d) in neighbors.iter().zip(distances).take(k) {
            for (mean, v) in mean.iter_mut().zip(embedding[j as usize]) {
                *mean += weight(*d) / total * v.to_f64();
            }
        }
        mean.map(T::from_f64)
    };
    by_rows(graph.n(), of_row)
}

/// The positions of `n` rows; the memory goes from row to row.
fn by_rows<T: Scalar, const D: usize>(
    n: usize,
    of_row: impl Fn(&mut Vec<T>, usize) -> [T; D] + Sync,
) -> Result<Vec<[T; D]>> {
    let mut positions = memory::filled("positions", n, [T::ZERO; D])?;
    chunks::for_each_point(&mut positions, ROWS, |b, positions| {
        let mut values = Vec::new();
        positions.iter_mut().zip(b * ROWS..).for_each(|(position, i)| *position = of_row(&mut values, i));
    });
    Ok(positions)
}

/// Checks the arguments and returns the number of neighbors to use.
fn check<T: Scalar, const D: usize>(embedding: &[[T; D]], graph: &KnnGraph<T>, k: usize) -> Result<usize> {
    if k == 0 {
        return Err(Error::parameter("k", k, "at least 1"));
    }
    if embedding.len() != graph.n_reference() {
        return Err(Error::shape("embedding", graph.n_reference(), embedding.len()));
    }
    Ok(k.min(graph.k()))
}
