//! Few leading eigenvectors of a symmetric matrix from a block Krylov space (Golub and Underwood 1977), all of whose vectors are kept
//! orthogonal to each other.

use super::centered::{STAGE, WHAT};
use super::reduction::Check;
use crate::initialization::linalg::{Eigenvectors, combine, dot, leading_eigenvectors, subtract};
use tsne_core::{Result, chunks, memory, random};

/// Vectors that the space grows by at a time. An eigenvalue that occurs up to so many times is found as often.
const BLOCK: usize = 8;

/// The most vectors that are found in this way.
pub(super) const MOST: usize = BLOCK / 2;

/// Vectors of the space at the most, and columns of the matrix for each: a flat spectrum asks for more, and what was done until then
/// is a third of what the reduction of the matrix takes. Of a decaying one, 784 columns took 21 to 31 ms in place of 110 to 196.
const MOST_VECTORS: usize = 256;
const COLUMNS_EACH: usize = 4;

/// Blocks between two looks at the eigenvectors within the space.
const LOOK: usize = 4;

/// The largest residual, in units of the largest eigenvalue: it costs a block or two more than 1e-10.
const RESIDUAL: f64 = 1e-12;

/// What is left of a vector when the rest lies within the space, in units of the matrix: rounding.
const NOTHING: f64 = 1e-13;

/// Columns of the matrix that one task multiplies with a block.
const TASK_COLUMNS: usize = 64;

/// The eigenvectors of the largest `wanted` eigenvalues, up to [`MOST`], and these, largest first; `None` if the space would grow too
/// large. The matrix has both its triangles, no negative eigenvalues but for rounding, and a norm of at most 1.
pub(super) fn leading(matrix: &[f64], size: usize, wanted: usize, check: &Check<'_>) -> Result<Option<Eigenvectors>> {
    let most = MOST_VECTORS.min(size / COLUMNS_EACH) / BLOCK * BLOCK;
    let mut space: Vec<Vec<f64>> = Vec::new();
    memory::reserve(WHAT, &mut space, most + BLOCK)?;
    // Column `j` has the product of the matrix with vector `j` along each vector.
    let rows = most + BLOCK;
    let mut products = memory::filled(WHAT, rows * most, 0.0)?;
    let mut multiplied = memory::filled(WHAT, size * BLOCK, 0.0)?;
    for _ in 0..BLOCK {
        grow(&mut space, size, check)?;
    }
    for done in (BLOCK..=most).step_by(BLOCK) {
        multiply(matrix, size, &space[done - BLOCK..], &mut multiplied);
        for v in 0..BLOCK {
            check()?;
            let mut vector = memory::collected(WHAT, multiplied.iter().skip(v).step_by(BLOCK).copied())?;
            let along = &mut products[(done - BLOCK + v) * rows..][..rows];
            // Twice: the first time leaves its rounding.
            for _ in 0..2 {
                take_out(&space, &mut vector, |other, share| along[other] += share);
            }
            let norm = dot(&vector, &vector).sqrt();
            if norm > NOTHING {
                along[space.len()] = norm;
                vector.iter_mut().for_each(|v| *v /= norm);
                space.push(vector);
            } else {
                grow(&mut space, size, check)?;
            }
        }
        if done % (LOOK * BLOCK) != 0 && done != most {
            continue;
        }
        let within = memory::collected(WHAT, (0..done * done).map(|at| products[at / done * rows + at % done]))?;
        let (rotations, values) = leading_eigenvectors(&within, done, wanted, STAGE)?;
        let largest = values.first().copied().unwrap_or(0.0);
        let residual = |rotation: &[f64]| {
            let beyond = |row: usize| (0..done).map(|j| products[j * rows + row] * rotation[j]).sum::<f64>();
            (done..done + BLOCK).map(|row| beyond(row).powi(2)).sum::<f64>().sqrt()
        };
        if rotations.iter().all(|rotation| residual(rotation) <= RESIDUAL * largest) {
            let vectors = rotations.iter().map(|rotation| combine(&space, rotation)).collect::<Result<_>>()?;
            return Ok(Some((vectors, values)));
        }
    }
    Ok(None)
}

/// Adds a random vector to a space.
fn grow(space: &mut Vec<Vec<f64>>, size: usize, check: &Check<'_>) -> Result<()> {
    check()?;
    let entry = |i: usize| random::unit(random::element_seed(1, space.len() as u64, i as u64)) - 0.5;
    let mut vector = memory::collected(WHAT, (0..size).map(entry))?;
    for _ in 0..2 {
        take_out(space, &mut vector, |_, _| {});
    }
    let norm = dot(&vector, &vector).sqrt();
    vector.iter_mut().for_each(|v| *v /= norm);
    space.push(vector);
    Ok(())
}

/// Takes what lies along the vectors of a space out of another, and tells each share.
fn take_out(space: &[Vec<f64>], vector: &mut [f64], mut tell: impl FnMut(usize, f64)) {
    for (number, other) in space.iter().enumerate() {
        let share = dot(other, vector);
        subtract(vector, share, other);
        tell(number, share);
    }
}

/// Writes the products of the matrix and the vectors of a block side by side.
fn multiply(matrix: &[f64], size: usize, block: &[Vec<f64>], out: &mut [f64]) {
    chunks::for_each(out, TASK_COLUMNS * BLOCK, |task, out| {
        let count = out.len() / BLOCK;
        let columns = &matrix[task * TASK_COLUMNS * size..][..count * size];
        for (out, column) in out.chunks_exact_mut(BLOCK).zip(columns.chunks_exact(size)) {
            out.iter_mut().zip(block).for_each(|(out, vector)| *out = dot(column, vector));
        }
    });
}
