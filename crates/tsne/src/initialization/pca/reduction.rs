//! A symmetric matrix brought to tridiagonal form by reflections (Householder 1958), some columns at a time (Dongarra, Sorensen and
//! Hammarling 1989): half of the work is products of the matrix with a vector, half products of matrices.

use super::centered::WHAT;
use crate::initialization::linalg::{dot, subtract};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::ops::Range;
use tsne_core::simd::{self, Task};
use tsne_core::{Result, chunks, memory};

/// Columns that are reduced before the rest of the matrix is touched. At 784 columns 16, 32 and 64 took as long, within what else ran on
/// the machine.
const PANEL: usize = 32;

/// Entries of the matrix that one task multiplies by a vector: some 30 µs.
const TASK_ENTRIES: usize = 1 << 16;

/// Columns of the rest of the matrix that one task changes behind a panel.
const TASK_COLUMNS: usize = 64;

/// Vectors that a task turns back: each reflection is loaded once for all of them.
const TASK_VECTORS: usize = 4;

/// What a long computation asks between its steps: whether it is to go on.
pub(super) type Check<'a> = dyn Fn() -> Result<()> + Sync + 'a;

/// `Q T Qᵀ` with a tridiagonal `T`.
pub(super) struct Reduction {
    size: usize,
    /// The diagonal of `T`, and what stands beside it.
    pub(super) diagonal: Vec<f64>,
    pub(super) beside: Vec<f64>,
    /// The vector `v` of the reflection `I - factor v vᵀ` of each column, below the diagonal, column-major.
    vectors: Vec<f64>,
    factors: Vec<f64>,
}

impl Reduction {
    /// Takes the lower triangle of a symmetric matrix, column-major, over.
    pub(super) fn of(matrix: Vec<f64>, size: usize, check: &Check<'_>) -> Result<Self> {
        let zeros = || memory::filled(WHAT, size, 0.0);
        let mut reduction = Self { size, diagonal: zeros()?, beside: zeros()?, vectors: matrix, factors: zeros()? };
        let mut panel = Panel {
            v: memory::filled(WHAT, size * PANEL, 0.0)?,
            w: memory::filled(WHAT, size * PANEL, 0.0)?,
            partials: memory::filled(WHAT, size * size.pow(2).div_ceil(2 * TASK_ENTRIES), 0.0)?,
        };
        for first in (0..size).step_by(PANEL) {
            let columns = first..size.min(first + PANEL);
            for k in columns.clone() {
                check()?;
                reduction.reflect(k, k - first, &mut panel);
            }
            check()?;
            reduction.update(columns, &panel);
        }
        reduction.beside.truncate(size.saturating_sub(1));
        Ok(reduction)
    }

    /// Reduces column `k`, of which `done` others of its panel were reduced before.
    fn reflect(&mut self, k: usize, done: usize, panel: &mut Panel) {
        let size = self.size;
        let (column, rest) = self.vectors[k * size..].split_at_mut(size);
        // What the panel did so far has reached no column behind it.
        for (v, w) in panel.v.chunks_exact(size).zip(panel.w.chunks_exact(size)).take(done) {
            subtract(&mut column[k..], w[k], &v[k..]);
            subtract(&mut column[k..], v[k], &w[k..]);
        }
        self.diagonal[k] = column[k];
        panel.v[done * size..][..size].fill(0.0);
        panel.w[done * size..][..size].fill(0.0);
        let below = &mut column[k + 1..];
        let Some((&mut head, tail)) = below.split_first_mut() else { return };
        let rest_squared = dot(tail, tail);
        // Squares that underflow are those of entries that are nothing beside the largest, which is 1.
        if rest_squared == 0.0 {
            self.beside[k] = head;
            below.fill(0.0);
            return;
        }
        let end = -head.signum() * (head * head + rest_squared).sqrt();
        tail.iter_mut().for_each(|v| *v /= head - end);
        below[0] = 1.0;
        let factor = (end - head) / end;
        (self.beside[k], self.factors[k]) = (end, factor);
        panel.v[done * size + k + 1..][..size - k - 1].copy_from_slice(below);
        product(rest, size, k + 1, &panel.v[done * size..], &mut panel.partials, &mut panel.w[done * size..]);
        let (before_v, v) = panel.v.split_at_mut(done * size);
        let (before_w, w) = panel.w.split_at_mut(done * size);
        let (v, w) = (&v[k + 1..size], &mut w[k + 1..size]);
        for (before_v, before_w) in before_v.chunks_exact(size).zip(before_w.chunks_exact(size)) {
            let (before_v, before_w) = (&before_v[k + 1..], &before_w[k + 1..]);
            let (along_v, along_w) = (dot(before_v, v), dot(before_w, v));
            subtract(w, along_w, before_v);
            subtract(w, along_v, before_w);
        }
        w.iter_mut().for_each(|w| *w *= factor);
        let along = 0.5 * factor * dot(v, w);
        subtract(w, along, v);
    }

