//! The leading eigenvectors of a tridiagonal matrix: eigenvalues by bisection (Givens 1954), vectors by inverse iteration.

use super::centered::WHAT;
use super::reduction::Check;
use crate::initialization::linalg::{dot, subtract};
use tsne_core::simd::{self, Task};
use tsne_core::{Result, memory, random};

/// Eigenvalues that are bisected side by side.
const LANES: usize = 8;

/// Halvings of an interval of length 4, down to the rounding of numbers around 1.
const HALVINGS: usize = 55;

/// What a pivot is at the least, in units of the matrix: its rounding.
const LEAST_PIVOT: f64 = f64::EPSILON;

/// Inverse iterations at the most: of 1,500 vectors tried, among them those of eigenvalues that occur 20 and 400 times, none took
/// more than three.
const ITERATIONS: usize = 10;

/// The largest residual, in units of the matrix: ten times what rounding leaves.
const RESIDUAL: f64 = 1e-14;

/// Eigenvectors and their eigenvalues.
type Pairs = (Vec<Vec<f64>>, Vec<f64>);

/// The eigenvectors of the largest `count` eigenvalues, and these, largest first; `None` if one was not found, which the
/// theory allows. The matrix is in a unit in which its norm is at most 1.
pub(super) fn leading(diagonal: &[f64], beside: &[f64], count: usize, check: &Check<'_>) -> Result<Option<Pairs>> {
    let size = diagonal.len();
    let values = largest(diagonal, beside, count, check)?;
    let mut vectors: Vec<Vec<f64>> = Vec::new();
    memory::reserve(WHAT, &mut vectors, count)?;
    let mut factors = Factors::with_size(size)?;
    for (number, &value) in values.iter().enumerate() {
        factors.factorize(diagonal, beside, value);
        let start = |i: usize| random::unit(random::element_seed(0, number as u64, i as u64)) - 0.5;
        let mut vector = memory::collected(WHAT, (0..size).map(start))?;
        let mut found = false;
        for _ in 0..ITERATIONS {
            check()?;
            factors.solve(&mut vector);
            // The solution is long, along the vectors before too, where their eigenvalues are near. Once leaves the rounding of that.
            normalize(&mut vector);
            for _ in 0..2 {
                for other in &vectors {
                    let along = dot(other, &vector);
                    subtract(&mut vector, along, other);
                }
            }
            normalize(&mut vector);
            found = residual(diagonal, beside, value, &vector) <= RESIDUAL;
            if found {
                break;
            }
        }
        if !found {
            return Ok(None);
        }
        vectors.push(vector);
    }
    Ok(Some((vectors, values)))
}

fn normalize(vector: &mut [f64]) {
    // The largest first: squares of what inverse iteration leaves may overflow.
    let largest = vector.iter().fold(0.0, |a: f64, v| a.max(v.abs()));
    vector.iter_mut().for_each(|v| *v /= largest);
    let norm = dot(vector, vector).sqrt();
    vector.iter_mut().for_each(|v| *v /= norm);
}

/// `|T v - value v|`, which is not a number if the vector is none.
fn residual(diagonal: &[f64], beside: &[f64], value: f64, v: &[f64]) -> f64 {
    let entry = |i: usize| {
        let above = if i > 0 { beside[i - 1] * v[i - 1] } else { 0.0 };
        let below = if i < beside.len() { beside[i] * v[i + 1] } else { 0.0 };
        (diagonal[i] - value) * v[i] + above + below
    };
    (0..v.len()).map(|i| entry(i).powi(2)).sum::<f64>().sqrt()
}

