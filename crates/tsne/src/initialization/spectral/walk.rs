use super::components::Components;
use std::borrow::Cow;
use tsne_core::simd::{self, Task};
use tsne_core::{Affinities, Result, Scalar, blocks, chunks, memory};

/// Vectors that one pass over the matrix multiplies: the least that gives `D <= 3` its oversampling, and one register
/// (`f32`) or cache line (`f64`) for a point.
pub(super) const LANES: usize = 8;

/// Eight vectors over the points, point by point.
pub(super) type Panel<T> = Vec<[T; LANES]>;

/// The name of what is made here in errors.
const WHAT: &str = "random walk of the spectral initialization";

/// Rows of the matrix in one task: 256 rows of some hundred entries take tens of microseconds.
const TASK_ROWS: usize = 256;

/// Row pointers, columns and weights of a matrix in compressed rows.
type Csr<'a, T> = (Cow<'a, [usize]>, Cow<'a, [u32]>, Cow<'a, [T]>);

/// The random walk `P = D⁻¹ A` on one component of a graph.
///
/// It is self-adjoint in the inner product `Σ d_i a_i b_i` of the degrees `d`, in which everything here is measured,
/// and its eigenvector of the eigenvalue 1 is the constant.
pub(super) struct Walk<'a, T: Clone> {
    row_pointers: Cow<'a, [usize]>,
    columns: Cow<'a, [u32]>,
    weights: Cow<'a, [T]>,
    /// The sums of the rows of `A`.
    degrees: Vec<f64>,
    /// The same over their sum: the stationary distribution.
    pub(super) measure: Vec<f64>,
}

impl<'a, T: Scalar> Walk<'a, T> {
    /// The walk on component `number` of `graph`.
    pub(super) fn new(graph: &'a Affinities<T>, components: &Components, number: usize) -> Result<Self> {
        let (row_pointers, columns, weights) = if components.members.len() == 1 {
            (Cow::from(graph.row_pointers()), Cow::from(graph.columns()), Cow::from(graph.weights()))
        } else {
            extract(graph, components, number)?
        };
        let n = row_pointers.len() - 1;
        let mut degrees = memory::filled(WHAT, n, 0.0)?;
        chunks::for_each(&mut degrees, blocks::BLOCK, |b, degrees| {
            for (degree, i) in degrees.iter_mut().zip(blocks::range(b, n)) {
                *degree = weights[row_pointers[i]..row_pointers[i + 1]].iter().map(|w| w.to_f64()).sum();
            }
        });
        let total = blocks::sum(&mut Vec::new(), n, |rows| degrees[rows].iter().sum());
        let measure = memory::collected(WHAT, degrees.iter().map(|d| d / total))?;
        Ok(Self { row_pointers, columns, weights, degrees, measure })
    }

    /// The number of points.
    pub(super) fn n(&self) -> usize {
        self.degrees.len()
    }

    /// `out = a P x + b x + c out`.
    pub(super) fn step(&self, x: &[[T; LANES]], out: &mut [[T; LANES]], [a, b, c]: [f64; 3]) {
        chunks::for_each(out, TASK_ROWS, |block, out| {
            simd::dispatch(StepRows { walk: self, x, out, first: block * TASK_ROWS, a, b, c });
        });
    }

    /// The symmetric matrix `D^-½ A D^-½` and `D^½ 1`, of norm 1, its eigenvector of the eigenvalue 1; column-major.
    pub(super) fn dense(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        let n = self.n();
        let roots = memory::collected(WHAT, self.degrees.iter().map(|d| d.sqrt()))?;
        let mut matrix = memory::filled(WHAT, n * n, 0.0)?;
        for i in 0..n {
            let range = self.row_pointers[i]..self.row_pointers[i + 1];
            for (&j, w) in self.columns[range.clone()].iter().zip(&self.weights[range]) {
                if *w > T::ZERO {
                    matrix[j as usize * n + i] = w.to_f64() / roots[i] / roots[j as usize];
                }
            }
        }
        Ok((matrix, memory::collected(WHAT, self.measure.iter().map(|m| m.sqrt()))?))
    }
}

/// The rows of one component with its own numbers for the points.
fn extract<'a, T: Scalar>(graph: &Affinities<T>, components: &Components, number: usize) -> Result<Csr<'a, T>> {
    let members = components.members.get(number).map_or(&[][..], Vec::as_slice);
    let (mut row_pointers, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
    let entries = members.iter().map(|&i| graph.row(i as usize).0.len()).sum();
    memory::reserve(WHAT, &mut row_pointers, members.len())?;
    memory::reserve(WHAT, &mut columns, entries)?;
    memory::reserve(WHAT, &mut weights, entries)?;
    for &i in members {
        let (row, values) = graph.row(i as usize);
        for (&j, &weight) in row.iter().zip(values) {
            // Entries of weight 0 may lead to another component.
            if components.of_point[j as usize] as usize == number
                && let Ok(local) = members.binary_search(&j)
            {
                columns.push(local as u32);
                weights.push(weight);
            }
        }
        row_pointers.push(columns.len());
    }
    Ok((Cow::from(row_pointers), Cow::from(columns), Cow::from(weights)))
}

struct StepRows<'a, 'w, T: Clone> {
    walk: &'a Walk<'w, T>,
    x: &'a [[T; LANES]],
    out: &'a mut [[T; LANES]],
    first: usize,
    a: f64,
    b: f64,
    c: f64,
}

impl<T: Scalar> Task for StepRows<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { walk, x, out, first, a, b, c } = self;
        for (r, out) in out.iter_mut().enumerate() {
            let i = first + r;
            let range = walk.row_pointers[i]..walk.row_pointers[i + 1];
            let mut sums = [T::ZERO; LANES];
            for (&j, &w) in walk.columns[range.clone()].iter().zip(&walk.weights[range]) {
                let neighbor = &x[j as usize];
                for l in 0..LANES {
                    sums[l] += w * neighbor[l];
                }
            }
            // A division, as the inverse of a degree may overflow. A point that only others point to stays at 0.
            let degree = walk.degrees[i];
            let own = &x[i];
            for l in 0..LANES {
                let walked = if degree > 0.0 { sums[l].to_f64() / degree } else { 0.0 };
                out[l] = T::from_f64(a * walked + b * own[l].to_f64() + c * out[l].to_f64());
            }
        }
    }
}
