use rayon::prelude::*;
use tsne_core::simd::{self, Task};
use tsne_core::{
    Context, Error, Kernel, Profile, ProfileVisitor, ReferenceRepulsion, Repulsion, Result, Scalar, check_embedding,
};

use crate::attraction::fold;

/// Points per step of the inner loop: one vector register of `f32` under AVX2. A constant, so that the order of
/// summation is the same on every machine.
const LANES: usize = 8;

/// Points whose sums one task carries through the inner loop together: each loaded position is used four times, and
/// the `4 (D + 1)` running sums still fit the sixteen registers of AVX2 for `D <= 3`.
const ROWS: usize = 4;

/// Points whose sums one task computes. Small, because a task of the smallest useful map (1,000 points) should still
/// leave some tens of tasks to balance.
const TASK_ROWS: usize = 32;

/// Positions summed in the scalar's own precision before the sums are carried over to double precision: the rounding
/// of an `f32` sum of `TILE / LANES` = 128 terms of one sign stays below 128 × 2⁻²⁴ ≈ 8e-6, and on average at 1e-7.
const TILE: usize = 1024;

/// The exact repulsion, O(n²): the oracle of every approximation, and the fastest choice for small maps.
///
/// For any number of dimensions. Differences, weights and sums over 1,024 points are taken in `T`, sums beyond in
/// `f64`. A point does not act on itself; its exact duplicates count in `Z` with weight 1.
#[derive(Debug, Clone)]
pub struct Exact<T, const D: usize> {
    columns: [Vec<T>; D],
    z: Vec<T>,
}

impl<T, const D: usize> Default for Exact<T, D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const D: usize> Exact<T, D> {
    /// The exact repulsion; its buffers grow with the first call.
    pub fn new() -> Self {
        Self { columns: std::array::from_fn(|_| Vec::new()), z: Vec::new() }
    }
}

impl<T: Scalar, const D: usize> Repulsion<T, D> for Exact<T, D> {
    fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        if out.len() != y.len() {
            return Err(Error::Shape { what: "force", expected: y.len(), given: out.len() });
        }
        check_embedding(y)?;
        split(y, &mut self.columns);
        self.z.clear();
        self.z.resize(y.len(), T::ZERO);
        let z = &mut self.z[..];
        kernel.visit(Sums { columns: &self.columns, queries: y, skip_self: true, out, z, cx })?;
        Ok(self.z.iter().map(|z| z.to_f64()).sum())
    }
}

/// The exact repulsion of new points from a fixed reference, O(n) for each.
#[derive(Debug, Clone)]
pub struct ExactReference<T, const D: usize> {
    kernel: Kernel,
    columns: [Vec<T>; D],
}

impl<T: Scalar, const D: usize> ExactReference<T, D> {
    /// Prepares the reference embedding.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] for a position that is not finite.
    pub fn new(kernel: Kernel, reference: &[[T; D]]) -> Result<Self> {
        check_embedding(reference)?;
        let mut columns = std::array::from_fn(|_| Vec::new());
        split(reference, &mut columns);
        Ok(Self { kernel, columns })
    }
}

impl<T: Scalar, const D: usize> ReferenceRepulsion<T, D> for ExactReference<T, D> {
    fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()> {
        if out.len() != y.len() {
            return Err(Error::Shape { what: "force", expected: y.len(), given: out.len() });
        }
        if z.len() != y.len() {
            return Err(Error::Shape { what: "z", expected: y.len(), given: z.len() });
        }
        check_embedding(y)?;
        self.kernel.visit(Sums { columns: &self.columns, queries: y, skip_self: false, out, z, cx })
    }
}

fn split<T: Scalar, const D: usize>(y: &[[T; D]], columns: &mut [Vec<T>; D]) {
    for (c, column) in columns.iter_mut().enumerate() {
        column.clear();
        column.extend(y.iter().map(|point| point[c]));
    }
}

struct Sums<'a, T, const D: usize> {
    columns: &'a [Vec<T>; D],
    queries: &'a [[T; D]],
    skip_self: bool,
    out: &'a mut [[T; D]],
    z: &'a mut [T],
    cx: Context<'a>,
}

impl<T: Scalar, const D: usize> ProfileVisitor<T> for Sums<'_, T, D> {
    type Output = Result<()>;

    fn visit<P: Profile<T>>(self, profile: P) -> Result<()> {
        let Self { columns, queries, skip_self, out, z, cx } = self;
        let columns: [&[T]; D] = std::array::from_fn(|c| &columns[c][..]);
        let tasks = out.par_chunks_mut(TASK_ROWS).zip(z.par_chunks_mut(TASK_ROWS)).zip(queries.par_chunks(TASK_ROWS));
        tasks.enumerate().try_for_each(|(task, ((out, z), queries))| {
            cx.check()?;
            let first = task * TASK_ROWS;
            simd::dispatch(TaskRows { columns, queries, first, skip_self, profile, out, z });
            Ok(())
        })
    }
}

