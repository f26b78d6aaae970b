//! The leading eigenvectors of a covariance, step by step, so that it can be left between two.

use super::centered::{STAGE, WHAT};
use super::reduction::{Check, Reduction};
use super::{krylov, tridiagonal};
use crate::initialization::linalg::leading_eigenvectors;
use tsne_core::{Error, Result, memory};

/// Up to so many columns the whole matrix is decomposed in one call: 6 to 10 ms on a busy machine, as long as the reduction takes there
/// for 50 vectors.
const WHOLE_COLUMNS: usize = 256;

/// Where more than one vector for so many columns is wanted, too: to make them orthogonal to each other grows with their square, and the
/// reduction took 1.7 times as long for 196 of 784.
const MOST_SHARE: usize = 4;

/// Rows and columns of a square that is mirrored at a time.
const TILE: usize = 32;

/// The eigenvectors of the largest `wanted` eigenvalues, and these, largest first, from the lower triangle of a matrix without
/// negative eigenvalues, column-major. Asks `check` before each column, vector and eigenvalue.
pub(super) fn leading(
    mut matrix: Vec<f64>,
    size: usize,
    wanted: usize,
    check: &Check<'_>,
) -> Result<(Vec<Vec<f64>>, Vec<f64>)> {
    check()?;
    let wanted = wanted.min(size);
    if size <= WHOLE_COLUMNS || wanted > size / MOST_SHARE {
        return leading_eigenvectors(&matrix, size, wanted, STAGE);
    }
    mirror(&mut matrix, size);
    // In a unit in which the norm is at most 1: it is at most the largest sum of a column.
    let sums = matrix.chunks_exact(size).map(|column| column.iter().map(|v| v.abs()).sum::<f64>());
    let unit = sums.fold(0.0, |a: f64, sum| if sum > a || sum.is_nan() { sum } else { a });
    if !unit.is_finite() {
        return Err(Error::numerical(STAGE, "the covariance of the data overflows"));
    }
    let unit = if unit > f64::MIN_POSITIVE { unit } else { 1.0 };
    matrix.iter_mut().for_each(|v| *v /= unit);
    let few = if wanted <= krylov::MOST { krylov::leading(&matrix, size, wanted, check)? } else { None };
    let (vectors, mut values) = match few {
        Some(found) => found,
        None => by_reduction(matrix, size, wanted, check)?,
    };
    values.iter_mut().for_each(|value| *value *= unit);
    Ok((vectors, values))
}

fn by_reduction(matrix: Vec<f64>, size: usize, wanted: usize, check: &Check<'_>) -> Result<(Vec<Vec<f64>>, Vec<f64>)> {
    let reduction = Reduction::of(matrix, size, check)?;
    let (diagonal, beside) = (&reduction.diagonal, &reduction.beside);
    let (mut vectors, values) = match tridiagonal::leading(diagonal, beside, wanted, check)? {
        Some(found) => found,
        None => {
            let mut matrix = memory::filled(WHAT, size * size, 0.0)?;
            for (i, column) in matrix.chunks_exact_mut(size).enumerate() {
                column[i] = diagonal[i];
                column.iter_mut().skip(i + 1).zip(beside.get(i)).for_each(|(entry, beside)| *entry = *beside);
            }
            leading_eigenvectors(&matrix, size, wanted, STAGE)?
        }
    };
    reduction.turn_back(&mut vectors, check)?;
    Ok((vectors, values))
}

