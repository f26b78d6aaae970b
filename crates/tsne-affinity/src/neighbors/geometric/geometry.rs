//! The two geometries that have fast engines, and how their sums of squares become distances.

use tsne_core::{Error, Result, Scalar};

/// Lanes of the sums of squares. The order of a sum is a function of this number only, so it is the same for every
/// vector unit; eight `f64` fill the widest one.
pub(in crate::neighbors) const LANES: usize = 8;

/// How the fast engines see points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::neighbors) enum Geometry {
    /// As given: the square is that of the difference.
    Euclidean,
    /// By direction: the square is that of the difference of the normalized rows, where a row of zeros is a direction
    /// of its own.
    Cosine,
}

/// What is returned for a sum of squares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::neighbors) enum Unit {
    /// Its root.
    Length,
    /// The sum itself.
    Square,
    /// Half of it.
    Half,
    /// The root of half of it.
    RootOfHalf,
}

/// Sums of squares and the distances they stand for.
#[derive(Debug, Clone, Copy)]
pub(in crate::neighbors) struct Ruler {
    pub(in crate::neighbors) geometry: Geometry,
    unit: Unit,
    /// A power of two that brings the data into the range where squares neither overflow nor underflow.
    pub(in crate::neighbors) factor: f64,
    /// `1 / factor`, exactly: a multiplication by it rounds like the division, and is quicker.
    inverse: f64,
    /// Whether distances are returned in `f32`, whatever the scalar of the rows.
    single: bool,
    /// What two different sums may differ by and still be one returned distance, where that is no fraction of it.
    underflow: f64,
}

/// Squared differences of normalized rows below this are not told apart before the exact distance: two components with
/// an error of 2^-52 each, at a distance of up to 2, with room.
const COSINE_RESOLUTION: f64 = 1.0 / (1u64 << 46) as f64;

impl Ruler {
    /// For distances returned in `T`, of rows stored in `V`.
    pub(in crate::neighbors) fn new<V: Scalar, T: Scalar>(geometry: Geometry, unit: Unit) -> Self {
        let single = size_of::<T>() == size_of::<f32>();
        // The difference of two numbers of one type does not underflow, and its length is rounded to a multiple of the least number;
        // its square may, and a mapped row is not of it.
        let exact = unit == Unit::Length && size_of::<T>() == size_of::<V>();
        let (smallest, epsilon) = match single {
            true => (f64::from(f32::MIN_POSITIVE), f64::from(f32::EPSILON)),
            false => (f64::MIN_POSITIVE, f64::EPSILON),
        };
        let underflow = if exact { smallest * epsilon } else { smallest };
        Self { geometry, unit, factor: 1.0, inverse: 1.0, single, underflow }
    }

    /// The same for data whose largest absolute value is `largest`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where distances could overflow.
    pub(in crate::neighbors) fn fit(self, largest: f64, d: usize) -> Result<Self> {
        let factor = match self.geometry {
            Geometry::Euclidean => power_of_two_for(largest),
            Geometry::Cosine => 1.0,
        };
        let ruler = Self { factor, inverse: 1.0 / factor, ..self };
        ruler.check(largest, d)?;
        Ok(ruler)
    }

    /// The largest value that it was fit to, up to a factor of two.
    pub(in crate::neighbors) const fn magnitude(&self) -> f64 {
        self.inverse
    }

    /// Checks that values up to `largest` make finite distances.
    pub(in crate::neighbors) fn check(&self, largest: f64, d: usize) -> Result<()> {
        let root = (d.max(1) as f64).sqrt();
        let (max, name) = match self.geometry {
            // Directions are of length 1, only the lengths of the rows must be numbers.
            Geometry::Cosine => (f64::MAX, "f64"),
            Geometry::Euclidean if self.single => (f64::from(f32::MAX), "f32"),
            Geometry::Euclidean => (f64::MAX, "f64"),
        };
        let max = if self.unit == Unit::Square { max.sqrt() } else { max };
        let limit = max / 2.0 / root;
        if largest > limit {
            let why = format_args!(
                "values up to {largest:e} make distances that overflow {name}: divide the data by a constant, to at most {limit:e}"
            );
            return Err(Error::invalid("data", why));
        }
        // Squares are those of differences times the factor of the indexed points, which queries may be far from.
        let limit = f64::MAX.sqrt() / 2.0 / root / self.factor;
        if self.geometry == Geometry::Euclidean && largest > limit {
            let why = format_args!(
                "values up to {largest:e} are too far from the indexed points for squares in f64: remove such rows, or bring the data to one scale, to at most {limit:e}"
            );
            return Err(Error::invalid("data", why));
        }
        Ok(())
    }

