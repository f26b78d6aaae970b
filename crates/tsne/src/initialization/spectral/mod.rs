mod chebyshev;
mod components;
mod layout;
mod params;
mod walk;

use super::linalg::{leading_eigenvectors, orient};
use crate::data::own::whole_affinities;
use chebyshev::{OVERSAMPLING, STAGE};
use rayon::prelude::*;
use std::cmp::Ordering;
use tsne_affinity::{Precomputed, precomputed_joint};
use tsne_core::random::mix;
use tsne_core::span::Region;
use tsne_core::{Affinities, AffinityKind, Context, Error, Result, Scalar, blocks, memory};
use walk::{LANES, Walk};

pub use params::SpectralParams;

/// The most points of a component whose whole matrix is decomposed, unless more vectors are wanted of it: a
/// millisecond.
const DENSE_POINTS: usize = 64;

/// The diffusion map of the affinities, `n × D`: column `c` is `λ_c v_c`, for the eigenvectors `v_c` of the random walk
/// `P = D⁻¹ A` with the largest eigenvalues `λ_c` below the trivial one, largest first.
///
/// `A` are the joint affinities and `D` their row sums `d`. Eigenvectors are those of `A v = λ D v`, orthogonal to
/// the constant and to each other in the inner product `Σ d_i a_i b_i`, with norm 1; multiplied by their eigenvalues
/// they are the diffusion map at time 1 (Coifman and Lafon 2006, "Diffusion maps"). In each column the entry of the
/// largest magnitude, of equal ones the first, is positive. Columns beyond `n - 1` are zero, and eigenvectors of
/// equal eigenvalues are some basis of their space. Use [`rescale`](super::rescale) for positions to start from.
///
/// # Graphs in pieces
///
/// Where the graph of positive affinities has several connected components, the eigenvalue 1 is repeated, and its
/// eigenvectors tell the components apart and nothing else. Then each component gets its own map, scaled to fit a
/// cube whose volume is the number of its points, and the cubes are set side by side, largest first, without overlap.
/// A point without affinities is a component of its own.
///
/// # Cost
///
/// `O(nnz)` for each of some hundred products with the matrix (Chebyshev-filtered subspace iteration, Zhou et al.
/// 2006); 8 vectors, twice, of `n` numbers of type `T` up to `D = 3`. Components of up to 64 points
/// are decomposed as a whole. The same bits for any number of threads.
///
/// # Errors
///
/// [`Error::Invalid`] unless the affinities are joint; [`Error::Numerical`] if the iteration does not converge, which
/// affinities that are not symmetric may cause; [`Error::Capacity`] from 2³² points; [`Error::Cancelled`].
///
/// # Examples
///
/// ```
/// use tsne::{Context, Rows, initialization};
/// use tsne::affinity::{ExactSearch, PerplexityAffinity, affinities};
///
/// // Points along a line: the first axis follows it, in one direction or the other.
/// let x: Vec<f64> = (0..100).map(f64::from).collect();
/// let model = PerplexityAffinity::new(5.0)?;
/// let p = affinities(Rows::new(&x, 100, 1)?, &ExactSearch::default(), &model, Context::new())?;
/// let mut positions = initialization::spectral::<f64, 2>(&p, 0, Context::new())?;
/// let along: Vec<f64> = [0, 33, 66, 99].map(|i| positions[i][0]).to_vec();
/// assert!(along.is_sorted() || along.iter().rev().is_sorted());
/// initialization::rescale(&mut positions, 1e-4)?;
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn spectral<T: Scalar, const D: usize>(p: &Affinities<T>, seed: u64, cx: Context<'_>) -> Result<Vec<[T; D]>> {
    spectral_with(p, SpectralParams::default(), seed, cx)
}

