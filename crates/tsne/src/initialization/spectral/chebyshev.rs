//! Chebyshev-filtered subspace iteration (Zhou, Saad, Tiago and Chelikowsky 2006, "Self-consistent-field calculations
//! using Chebyshev-filtered subspace iteration").

use super::params::SpectralParams;
use super::walk::{LANES, Panel, Walk};
use crate::initialization::linalg::{dot, leading_eigenvectors};
use crate::initialization::random::{Normal, SPECTRAL_STREAM};
use std::ops::Range;
use tsne_core::{Context, Error, Result, Scalar, blocks, chunks, memory};

/// The name of the procedure in errors.
pub(super) const STAGE: &str = "spectral initialization";

/// Vectors beyond the wanted ones, at least: the filter damps what is below the last of them.
pub(super) const OVERSAMPLING: usize = 5;

/// By how much a filter may raise the first vector over the last: more loses the last in the rounding of the first.
/// It only shortens the first filters. On the affinities of Fashion-MNIST (70,000 points, perplexity 30,
/// `examples/spectral_time`) 1e2, 1e3 and 1e4 take the same number of filters.
const AMPLIFICATION: f64 = 1e3;

/// The largest degree of a filter. On the same affinities: 12 filters with degree 8, 8 with 12, 6 with 16, 5 with 24,
/// 4 with 32; that is fewest products at 16, in 0.48 s (0.62 s with 8, 0.58 s with 12).
const MAX_DEGREE: usize = 16;

/// The leading eigenvectors of a walk without the constant, `n` values each, and their eigenvalues, largest first. The
/// vectors have norm 1 in the measure of the walk. Needs `wanted + OVERSAMPLING + LANES <= n`.
pub(super) fn leading<T: Scalar>(
    walk: &Walk<'_, T>,
    wanted: usize,
    params: SpectralParams,
    seed: u64,
    cx: Context<'_>,
) -> Result<(Vec<Vec<f64>>, Vec<f64>)> {
    let mut subspace = Subspace::new(walk, (wanted + OVERSAMPLING).div_ceil(LANES))?;
    let mut normals = Refill { seed, used: 0 };
    subspace.refill(0, &mut normals);
    let mut worst = f64::INFINITY;
    for _ in 0..params.max_iterations {
        cx.check()?;
        subspace.walk_all();
        let (rank, values, residuals) = subspace.rayleigh_ritz()?;
        if rank >= wanted {
            worst = residuals.iter().take(wanted).copied().fold(0.0, f64::max);
            if worst <= params.tolerance {
                let vectors = (0..wanted).map(|v| subspace.vector(v)).collect::<Result<_>>()?;
                return Ok((vectors, values[..wanted].to_vec()));
            }
        }
        if rank < subspace.width() {
            subspace.refill(rank, &mut normals);
        } else {
            subspace.filter(&values, cx)?;
            subspace.deflate();
        }
    }
    Err(Error::numerical(
        STAGE,
        format_args!(
            "the residual of an eigenvector is {worst:.1e} after {} iterations: raise max_iterations or tolerance ({:e}), and check that the affinities are symmetric",
            params.max_iterations, params.tolerance
        ),
    ))
}

struct Refill {
    seed: u64,
    used: usize,
}

struct Subspace<'a, 'w, T: Clone> {
    walk: &'a Walk<'w, T>,
    /// The vectors `V`, by eights.
    v: Vec<Panel<T>>,
    /// `P V`, and scratch of the filter.
    w: Vec<Panel<T>>,
}

impl<'a, 'w, T: Scalar> Subspace<'a, 'w, T> {
    fn new(walk: &'a Walk<'w, T>, panels: usize) -> Result<Self> {
        let zeros = || (0..panels).map(|_| memory::filled(STAGE, walk.n(), [T::ZERO; LANES])).collect::<Result<_>>();
        Ok(Self { walk, v: zeros()?, w: zeros()? })
    }

    fn width(&self) -> usize {
        self.v.len() * LANES
    }

    fn vector(&self, v: usize) -> Result<Vec<f64>> {
        memory::collected(STAGE, self.v[v / LANES].iter().map(|lanes| lanes[v % LANES].to_f64()))
    }

    /// Random numbers for all vectors from `first` on.
    fn refill(&mut self, first: usize, normals: &mut Refill) {
        for vector in first..self.width() {
            let mut normal = Normal::new(normals.seed, SPECTRAL_STREAM, normals.used);
            normals.used += 1;
            for lanes in &mut self.v[vector / LANES] {
                lanes[vector % LANES] = T::from_f64(normal.next());
            }
        }
        self.deflate();
    }

