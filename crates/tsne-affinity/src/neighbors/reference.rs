use super::duplicates::Groups;
use crate::Metric;
use rayon::prelude::*;
use tsne_core::{Error, Result, Rows, Scalar, blocks, simd};

/// Lanes of the sums of squares. The order of a sum is a function of this number only, so it is the same for every
/// vector unit; eight `f64` fill the widest one.
const LANES: usize = 8;

/// The indexed points, and how distances between them are measured.
#[derive(Debug)]
pub(super) struct Reference<'a, T> {
    pub(super) points: PointSet<'a, T>,
    pub(super) metric: Metric,
    /// A power of two that brings the data into the range where squares neither overflow nor underflow.
    pub(super) factor: f64,
    pub(super) groups: Groups,
}

/// Rows with the lengths that the cosine needs.
#[derive(Debug)]
pub(super) struct PointSet<'a, T> {
    pub(super) rows: Rows<'a, T>,
    /// The length of each row for [`Metric::Cosine`], else empty.
    pub(super) lengths: Vec<f64>,
}

impl<'a, T: Scalar> PointSet<'a, T> {
    pub(super) fn new(rows: Rows<'a, T>, metric: Metric) -> Self {
        let lengths = match metric {
            Metric::Euclidean => Vec::new(),
            Metric::Cosine => (0..rows.n()).into_par_iter().map(|i| length(rows.row(i))).collect(),
        };
        Self { rows, lengths }
    }

    /// Row `i` and its length; the length is 1 where the metric does not ask for it.
    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> (&'a [T], f64) {
        (self.rows.row(i), self.lengths.get(i).copied().unwrap_or(1.0))
    }

    /// The largest absolute value, and an error if distances could overflow.
    pub(super) fn largest(&self) -> Result<f64> {
        let rows = &self.rows;
        let largest = blocks::map(&mut Vec::new(), rows.n(), |range| {
            range.flat_map(|i| rows.row(i)).fold(0.0f64, |a, v| a.max(v.to_f64().abs()))
        })
        .iter()
        .fold(0.0f64, |a, &b| a.max(b));
        let limit = T::MAX.to_f64() / 2.0 / (rows.d().max(1) as f64).sqrt();
        if largest > limit {
            return Err(Error::invalid(
                "data",
                format_args!(
                    "values up to {largest:e} make distances that overflow {}: divide the data by a constant, to at most {limit:e}",
                    T::NAME
                ),
            ));
        }
        Ok(largest)
    }
}

impl<'a, T: Scalar> Reference<'a, T> {
    /// # Errors
    ///
    /// Where a value is not finite or too large, there are no points or columns, or more than 2^32 points.
    pub(super) fn new(rows: Rows<'a, T>, metric: Metric) -> Result<Self> {
        if rows.n() == 0 {
            return Err(Error::TooFewPoints { n: 0, needed: 1 });
        }
        if rows.d() == 0 {
            return Err(Error::parameter("d", 0, "at least 1: points need a coordinate"));
        }
        if rows.n() > u32::MAX as usize {
            return Err(Error::Capacity { what: "number of points", given: rows.n(), max: u32::MAX as usize });
        }
        rows.check_finite()?;
        let points = PointSet::new(rows, metric);
        let factor = match metric {
            Metric::Euclidean => power_of_two_for(points.largest()?),
            Metric::Cosine => {
                points.largest()?;
                1.0
            }
        };
        Ok(Self { groups: Groups::new(rows), points, metric, factor })
    }

    /// The distance in the metric's unit, from a sum of squares in the engine's units.
    #[inline(always)]
    pub(super) fn distance_of(&self, squared: f64) -> T {
        T::from_f64(match self.metric {
            Metric::Euclidean => squared.sqrt() / self.factor,
            Metric::Cosine => 0.5 * squared,
        })
    }

    /// An upper bound on the sum of squares, in the engine's units, of every pair whose *returned* distance is at most
    /// `distance`: the sum itself is off by `(d / 8 + 8) 2^-53`, its root is rounded to `T`, and normalized rows add
    /// an absolute error of 2^-52 to each difference.
    pub(super) fn squared_bound(&self, distance: T) -> f64 {
        let rounding = 8.0 * T::EPSILON.to_f64() + (self.points.rows.d() as f64 + 64.0) * f64::EPSILON;
        match self.metric {
            Metric::Euclidean => (distance.to_f64() * self.factor).powi(2) * (1.0 + rounding) + f64::MIN_POSITIVE,
            Metric::Cosine => 2.0 * distance.to_f64() * (1.0 + rounding) + COSINE_RESOLUTION,
        }
    }

    /// Exact distances from one row to the points that `candidates` name by representative.
    pub(super) fn distances(&self, query: (&[T], f64), candidates: &[u32], out: &mut Vec<(T, u32)>) {
        simd::dispatch(Distances { reference: self, query, candidates, out });
    }
}

/// Squared differences of normalized rows below this are not told apart before the exact distance: two components with
/// an error of 2^-52 each, at a distance of up to 2, with room.
const COSINE_RESOLUTION: f64 = 1.0 / (1u64 << 46) as f64;

struct Distances<'b, 'a, T> {
    reference: &'b Reference<'a, T>,
    query: (&'b [T], f64),
    candidates: &'b [u32],
    out: &'b mut Vec<(T, u32)>,
}

impl<T: Scalar> simd::Task for Distances<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { reference, query, candidates, out } = self;
        for &candidate in candidates {
            let other = reference.points.get(reference.groups.representative(candidate as usize));
            let squared = match reference.metric {
                Metric::Euclidean => squared_difference(query.0, other.0, reference.factor),
                Metric::Cosine => squared_difference_of_directions(query, other),
            };
            out.push((reference.distance_of(squared), candidate));
        }
    }
}

/// `Σ (factor (a - b))²`, summed in lanes.
#[inline(always)]
fn squared_difference<T: Scalar>(a: &[T], b: &[T], factor: f64) -> f64 {
    sum_of_squares(a, b, |a, b| (a.to_f64() - b.to_f64()) * factor)
}

/// `|a / |a| - b / |b||²`, where a row of zeros is orthogonal to everything but itself.
#[inline(always)]
fn squared_difference_of_directions<T: Scalar>((a, la): (&[T], f64), (b, lb): (&[T], f64)) -> f64 {
    if la == 0.0 || lb == 0.0 {
        return if la == lb { 0.0 } else { 2.0 };
    }
    sum_of_squares(a, b, |a, b| a.to_f64() / la - b.to_f64() / lb)
}

#[inline(always)]
fn sum_of_squares<T: Scalar>(a: &[T], b: &[T], difference: impl Fn(T, T) -> f64) -> f64 {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            let x = difference(a[l], b[l]);
            sums[l] += x * x;
        }
    }
    for (sum, (&a, &b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        let x = difference(a, b);
        *sum += x * x;
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// The length of a row, without overflow or underflow on the way.
fn length<T: Scalar>(row: &[T]) -> f64 {
    let factor = power_of_two_for(row.iter().fold(0.0f64, |a, v| a.max(v.to_f64().abs())));
    row.iter().map(|v| (v.to_f64() * factor).powi(2)).sum::<f64>().sqrt() / factor
}

/// The power of two that brings `largest` close to 1, limited to what is a normal number.
pub(super) fn power_of_two_for(largest: f64) -> f64 {
    if largest == 0.0 {
        return 1.0;
    }
    2.0f64.powi(-(largest.log2().floor().clamp(-1000.0, 1000.0) as i32))
}
