//! Both directions of each pair joined, whole matrix.

use super::dealt::Dealt;
use super::merge::{JoinedRows, Scratch};
use super::sort::sort_rows;
use super::symmetrization::Symmetrization;
use super::weighted::{Edges, WeightedGraph, own_point, repeated};
use crate::limits;
use crate::ordered;
use std::ops::Range;
use tsne_core::{Affinities, Array, Context, Error, KnnGraph, Result, Scalar, blocks, chunks, instances, memory};

/// The joint affinities `(P + Pᵀ) / 2`, normalized to sum 1, of the weights of a graph's neighbors.
///
/// `weights` is `n × j` for some `j` from 1 to `k`, row-major: the weights of each row's nearest `j` neighbors, finite
/// and not negative. Weights that are 0 stay in the structure, so that it is symmetric like the values, in every bit.
///
/// In a [`Team`](tsne_core::Team) graph and weights have the rows of this member's points, [`Context::rows`] of
/// [`KnnGraph::n_reference`], and so has the result: [`Affinities::from_rows`]. Members send each other the entries that point to rows
/// of the others.
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
/// [`Error::Invalid`] for a graph between two sets of points, or one whose rows are not those of this member of a team, a point that is
/// its own neighbor or that repeats a neighbor, a weight that is negative or not finite, or weights whose sum is 0; [`Error::Shape`] for a wrong number of
/// weights; [`Error::Cancelled`]; [`Error::Team`].
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
    let (k, n_reference, indices, distances) = graph.into_arrays();
    distances.release();
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
    let n = edges.n_reference;
    let rows = cx.rows(n);
    if edges.n() != rows.len() {
        return Err(other_rows(edges.n(), n, &rows, cx));
    }
    if n > limits::POINTS {
        return Err(Error::capacity("number of points", n, limits::POINTS));
    }
    if n < 2 {
        return Err(Error::too_few_points(n, 2));
    }
    // A member of a team may have no rows.
    let j = weights.len().checked_div(rows.len()).unwrap_or(0);
    if j > edges.k || j * rows.len() != weights.len() || (j == 0 && !rows.is_empty()) {
        return Err(Error::shape("weights", rows.len() * edges.k, weights.len()));
    }
    let j = agreed(n, j, symmetrization, cx)?;
    let sum_in = |unit: f64| {
        cx.sum_blocks(&mut Vec::new(), n, |range| {
            let places = (range.start - rows.start) * j..(range.end - rows.start) * j;
            weights[places].iter().map(|w| if *w >= T::ZERO { unit * w.to_f64() } else { f64::NAN }).sum()
        })
    };
    let mut sum = sum_in(1.0)?;
    // Another unit, a power of 2, changes no digit: where the sum of both directions overflows, and where the inverse of a sum does.
    let unit = match sum {
        sum if sum > 0.25 * f64::MAX => 2f64.powi(-64),
        sum if sum > 0.0 && sum < f64::MIN_POSITIVE => 2f64.powi(512),
        _ => 1.0,
    };
    if unit != 1.0 {
        sum = sum_in(unit)?;
    }
    if !(sum > 0.0 && sum.is_finite()) {
        return Err(Error::invalid(
            "weights",
            format_args!("their sum is {sum}: weights must be finite, not negative and not all 0"),
        ));
    }
    let first = rows.start;
    let matrix = WeightedGraph { edges, weights, j, n, rows };
    let (row_pointers, columns, weights) = match symmetrization {
        Symmetrization::Mean => matrix.joined(|a, b| (unit * a + unit * b) * (0.5 / sum), cx)?,
        Symmetrization::Max => {
            // The sum is known only when all pairs are. The larger of two weights is one of them: nothing is rounded twice.
            let (row_pointers, columns, mut weights) = matrix.joined(|a, b| unit * a.max(b), cx)?;
            let sum = sum_of_rows(&row_pointers, &weights, (first, n), cx)?;
            chunks::for_each(&mut weights, blocks::BLOCK, |_, weights| {
                weights.iter_mut().for_each(|w| *w = T::from_f64(w.to_f64() / sum));
            });
            (row_pointers, columns, weights)
        }
        Symmetrization::None => matrix.directed(|w| unit * w / sum, cx)?,
    };
    if cx.members() > 1 {
        // What `from_rows` sees to where the rows are all.
        let sum = sum_of_rows(&row_pointers, &weights, (first, n), cx)?;
        if (sum - 1.0).abs() > limits::SUM_TOLERANCE {
            let why = format_args!("joint weights sum to {sum} over all members of the team, but must sum to 1");
            return Err(Error::invalid("affinities", why));
        }
    }
    Affinities::from_row_arrays(first, row_pointers, columns, weights, n)
}