    /// Makes the vectors orthogonal to the constant, the known eigenvector of the eigenvalue 1.
    fn deflate(&mut self) {
        let measure = &self.walk.measure;
        let mut partials: Vec<[f64; LANES]> = Vec::new();
        for panel in &mut self.v {
            let of_rows = |rows: Range<usize>| {
                let mut sums = [0.0; LANES];
                for (lanes, m) in panel[rows.clone()].iter().zip(&measure[rows]) {
                    for l in 0..LANES {
                        sums[l] += m * lanes[l].to_f64();
                    }
                }
                sums
            };
            let mut mean = [0.0; LANES];
            for sums in blocks::map(&mut partials, measure.len(), of_rows) {
                for l in 0..LANES {
                    mean[l] += sums[l];
                }
            }
            chunks::for_each(panel, blocks::BLOCK, |_, panel| {
                for lanes in panel {
                    for l in 0..LANES {
                        lanes[l] = T::from_f64(lanes[l].to_f64() - mean[l]);
                    }
                }
            });
        }
    }

    /// `W = P V`.
    fn walk_all(&mut self) {
        for (v, w) in self.v.iter().zip(&mut self.w) {
            self.walk.step(v, w, [1.0, 0.0, 0.0]);
        }
    }

    /// Sums over the points of two matrices of products: `G = Vᵀ D V` and `H = Vᵀ D W`, row-major.
    fn products(&self) -> (Vec<f64>, Vec<f64>) {
        let width = self.width();
        let of_rows = |rows: Range<usize>| {
            let mut sums = vec![0.0; 2 * width * width];
            let (g, h) = sums.split_at_mut(width * width);
            let (mut v, mut w) = (vec![0.0; width], vec![0.0; width]);
            for i in rows {
                load(&self.v, i, &mut v);
                load(&self.w, i, &mut w);
                for ((a, g), h) in v.iter().zip(g.chunks_exact_mut(width)).zip(h.chunks_exact_mut(width)) {
                    let weighted = a * self.walk.measure[i];
                    for ((g, h), (v, w)) in g.iter_mut().zip(h).zip(v.iter().zip(&w)) {
                        *g += weighted * v;
                        *h += weighted * w;
                    }
                }
            }
            sums
        };
        let mut g = vec![0.0; 2 * width * width];
        for partial in blocks::map(&mut Vec::new(), self.walk.n(), of_rows) {
            g.iter_mut().zip(partial).for_each(|(sum, p)| *sum += p);
        }
        let h = g.split_off(width * width);
        (g, h)
    }

    /// Turns `V` and `W` to the best eigenvectors within their span. Returns how many independent ones there are, and
    /// their eigenvalues and residuals, largest eigenvalue first; what is beyond is zero.
    fn rayleigh_ritz(&mut self) -> Result<(usize, Vec<f64>, Vec<f64>)> {
        let width = self.width();
        let (g, h) = self.products();
        // Vectors of length 1 first, so that only their directions decide what is independent.
        let scale: Vec<f64> =
            (0..width).map(|a| g[a * width + a]).map(|norm| if norm > 0.0 { 1.0 / norm.sqrt() } else { 0.0 }).collect();
        let scaled = |matrix: &[f64]| -> Vec<f64> {
            // The mean with the transpose: symmetric to the last bit.
            let at = |a: usize, b: usize| 0.5 * (matrix[a * width + b] + matrix[b * width + a]) * scale[a] * scale[b];
            (0..width * width).map(|ab| at(ab / width, ab % width)).collect()
        };
        let (directions, lengths) = leading_eigenvectors(&scaled(&g), width, width, STAGE)?;
        let h = scaled(&h);
        // Lengths that the rounding of the vectors alone can give.
        let least = 64.0 * T::EPSILON.to_f64() * lengths.first().copied().unwrap_or(0.0);
        let whitened: Vec<Vec<f64>> = directions
            .iter()
            .zip(&lengths)
            .take_while(|(_, length)| **length > least)
            .map(|(direction, length)| direction.iter().map(|v| v / length.sqrt()).collect())
            .collect();
        let rank = whitened.len();
        let mut small = vec![0.0; rank * rank];
        for (b, right) in whitened.iter().enumerate() {
            let image: Vec<f64> = h.chunks_exact(width).map(|row| dot(row, right)).collect();
            for (a, left) in whitened.iter().enumerate() {
                small[b * rank + a] = dot(left, &image);
            }
        }
        let (turns, values) =
            if rank > 0 { leading_eigenvectors(&small, rank, rank, STAGE)? } else { (Vec::new(), Vec::new()) };
        // Row by row: what each old vector gives to each new one.
        let mut rotation = vec![0.0; width * width];
        for (new, turn) in turns.iter().enumerate() {
            for (whitened, factor) in whitened.iter().zip(turn) {
                for (old, value) in whitened.iter().enumerate() {
                    rotation[old * width + new] += factor * value * scale[old];
                }
            }
        }
        rotate(&mut self.v, &rotation);
        rotate(&mut self.w, &rotation);
        let residuals = self.residuals(&values);
        Ok((rank, values, residuals))
    }