    /// Takes what a panel did from the columns behind it.
    fn update(&mut self, columns: Range<usize>, panel: &Panel) {
        let (size, width) = (self.size, columns.len());
        let v = MatRef::from_column_major_slice(&panel.v[..size * width], size, width);
        let w = MatRef::from_column_major_slice(&panel.w[..size * width], size, width);
        chunks::for_each(&mut self.vectors[columns.end * size..], TASK_COLUMNS * size, |task, rest| {
            let (first, count) = (columns.end + task * TASK_COLUMNS, rest.len() / size);
            // A little above the diagonal, too, where nobody looks.
            let mut rest = MatMut::from_column_major_slice_mut(rest, size, count).subrows_mut(first, size - first);
            for (a, b) in [(v, w), (w, v)] {
                let (a, b) = (a.subrows(first, size - first), b.subrows(first, count));
                matmul(rest.as_mut(), Accum::Add, a, b.transpose(), -1.0, Par::Seq);
            }
        });
    }

    /// Turns vectors of `T` into those of the matrix.
    pub(super) fn turn_back(&self, vectors: &mut [Vec<f64>], check: &Check<'_>) -> Result<()> {
        chunks::for_each(vectors, TASK_VECTORS, |_, vectors| {
            // A call that was cancelled ends with the check below.
            if check().is_ok() {
                for (k, &factor) in self.factors.iter().enumerate().rev() {
                    let reflection = &self.vectors[k * self.size..][k + 1..self.size];
                    for vector in vectors.iter_mut() {
                        let along = factor * dot(reflection, &vector[k + 1..]);
                        subtract(&mut vector[k + 1..], along, reflection);
                    }
                }
            }
        });
        check()
    }
}

/// The reflections of a panel, whose sum of `v wᵀ + w vᵀ` is still to be taken from the matrix.
struct Panel {
    v: Vec<f64>,
    w: Vec<f64>,
    partials: Vec<f64>,
}

/// Writes the product of the matrix from row and column `first` on, which `columns` begin with, and `v` to `out`. Stretches of
/// columns in parallel, as many as the size asks for, added in their order.
fn product(columns: &[f64], size: usize, first: usize, v: &[f64], partials: &mut [f64], out: &mut [f64]) {
    let width = size - first;
    let tasks = width.pow(2).div_ceil(2 * TASK_ENTRIES);
    // Of equal area: columns get shorter.
    let start = |task: usize| width - (width as f64 * (1.0 - task as f64 / tasks as f64).sqrt()) as usize;
    let v = &v[first..size];
    chunks::for_each(&mut partials[..tasks * width], width, |task, out| {
        let range = if task + 1 == tasks { start(task)..width } else { start(task)..start(task + 1) };
        out.fill(0.0);
        simd::dispatch(Product { columns, size, first, range, v, out });
    });
    let out = &mut out[first..size];
    out.fill(0.0);
    for partial in partials[..tasks * width].chunks_exact(width) {
        out.iter_mut().zip(partial).for_each(|(out, partial)| *out += partial);
    }
}

/// The part of some columns, and of the rows that mirror them.
struct Product<'a> {
    columns: &'a [f64],
    size: usize,
    first: usize,
    range: Range<usize>,
    v: &'a [f64],
    out: &'a mut [f64],
}

impl Task for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { columns, size, first, range, v, out } = self;
        for j in range {
            let column = &columns[j * size..][first + j..size];
            let (Some((&top, below)), Some((&own, v))) = (column.split_first(), v[j..].split_first()) else { return };
            let Some((at, out)) = out[j..].split_first_mut() else { return };
            let (below_8, below_rest) = below.as_chunks::<8>();
            let (v_8, v_rest) = v.as_chunks::<8>();
            let (out_8, out_rest) = out.as_chunks_mut::<8>();
            let mut sums = [0.0; 8];
            for ((below, v), out) in below_8.iter().zip(v_8).zip(out_8) {
                for l in 0..8 {
                    out[l] += below[l] * own;
                    sums[l] += below[l] * v[l];
                }
            }
            let mut sum = top * own + sums.iter().sum::<f64>();
            for ((below, v), out) in below_rest.iter().zip(v_rest).zip(out_rest) {
                *out += below * own;
                sum += below * v;
            }
            *at += sum;
        }
    }
}
