//! Sparse data less their mean, which is subtracted from products and never from the data: they stay sparse.

use super::centered::{CenteredData, WHAT, separate};
use rayon::prelude::*;
use tsne_core::buckets::Buckets;
use tsne_core::span::Region;
use tsne_core::{Context, Error, Result, Scalar, SparseRows, blocks, chunks, memory};

/// Columns of the covariance that one task sums.
const TILE_COLUMNS: usize = 64;

/// Rows or columns of one product with all vectors.
const TASK_ROWS: usize = 64;

/// Data less their mean, in units of their largest value.
pub(super) struct SparseCentered<'a, T> {
    x: SparseRows<'a, T>,
    /// The rows and values of each column.
    by_column: Buckets<(u32, f64)>,
    /// The means of the columns, in the same units.
    mean: Vec<f64>,
    unit: f64,
}

impl<'a, T: Scalar> SparseCentered<'a, T> {
    /// The data; `None` if they are constant.
    pub(super) fn new(x: SparseRows<'a, T>) -> Result<Option<Self>> {
        let (n, d) = (x.n(), x.d());
        let max = u32::MAX as usize;
        if n > max {
            return Err(Error::capacity("number of sparse points", n, max));
        }
        let unit = x.values().iter().fold(0.0, |a: f64, v| a.max(v.to_f64().abs()));
        if unit == 0.0 {
            return Ok(None);
        }
        let entries = || (0..n).flat_map(|i| x.row(i).0.iter().zip(x.row(i).1).map(move |(c, v)| (i, *c as usize, v)));
        let by_column = Buckets::new(d, || entries().map(|(i, c, v)| (c, (i as u32, v.to_f64() / unit))))?;
        let column = |c: usize| by_column.bucket(c).iter().map(|(_, v)| *v);
        let region = Region::enter();
        let mean_of = |c: usize| column(c).sum::<f64>() / n as f64;
        let mut mean = memory::filled(WHAT, d, 0.0)?;
        mean.par_iter_mut().enumerate().for_each(|(c, mean)| *mean = region.task(|| mean_of(c)));
        drop(region);
        // A column is constant if all its rows are stored and equal, or all that are stored are zero.
        let varies = |c: usize| {
            let first = if by_column.bucket(c).len() == n { column(c).next().unwrap_or(0.0) } else { 0.0 };
            column(c).any(|v| v != first).then_some(())
        };
        Ok(blocks::find_first(d, varies).is_some().then_some(Self { x, by_column, mean, unit }))
    }

    fn column(&self, c: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.by_column.bucket(c).iter().map(|(i, v)| (*i as usize, *v))
    }

    /// `(x_i - mean) v` of all vectors, which come with their values for one column side by side; `shift` is `mean v`.
    fn row_products(&self, i: usize, by_column: &[f64], shift: &[f64], out: &mut [f64]) {
        let width = out.len();
        out.iter_mut().zip(shift).for_each(|(out, shift)| *out = -shift);
        let (columns, values) = self.x.row(i);
        for (&c, v) in columns.iter().zip(values) {
            let v = v.to_f64() / self.unit;
            for (out, l) in out.iter_mut().zip(&by_column[c as usize * width..]) {
                *out += v * l;
            }
        }
    }

    fn shift(&self, vectors: &[Vec<f64>]) -> Vec<f64> {
        vectors.iter().map(|vector| crate::initialization::linalg::dot(&self.mean, vector)).collect()
    }
}

/// The values of all vectors at one place side by side.
fn interleave(vectors: &[Vec<f64>]) -> Result<Vec<f64>> {
    let length = vectors.first().map_or(0, Vec::len);
    let mut side_by_side = Vec::new();
    memory::reserve(WHAT, &mut side_by_side, length * vectors.len())?;
    (0..length).for_each(|at| side_by_side.extend(vectors.iter().map(|vector| vector[at])));
    Ok(side_by_side)
}

