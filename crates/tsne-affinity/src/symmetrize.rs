//! Joining the rows of conditional affinities into one symmetric matrix.
//!
//! Row `i` of the result holds the neighbors of `i` and the points that have `i` as a neighbor without being one of
//! its own. Only the latter are collected (about half as many as there are neighbors); weights of the opposite
//! direction are looked up in the other point's row. No transposed copy of the matrix is ever in memory.

use crate::conditional::sort_rows;
use crate::symmetrization::Symmetrization;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};
use tsne_core::{Affinities, AffinityKind, Context, Error, KnnGraph, Result, Scalar, blocks, simd};

/// Neighbors compared at once in a look-up: the widest vector of 32-bit numbers.
const LANES: usize = 16;

/// Marks a column that is no neighbor of the row's own.
const INCOMING: u32 = u32::MAX;

/// The joint affinities `(P + Pᵀ) / 2`, normalized to sum 1, of the weights of a graph's neighbors.
///
/// `weights` is `n × j` for some `j` from 1 to `k`, row-major: the weights of each row's nearest `j` neighbors, finite
/// and not negative. Weights that are 0 stay in the structure, so that it is symmetric like the values, in every bit.
///
/// Takes `O(n j²)` comparisons, vectorized; memory beside the result: about `4 n j` bytes at the most.
///
/// # Determinism
///
/// Rows are sorted after they are collected and sums run in a fixed order: the same bits for any number of threads.
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
    let n = graph.n();
    if n != graph.n_reference() {
        return Err(Error::invalid(
            "neighbor graph",
            format_args!(
                "{n} rows name neighbors out of {}: joint affinities need one set of points",
                graph.n_reference()
            ),
        ));
    }
    if n < 2 {
        return Err(Error::TooFewPoints { n, needed: 2 });
    }
    let j = weights.len() / n;
    if j == 0 || j > graph.k() || j * n != weights.len() {
        return Err(Error::Shape { what: "weights", expected: n * graph.k(), given: weights.len() });
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
    let matrix = Matrix { graph, weights, j, n };
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
    weights.par_chunks_mut(blocks::BLOCK).flatten_iter().for_each(|w| *w = T::from_f64(w.to_f64() / sum));
}

struct Matrix<'a, T> {
    graph: &'a KnnGraph<T>,
    weights: &'a [T],
    j: usize,
    n: usize,
}

/// Row pointers, columns and weights of a matrix.
type Parts<T> = (Vec<usize>, Vec<u32>, Vec<T>);

/// Rows of the result that one task fills.
struct Output<'o, T> {
    first: usize,
    columns: &'o mut [u32],
    weights: &'o mut [T],
}

