use super::random::{Normal, PCA_STREAM};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;
use tsne_core::{Context, Error, Result, Rows, Scalar, blocks};

/// The most columns for which the whole covariance is decomposed: its matrix takes 32 MiB there. An estimate: both ways give
/// the same components, and data this wide are rare.
const DENSE_COLUMNS: usize = 2048;

/// Columns of a tile of the covariance, and rows that a tile sums in one product: two packed tiles of 1 MiB.
const TILE_COLUMNS: usize = 128;
const TILE_ROWS: usize = 1024;

/// Extra vectors of the subspace iteration, which speed up its convergence (Halko, Martinsson and Tropp 2011).
const OVERSAMPLING: usize = 10;

/// The subspace iteration ends when no wanted eigenvalue changes by more than this in relation: far below what a map
/// could show.
const TOLERANCE: f64 = 1e-6;

/// Iterations at the most: reached only where the spectrum is flat, and there any direction serves.
const MAX_ITERATIONS: usize = 50;

/// The coordinates of the points `x`, `n × d`, along their first `D` principal components, largest first.
///
/// Up to 2,048 columns by the eigenvectors of the covariance, beyond by subspace iteration. The sign of each component is
/// the one that makes its largest loading positive. Components beyond `d` are zero, those beyond `n - 1`
/// zero up to rounding.
///
/// # Errors
///
/// [`Error::Numerical`] if the eigenvalue computation does not converge, [`Error::NonFinite`] for data that are not
/// finite, [`Error::Cancelled`].
pub fn pca<T: Scalar, const D: usize>(x: Rows<'_, T>, seed: u64, cx: Context<'_>) -> Result<Vec<[T; D]>> {
    x.check_finite()?;
    let (n, d) = (x.n(), x.d());
    if n == 0 || d == 0 {
        return Ok(vec![[T::ZERO; D]; n]);
    }
    // Distances grow with the data's scale, and their squares must not overflow: work in units of the largest value.
    let mean = mean(x);
    let largest = largest_deviation(x, &mean);
    if largest == 0.0 {
        return Ok(vec![[T::ZERO; D]; n]);
    }
    let data = Centered { x, mean, scale: 1.0 / largest };
    let mut loadings = if d <= DENSE_COLUMNS {
        let covariance = data.covariance(cx)?;
        leading_eigenvectors(&covariance, d, D)?.0
    } else {
        data.subspace_iteration(D, seed, cx)?
    };
    for vector in &mut loadings {
        let largest = vector.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        if largest < 0.0 {
            vector.iter_mut().for_each(|v| *v = -*v);
        }
    }
    let mut positions = vec![[T::ZERO; D]; n];
    positions.par_chunks_mut(blocks::BLOCK).enumerate().for_each(|(block, positions)| {
        for (i, position) in positions.iter_mut().enumerate() {
            let row = x.row(block * blocks::BLOCK + i);
            for (value, vector) in position.iter_mut().zip(&loadings) {
                let products = row.iter().zip(&data.mean).zip(vector).map(|((v, m), l)| (v.to_f64() - m) * l);
                *value = T::from_f64(products.sum());
            }
        }
    });
    Ok(positions)
}

fn mean<T: Scalar>(x: Rows<'_, T>) -> Vec<f64> {
    let n = x.n() as f64;
    let mut partials: Vec<Vec<f64>> = Vec::new();
    blocks::map(&mut partials, x.n(), |range| {
        let mut sums = vec![0.0; x.d()];
        for i in range {
            for (sum, v) in sums.iter_mut().zip(x.row(i)) {
                *sum += v.to_f64() / n;
            }
        }
        sums
    });
    let mut mean = vec![0.0; x.d()];
    for sums in &partials {
        for (mean, sum) in mean.iter_mut().zip(sums) {
            *mean += sum;
        }
    }
    mean
}

fn largest_deviation<T: Scalar>(x: Rows<'_, T>, mean: &[f64]) -> f64 {
    let mut partials = Vec::new();
    let of_rows = |range: std::ops::Range<usize>| {
        let deviations = range.flat_map(|i| x.row(i).iter().zip(mean).map(|(v, m)| (v.to_f64() - m).abs()));
        deviations.fold(0.0, f64::max)
    };
    blocks::map(&mut partials, x.n(), of_rows).iter().copied().fold(0.0, f64::max)
}