    /// The returned distance for a sum of squares in the finder's units, rounded to the scalar it is returned in.
    #[inline(always)]
    pub(in crate::neighbors) fn distance_of(&self, squared: f64) -> f64 {
        let distance = match self.unit {
            Unit::Length => squared.sqrt() * self.inverse,
            Unit::Square => squared * self.inverse * self.inverse,
            Unit::Half => 0.5 * squared,
            Unit::RootOfHalf => (0.5 * squared).sqrt(),
        };
        if self.single { f64::from(distance as f32) } else { distance }
    }

    /// An upper bound on the sum of squares, in the finder's units, of every pair of rows of `d` values whose *returned*
    /// distance is at most `distance`: the sum itself is off by `(d / 8 + 8) 2^-53`, its root is rounded, and normalized
    /// rows add an absolute error of 2^-52 to each difference.
    pub(in crate::neighbors) fn squared_bound(&self, distance: f64, d: usize) -> f64 {
        let (rounding, absolute) = self.rounding(d);
        self.squared(distance + self.underflow) * (1.0 + rounding) + absolute
    }

    /// A lower bound on the sum of squares of every pair whose *returned* distance is at least `distance`, by the same errors;
    /// negative where every pair may be one.
    pub(in crate::neighbors) fn squared_floor(&self, distance: f64, d: usize) -> f64 {
        let (rounding, absolute) = self.rounding(d);
        self.squared((distance - self.underflow).max(0.0)) * (1.0 - rounding) - absolute
    }

    /// The sum of squares of a distance.
    fn squared(&self, distance: f64) -> f64 {
        match self.unit {
            Unit::Length => (distance * self.factor).powi(2),
            Unit::Square => distance * self.factor * self.factor,
            Unit::Half => 2.0 * distance,
            Unit::RootOfHalf => 2.0 * distance * distance,
        }
    }