impl<'a, T: Scalar> Matrix<'a, T> {
    #[inline(always)]
    fn neighbors(&self, i: usize) -> &'a [u32] {
        let start = i * self.graph.k();
        &self.graph.indices()[start..start + self.j]
    }

    /// The rows as they are, divided by the sum of all weights.
    fn directed(&self, sum: f64, cx: Context<'_>) -> Result<Affinities<T>> {
        let (n, j) = (self.n, self.j);
        if let Some(i) = (0..n).into_par_iter().find_first(|&i| self.neighbors(i).contains(&(i as u32))) {
            return Err(own_point(i));
        }
        let mut weights: Vec<T> = self.weights.par_iter().map(|w| T::from_f64(w.to_f64() / sum)).collect();
        let columns = sort_rows(self.graph, &mut weights, j, cx)?;
        if let Some((i, column)) = repetition(&columns, j) {
            return Err(repeated(i, column));
        }
        let row_pointers = (0..=n).map(|i| i * j).collect();
        Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint)
    }

    /// The matrix of `combine` of both directions of each pair, which must be symmetric; 0 stands for one that is missing.
    fn join(&self, combine: impl Fn(f64, f64) -> f64 + Sync + Copy, cx: Context<'_>) -> Result<Affinities<T>> {
        let (row_pointers, columns, weights) = self.joined(combine, cx)?;
        Affinities::from_parts(row_pointers, columns, weights, self.n, AffinityKind::Joint)
    }

    fn joined(&self, combine: impl Fn(f64, f64) -> f64 + Sync + Copy, cx: Context<'_>) -> Result<Parts<T>> {
        let (n, j) = (self.n, self.j);
        // One bit for each neighbor: whether it has the point as a neighbor, too.
        let words = j.div_ceil(64);
        let mut mutual = vec![0u64; n * words];
        let counts: Vec<AtomicU32> = (0..n).map(|_| AtomicU32::new(0)).collect();
        mutual.par_chunks_mut(words * blocks::BLOCK).enumerate().try_for_each(|(b, mutual)| {
            cx.check()?;
            simd::dispatch(FindMutual { matrix: self, first: b * blocks::BLOCK, mutual, counts: &counts });
            Ok::<(), Error>(())
        })?;
        let mut starts = Vec::with_capacity(n + 1);
        let mut total = 0usize;
        starts.push(0usize);
        for count in &counts {
            total += count.load(Ordering::Relaxed) as usize;
            starts.push(total);
        }
        // Slots are taken in any order; rows are sorted when they are filled.
        let incoming: Vec<AtomicU32> = (0..total).map(|_| AtomicU32::new(0)).collect();
        (0..n).into_par_iter().with_min_len(blocks::BLOCK).for_each(|i| {
            for (l, &to) in self.neighbors(i).iter().enumerate() {
                if mutual[i * words + l / 64] >> (l % 64) & 1 == 0 {
                    let slot = counts[to as usize].fetch_sub(1, Ordering::Relaxed) as usize - 1;
                    incoming[starts[to as usize] + slot].store(i as u32, Ordering::Relaxed);
                }
            }
        });
        drop(counts);
        let row_pointers: Vec<usize> = starts.iter().enumerate().map(|(i, start)| i * j + start).collect();
        let nnz = n * j + total;
        let mut columns = vec![0u32; nnz];
        let mut weights = vec![T::ZERO; nnz];
        let mut outputs = Vec::with_capacity(blocks::count(n));
        let (mut rest_columns, mut rest_weights) = (&mut columns[..], &mut weights[..]);
        for b in 0..blocks::count(n) {
            let range = blocks::range(b, n);
            let length = row_pointers[range.end] - row_pointers[range.start];
            let (head, tail) = rest_columns.split_at_mut(length);
            let (weights_head, weights_tail) = rest_weights.split_at_mut(length);
            outputs.push(Output { first: range.start, columns: head, weights: weights_head });
            (rest_columns, rest_weights) = (tail, weights_tail);
        }
        outputs.into_par_iter().try_for_each_init(Vec::new, |row, output| {
            cx.check()?;
            simd::dispatch(Fill {
                matrix: self,
                row,
                output,
                row_pointers: &row_pointers,
                mutual: &mutual,
                incoming: &incoming,
                starts: &starts,
                combine,
            })
        })?;
        Ok((row_pointers, columns, weights))
    }
}

/// The first row of `j` sorted columns that repeats one, and which.
fn repetition(columns: &[u32], j: usize) -> Option<(usize, u32)> {
    columns.par_chunks_exact(j).enumerate().find_map_first(|(i, row)| {
        let pair = row.windows(2).find(|pair| pair[0] == pair[1])?;
        Some((i, pair[0]))
    })
}

fn own_point(i: usize) -> Error {
    Error::invalid("neighbor graph", format_args!("row {i} names its own point: leave it out"))
}

fn repeated(i: usize, column: u32) -> Error {
    Error::invalid("neighbor graph", format_args!("row {i} names point {column} twice"))
}

/// Marks the neighbors that have the point as a neighbor, too, and counts the others.
struct FindMutual<'b, 'a, T> {
    matrix: &'b Matrix<'a, T>,
    first: usize,
    mutual: &'b mut [u64],
    counts: &'b [AtomicU32],
}