/// Data less their mean, in units of their largest deviation from it.
struct Centered<'a, T> {
    x: Rows<'a, T>,
    mean: Vec<f64>,
    scale: f64,
}

impl<T: Scalar> Centered<'_, T> {
    /// Writes a tile, row-major.
    fn pack(&self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>, out: &mut [f64]) {
        for (i, out) in rows.zip(out.chunks_exact_mut(columns.len())) {
            let row = &self.x.row(i)[columns.clone()];
            for ((out, v), mean) in out.iter_mut().zip(row).zip(&self.mean[columns.clone()]) {
                *out = (v.to_f64() - mean) * self.scale;
            }
        }
    }

    /// The lower triangle of `XᵀX`, column-major. Tiles in parallel, each summed over the rows in their order.
    fn covariance(&self, cx: Context<'_>) -> Result<Vec<f64>> {
        let (n, d) = (self.x.n(), self.x.d());
        let tiles = d.div_ceil(TILE_COLUMNS);
        let pairs: Vec<(usize, usize)> = (0..tiles).flat_map(|a| (0..=a).map(move |b| (a, b))).collect();
        let columns = |tile: usize| tile * TILE_COLUMNS..d.min((tile + 1) * TILE_COLUMNS);
        let products: Vec<Result<Mat<f64>>> = pairs
            .par_iter()
            .map(|&(a, b)| {
                let (a, b) = (columns(a), columns(b));
                let mut left = vec![0.0; TILE_ROWS * a.len()];
                let mut right = vec![0.0; TILE_ROWS * b.len()];
                let mut product = Mat::<f64>::zeros(a.len(), b.len());
                for start in (0..n).step_by(TILE_ROWS) {
                    cx.check()?;
                    let rows = start..n.min(start + TILE_ROWS);
                    let count = rows.len();
                    self.pack(rows.clone(), a.clone(), &mut left);
                    self.pack(rows, b.clone(), &mut right);
                    let left = MatRef::from_row_major_slice(&left[..count * a.len()], count, a.len());
                    let right = MatRef::from_row_major_slice(&right[..count * b.len()], count, b.len());
                    matmul(product.as_mut(), Accum::Add, left.transpose(), right, 1.0, Par::Seq);
                }
                Ok(product)
            })
            .collect();
        let mut covariance = vec![0.0; d * d];
        for (&(a, b), product) in pairs.iter().zip(products) {
            let product = product?;
            for (j, column) in columns(b).enumerate() {
                for (i, row) in columns(a).enumerate() {
                    covariance[column * d + row] = product[(i, j)];
                }
            }
        }
        Ok(covariance)
    }

    /// The leading eigenvectors of `XᵀX` without forming it.
    fn subspace_iteration(&self, wanted: usize, seed: u64, cx: Context<'_>) -> Result<Vec<Vec<f64>>> {
        let d = self.x.d();
        let width = (wanted + OVERSAMPLING).min(d);
        let mut basis: Vec<Vec<f64>> = (0..width)
            .map(|vector| {
                let mut normal = Normal::new(seed, PCA_STREAM, vector);
                (0..d).map(|_| normal.next()).collect()
            })
            .collect();
        orthonormalize(&mut basis);
        let mut previous = vec![0.0; wanted];
        for _ in 0..MAX_ITERATIONS {
            cx.check()?;
            let scores = self.scores(&basis);
            // Rayleigh-Ritz: the best eigenvectors within the subspace.
            let mut small = vec![0.0; width * width];
            for a in 0..width {
                for b in 0..=a {
                    small[b * width + a] = dot(&scores[a], &scores[b]);
                }
            }
            let (rotations, values) = leading_eigenvectors(&small, width, width)?;
            let converged = values.iter().zip(&previous).all(|(v, p)| (v - p).abs() <= TOLERANCE * v.abs());
            previous = values[..wanted.min(values.len())].to_vec();
            if converged {
                return Ok(rotations.iter().take(wanted).map(|r| combine(&basis, r)).collect());
            }
            let rotated: Vec<Vec<f64>> = rotations.iter().map(|r| combine(&scores, r)).collect();
            basis = self.transposed(&rotated);
            orthonormalize(&mut basis);
        }
        let scores = self.scores(&basis);
        let mut small = vec![0.0; width * width];
        for a in 0..width {
            for b in 0..=a {
                small[b * width + a] = dot(&scores[a], &scores[b]);
            }
        }
        let (rotations, _) = leading_eigenvectors(&small, width, wanted)?;
        Ok(rotations.iter().map(|r| combine(&basis, r)).collect())
    }

    /// `X v` for each vector.
    fn scores(&self, vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let n = self.x.n();
        let mut by_row = vec![0.0; n * vectors.len()];
        by_row.par_chunks_mut(vectors.len() * 64).enumerate().for_each(|(block, out)| {
            let mut centered = vec![0.0; self.x.d()];
            for (i, out) in out.chunks_exact_mut(vectors.len()).enumerate() {
                let row = block * 64 + i;
                self.pack(row..row + 1, 0..self.x.d(), &mut centered);
                for (out, vector) in out.iter_mut().zip(vectors) {
                    *out = dot(&centered, vector);
                }
            }
        });
        (0..vectors.len()).map(|v| by_row.iter().skip(v).step_by(vectors.len()).copied().collect()).collect()
    }

    /// `Xᵀ s` for each vector of scores: tiles of columns in parallel, each summed over the rows in their order.
    fn transposed(&self, scores: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (n, d) = (self.x.n(), self.x.d());
        let mut by_column = vec![0.0; d * scores.len()];
        by_column.par_chunks_mut(scores.len() * TILE_COLUMNS).enumerate().for_each(|(tile, out)| {
            let columns = tile * TILE_COLUMNS..d.min((tile + 1) * TILE_COLUMNS);
            let mut centered = vec![0.0; columns.len()];
            for i in 0..n {
                self.pack(i..i + 1, columns.clone(), &mut centered);
                for (v, scores) in scores.iter().enumerate() {
                    let score = scores[i];
                    for (c, value) in centered.iter().enumerate() {
                        out[c * scores_len(out, columns.len()) + v] += value * score;
                    }
                }
            }
        });
        (0..scores.len()).map(|v| by_column.iter().skip(v).step_by(scores.len()).copied().collect()).collect()
    }
}