    /// How far a sum of `d` squares may be from that of its returned distance: the part of it, and what comes on top.
    fn rounding(&self, d: usize) -> (f64, f64) {
        let epsilon = if self.single { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let absolute = match self.geometry {
            Geometry::Euclidean => f64::MIN_POSITIVE,
            Geometry::Cosine => COSINE_RESOLUTION,
        };
        (8.0 * epsilon + (d as f64 + 64.0) * f64::EPSILON, absolute)
    }

    /// The sum of squares of two rows, given with their lengths (which only the cosine reads).
    #[inline(always)]
    pub(in crate::neighbors) fn square<V: Scalar>(&self, a: (&[V], f64), b: (&[V], f64)) -> f64 {
        match self.geometry {
            Geometry::Euclidean => squared_difference(a.0, b.0, self.factor),
            Geometry::Cosine => squared_difference_of_directions(a, b),
        }
    }
}

/// `Σ (factor (a - b))²`, summed in lanes.
#[inline(always)]
fn squared_difference<V: Scalar>(a: &[V], b: &[V], factor: f64) -> f64 {
    if size_of::<V>() == size_of::<f32>() {
        // Differences of `f32` are 0 or from 2^-149 to 2^129, before and after the factor, a power of two from 2^-127 to
        // 2^149: neither they nor their squares leave the range of `f64`, so it makes no bit of difference where it stands.
        return sum_of_squares(a, b, |a, b| a.to_f64() - b.to_f64()) * (factor * factor);
    }
    sum_of_squares(a, b, |a, b| (a.to_f64() - b.to_f64()) * factor)
}

/// `|a / |a| - b / |b||²`, where a row of zeros is orthogonal to everything but itself.
#[inline(always)]
fn squared_difference_of_directions<V: Scalar>((a, la): (&[V], f64), (b, lb): (&[V], f64)) -> f64 {
    if la == 0.0 || lb == 0.0 {
        return if la == lb { 0.0 } else { 2.0 };
    }
    sum_of_squares(a, b, |a, b| a.to_f64() / la - b.to_f64() / lb)
}

#[inline(always)]
fn sum_of_squares<V: Scalar>(a: &[V], b: &[V], difference: impl Fn(V, V) -> f64) -> f64 {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            let x = difference(a[l], b[l]);
            sums[l] += x * x;
        }
    }
    match a_rest.len() {
        0 => (),
        1 => add_rest::<1, V>(&mut sums, a_rest, b_rest, difference),
        2 => add_rest::<2, V>(&mut sums, a_rest, b_rest, difference),
        3 => add_rest::<3, V>(&mut sums, a_rest, b_rest, difference),
        4 => add_rest::<4, V>(&mut sums, a_rest, b_rest, difference),
        5 => add_rest::<5, V>(&mut sums, a_rest, b_rest, difference),
        6 => add_rest::<6, V>(&mut sums, a_rest, b_rest, difference),
        _ => add_rest::<7, V>(&mut sums, a_rest, b_rest, difference),
    }
    // By halves: where neighboring lanes are added first, the compiler keeps them apart in the loop, too, with shuffles.
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Adds the squares of the `R` columns that fill no lanes. A loop whose length the compiler does not know would write the sums to
/// memory, which took a quarter of a distance in 50 columns.
#[inline(always)]
fn add_rest<const R: usize, V: Scalar>(sums: &mut [f64; LANES], a: &[V], b: &[V], difference: impl Fn(V, V) -> f64) {
    if let (Some(a), Some(b)) = (a.first_chunk::<R>(), b.first_chunk::<R>()) {
        for l in 0..R {
            let x = difference(a[l], b[l]);
            sums[l] += x * x;
        }
    }
}

/// The length of a row, without overflow or underflow on the way.
pub(in crate::neighbors) fn length<V: Scalar>(row: &[V]) -> f64 {
    let factor = power_of_two_for(row.iter().fold(0.0f64, |a, v| a.max(v.to_f64().abs())));
    row.iter().map(|v| (v.to_f64() * factor).powi(2)).sum::<f64>().sqrt() / factor
}

/// The power of two that brings `largest` close to 1, limited to what is a normal number.
pub(in crate::neighbors) fn power_of_two_for(largest: f64) -> f64 {
    if largest == 0.0 {
        return 1.0;
    }
    2.0f64.powi(-(largest.log2().floor().clamp(-1000.0, 1000.0) as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random;

    /// The factor before the squares and after them, in all lengths of the rest, down to subnormal numbers and up to the largest.
    #[test]
    fn the_factor_may_stand_behind_the_sum() {
        let unit = |i| random::unit(random::element_seed(5, 1, i)) - 0.5;
        for d in 1..=40u64 {
            for power in [-149, -140, -60, 0, 60, 120, 127] {
                let value = |i| (unit(i) * 2f64.powi(power)) as f32;
                let (a, b): (Vec<f32>, Vec<f32>) = ((0..d).map(value).collect(), (d..2 * d).map(value).collect());
                let wide = |x: &[f32]| x.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
                let largest = a.iter().chain(&b).fold(0.0, |m: f64, v| m.max(f64::from(v.abs())));
                let factor = power_of_two_for(largest);
                // Rows of `f64` are multiplied column by column.
                let (found, expected) =
                    (squared_difference(&a, &b, factor), squared_difference(&wide(&a), &wide(&b), factor));
                assert_eq!(found.to_bits(), expected.to_bits(), "{d} {power}");
                let naive: f64 = wide(&a).iter().zip(&wide(&b)).map(|(a, b)| ((a - b) * factor).powi(2)).sum();
                assert!((found - naive).abs() <= 1e-14 * naive, "{d} {power}: {found} {naive}");
            }
        }
    }
}
