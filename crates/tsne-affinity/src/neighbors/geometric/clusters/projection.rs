//! Wide rows in fewer columns, for the choice of clusters.
//!
//! Which clusters are near is a question that the leading principal components answer nearly as well as all columns, at a
//! fraction of the multiplications; how many of them a row must visit is measured afterwards, whatever the choice is made by. The
//! components are those of a sample, by orthogonal iteration (Golub and Van Loan 2013, "Matrix Computations", section 8.2.4):
//! nothing depends on how exact they are. Neighbors are found and measured in all columns.
//!
//! The products are loops of their own, 64 sums at a time: a row has the same components alone and among others, on any machine,
//! which a library's product does not promise. On 70,000 × 784 points the neighbors took 20.5 in place of 24.5 s on a machine with
//! five times the load (11.2 for 12.9 s of the CPU, all of `knn_time`).

use super::sampling::{gather_for_all, strata};
use crate::neighbors::dense_rows::DenseRows;
use crate::neighbors::geometric::geometry::Geometry;
use crate::neighbors::geometric::indexed::{IndexedPoints, PointSet};
use crate::ordered::Kept;
use tsne_core::{Context, Result, Scalar, chunks, memory, random, simd};

/// Components.
pub(in crate::neighbors) const COMPONENTS: usize = 64;
/// Columns from which on rows are projected: below, the projection itself is a good part of what it saves.
pub(in crate::neighbors) const COLUMNS: usize = 4 * COMPONENTS;
/// Rows that the components are fitted to.
const SAMPLE: usize = 1024;
/// Steps of the iteration: components are needed up to a rotation among near ones.
const STEPS: usize = 3;
/// Rows in one task.
const BLOCK: usize = 256;
/// Columns in one task of the fit.
const COLUMN_BLOCK: usize = 64;
/// Scaled values beyond this are cut: rows so far from all points have no near cluster, but are to have finite components.
const FARTHEST: f64 = 1e15;
const STAGE_SAMPLE: u64 = 0x61_7070_0004;
const STAGE_START: u64 = 0x61_7070_0005;

/// A map of rows to [`COMPONENTS`] columns.
pub(super) struct Projection {
    factor: f64,
    center: Vec<f64>,
    /// `d × COMPONENTS`, row-major; columns are orthonormal, or zero where the data have fewer directions.
    basis: Vec<f32>,
}

impl Projection {
    /// That of `given`; `None` where rows are narrow, or compared by direction.
    pub(super) fn new<V: Scalar>(given: &IndexedPoints<'_, V>, seed: u64, cx: Context<'_>) -> Result<Option<Self>> {
        let d = given.points.rows.d();
        if given.ruler.geometry != Geometry::Euclidean || d < COLUMNS {
            return Ok(None);
        }
        let sample = strata(given.groups.len(), SAMPLE, seed, STAGE_SAMPLE)?;
        let n = sample.len();
        let at = |s: usize| given.groups.representative(sample[s] as usize);
        let given_rows = gather_for_all(&given.points, at, n, cx)?;
        let row = |s: usize| given_rows.rows().row(s);
        let mut center = memory::filled("center of rows", d, 0.0)?;
        for s in 0..n {
            center.iter_mut().zip(row(s)).for_each(|(c, v)| *c += v.to_f64() * given.ruler.factor / n as f64);
        }
        let start = |i: usize| random::unit(random::element_seed(seed, STAGE_START, i as u64)) - 0.5;
        let size = d.saturating_mul(COMPONENTS);
        let mut columns = memory::filled("components", size, 0.0f64)?;
        columns.iter_mut().enumerate().for_each(|(i, c)| *c = start(i));
        let basis = memory::filled("components", size, 0.0f32)?;
        let mut projection = Self { factor: given.ruler.factor, center, basis };
        let mut rows = memory::filled("sample of rows", n * d, 0.0f32)?;
        rows.chunks_exact_mut(d).enumerate().for_each(|(s, out)| projection.center_row(row(s), out));
        drop(given_rows);
        let mut components = memory::filled("components of a sample", n * COMPONENTS, 0.0f32)?;
        let mut products = memory::filled("components", size, 0.0f32)?;
        for _ in 0..STEPS {
            projection.orthonormal(&mut columns, cx)?;
            chunks::for_each(&mut components, BLOCK * COMPONENTS, |b, out| {
                let rows = &rows[b * BLOCK * d..];
                simd::dispatch(Multiply { rows, basis: &projection.basis, out });
            });
            // The transpose of the rows times their components.
            chunks::for_each(&mut products, COLUMN_BLOCK * COMPONENTS, |b, out| {
                simd::dispatch(Correlate { rows: &rows, d, first: b * COLUMN_BLOCK, components: &components, out });
            });
            columns.iter_mut().zip(&products).for_each(|(c, &p)| *c = f64::from(p));
        }
        projection.orthonormal(&mut columns, cx)?;
        Ok(Some(projection))
    }

