//! Both directions of each pair joined, whole matrix.

use super::incoming::BucketRange;
use super::merge::{JoinedRows, Scratch};
use super::sort::sort_rows;
use super::symmetrization::Symmetrization;
use super::weighted::{Edges, WeightedGraph, own_point, repeated};
use crate::limits;
use crate::ordered;
use tsne_core::{
    Affinities, AffinityKind, Context, Error, KnnGraph, Result, Scalar, blocks, chunks, instances, memory,
};

/// The joint affinities `(P + Pᵀ) / 2`, normalized to sum 1, of the weights of a graph's neighbors.
///
/// `weights` is `n × j` for some `j` from 1 to `k`, row-major: the weights of each row's nearest `j` neighbors, finite
/// and not negative. Weights that are 0 stay in the structure, so that it is symmetric like the values, in every bit.
///
/// Takes `O(n j log j)`. Memory: one copy of the matrix, given back bit by bit while the result fills, so that hardly more than
/// the result is in memory at a time.
///
/// # Determinism
///
/// Entries are dealt in the order of their rows and sums run in a fixed order: the same bits for any number of threads.
///
/// # Errors
///
/// [`Error::Invalid`] for a graph between two sets of points, a point that is its own neighbor or that repeats a
/// neighbor, a weight that is negative or not finite, or weights whose sum is 0; [`Error::Shape`] for a wrong number of
/// weights; [`Error::Cancelled`].
///
/// # Examples
///
/// ```
/// use tsne_affinity::symmetrize;
/// use tsne_core::{Context, KnnGraph};
///
/// // Points at 0, 1 and 3 on a line: 0 and 1 name each other, 2 names 1.
/// let graph = KnnGraph::from_parts(1, 3, vec![1, 0, 1], vec![1.0, 1.0, 2.0])?;
/// let p = symmetrize(&graph, &[1.0f64; 3], Context::new())?;
/// assert_eq!(p.row(1), (&[0, 2][..], &[2.0 / 6.0, 1.0 / 6.0][..]));
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn symmetrize<T: Scalar>(graph: &KnnGraph<T>, weights: &[T], cx: Context<'_>) -> Result<Affinities<T>> {
    symmetrize_with(graph, weights, Symmetrization::Mean, cx)
}

/// The joint affinities of the weights of a graph's neighbors, normalized to sum 1, with both directions of a pair joined
/// by `symmetrization`. Otherwise as [`symmetrize`], which takes the mean.
///
/// # Errors
///
/// Those of [`symmetrize`].
///
/// # Examples
///
/// ```
/// use tsne_affinity::{Symmetrization, symmetrize_with};
/// use tsne_core::{Context, KnnGraph};
///
/// // Points at 0, 1 and 3 on a line: the last names the middle one, which names the first.
/// let graph = KnnGraph::from_parts(1, 3, vec![1, 0, 1], vec![1.0, 1.0, 2.0])?;
/// let p = symmetrize_with(&graph, &[1.0f64; 3], Symmetrization::Max, Context::new())?;
/// assert_eq!(p.row(1), (&[0, 2][..], &[0.25, 0.25][..]));
/// let p = symmetrize_with(&graph, &[1.0f64; 3], Symmetrization::None, Context::new())?;
/// assert_eq!(p.row(1).0, [0]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn symmetrize_with<T: Scalar>(
    graph: &KnnGraph<T>,
    weights: &[T],
    symmetrization: Symmetrization,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    instance(Edges::of(graph), weights, symmetrization, cx)
}

/// [`symmetrize_with`] of a graph that nobody needs any more: its distances are freed before the matrix is made.
pub(crate) fn symmetrize_owned<T: Scalar>(
    graph: KnnGraph<T>,
    weights: &[T],
    symmetrization: Symmetrization,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let (k, n_reference, indices, distances) = graph.into_parts();
    memory::release(distances);
    instance(Edges::of_parts(k, n_reference, &indices), weights, symmetrization, cx)
}

instances! {
    fn instance[Symmetrized]<'a, 'b, T>(
        edges: Edges<'b>,
        weights: &'b [T],
        symmetrization: Symmetrization,
        cx: Context<'b>,
    ) -> Result<Affinities<T>> = joint
}

fn joint<T: Scalar>(
    edges: Edges<'_>,
    weights: &[T],
    symmetrization: Symmetrization,
    cx: Context<'_>,
) -> Result<Affinities<T>> {
    let n = edges.n();
    if n > limits::POINTS {
        return Err(Error::capacity("number of points", n, limits::POINTS));
    }
    if n != edges.n_reference {
        return Err(Error::invalid(
            "neighbor graph",
            format_args!(
                "{n} rows name neighbors out of {}: joint affinities need one set of points",
                edges.n_reference
            ),
        ));
    }
    if n < 2 {
        return Err(Error::too_few_points(n, 2));
    }
    let j = weights.len() / n;
    if j == 0 || j > edges.k || j * n != weights.len() {
        return Err(Error::shape("weights", n * edges.k, weights.len()));
    }
    let sum = blocks::sum(&mut Vec::new(), n, |range| {
        weights[range.start * j..range.end * j].iter().map(|w| if *w >= T::ZERO { w.to_f64() } else { f64::NAN }).sum()
    });
    if !(sum > 0.0 && sum.is_finite()) {
        return Err(Error::invalid(
            "weights",
            format_args!("their sum is {sum}: weights must be finite, not negative and not all 0"),
        ));
    }
    let matrix = WeightedGraph { edges, weights, j, n };
    match symmetrization {
        Symmetrization::Mean => matrix.join(|a, b| (a + b) * (0.5 / sum), cx),
        Symmetrization::Max => {
            // The sum is known only when all pairs are. The larger of two weights is one of them: nothing is rounded twice.
            let (row_pointers, columns, mut weights) = matrix.joined(f64::max, cx)?;
            normalize(&mut weights);
            Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint)
        }
        Symmetrization::None => matrix.directed(sum, cx),
    }
}