/// Copies the lower triangle to the upper one, square by square: entries of a row are far apart.
fn mirror(matrix: &mut [f64], size: usize) {
    for first_column in (0..size).step_by(TILE) {
        for first_row in (first_column..size).step_by(TILE) {
            for j in first_column..size.min(first_column + TILE) {
                for i in first_row.max(j + 1)..size.min(first_row + TILE) {
                    matrix[i * size + j] = matrix[j * size + i];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::initialization::linalg::dot;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use tsne_core::random::{element_seed, unit};

    fn number(stream: u64, i: usize, j: usize) -> f64 {
        unit(element_seed(stream, j as u64, i as u64)) - 0.5
    }

    /// A symmetric matrix with these eigenvalues: their diagonal between two random reflections and what mirrors them.
    fn with_eigenvalues(values: &[f64]) -> Vec<f64> {
        let size = values.len();
        let mut matrix = vec![0.0; size * size];
        values.iter().enumerate().for_each(|(i, value)| matrix[i * size + i] = *value);
        for turn in 0..2 {
            let mut v: Vec<f64> = (0..size).map(|i| number(1, i, turn)).collect();
            let norm = dot(&v, &v).sqrt();
            v.iter_mut().for_each(|v| *v /= norm);
            // (I - 2 v vᵀ) M (I - 2 v vᵀ) = M - v wᵀ - w vᵀ with w = 2 M v - 2 (vᵀ M v) v.
            let product: Vec<f64> = matrix.chunks_exact(size).map(|column| dot(column, &v)).collect();
            let along = dot(&product, &v);
            let w: Vec<f64> = product.iter().zip(&v).map(|(p, v)| 2.0 * (p - along * v)).collect();
            for (j, column) in matrix.chunks_exact_mut(size).enumerate() {
                for (i, entry) in column.iter_mut().enumerate() {
                    *entry -= v[i] * w[j] + w[i] * v[j];
                }
            }
        }
        matrix
    }

    /// The covariance of random rows; column `c` has the scale `scale(c)`.
    fn of_random_rows(rows: usize, size: usize, scale: impl Fn(usize) -> f64) -> Vec<f64> {
        let columns: Vec<Vec<f64>> =
            (0..size).map(|c| (0..rows).map(|i| scale(c) * number(2, i, c)).collect()).collect();
        let mut matrix = vec![0.0; size * size];
        for (j, b) in columns.iter().enumerate() {
            // Zeros above: nobody looks there.
            columns.iter().enumerate().skip(j).for_each(|(i, a)| matrix[j * size + i] = dot(a, b));
        }
        matrix
    }

    /// Compares with the decomposition of the whole matrix.
    #[track_caller]
    fn check(what: &str, lower: &[f64], wanted: usize) {
        let size = lower.len().isqrt();
        let asked = AtomicUsize::new(0);
        let ask = || {
            asked.fetch_add(1, Relaxed);
            Ok(())
        };
        let (vectors, values) = leading(lower.to_vec(), size, wanted, &ask).unwrap();
        let (expected, exact) = leading_eigenvectors(lower, size, wanted + 1, STAGE).unwrap();
        let (largest, place) = (exact[0].abs(), format!("{what}, {wanted} of {size}"));
        assert_eq!((vectors.len(), values.len()), (wanted, wanted), "{place}");
        // What a Krylov space leaves, and as much for the rounding of `size` products, 2e-16 each.
        let bound = 2e-12 * largest;
        for ((vector, value), exact) in vectors.iter().zip(&values).zip(&exact) {
            assert!((value - exact).abs() <= bound, "{place}: {value} for {exact}");
            let entry = |i: usize, j: usize| lower[i.min(j) * size + i.max(j)];
            let product = |i: usize| (0..size).map(|j| entry(i, j) * vector[j]).sum::<f64>();
            let unit = if largest > 0.0 { largest } else { 1.0 };
            let residual = (0..size).map(|i| ((product(i) - value * vector[i]) / unit).powi(2)).sum::<f64>().sqrt();
            assert!(residual <= bound / unit, "{place}: residual {residual:e}");
        }
        for (a, vector) in vectors.iter().enumerate() {
            for (b, other) in vectors.iter().enumerate().take(a + 1) {
                let product = dot(vector, other) - if a == b { 1.0 } else { 0.0 };
                assert!(product.abs() < 1e-12, "{place}: {a} and {b} by {product:e}");
            }
        }
        // Vectors before a gap span what the exact ones do, up to the residuals over the gap: 1e-9 for a gap of a hundredth, and its
        // square is what a vector loses.
        let gaps = (1..=wanted).filter(|&count| exact[count - 1] - exact[count] > 0.01 * largest);
        for count in gaps {
            for vector in &expected[..count] {
                let within: f64 = vectors[..count].iter().map(|other| dot(vector, other).powi(2)).sum();
                assert!((within - 1.0).abs() < 1e-12, "{place}: the first {count} have {within} of one");
            }
        }
        // Before each vector of a Krylov space, of which there are more than are wanted; before each column of a reduction.
        let least = if wanted <= krylov::MOST { 4 * wanted } else { size };
        assert!(asked.into_inner() >= least, "{place}");
    }

    #[test]
    fn leading_eigenvectors_are_those_of_the_whole_decomposition() {
        let size = WHOLE_COLUMNS + 45;
        let diagonal = |of: &dyn Fn(usize) -> f64| (0..size).map(of).collect::<Vec<f64>>();
        let alone = |of: &dyn Fn(usize) -> f64| {
            let mut matrix = vec![0.0; size * size];
            (0..size).for_each(|i| matrix[i * size + i] = of(i));
            matrix
        };
        for wanted in [1, 2, krylov::MOST, krylov::MOST + 1, 50] {
            check("decaying", &of_random_rows(500, size, |c| 1.0 / (1.0 + c as f64)), wanted);
            check("flat", &of_random_rows(500, size, |_| 1.0), wanted);
            check("fewer rows than columns", &of_random_rows(20, size, |_| 1.0), wanted);
            check("rank 1", &with_eigenvalues(&diagonal(&|i| if i == 0 { 3.0 } else { 0.0 })), wanted);
            check("three equal", &with_eigenvalues(&diagonal(&|i| if i < 3 { 5.0 } else { 4.0 / i as f64 })), wanted);
            check("twenty equal", &with_eigenvalues(&diagonal(&|i| if i < 20 { 5.0 } else { 1.0 })), wanted);
            check("pairs", &with_eigenvalues(&diagonal(&|i| 0.8f64.powi(i as i32 / 2))), wanted);
            check("nearly equal", &with_eigenvalues(&diagonal(&|i| 1.0 - 1e-13 * i as f64)), wanted);
            check("identity", &alone(&|_| 2.0), wanted);
            check("zero", &alone(&|_| 0.0), wanted);
            check("constant columns", &alone(&|i| if i % 7 == 0 { 1.0 + (i % 3) as f64 } else { 0.0 }), wanted);
        }
        // Most of the columns of pictures hardly vary.
        let pictures = of_random_rows(300, 784, |c| [0.0, 0.0, 1e-9, 1.0 / (1.0 + c as f64)][c % 4]);
        [2, 3, 50].into_iter().for_each(|wanted| check("pictures", &pictures, wanted));
    }

    #[test]
    fn the_unit_of_the_data_does_not_matter() {
        let size = WHOLE_COLUMNS + 3;
        let matrix = of_random_rows(300, size, |c| 1.0 / (1.0 + c as f64).sqrt());
        for wanted in [3, 50] {
            let (vectors, values) = leading(matrix.clone(), size, wanted, &|| Ok(())).unwrap();
            // A power of two changes no digit.
            for unit in [2f64.powi(-900), 2f64.powi(900)] {
                let scaled = matrix.iter().map(|v| v * unit).collect();
                let (same, multiples) = leading(scaled, size, wanted, &|| Ok(())).unwrap();
                assert!(same == vectors && multiples.iter().zip(&values).all(|(m, v)| *m == v * unit), "{unit:e}");
            }
        }
    }

    #[test]
    fn it_ends_at_the_next_question_after_it_is_cancelled() {
        let size = WHOLE_COLUMNS + 10;
        let flat = of_random_rows(300, size, |_| 1.0);
        for wanted in [2, 50] {
            let ends_after = |limit: usize| {
                let asked = AtomicUsize::new(0);
                let ask = || if asked.fetch_add(1, Relaxed) < limit { Ok(()) } else { Err(Error::Cancelled) };
                (leading(flat.clone(), size, wanted, &ask).map(drop), asked.into_inner())
            };
            let (all, questions) = ends_after(usize::MAX);
            assert_eq!(all, Ok(()));
            assert!(questions > size, "{questions}");
            for limit in (0..questions).step_by(37) {
                let (outcome, asked) = ends_after(limit);
                // At the end, vectors are turned back four by four, each group with a question of its own.
                assert!(
                    outcome == Err(Error::Cancelled) && asked <= limit + 1 + wanted.div_ceil(4),
                    "{limit}: {asked}"
                );
            }
        }
    }

    #[test]
    fn what_overflows_is_an_error() {
        let size = WHOLE_COLUMNS + 1;
        for value in [f64::INFINITY, f64::NAN, 1e308] {
            let outcome = leading(vec![value; size * size], size, 2, &|| Ok(()));
            assert!(matches!(outcome, Err(Error::Numerical { .. })), "{value}");
        }
    }
}