impl<T: Scalar> simd::Task for FindMutual<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { matrix, first, mutual, counts } = self;
        for (r, words) in mutual.chunks_exact_mut(matrix.j.div_ceil(64)).enumerate() {
            let i = first + r;
            for (l, &other) in matrix.neighbors(i).iter().enumerate() {
                if find(matrix.neighbors(other as usize), i as u32).is_some() {
                    words[l / 64] |= 1 << (l % 64);
                } else {
                    counts[other as usize].fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Writes rows of the result.
struct Fill<'b, 'a, 'o, T, F> {
    matrix: &'b Matrix<'a, T>,
    /// Pairs of a column and its place among the neighbors, packed, so that they sort fast.
    row: &'b mut Vec<u64>,
    output: Output<'o, T>,
    row_pointers: &'b [usize],
    mutual: &'b [u64],
    incoming: &'b [AtomicU32],
    starts: &'b [usize],
    combine: F,
}

impl<T: Scalar, F: Fn(f64, f64) -> f64> simd::Task for Fill<'_, '_, '_, T, F> {
    type Output = Result<()>;
    #[inline(always)]
    fn run(self) -> Result<()> {
        let Self { matrix, row, output, row_pointers, mutual, incoming, starts, combine } = self;
        let words = matrix.j.div_ceil(64);
        let Output { first, mut columns, mut weights } = output;
        let mut i = first;
        while !columns.is_empty() {
            let length = row_pointers[i + 1] - row_pointers[i];
            let (row_columns, rest) = columns.split_at_mut(length);
            columns = rest;
            let (row_weights, rest) = weights.split_at_mut(length);
            weights = rest;
            row.clear();
            let own = matrix.neighbors(i).iter().enumerate();
            row.extend(own.map(|(l, &column)| u64::from(column) << 32 | l as u64));
            let others = &incoming[starts[i]..starts[i + 1]];
            row.extend(others.iter().map(|a| u64::from(a.load(Ordering::Relaxed)) << 32 | u64::from(INCOMING)));
            row.sort_unstable();
            if let Some(pair) = row.windows(2).find(|pair| pair[0] >> 32 == pair[1] >> 32) {
                return Err(repeated(i, (pair[0] >> 32) as u32));
            }
            for ((column, weight), &packed) in row_columns.iter_mut().zip(row_weights).zip(row.iter()) {
                let (other, place) = ((packed >> 32) as usize, packed as u32);
                if other == i {
                    return Err(own_point(i));
                }
                let there =
                    if place == INCOMING { 0.0 } else { matrix.weights[i * matrix.j + place as usize].to_f64() };
                let answered = place == INCOMING || {
                    let l = place as usize;
                    mutual[i * words + l / 64] >> (l % 64) & 1 == 1
                };
                let back = if answered { find(matrix.neighbors(other), i as u32) } else { None };
                let back = back.map_or(0.0, |place| matrix.weights[other * matrix.j + place].to_f64());
                *column = other as u32;
                // Neither the sum nor the larger of two depends on their order: both halves of the matrix get the same bits.
                *weight = T::from_f64(combine(there, back));
            }
            i += 1;
        }
        Ok(())
    }
}

/// The place of `point` in a row.
///
/// Reads the whole row without a branch: a look-up waits for memory, and a mispredicted exit would keep the next one
/// from starting meanwhile.
#[inline(always)]
fn find(row: &[u32], point: u32) -> Option<usize> {
    let Some(last) = row.last_chunk::<LANES>() else { return row.iter().position(|&j| j == point) };
    // Places are counted from 1; 0 is none. The last chunk overlaps the one before it, which names the same places.
    let mut places = [0u32; LANES];
    let (chunks, _) = row.as_chunks::<LANES>();
    let mut base = 1u32;
    for chunk in chunks {
        mark(&mut places, chunk, point, base);
        base += LANES as u32;
    }
    mark(&mut places, last, point, 1 + (row.len() - LANES) as u32);
    // A neighbor that is named twice is an error that is found elsewhere; here any of its places will do.
    let place = places.iter().fold(0, |a, &b| a.max(b)) as usize;
    place.checked_sub(1)
}

/// Notes the place of `point` among the lanes of a chunk whose first place is `base`.
#[inline(always)]
fn mark(places: &mut [u32; LANES], chunk: &[u32; LANES], point: u32, base: u32) {
    for l in 0..LANES {
        let place = if chunk[l] == point { base + l as u32 } else { 0 };
        places[l] = places[l].max(place);
    }
}