/// Divides by the sum.
fn normalize<T: Scalar>(weights: &mut [T]) {
    let sum = blocks::sum(&mut Vec::new(), weights.len(), |range| weights[range].iter().map(|w| w.to_f64()).sum());
    chunks::for_each(weights, blocks::BLOCK, |_, weights| {
        weights.iter_mut().for_each(|w| *w = T::from_f64(w.to_f64() / sum));
    });
}

/// Row pointers, columns and weights of a matrix.
type Parts<T> = (Vec<usize>, Vec<u32>, Vec<T>);

impl<T: Scalar> WeightedGraph<'_, T> {
    /// The rows as they are, divided by the sum of all weights.
    fn directed(&self, sum: f64, cx: Context<'_>) -> Result<Affinities<T>> {
        let (n, j) = (self.n, self.j);
        if let Some(i) = blocks::find_first(n, |i| self.neighbors(i).contains(&(i as u32)).then_some(i)) {
            return Err(own_point(i));
        }
        let mut weights = memory::filled("weights", self.weights.len(), T::ZERO)?;
        chunks::for_each(&mut weights, blocks::BLOCK, |b, weights| {
            let from = &self.weights[b * blocks::BLOCK..];
            weights.iter_mut().zip(from).for_each(|(to, w)| *to = T::from_f64(w.to_f64() / sum));
        });
        let columns = sort_rows(self.edges, &mut weights, j, cx)?;
        if let Some((i, column)) = repetition(&columns, j) {
            return Err(repeated(i, column));
        }
        let mut row_pointers = Vec::new();
        memory::reserve("row pointers", &mut row_pointers, n + 1)?;
        row_pointers.extend((0..=n).map(|i| i * j));
        Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint)
    }

    /// The matrix of `combine` of both directions of each pair, which must be symmetric; 0 stands for one that is missing.
    fn join(&self, combine: impl Fn(f64, f64) -> f64 + Sync + Copy, cx: Context<'_>) -> Result<Affinities<T>> {
        let (row_pointers, columns, weights) = self.joined(combine, cx)?;
        Affinities::from_parts(row_pointers, columns, weights, self.n, AffinityKind::Joint)
    }

    fn joined(&self, combine: impl Fn(f64, f64) -> f64 + Sync + Copy, cx: Context<'_>) -> Result<Parts<T>> {
        let parts = BucketRange::all(self, cx)?;
        // Room for the case that no pair is mutual. It is zeroed by the system when it is first written, so that the end,
        // which is given back, takes no memory.
        let most = self.weights.len().saturating_mul(2);
        let mut columns = memory::filled("columns of the affinities", most, 0u32)?;
        let mut weights = memory::filled("weights of the affinities", most, T::ZERO)?;
        let mut row_pointers = Vec::new();
        memory::reserve("row pointers", &mut row_pointers, self.n + 1)?;
        row_pointers.push(0usize);
        let mut filled = 0;
        for part in parts {
            let mut rows = Vec::new();
            memory::reserve("joined rows", &mut rows, part.buckets().len())?;
            rows.resize_with(part.buckets().len(), JoinedRows::<T>::default);
            ordered::try_for_each((&mut rows, 1), Scratch::default, |scratch, b, rows| {
                cx.check()?;
                rows[0] = scratch.rows(self, &part, part.buckets().start + b, combine)?;
                Ok(())
            })?;
            drop(part);
            let mut targets = Vec::new();
            memory::reserve("joined rows", &mut targets, rows.len())?;
            let (mut rest_columns, mut rest_weights) = (&mut columns[filled..], &mut weights[filled..]);
            for rows in &mut rows {
                for &length in &rows.lengths {
                    filled += length as usize;
                    row_pointers.push(filled);
                }
                let (columns, columns_tail) = rest_columns.split_at_mut(rows.columns.len());
                let (weights, weights_tail) = rest_weights.split_at_mut(rows.columns.len());
                targets.push((columns, weights, rows));
                (rest_columns, rest_weights) = (columns_tail, weights_tail);
            }
            chunks::for_each(&mut targets, 1, |_, targets| {
                for (columns, weights, rows) in targets {
                    // Freed when it is copied, and not when all are: the result takes the place of its rows.
                    let rows = std::mem::take(*rows);
                    columns.copy_from_slice(&rows.columns);
                    weights.copy_from_slice(&rows.weights);
                }
            });
        }
        columns.truncate(filled);
        weights.truncate(filled);
        columns.shrink_to_fit();
        weights.shrink_to_fit();
        Ok((row_pointers, columns, weights))
    }
}

/// The first row of `j` sorted columns that repeats one, and which.
fn repetition(columns: &[u32], j: usize) -> Option<(usize, u32)> {
    blocks::find_first(columns.len() / j.max(1), |i| {
        let pair = columns[i * j..(i + 1) * j].windows(2).find(|pair| pair[0] == pair[1])?;
        Some((i, pair[0]))
    })
}
