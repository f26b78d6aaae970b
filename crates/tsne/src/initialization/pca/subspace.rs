use super::centered::{CenteredData, STAGE, WHAT};
use crate::initialization::linalg::{combine, dot, leading_eigenvectors, orthonormalize};
use crate::initialization::random::{Normal, PCA_STREAM};
use tsne_core::{Context, Result, Scalar, memory};

/// Extra vectors of the subspace iteration, which speed up its convergence (Halko, Martinsson and Tropp 2011).
const OVERSAMPLING: usize = 10;

/// The subspace iteration ends when no wanted eigenvalue changes by more than this in relation: far below what a map
/// could show.
const TOLERANCE: f64 = 1e-6;

/// Iterations at the most: reached only where the spectrum is flat, and there any direction serves.
const MAX_ITERATIONS: usize = 50;

/// The leading eigenvectors of `XᵀX` without forming it.
pub(super) fn leading<T: Scalar>(
    data: &impl CenteredData<T>,
    wanted: usize,
    seed: u64,
    cx: Context<'_>,
) -> Result<Vec<Vec<f64>>> {
    let d = data.d();
    let wanted = wanted.min(d);
    let width = (wanted + OVERSAMPLING).min(d);
    let mut basis: Vec<Vec<f64>> = (0..width)
        .map(|vector| {
            let mut normal = Normal::new(seed, PCA_STREAM, vector);
            memory::collected(WHAT, (0..d).map(|_| normal.next()))
        })
        .collect::<Result<_>>()?;
    orthonormalize(&mut basis);
    let mut previous = vec![0.0; wanted];
    for iteration in 0.. {
        cx.check()?;
        let scores = data.scores(&basis, cx)?;
        // Rayleigh-Ritz: the best eigenvectors within the subspace.
        let mut small = vec![0.0; width * width];
        for a in 0..width {
            for b in 0..=a {
                small[b * width + a] = dot(&scores[a], &scores[b]);
            }
        }
        let (rotations, values) = leading_eigenvectors(&small, width, width, STAGE)?;
        let converged = values.iter().zip(&previous).all(|(v, p)| (v - p).abs() <= TOLERANCE * v.abs());
        if converged || iteration == MAX_ITERATIONS {
            return rotations.iter().take(wanted).map(|r| combine(&basis, r)).collect();
        }
        previous = values[..wanted.min(values.len())].to_vec();
        let rotated: Vec<Vec<f64>> = rotations.iter().map(|r| combine(&scores, r)).collect::<Result<_>>()?;
        basis = data.transposed(&rotated, cx)?;
        orthonormalize(&mut basis);
    }
    Ok(Vec::new())
}
