//! Dense data less their mean, packed tile by tile.

use super::centered::{CenteredData, WHAT, separate};
use crate::initialization::linalg::dot;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use std::ops::Range;
use tsne_core::{Context, Result, Rows, Scalar, blocks, chunks, memory};

/// Columns of a tile of the covariance, and rows that a tile sums in one product: two packed tiles of 1 MiB.
const TILE_COLUMNS: usize = 128;
const TILE_ROWS: usize = 1024;
/// Tasks that a covariance is divided into where it has fewer tiles: 50 columns are one tile, and each task takes memory of a
/// tile.
const TASKS: usize = 64;

/// Data less their mean, in units of their largest deviation from it.
pub(super) struct Centered<'a, T> {
    x: Rows<'a, T>,
    mean: Vec<f64>,
    scale: f64,
}

impl<'a, T: Scalar> Centered<'a, T> {
    /// The data; `None` if they are constant.
    pub(super) fn new(x: Rows<'a, T>) -> Option<Self> {
        // Distances grow with the data's scale, and their squares must not overflow: work in units of the largest value.
        let mean = mean(x);
        let largest = largest_deviation(x, &mean);
        (largest > 0.0).then(|| Self { x, mean, scale: 1.0 / largest })
    }

    /// The sum over `rows` of the products of two stretches of columns.
    fn product(&self, (a, b): (Range<usize>, Range<usize>), rows: Range<usize>, cx: Context<'_>) -> Result<Mat<f64>> {
        let mut left = memory::filled(WHAT, TILE_ROWS * a.len(), 0.0)?;
        let mut right = memory::filled(WHAT, TILE_ROWS * b.len(), 0.0)?;
        let mut product = Mat::<f64>::zeros(a.len(), b.len());
        for start in rows.clone().step_by(TILE_ROWS) {
            cx.check()?;
            let rows = start..rows.end.min(start + TILE_ROWS);
            let count = rows.len();
            self.pack(rows.clone(), a.clone(), &mut left);
            self.pack(rows, b.clone(), &mut right);
            let left = MatRef::from_row_major_slice(&left[..count * a.len()], count, a.len());
            let right = MatRef::from_row_major_slice(&right[..count * b.len()], count, b.len());
            matmul(product.as_mut(), Accum::Add, left.transpose(), right, 1.0, Par::Seq);
        }
        Ok(product)
    }

    /// Writes a tile, row-major.
    fn pack(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f64]) {
        for (i, out) in rows.zip(out.chunks_exact_mut(columns.len())) {
            let row = &self.x.row(i)[columns.clone()];
            for ((out, v), mean) in out.iter_mut().zip(row).zip(&self.mean[columns.clone()]) {
                *out = (v.to_f64() - mean) * self.scale;
            }
        }
    }
}

impl<T: Scalar> CenteredData<T> for Centered<'_, T> {
    fn d(&self) -> usize {
        self.x.d()
    }

    // Tiles, and of few tiles stretches of rows, in parallel; each summed over its rows, and stretches, in their order.
    fn covariance(&self, cx: Context<'_>) -> Result<Vec<f64>> {
        let (n, d) = (self.x.n(), self.x.d());
        let tiles = d.div_ceil(TILE_COLUMNS);
        let pairs: Vec<(usize, usize)> = (0..tiles).flat_map(|a| (0..=a).map(move |b| (a, b))).collect();
        let columns = |tile: usize| tile * TILE_COLUMNS..d.min((tile + 1) * TILE_COLUMNS);
        let stretch = n.div_ceil(TASKS.div_ceil(pairs.len().max(1))).next_multiple_of(TILE_ROWS);
        let stretches = n.div_ceil(stretch);
        let mut products = memory::filled("tiles of the covariance", pairs.len() * stretches, Ok(Mat::new()))?;
        chunks::for_each(&mut products, 1, |task, product| {
            let (tile, rows) = (task / stretches, task % stretches * stretch);
            let (a, b) = pairs[tile];
            product.fill_with(|| self.product((columns(a), columns(b)), rows..n.min(rows + stretch), cx));
        });
        let mut covariance = memory::filled("covariance", d * d, 0.0)?;
        for (task, product) in products.into_iter().enumerate() {
            let (product, (a, b)) = (product?, pairs[task / stretches]);
            for (j, column) in columns(b).enumerate() {
                for (i, row) in columns(a).enumerate() {
                    covariance[column * d + row] += product[(i, j)];
                }
            }
        }
        Ok(covariance)
    }

    fn scores(&self, vectors: &[Vec<f64>], cx: Context<'_>) -> Result<Vec<Vec<f64>>> {
        let n = self.x.n();
        let mut by_row = memory::filled(WHAT, n * vectors.len(), 0.0)?;
        chunks::for_each(&mut by_row, vectors.len() * 64, |block, out| {
            // A call that was cancelled ends with the check below.
            if cx.check().is_err() {
                return;
            }
            let mut centered = vec![0.0; self.x.d()];
            for (i, out) in out.chunks_exact_mut(vectors.len()).enumerate() {
                let row = block * 64 + i;
                self.pack(row..row + 1, 0..self.x.d(), &mut centered);
                for (out, vector) in out.iter_mut().zip(vectors) {
                    *out = dot(&centered, vector);
                }
            }
        });
        cx.check()?;
        separate(&by_row, vectors.len())
    }

    // Tiles of columns in parallel, each summed over the rows in their order.
    fn transposed(&self, scores: &[Vec<f64>], cx: Context<'_>) -> Result<Vec<Vec<f64>>> {
        let (n, d) = (self.x.n(), self.x.d());
        let width = scores.len();
        let mut by_column = memory::filled(WHAT, d * width, 0.0)?;
        chunks::for_each(&mut by_column, width * TILE_COLUMNS, |tile, out| {
            let columns = tile * TILE_COLUMNS..d.min((tile + 1) * TILE_COLUMNS);
            let mut centered = vec![0.0; columns.len()];
            for i in 0..n {
                if i % TILE_ROWS == 0 && cx.check().is_err() {
                    return;
                }
                self.pack(i..i + 1, columns.clone(), &mut centered);
                for (v, scores) in scores.iter().enumerate() {
                    let score = scores[i];
                    for (c, value) in centered.iter().enumerate() {
                        out[c * width + v] += value * score;
                    }
                }
            }
        });
        cx.check()?;
        separate(&by_column, width)
    }

    fn project<const D: usize>(&self, loadings: &[Vec<f64>]) -> Result<Vec<[T; D]>> {
        let mut positions = memory::filled(WHAT, self.x.n(), [T::ZERO; D])?;
        chunks::for_each_point(&mut positions, blocks::BLOCK, |block, positions| {
            for (i, position) in positions.iter_mut().enumerate() {
                let row = self.x.row(block * blocks::BLOCK + i);
                for (value, vector) in position.iter_mut().zip(loadings) {
                    let products = row.iter().zip(&self.mean).zip(vector).map(|((v, m), l)| (v.to_f64() - m) * l);
                    *value = T::from_f64(products.sum());
                }
            }
        });
        Ok(positions)
    }
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
    let of_rows = |range: Range<usize>| {
        let deviations = range.flat_map(|i| x.row(i).iter().zip(mean).map(|(v, m)| (v.to_f64() - m).abs()));
        deviations.fold(0.0, f64::max)
    };
    blocks::map(&mut partials, x.n(), of_rows).iter().copied().fold(0.0, f64::max)
}