struct TaskRows<'a, T, const D: usize, P> {
    columns: [&'a [T]; D],
    queries: &'a [[T; D]],
    first: usize,
    skip_self: bool,
    profile: P,
    out: &'a mut [[T; D]],
    z: &'a mut [T],
}

impl<T: Scalar, const D: usize, P: Profile<T>> Task for TaskRows<'_, T, D, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { columns, queries, first, skip_self, profile, out, z } = self;
        for start in (0..queries.len()).step_by(ROWS) {
            let end = queries.len().min(start + ROWS);
            // A group that is not full repeats its last point; the repetitions are not written.
            let group: [[T; D]; ROWS] = std::array::from_fn(|r| queries[(start + r).min(end - 1)]);
            let own: [Option<usize>; ROWS] =
                std::array::from_fn(|r| if skip_self { Some(first + (start + r).min(end - 1)) } else { None });
            let sums = group_sums(columns, group, own, profile);
            for r in 0..end - start {
                z[start + r] = T::from_f64(sums[r].weight);
                out[start + r] = std::array::from_fn(|c| T::from_f64(sums[r].force[c]));
            }
        }
    }
}

#[derive(Clone, Copy)]
struct RowSums<const D: usize> {
    weight: f64,
    force: [f64; D],
}

/// The sums of one group of points over all reference positions, without the pairs of a point with itself.
#[inline(always)]
fn group_sums<T: Scalar, const D: usize, P: Profile<T>>(
    columns: [&[T]; D],
    group: [[T; D]; ROWS],
    own: [Option<usize>; ROWS],
    profile: P,
) -> [RowSums<D>; ROWS] {
    let n = columns.first().map_or(0, |column| column.len());
    let mut sums = [RowSums { weight: 0.0, force: [0.0; D] }; ROWS];
    let mut start = 0;
    while start < n {
        let end = n.min(start + TILE);
        // `ROWS` divides `LANES`, so the points of one group stand in one chunk of the reference.
        let own_chunk = match own[0] {
            Some(i) if i >= start && i < end => i / LANES * LANES,
            _ => end,
        };
        let full = start + (end - start) / LANES * LANES;
        let mut lanes = [[[T::ZERO; LANES]; D]; ROWS];
        let mut weight_lanes = [[T::ZERO; LANES]; ROWS];
        let mut j = start;
        while j < full {
            if j != own_chunk {
                let chunk: [&[T; LANES]; D] = match chunk_at(columns, j) {
                    Some(chunk) => chunk,
                    None => break,
                };
                for r in 0..ROWS {
                    add_chunk(&mut lanes[r], &mut weight_lanes[r], group[r], chunk, profile);
                }
            }
            j += LANES;
        }
        for r in 0..ROWS {
            sums[r].weight += fold(weight_lanes[r]).to_f64();
            for c in 0..D {
                sums[r].force[c] += fold(lanes[r][c]).to_f64();
            }
            let own_range = if own_chunk < full { own_chunk..own_chunk + LANES } else { full..full };
            for j in own_range.chain(full..end).filter(|&j| own[r] != Some(j)) {
                add_one(&mut sums[r], group[r], columns, j, profile);
            }
        }
        start = end;
    }
    sums
}

#[inline(always)]
fn chunk_at<T, const D: usize>(columns: [&[T]; D], j: usize) -> Option<[&[T; LANES]; D]> {
    let first = columns.first()?.get(j..)?.first_chunk::<LANES>()?;
    let mut chunk = [first; D];
    for c in 1..D {
        chunk[c] = columns[c].get(j..)?.first_chunk::<LANES>()?;
    }
    Some(chunk)
}

#[inline(always)]
fn add_chunk<T: Scalar, const D: usize, P: Profile<T>>(
    lanes: &mut [[T; LANES]; D],
    weight_lanes: &mut [T; LANES],
    yi: [T; D],
    chunk: [&[T; LANES]; D],
    profile: P,
) {
    let mut difference = [[T::ZERO; LANES]; D];
    let mut d2 = [T::ZERO; LANES];
    for c in 0..D {
        for l in 0..LANES {
            difference[c][l] = yi[c] - chunk[c][l];
            d2[l] += difference[c][l] * difference[c][l];
        }
    }
    let mut force = [T::ZERO; LANES];
    for l in 0..LANES {
        let (w, f) = profile.weight_and_force(d2[l]);
        weight_lanes[l] += w;
        force[l] = f;
    }
    for c in 0..D {
        for l in 0..LANES {
            lanes[c][l] += force[l] * difference[c][l];
        }
    }
}

#[inline(always)]
fn add_one<T: Scalar, const D: usize, P: Profile<T>>(
    sums: &mut RowSums<D>,
    yi: [T; D],
    columns: [&[T]; D],
    j: usize,
    profile: P,
) {
    let difference: [T; D] = std::array::from_fn(|c| yi[c] - columns[c][j]);
    let d2 = difference.iter().fold(T::ZERO, |sum, &v| sum + v * v);
    let (w, f) = profile.weight_and_force(d2);
    sums.weight += w.to_f64();
    for c in 0..D {
        sums.force[c] += (f * difference[c]).to_f64();
    }
}