/// The error of a graph of so many rows, out of `n` points, that are not those of this process.
fn other_rows(given: usize, n: usize, rows: &Range<usize>, cx: Context<'_>) -> Error {
    let (rank, members, expected) = (cx.rank(), cx.members(), rows.len());
    let why = match members {
        1 => format!("{given} rows name neighbors out of {n}: joint affinities need one set of points"),
        _ => format!(
            "{given} rows name neighbors out of {n}, but member {rank} of a team of {members} has {expected} of these points, from {} on",
            rows.start
        ),
    };
    Error::invalid("neighbor graph", why)
}

/// The number of weights in a row, which all members of a team that have rows agree on, as they do on the number of points.
fn agreed(n: usize, j: usize, symmetrization: Symmetrization, cx: Context<'_>) -> Result<usize> {
    let all = cx.gather_one([n, j, symmetrization as usize])?;
    let j = all.iter().fold(0, |most, &[_, j, _]| most.max(j));
    let fits = |&[other_n, other_j, other]: &[usize; 3]| {
        other_n == n && other == symmetrization as usize && (other_j == j || other_j == 0)
    };
    match all.iter().all(fits) {
        true => Ok(j),
        false => Err(Error::team(format_args!(
            "members have neighbors of other numbers of points, other numbers of them, or join them otherwise: start all with the same input and parameters"
        ))),
    }
}

/// The sum of the weights of all rows, whose pointers here are those of the points from `first` on, out of `n`: by blocks of rows.
fn sum_of_rows<T: Scalar>(
    row_pointers: &[usize],
    weights: &[T],
    (first, n): (usize, usize),
    cx: Context<'_>,
) -> Result<f64> {
    cx.sum_blocks(&mut Vec::new(), n, |range| {
        let entries = row_pointers[range.start - first]..row_pointers[range.end - first];
        weights[entries].iter().map(|w| w.to_f64()).sum()
    })
}

/// Row pointers, columns and weights of a matrix.
type Parts<T> = (Vec<usize>, Array<u32>, Array<T>);

impl<T: Scalar> WeightedGraph<'_, T> {
    /// The rows with `share` of each weight.
    fn directed(&self, share: impl Fn(f64) -> f64 + Sync, cx: Context<'_>) -> Result<Parts<T>> {
        let (first, count, j) = (self.rows.start, self.rows.len(), self.j);
        let own = |place: usize| self.neighbors(first + place).contains(&((first + place) as u32)).then_some(place);
        if let Some(place) = blocks::find_first(count, own) {
            return Err(own_point(first + place));
        }
        let mut weights = cx.zeros("weights", self.weights.len())?;
        chunks::for_each(&mut weights, blocks::BLOCK, |b, weights| {
            let from = &self.weights[b * blocks::BLOCK..];
            weights.iter_mut().zip(from).for_each(|(to, w)| *to = T::from_f64(share(w.to_f64())));
        });
        let columns = sort_rows(self.edges, &mut weights, j, cx)?;
        if let Some((place, column)) = repetition(&columns, j) {
            return Err(repeated(first + place, column));
        }
        let mut row_pointers = Vec::new();
        memory::reserve("row pointers", &mut row_pointers, count + 1)?;
        row_pointers.extend((0..=count).map(|i| i * j));
        Ok((row_pointers, columns, weights))
    }

    /// The matrix of `combine` of both directions of each pair, which must be symmetric; 0 stands for one that is missing.
    fn joined(&self, combine: impl Fn(f64, f64) -> f64 + Sync + Copy, cx: Context<'_>) -> Result<Parts<T>> {
        let mut dealt = Dealt::new(self, cx)?;
        // Room for the case that no pair is mutual. It is zeroed by the system when it is first written, so that the end,
        // which is given back, takes no memory.
        let most = self.weights.len().saturating_add(dealt.incoming());
        let mut columns = cx.zeros::<u32>("columns of the affinities", most)?;
        let mut weights = cx.zeros::<T>("weights of the affinities", most)?;
        let mut row_pointers = Vec::new();
        memory::reserve("row pointers", &mut row_pointers, self.rows.len() + 1)?;
        row_pointers.push(0usize);
        let mut filled = 0;
        while let Some(part) = dealt.next_part(cx)? {
            let mut rows = Vec::new();
            memory::reserve("joined rows", &mut rows, part.buckets.len())?;
            rows.resize_with(part.buckets.len(), JoinedRows::<T>::default);
            ordered::try_for_each((&mut rows, 1), Scratch::default, |scratch, b, rows| {
                cx.check()?;
                rows[0] = scratch.rows(self, &part, part.buckets.start + b, combine)?;
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