    /// Makes the columns of `d × COMPONENTS` values orthonormal, by Gram and Schmidt, and the basis of them.
    fn orthonormal(&mut self, columns: &mut [f64], cx: Context<'_>) -> Result<()> {
        for c in 0..COMPONENTS {
            cx.check()?;
            let length =
                |columns: &[f64]| columns.iter().skip(c).step_by(COMPONENTS).map(|v| v * v).sum::<f64>().sqrt();
            let before = length(columns);
            // Twice: what the first time leaves by rounding goes the second time.
            for other in (0..c).chain(0..c) {
                let dot: f64 = columns.chunks_exact(COMPONENTS).map(|row| row[c] * row[other]).sum();
                columns.chunks_exact_mut(COMPONENTS).for_each(|row| row[c] -= dot * row[other]);
            }
            let after = length(columns);
            // What is left of a column in the span of the others is rounding.
            let scale = if after > 1e-6 * before { 1.0 / after } else { 0.0 };
            columns.iter_mut().skip(c).step_by(COMPONENTS).for_each(|v| *v *= scale);
        }
        self.basis.iter_mut().zip(&*columns).for_each(|(b, &c)| *b = c as f32);
        Ok(())
    }

    fn center_row<V: Scalar>(&self, row: &[V], out: &mut [f32]) {
        for ((out, v), center) in out.iter_mut().zip(row).zip(&self.center) {
            *out = (v.to_f64() * self.factor - center).clamp(-FARTHEST, FARTHEST) as f32;
        }
    }

    /// The components of some points.
    pub(super) fn rows<V: Scalar>(
        &self,
        points: &PointSet<'_, V>,
        at: impl Fn(usize) -> usize + Sync,
        n: usize,
    ) -> Result<DenseRows<'static, V>> {
        let d = self.center.len();
        let mut values = memory::filled("components of rows", n * COMPONENTS, V::ZERO)?;
        let kept = Kept::new(|| (vec![0.0f32; d], [0.0f32; COMPONENTS]));
        chunks::for_each(&mut values, BLOCK * COMPONENTS, |b, values| {
            kept.with(|(row, out)| {
                for (r, values) in values.chunks_exact_mut(COMPONENTS).enumerate() {
                    self.center_row(points.get(at(b * BLOCK + r)).0, row);
                    simd::dispatch(Multiply { rows: row, basis: &self.basis, out });
                    values.iter_mut().zip(&*out).for_each(|(v, &c)| *v = V::from_f64(f64::from(c)));
                }
            });
        });
        DenseRows::owned(values, n, COMPONENTS)
    }
}

/// Writes the components of as many centered rows as `out` has room for.
struct Multiply<'b> {
    rows: &'b [f32],
    basis: &'b [f32],
    out: &'b mut [f32],
}

impl simd::Task for Multiply<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let (basis, _) = self.basis.as_chunks::<COMPONENTS>();
        let (out, _) = self.out.as_chunks_mut::<COMPONENTS>();
        for (row, out) in self.rows.chunks_exact(basis.len()).zip(out) {
            let mut sums = [0.0f32; COMPONENTS];
            for (&v, basis) in row.iter().zip(basis) {
                for c in 0..COMPONENTS {
                    sums[c] += v * basis[c];
                }
            }
            *out = sums;
        }
    }
}