impl<T: Scalar> CenteredData<T> for SparseCentered<'_, T> {
    fn d(&self) -> usize {
        self.x.d()
    }

    // Σ x xᵀ - n mean meanᵀ, every cell summed over the rows in their order.
    fn covariance(&self, cx: Context<'_>) -> Result<Vec<f64>> {
        let (n, d) = (self.x.n() as f64, self.x.d());
        let mut covariance = memory::filled("covariance", d * d, 0.0)?;
        let region = Region::enter();
        let fill = |tile: usize, out: &mut [f64]| {
            for (offset, out) in out.chunks_exact_mut(d).enumerate() {
                cx.check()?;
                let b = tile * TILE_COLUMNS + offset;
                for (i, factor) in self.column(b) {
                    let (columns, values) = self.x.row(i);
                    let first = columns.partition_point(|&a| (a as usize) < b);
                    for (&a, v) in columns[first..].iter().zip(&values[first..]) {
                        out[a as usize] += factor * (v.to_f64() / self.unit);
                    }
                }
                for a in b..d {
                    out[a] -= n * self.mean[a] * self.mean[b];
                }
            }
            Ok(())
        };
        let tiles = covariance.par_chunks_mut(d * TILE_COLUMNS).enumerate();
        tiles.try_for_each(|(tile, out)| region.task(|| fill(tile, out)))?;
        drop(region);
        Ok(covariance)
    }

    fn scores(&self, vectors: &[Vec<f64>], cx: Context<'_>) -> Result<Vec<Vec<f64>>> {
        let width = vectors.len();
        let (by_column, shift) = (interleave(vectors)?, self.shift(vectors));
        let mut by_row = memory::filled(WHAT, self.x.n() * width, 0.0)?;
        chunks::for_each(&mut by_row, width * TASK_ROWS, |block, out| {
            // A call that was cancelled ends with the check below.
            if cx.check().is_err() {
                return;
            }
            for (i, out) in out.chunks_exact_mut(width).enumerate() {
                self.row_products(block * TASK_ROWS + i, &by_column, &shift, out);
            }
        });
        cx.check()?;
        separate(&by_row, width)
    }

    fn transposed(&self, scores: &[Vec<f64>], cx: Context<'_>) -> Result<Vec<Vec<f64>>> {
        let width = scores.len();
        let by_row = interleave(scores)?;
        let totals: Vec<f64> = scores.iter().map(|scores| scores.iter().sum()).collect();
        let mut by_column = memory::filled(WHAT, self.x.d() * width, 0.0)?;
        chunks::for_each(&mut by_column, width * TASK_ROWS, |block, out| {
            for (offset, out) in out.chunks_exact_mut(width).enumerate() {
                if cx.check().is_err() {
                    return;
                }
                let c = block * TASK_ROWS + offset;
                out.iter_mut().zip(&totals).for_each(|(out, total)| *out = -self.mean[c] * total);
                for (i, v) in self.column(c) {
                    for (out, score) in out.iter_mut().zip(&by_row[i * width..]) {
                        *out += v * score;
                    }
                }
            }
        });
        cx.check()?;
        separate(&by_column, width)
    }

    fn project<const D: usize>(&self, loadings: &[Vec<f64>]) -> Result<Vec<[T; D]>> {
        let (by_column, shift) = (interleave(loadings)?, self.shift(loadings));
        let mut positions = memory::filled(WHAT, self.x.n(), [T::ZERO; D])?;
        chunks::for_each_point(&mut positions, blocks::BLOCK, |block, positions| {
            let mut products = vec![0.0; loadings.len()];
            for (i, position) in positions.iter_mut().enumerate() {
                self.row_products(block * blocks::BLOCK + i, &by_column, &shift, &mut products);
                for (value, product) in position.iter_mut().zip(&products) {
                    *value = T::from_f64(product * self.unit);
                }
            }
        });
        Ok(positions)
    }
}