/// [`spectral`] with parameters for the iteration.
///
/// # Errors
///
/// Those of [`spectral`], and [`Error::Parameter`] unless the tolerance is at least 16 times the precision of `T`
/// (2e-6 for `f32`, 4e-15 for `f64`) and `max_iterations` at least 1.
///
/// # Examples
///
/// ```
/// use tsne::{Context, initialization::{SpectralParams, spectral_with}};
/// use tsne::core::{Affinities, AffinityKind};
///
/// // A triangle: both eigenvalues below the trivial one are -1/2.
/// let p = Affinities::from_parts(
///     vec![0, 2, 4, 6],
///     vec![1, 2, 0, 2, 0, 1],
///     vec![1.0 / 6.0; 6],
///     3,
///     AffinityKind::Joint,
/// )?;
/// let params = SpectralParams { tolerance: 1e-6, ..SpectralParams::default() };
/// let y = spectral_with::<f64, 2>(&p, params, 0, Context::new())?;
/// let distance = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
/// assert!((distance(y[0], y[1]) - distance(y[1], y[2])).abs() < 1e-12);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn spectral_with<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    params: SpectralParams,
    seed: u64,
    cx: Context<'_>,
) -> Result<Vec<[T; D]>> {
    let finest = 16.0 * T::EPSILON.to_f64();
    if !(params.tolerance >= finest && params.tolerance.is_finite()) {
        return Err(Error::parameter("tolerance", params.tolerance, format_args!("a number from {finest:.0e}")));
    }
    if params.max_iterations == 0 {
        return Err(Error::parameter("max_iterations", 0, "at least 1"));
    }
    if p.kind() != AffinityKind::Joint {
        let why = "spectral initialization needs joint affinities, but conditional ones were given";
        return Err(Error::invalid("affinities", why));
    }
    let max = u32::MAX as usize;
    if p.n_columns() > max {
        return Err(Error::capacity("number of points", p.n_columns(), max));
    }
    // In a team, all members walk alike over the affinities of all. Of few points one member has all rows, and others none.
    let whole;
    let p = if cx.any(p.n() < p.n_columns())? {
        whole = whole_affinities(p, cx)?;
        &whole
    } else {
        p
    };
    let cx = cx.without_team();
    // The walk of an asymmetric matrix has complex eigenvalues, and points that nothing leads to: its symmetric part is taken.
    let symmetric;
    let p = if is_symmetric(p, cx)? {
        p
    } else {
        let how = Precomputed::default();
        symmetric = precomputed_joint(p.row_pointers(), p.columns(), p.weights(), p.n(), how, cx)?;
        &symmetric
    };
    let components = components::components(p, cx)?;
    let mut positions = memory::filled("spectral initialization", p.n(), [T::ZERO; D])?;
    let axes_of = |number: usize| -> Result<Vec<Vec<f64>>> {
        cx.check()?;
        if components.members[number].len() < 2 {
            return Ok(Vec::new());
        }
        diffusion_map(&Walk::new(p, &components, number)?, D, params, seed, cx)
    };
    let region = Region::enter();
    let numbers = (0..components.members.len()).into_par_iter();
    let axes: Vec<Result<Vec<Vec<f64>>>> = numbers.map(|number| region.task(|| axes_of(number))).collect();
    drop(region);
    if let [members] = &components.members[..] {
        for axes in axes {
            place(members, &axes?, 1.0, [0.0; D], [0.0; D], &mut positions);
        }
        return Ok(positions);
    }
    let sizes: Vec<usize> = components.members.iter().map(Vec::len).collect();
    for ((members, axes), (center, side)) in components.members.iter().zip(axes).zip(layout::cubes::<D>(&sizes)) {
        let axes = axes?;
        let mut middle = [0.0; D];
        let mut longest = 0.0f64;
        for (middle, axis) in middle.iter_mut().zip(&axes) {
            let low = axis.iter().copied().fold(f64::INFINITY, f64::min);
            let high = axis.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            *middle = 0.5 * (low + high);
            longest = longest.max(high - low);
        }
        let scale = side / longest;
        place(members, &axes, if scale.is_finite() { scale } else { 0.0 }, middle, center, &mut positions);
    }
    Ok(positions)
}

