//! The attraction over affinities as they are.

use super::lanes::{AttractionLanes, last_chunk};
use super::rows::{count_of, number_of, per_unit, unit_of};
use tsne_core::simd::{self, Task};
use tsne_core::{Affinities, Error, Kernel, Result, Scalar, blocks, chunks};

/// Writes the attraction `Σ_j p_ij (y_i - r_j) / (1 + |y_i - r_j|²/dof)` of every row of `p` into `out`.
///
/// `y` are the positions of the rows of `p`, `reference` those of its columns (the same slice in a fit). One pass
/// over the non-zeros, parallel over rows. Pairs whose squared distance, or that over `dof`, is beyond the numbers of `T` count as
/// infinitely far.
///
/// # Errors
///
/// [`Error::Shape`] unless `y` and `out` have a position for each row of `p` and `reference` one for each column.
///
/// # Examples
///
/// ```
/// use tsne_optim::{Kernel, attract};
///
/// # use tsne_optim::{Affinities, AffinityKind};
/// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5f64; 2], 2, AffinityKind::Joint)?;
/// let mut out = [[0.0; 1]; 2];
/// attract(&p, Kernel::CAUCHY, &[[0.0], [1.0]], &[[0.0], [1.0]], &mut out)?;
/// assert_eq!(out, [[-0.25], [0.25]]); // 1/2 · (0 - 1) / (1 + 1), and back.
/// # Ok::<(), tsne_optim::Error>(())
/// ```
pub fn attract<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    reference: &[[T; D]],
    out: &mut [[T; D]],
) -> Result<()> {
    check(p, y, reference)?;
    if out.len() != p.n() {
        return Err(Error::shape("attraction", p.n(), out.len()));
    }
    for_each_row_block(p, kernel, y, (reference, false), out, |_, attraction, out| out.copy_from_slice(attraction));
    Ok(())
}

pub(crate) fn check<T: Scalar, const D: usize>(p: &Affinities<T>, y: &[[T; D]], reference: &[[T; D]]) -> Result<()> {
    if y.len() != p.n() {
        return Err(Error::shape("embedding", p.n(), y.len()));
    }
    if reference.len() != p.n_columns() {
        return Err(Error::shape("reference embedding", p.n_columns(), reference.len()));
    }
    Ok(())
}

/// Rows to a task, of `n`: sums are those of single rows, so that tasks may be as small as keeps many threads busy.
pub(super) fn rows_of_a_task(n: usize) -> usize {
    (n / 64).clamp(64, blocks::BLOCK)
}

/// Coordinates of a block, on the stack: blocks of [`blocks::BLOCK`] rows in up to three dimensions, of fewer in more, so that
/// no dimension takes more of the stack.
const SCRATCH: usize = 3 * blocks::BLOCK;

/// Replaces each block of `out` by `finish(rows' first index, attraction of the block, previous block of out)`.
///
/// The gradient is `e · attraction - repulsion / Z`: `out` holds the repulsion on the way in, and `finish` combines
/// the two while the block is in the cache.
///
/// `as_counts` says whether weights are rounded to counts of a unit of their row ([`unit_of`]).
pub(crate) fn for_each_row_block<T, const D: usize, F>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    (reference, as_counts): (&[[T; D]], bool),
    out: &mut [[T; D]],
    finish: F,
) where
    T: Scalar,
    F: Fn(usize, &[[T; D]], &mut [[T; D]]) + Sync,
{
    let inverse_dof = T::from_f64(1.0 / kernel.dof());
    let rows = (SCRATCH / D.max(1)).clamp(1, rows_of_a_task(out.len()));
    chunks::for_each_point(out, rows, |b, out| {
        let first = b * rows;
        let (mut few, mut many) = ([T::ZERO; SCRATCH], Vec::new());
        let scratch = if D <= SCRATCH {
            &mut few[..]
        } else {
            many.resize(D, T::ZERO);
            &mut many[..]
        };
        let attraction = &mut scratch.as_chunks_mut().0[..out.len()];
        simd::dispatch(RowBlock { p, y, reference, as_counts, first, inverse_dof, attraction });
        finish(first, attraction, out);
    });
}

struct RowBlock<'a, T, const D: usize> {
    p: &'a Affinities<T>,
    y: &'a [[T; D]],
    reference: &'a [[T; D]],
    as_counts: bool,
    first: usize,
    inverse_dof: T,
    attraction: &'a mut [[T; D]],
}

impl<T: Scalar, const D: usize> Task for RowBlock<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { p, y, reference, as_counts, first, inverse_dof, attraction } = self;
        for (r, out) in attraction.iter_mut().enumerate() {
            let (columns, weights) = p.row(first + r);
            let (column_chunks, _) = columns.as_chunks();
            let (weight_chunks, _) = weights.as_chunks();
            let last = last_chunk(columns, weights);
            let chunks = column_chunks.iter().zip(weight_chunks).chain(last.as_ref().map(|(c, w)| (c, w)));
            let mut lanes = AttractionLanes::new();
            // Every column is below the length of `reference`: checked against the matrix before the loop.
            if as_counts {
                let unit = unit_of(weights);
                let per_unit = per_unit(unit);
                for (columns, weights) in chunks {
                    let counts = weights.map(|weight| number_of(count_of(weight, per_unit)));
                    _ = lanes.add(y[first + r], reference, columns, &counts, inverse_dof);
                }
                *out = lanes.fold().map(|sum| unit * sum);
            } else {
                for (columns, weights) in chunks {
                    _ = lanes.add(y[first + r], reference, columns, weights, inverse_dof);
                }
                *out = lanes.fold();
            }
        }
    }
}
