//! Small dense linear algebra, sequential: the same bits on every thread.

use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par};
use tsne_core::{Error, Result, memory};

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Eight sums, so that the loop vectorizes in a fixed order.
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for l in 0..8 {
            sums[l] += a[l] * b[l];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// `a -= factor b`.
pub(super) fn subtract(a: &mut [f64], factor: f64, b: &[f64]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a -= factor * b;
    }
}

/// `Σ_v rotation_v vectors_v`.
pub(super) fn combine(vectors: &[Vec<f64>], rotation: &[f64]) -> Result<Vec<f64>> {
    let mut sum = memory::filled("combined vectors", vectors.first().map_or(0, Vec::len), 0.0)?;
    for (vector, &factor) in vectors.iter().zip(rotation) {
        for (sum, v) in sum.iter_mut().zip(vector) {
            *sum += factor * v;
        }
    }
    Ok(sum)
}

/// Gram-Schmidt, twice for orthogonality to rounding. Vectors that depend on others become zero.
pub(super) fn orthonormalize(basis: &mut [Vec<f64>]) {
    for v in 0..basis.len() {
        let (done, rest) = basis.split_at_mut(v);
        let Some(vector) = rest.first_mut() else { return };
        let before = dot(vector, vector).sqrt();
        for _ in 0..2 {
            for other in done.iter() {
                let overlap = dot(vector, other);
                subtract(vector, overlap, other);
            }
        }
        let norm = dot(vector, vector).sqrt();
        let scale = if norm > 1e-12 * before { 1.0 / norm } else { 0.0 };
        for v in vector.iter_mut() {
            *v *= scale;
        }
    }
}

/// Changes the sign so that the entry of the largest magnitude, of equal ones the first, is positive.
pub(super) fn orient(vector: &mut [f64]) {
    let largest = vector.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        vector.iter_mut().for_each(|v| *v = -*v);
    }
}

/// Vectors and their eigenvalues.
pub(super) type Eigenvectors = (Vec<Vec<f64>>, Vec<f64>);

/// The eigenvectors of the largest `count` eigenvalues, and these, largest first, from the lower triangle of a
/// symmetric matrix, column-major. `stage` names the caller in an error.
pub(super) fn leading_eigenvectors(
    lower: &[f64],
    size: usize,
    count: usize,
    stage: &'static str,
) -> Result<Eigenvectors> {
    let matrix = MatRef::from_column_major_slice(lower, size, size);
    let mut vectors = Mat::<f64>::zeros(size, size);
    let mut values = faer::diag::Diag::<f64>::zeros(size);
    let request = self_adjoint_evd_scratch::<f64>(size, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    let mut memory = faer::dyn_stack::MemBuffer::new(request);
    let stack = faer::dyn_stack::MemStack::new(&mut memory);
    self_adjoint_evd(matrix, values.as_mut(), Some(vectors.as_mut()), Par::Seq, stack, Default::default())
        .map_err(|e| Error::numerical(stage, format_args!("the eigenvalues did not converge ({e:?})")))?;
    // Ascending.
    let leading = (0..size).rev().take(count);
    let columns = leading.clone().map(|j| (0..size).map(|i| vectors[(i, j)]).collect()).collect();
    Ok((columns, leading.map(|j| values.column_vector()[j]).collect()))
}