/// Writes `(axis - middle) · scale + center` to the positions of the members.
fn place<T: Scalar, const D: usize>(
    members: &[u32],
    axes: &[Vec<f64>],
    scale: f64,
    middle: [f64; D],
    center: [f64; D],
    positions: &mut [[T; D]],
) {
    for (local, &i) in members.iter().enumerate() {
        let at = |c: usize| axes.get(c).and_then(|axis| axis.get(local)).map_or(0.0, |v| (v - middle[c]) * scale);
        positions[i as usize] = std::array::from_fn(|c| T::from_f64(at(c) + center[c]));
    }
}

/// Up to `wanted` columns `λ v` of one component.
fn diffusion_map<T: Scalar>(
    walk: &Walk<'_, T>,
    wanted: usize,
    params: SpectralParams,
    seed: u64,
    cx: Context<'_>,
) -> Result<Vec<Vec<f64>>> {
    let n = walk.n();
    let width = (wanted + OVERSAMPLING).next_multiple_of(LANES);
    let (mut vectors, values) = if n <= DENSE_POINTS.max(2 * width) {
        decompose(walk, wanted)?
    } else {
        chebyshev::leading(walk, wanted, params, seed, cx)?
    };
    for (vector, value) in vectors.iter_mut().zip(values) {
        vector.iter_mut().for_each(|v| *v *= value);
        orient(vector);
    }
    Ok(vectors)
}

/// The eigenvectors by decomposition of the whole matrix.
fn decompose<T: Scalar>(walk: &Walk<'_, T>, wanted: usize) -> Result<(Vec<Vec<f64>>, Vec<f64>)> {
    let n = walk.n();
    let (mut matrix, trivial) = walk.dense()?;
    // The trivial eigenvalue moves from 1 to -2, below all others.
    for j in 0..n {
        for i in 0..n {
            matrix[j * n + i] -= 3.0 * trivial[i] * trivial[j];
        }
    }
    let (mut vectors, values) = leading_eigenvectors(&matrix, n, wanted.min(n - 1), STAGE)?;
    for vector in &mut vectors {
        for (v, root) in vector.iter_mut().zip(&trivial) {
            *v = if *root > 0.0 { *v / root } else { 0.0 };
        }
    }
    Ok((vectors, values))
}

/// Whether each entry has its counterpart, bit for bit: then the hashes of pairs and weights above the diagonal and below it have one
/// sum. (Of others they have it once in 2⁶⁴. To look each counterpart up took 0.9 s of 2.4 for a start of 70,000 points, on two
/// cores that others used too.)
fn is_symmetric<T: Scalar>(p: &Affinities<T>, cx: Context<'_>) -> Result<bool> {
    let sums = blocks::try_map(p.n(), |rows| {
        cx.check()?;
        let mut sum = 0u64;
        for i in rows {
            let (columns, weights) = p.row(i);
            for (&j, weight) in columns.iter().zip(weights) {
                let (i, j, weight) = (i as u64, u64::from(j), mix(weight.to_f64().to_bits()));
                sum = match i.cmp(&j) {
                    Ordering::Less => sum.wrapping_add(mix(i << 32 ^ j ^ weight)),
                    Ordering::Equal => sum,
                    Ordering::Greater => sum.wrapping_sub(mix(j << 32 ^ i ^ weight)),
                };
            }
        }
        Ok(sum)
    })?;
    Ok(sums.into_iter().fold(0, u64::wrapping_add) == 0)
}

#[cfg(test)]
mod tests {
    use super::is_symmetric;
    use tsne_core::{Affinities, AffinityKind, Context};

    /// A path of three points.
    fn path(weights: [f32; 4]) -> Affinities<f32> {
        let (pointers, columns) = (vec![0, 1, 3, 4], vec![1, 0, 2, 1]);
        Affinities::from_parts(pointers, columns, weights.to_vec(), 3, AffinityKind::Joint).unwrap()
    }

    #[test]
    fn one_bit_of_a_weight_makes_a_matrix_asymmetric() {
        let is_symmetric = |weights| is_symmetric(&path(weights), Context::new()).unwrap();
        let (w, more) = (0.25, 0.25 + f32::EPSILON);
        assert!(is_symmetric([w, w, w, w]) && is_symmetric([w, w, more, more]));
        assert!(!is_symmetric([w, w, w, more]) && !is_symmetric([w, more, w, more]));
    }
}
