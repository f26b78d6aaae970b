use rayon::prelude::*;
use tsne_core::simd::{self, Task};
use tsne_core::{Affinities, Error, Kernel, Profile, ProfileVisitor, Result, Scalar, blocks};

/// Affinities per step of the inner loop, and the number of running sums of a row: one vector register of `f32`
/// under AVX2. A constant, so that the order of summation is the same on every machine.
const LANES: usize = 8;

/// Writes the attraction `Σ_j p_ij (y_i - r_j) / (1 + |y_i - r_j|²/dof)` of every row of `p` into `out`.
///
/// `y` are the positions of the rows of `p`, `reference` those of its columns (the same slice in a fit). One pass
/// over the non-zeros, parallel over rows.
///
/// # Errors
///
/// [`Error::Shape`] unless `y` and `out` have a position for each row of `p` and `reference` one for each column.
///
/// # Examples
///
/// ```
/// use tsne_core::Kernel;
/// use tsne_optim::attract;
///
/// # use tsne_core::{Affinities, AffinityKind};
/// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5f64; 2], 2, AffinityKind::Joint)?;
/// let mut out = [[0.0; 1]; 2];
/// attract(&p, Kernel::CAUCHY, &[[0.0], [1.0]], &[[0.0], [1.0]], &mut out)?;
/// assert_eq!(out, [[-0.25], [0.25]]); // 1/2 · (0 - 1) / (1 + 1), and back.
/// # Ok::<(), tsne_core::Error>(())
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
        return Err(Error::Shape { what: "attraction", expected: p.n(), given: out.len() });
    }
    for_each_row_block(p, kernel, y, reference, out, |_, attraction, out| out.copy_from_slice(attraction));
    Ok(())
}

pub(crate) fn check<T: Scalar, const D: usize>(p: &Affinities<T>, y: &[[T; D]], reference: &[[T; D]]) -> Result<()> {
    if y.len() != p.n() {
        return Err(Error::Shape { what: "embedding", expected: p.n(), given: y.len() });
    }
    if reference.len() != p.n_columns() {
        return Err(Error::Shape { what: "reference embedding", expected: p.n_columns(), given: reference.len() });
    }
    Ok(())
}

/// Replaces each block of `out` by `finish(rows' first index, attraction of the block, previous block of out)`.
///
/// The gradient is `e · attraction - repulsion / Z`: `out` holds the repulsion on the way in, and `finish` combines
/// the two while the block is in the cache.
pub(crate) fn for_each_row_block<T, const D: usize, F>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    reference: &[[T; D]],
    out: &mut [[T; D]],
    finish: F,
) where
    T: Scalar,
    F: Fn(usize, &[[T; D]], &mut [[T; D]]) + Sync,
{
    kernel.visit(Rows { p, y, reference, out, finish });
}

struct Rows<'a, T, const D: usize, F> {
    p: &'a Affinities<T>,
    y: &'a [[T; D]],
    reference: &'a [[T; D]],
    out: &'a mut [[T; D]],
    finish: F,
}

impl<T, const D: usize, F> ProfileVisitor<T> for Rows<'_, T, D, F>
where
    T: Scalar,
    F: Fn(usize, &[[T; D]], &mut [[T; D]]) + Sync,
{
    type Output = ();

    fn visit<P: Profile<T>>(self, profile: P) {
        let Self { p, y, reference, out, finish } = self;
        out.par_chunks_mut(blocks::BLOCK).enumerate().for_each(|(b, out)| {
            let first = b * blocks::BLOCK;
            let mut attraction = [[T::ZERO; D]; blocks::BLOCK];
            let attraction = &mut attraction[..out.len()];
            simd::dispatch(RowBlock { p, y, reference, first, profile, attraction });
            finish(first, attraction, out);
        });
    }
}

struct RowBlock<'a, T, const D: usize, P> {
    p: &'a Affinities<T>,
    y: &'a [[T; D]],
    reference: &'a [[T; D]],
    first: usize,
    profile: P,
    attraction: &'a mut [[T; D]],
}

impl<T: Scalar, const D: usize, P: Profile<T>> Task for RowBlock<'_, T, D, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { p, y, reference, first, profile, attraction } = self;
        for (r, out) in attraction.iter_mut().enumerate() {
            let (columns, weights) = p.row(first + r);
            *out = row(y[first + r], reference, columns, weights, profile);
        }
    }
}

#[inline(always)]
fn row<T: Scalar, const D: usize, P: Profile<T>>(
    yi: [T; D],
    reference: &[[T; D]],
    columns: &[u32],
    weights: &[T],
    profile: P,
) -> [T; D] {
    let mut sums = [[T::ZERO; LANES]; D];
    let (column_chunks, column_rest) = columns.as_chunks::<LANES>();
    let (weight_chunks, weight_rest) = weights.as_chunks::<LANES>();
    for (columns, weights) in column_chunks.iter().zip(weight_chunks) {
        add_chunk(&mut sums, yi, reference, columns, weights, profile);
    }
    if let Some(&filler) = column_rest.first() {
        // The last chunk is filled up with weight zero on a column that exists.
        let mut columns = [filler; LANES];
        let mut weights = [T::ZERO; LANES];
        columns[..column_rest.len()].copy_from_slice(column_rest);
        weights[..weight_rest.len()].copy_from_slice(weight_rest);
        add_chunk(&mut sums, yi, reference, &columns, &weights, profile);
    }
    std::array::from_fn(|c| fold(sums[c]))
}

#[inline(always)]
fn add_chunk<T: Scalar, const D: usize, P: Profile<T>>(
    sums: &mut [[T; LANES]; D],
    yi: [T; D],
    reference: &[[T; D]],
    columns: &[u32; LANES],
    weights: &[T; LANES],
    profile: P,
) {
    // Every column is below the length of `reference`: checked against the matrix before the loop.
    let Some(neighbors) = simd::gather(reference, columns) else { return };
    let mut difference = [[T::ZERO; LANES]; D];
    for c in 0..D {
        for l in 0..LANES {
            difference[c][l] = yi[c] - neighbors[l][c];
        }
    }
    let mut d2 = [T::ZERO; LANES];
    for row in &difference {
        for l in 0..LANES {
            d2[l] += row[l] * row[l];
        }
    }
    let mut factor = [T::ZERO; LANES];
    for l in 0..LANES {
        factor[l] = weights[l] * profile.attraction(d2[l]);
    }
    for c in 0..D {
        for l in 0..LANES {
            sums[c][l] += factor[l] * difference[c][l];
        }
    }
}

/// The sum of the lanes, pairwise: the same tree on every machine.
#[inline(always)]
pub(crate) fn fold<T: Scalar, const L: usize>(mut lanes: [T; L]) -> T {
    let mut width = L;
    while width > 1 {
        let half = width / 2;
        for l in 0..half {
            lanes[l] += lanes[l + width - half];
        }
        width -= half;
    }
    lanes[0]
}