fn scores_len(out: &[f64], columns: usize) -> usize {
    out.len() / columns
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
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

/// `Σ_v rotation_v vectors_v`.
fn combine(vectors: &[Vec<f64>], rotation: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for (vector, &factor) in vectors.iter().zip(rotation) {
        for (sum, v) in sum.iter_mut().zip(vector) {
            *sum += factor * v;
        }
    }
    sum
}

/// Gram-Schmidt, twice for orthogonality to rounding. Vectors that depend on others become zero.
fn orthonormalize(basis: &mut [Vec<f64>]) {
    for v in 0..basis.len() {
        let (done, rest) = basis.split_at_mut(v);
        let Some(vector) = rest.first_mut() else { return };
        let before = dot(vector, vector).sqrt();
        for _ in 0..2 {
            for other in done.iter() {
                let overlap = dot(vector, other);
                for (v, o) in vector.iter_mut().zip(other) {
                    *v -= overlap * o;
                }
            }
        }
        let norm = dot(vector, vector).sqrt();
        let scale = if norm > 1e-12 * before { 1.0 / norm } else { 0.0 };
        for v in vector.iter_mut() {
            *v *= scale;
        }
    }
}

/// The eigenvectors of the largest `count` eigenvalues, and these, from the lower triangle of a symmetric matrix.
fn leading_eigenvectors(lower: &[f64], size: usize, count: usize) -> Result<(Vec<Vec<f64>>, Vec<f64>)> {
    let matrix = MatRef::from_column_major_slice(lower, size, size);
    let mut vectors = Mat::<f64>::zeros(size, size);
    let mut values = faer::diag::Diag::<f64>::zeros(size);
    let request = self_adjoint_evd_scratch::<f64>(size, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    let mut memory = faer::dyn_stack::MemBuffer::new(request);
    let stack = faer::dyn_stack::MemStack::new(&mut memory);
    self_adjoint_evd(matrix, values.as_mut(), Some(vectors.as_mut()), Par::Seq, stack, Default::default())
        .map_err(|e| Error::numerical("PCA", format_args!("the eigenvalues did not converge ({e:?})")))?;
    // Ascending.
    let leading = (0..size).rev().take(count);
    let columns = leading.clone().map(|j| (0..size).map(|i| vectors[(i, j)]).collect()).collect();
    Ok((columns, leading.map(|j| values.column_vector()[j]).collect()))
}