/// Writes, for columns of the rows from `first` on, the sums over rows of the value times the components.
struct Correlate<'b> {
    rows: &'b [f32],
    d: usize,
    first: usize,
    components: &'b [f32],
    out: &'b mut [f32],
}

impl simd::Task for Correlate<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let (components, _) = self.components.as_chunks::<COMPONENTS>();
        let (out, _) = self.out.as_chunks_mut::<COMPONENTS>();
        out.fill([0.0; COMPONENTS]);
        for (row, components) in self.rows.chunks_exact(self.d).zip(components) {
            for (out, &v) in out.iter_mut().zip(&row[self.first..]) {
                for c in 0..COMPONENTS {
                    out[c] += v * components[c];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors::geometric::geometry::{Ruler, Unit};
    use tsne_core::Rows;

    fn unit(i: usize) -> f64 {
        random::unit(random::element_seed(6, 1, i as u64)) - 0.5
    }

    /// The projection of rows and their components.
    fn components(x: &[f32], d: usize) -> (Projection, Vec<f32>) {
        let n = x.len() / d;
        let ruler = Ruler::new::<f32, f32>(Geometry::Euclidean, Unit::Length);
        let rows = DenseRows::Borrowed(Rows::new(x, n, d).unwrap());
        let indexed = IndexedPoints::new(rows, ruler, Context::new()).unwrap();
        let projection = Projection::new(&indexed, 1, Context::new()).unwrap().unwrap();
        let components = projection.rows(&indexed.points, |i| i, n).unwrap();
        let components = (0..n).flat_map(|i| components.row(i).to_vec()).collect();
        (projection, components)
    }

    fn squares(x: &[f32], d: usize, (i, j): (usize, usize)) -> f64 {
        let (a, b) = (&x[i * d..(i + 1) * d], &x[j * d..(j + 1) * d]);
        a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    }

    /// Rows in a space of few dimensions keep their distances, whatever their scale and offset; no distance grows in any data.
    #[test]
    fn distances_are_kept_where_the_components_hold_the_data() {
        let (n, d) = (300, COLUMNS + 5);
        for (rank, offset, scale) in
            [(5, 0.0, 1.0), (40, 100.0, 1e-30), (40, 0.0, 1e30), (1, 0.0, 1.0), (400, 1.0, 1.0)]
        {
            let x: Vec<f32> = (0..n * d)
                .map(|at| {
                    let (i, c) = (at / d, at % d);
                    // The last column is constant.
                    let sum = (0..rank).map(|r| unit(i * rank + r) * unit(1_000_000 + r * d + c)).sum::<f64>();
                    (if c + 1 == d { offset * scale } else { (sum + offset) * scale }) as f32
                })
                .collect();
            let (projection, found) = components(&x, d);
            for pair in [(0, 1), (5, 200), (17, 299)] {
                let given = squares(&x, d, pair) * projection.factor * projection.factor;
                let kept = squares(&found, COMPONENTS, pair);
                // Values are rounded at the scale of the offset, about 2^-24 of the largest, which is 1.
                let rounding = 1e-5 * given + 1e-6 * given.sqrt() * (d as f64).sqrt();
                assert!(kept <= given + rounding, "{rank}: {kept} {given}");
                assert!(rank > COMPONENTS || kept >= given - rounding, "{rank}: {kept} {given}");
            }
        }
    }

    /// Equal rows have components of zeros; far ones have finite components.
    #[test]
    fn components_are_finite() {
        let d = COLUMNS;
        assert_eq!(components(&vec![3.0; 10 * d], d).1, vec![0.0; 10 * COMPONENTS]);
        let x: Vec<f32> = (0..20 * d).map(|i| unit(i) as f32 * 1e-30).collect();
        let projection = components(&x, d).0;
        let far = DenseRows::owned(vec![1e30f32; 2 * d], 2, d).unwrap();
        let far = PointSet::new(far, Geometry::Euclidean).unwrap();
        let found = projection.rows(&far, |i| i, 2).unwrap();
        assert!(found.row(0).iter().chain(found.row(1)).all(|v| v.is_finite()));
    }
}