/// The largest eigenvalues, largest first.
fn largest(diagonal: &[f64], beside: &[f64], count: usize, check: &Check<'_>) -> Result<Vec<f64>> {
    let squares = memory::collected(WHAT, beside.iter().map(|b| b * b))?;
    let mut values = memory::filled(WHAT, count, 0.0)?;
    for (group, values) in values.chunks_mut(LANES).enumerate() {
        let (mut low, mut high) = ([-2.0; LANES], [2.0; LANES]);
        for _ in 0..HALVINGS {
            check()?;
            let middle: [f64; LANES] = std::array::from_fn(|l| 0.5 * (low[l] + high[l]));
            let above = simd::dispatch(Above { diagonal, squares: &squares, places: middle });
            for l in 0..LANES {
                // Of the eigenvalues from the largest on, number `group * LANES + l` is looked for.
                let is_above = above[l] > (group * LANES + l) as f64;
                if is_above { low[l] = middle[l] } else { high[l] = middle[l] }
            }
        }
        values.iter_mut().zip(high).for_each(|(value, high)| *value = high);
    }
    Ok(values)
}

/// How many eigenvalues are larger than each place: as many as pivots of `T - place` are positive (Sylvester).
struct Above<'a> {
    diagonal: &'a [f64],
    squares: &'a [f64],
    places: [f64; LANES],
}

impl Task for Above<'_> {
    type Output = [f64; LANES];

    #[inline(always)]
    fn run(self) -> [f64; LANES] {
        let Self { diagonal, squares, places } = self;
        let mut pivots = [1.0; LANES];
        let mut above = [0.0; LANES];
        let before = std::iter::once(&0.0).chain(squares);
        for (a, square) in diagonal.iter().zip(before) {
            for l in 0..LANES {
                let pivot = a - places[l] - square / pivots[l];
                // One of 0 would divide 0 by 0 where the matrix falls apart.
                pivots[l] = if pivot.abs() < f64::MIN_POSITIVE { -f64::MIN_POSITIVE } else { pivot };
                above[l] += if pivots[l] > 0.0 { 1.0 } else { 0.0 };
            }
        }
        above
    }
}

/// `T - value` as a product of triangular matrices, with rows exchanged where the one below has the larger pivot.
struct Factors {
    pivots: Vec<f64>,
    /// Beside the pivots, and next to that.
    upper: Vec<[f64; 2]>,
    /// What of a row is taken from the next, and whether the two were exchanged before.
    lower: Vec<(f64, bool)>,
}

impl Factors {
    fn with_size(size: usize) -> Result<Self> {
        Ok(Self {
            pivots: memory::filled(WHAT, size, 0.0)?,
            upper: memory::filled(WHAT, size, [0.0; 2])?,
            lower: memory::filled(WHAT, size, (0.0, false))?,
        })
    }

    fn factorize(&mut self, diagonal: &[f64], beside: &[f64], value: f64) {
        let at = |i: usize| beside.get(i).copied().unwrap_or(0.0);
        let (mut pivot, mut right) = (diagonal.first().map_or(0.0, |a| a - value), at(0));
        for i in 0..diagonal.len() {
            let (below, next) = (at(i), diagonal.get(i + 1).map_or(0.0, |a| a - value));
            let exchanged = below.abs() > pivot.abs();
            if !exchanged && pivot.abs() < LEAST_PIVOT {
                pivot = LEAST_PIVOT;
            }
            let share = if exchanged { pivot / below } else { below / pivot };
            self.lower[i] = (share, exchanged);
            if exchanged {
                (self.pivots[i], self.upper[i]) = (below, [next, at(i + 1)]);
                (pivot, right) = (right - share * next, -share * at(i + 1));
            } else {
                (self.pivots[i], self.upper[i]) = (pivot, [right, 0.0]);
                (pivot, right) = (next - share * right, at(i + 1));
            }
        }
    }

    /// Solves for a right-hand side.
    fn solve(&self, x: &mut [f64]) {
        for (i, &(share, exchanged)) in self.lower.iter().enumerate().take(x.len().saturating_sub(1)) {
            if exchanged {
                x.swap(i, i + 1);
            }
            x[i + 1] -= share * x[i];
        }
        let (mut next, mut second) = (0.0, 0.0);
        for ((x, pivot), upper) in x.iter_mut().zip(&self.pivots).zip(&self.upper).rev() {
            *x = (*x - upper[0] * next - upper[1] * second) / pivot;
            (second, next) = (next, *x);
        }
    }
}