    /// The norms of `P v - λ v`.
    fn residuals(&self, values: &[f64]) -> Vec<f64> {
        let width = self.width();
        let of_rows = |rows: Range<usize>| {
            let (mut v, mut w) = (vec![0.0; width], vec![0.0; width]);
            let mut sums = vec![0.0; values.len()];
            for i in rows {
                load(&self.v, i, &mut v);
                load(&self.w, i, &mut w);
                for ((sum, value), (v, w)) in sums.iter_mut().zip(values).zip(v.iter().zip(&w)) {
                    *sum += self.walk.measure[i] * (w - value * v) * (w - value * v);
                }
            }
            sums
        };
        let mut sums = vec![0.0; values.len()];
        for partial in blocks::map(&mut Vec::new(), self.walk.n(), of_rows) {
            sums.iter_mut().zip(partial).for_each(|(sum, p)| *sum += p);
        }
        sums.iter().map(|s| s.sqrt()).collect()
    }

    /// Applies the Chebyshev polynomial that is small from -1 to the least eigenvalue and grows fastest above, scaled
    /// to 1 at the eigenvalue 1. Expects `W = P V`.
    fn filter(&mut self, values: &[f64], cx: Context<'_>) -> Result<()> {
        let (Some(&largest), Some(&least)) = (values.first(), values.last()) else { return Ok(()) };
        let half = (0.5 * (least + 1.0)).max(1e-3);
        let middle = half - 1.0;
        // T_m(x) = cosh(m acosh x).
        let growth = ((largest - middle) / half).max(1.0).acosh();
        let degree = ((AMPLIFICATION.acosh() / growth).min(MAX_DEGREE as f64) as usize).max(2);
        let first = half / (1.0 - middle);
        for (v, w) in self.v.iter_mut().zip(&mut self.w) {
            let (a, b) = (first / half, -first * middle / half);
            chunks::for_each(w, blocks::BLOCK, |block, w| {
                for (w, v) in w.iter_mut().zip(&v[blocks::range(block, v.len())]) {
                    for l in 0..LANES {
                        w[l] = T::from_f64(a * w[l].to_f64() + b * v[l].to_f64());
                    }
                }
            });
            let mut sigma = first;
            for _ in 2..=degree {
                cx.check()?;
                let next = 1.0 / (2.0 / first - sigma);
                self.walk.step(w, v, [2.0 * next / half, -2.0 * next * middle / half, -sigma * next]);
                std::mem::swap(v, w);
                sigma = next;
            }
            std::mem::swap(v, w);
        }
        Ok(())
    }
}

/// The values of all vectors at point `i`.
fn load<T: Scalar>(panels: &[Panel<T>], i: usize, out: &mut [f64]) {
    for (panel, out) in panels.iter().zip(out.as_chunks_mut::<LANES>().0) {
        *out = panel[i].map(|v| v.to_f64());
    }
}

/// Replaces the vectors by their combinations.
fn rotate<T: Scalar>(panels: &mut [Panel<T>], rotation: &[f64]) {
    let width = panels.len() * LANES;
    let mut parts: Vec<Vec<&mut [[T; LANES]]>> = Vec::new();
    for panel in panels.iter_mut() {
        for (b, rows) in panel.chunks_mut(blocks::BLOCK).enumerate() {
            match parts.get_mut(b) {
                Some(part) => part.push(rows),
                None => parts.push(vec![rows]),
            }
        }
    }
    chunks::for_each(&mut parts, 1, |_, parts| {
        for part in parts {
            let (mut old, mut new) = (vec![0.0; width], vec![0.0; width]);
            for i in 0..part.first().map_or(0, |rows| rows.len()) {
                for (rows, old) in part.iter().zip(old.as_chunks_mut::<LANES>().0) {
                    *old = rows[i].map(|v| v.to_f64());
                }
                new.fill(0.0);
                for (old, row) in old.iter().zip(rotation.chunks_exact(width)) {
                    for (new, r) in new.iter_mut().zip(row) {
                        *new += old * r;
                    }
                }
                for (rows, new) in part.iter_mut().zip(new.as_chunks::<LANES>().0) {
                    rows[i] = new.map(T::from_f64);
                }
            }
        }
    });
}
