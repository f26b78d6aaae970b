use super::covariance::not_definite;
use super::kind::Metric;
use std::f64::consts::LN_2;
use tsne_core::{Error, Result};

/// Added to every value before two distributions are compared by their Kullback–Leibler divergences.
pub(crate) const SMOOTHING: f64 = 1e-11;

/// A boolean metric from its counts: columns true in both rows, in the first, in the second, in neither.
pub(crate) fn boolean(metric: &Metric, tt: f64, tf: f64, ft: f64, ff: f64) -> f64 {
    let differ = tf + ft;
    let (numerator, denominator) = match metric {
        Metric::Jaccard => (differ, tt + differ),
        Metric::Dice => (differ, 2.0 * tt + differ),
        Metric::RogersTanimoto | Metric::SokalMichener => (2.0 * differ, tt + ff + 2.0 * differ),
        Metric::RussellRao => (differ + ff, tt + differ + ff),
        Metric::SokalSneath => (2.0 * differ, tt + 2.0 * differ),
        Metric::Yule => (2.0 * tf * ft, tt * ff + tf * ft),
        _ => (differ, tt + differ + ff),
    };
    if numerator == 0.0 { 0.0 } else { numerator / denominator }
}

impl Metric {
    /// The distance of two rows by the definition, one term after the other in `f64`.
    ///
    /// This is for reading and for checking; searches have faster ways to the same number. They differ by rounding.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for rows of different lengths, the errors of [`Metric::check`], [`Error::Invalid`] for rows that the
    /// metric does not take or whose distance is not finite, and [`Error::Parameter`] where the metric needs more than two
    /// rows: variances or a covariance that [`Metric::resolve`] computes, or a matrix of distances.
    ///
    /// ```
    /// use tsne_affinity::Metric;
    ///
    /// assert_eq!(Metric::Manhattan.distance(&[0.0, 1.0], &[2.0, -1.0])?, 4.0);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn distance(&self, a: &[f64], b: &[f64]) -> Result<f64> {
        if a.len() != b.len() {
            return Err(Error::shape("the second row", a.len(), b.len()));
        }
        self.check(a.len())?;
        for (i, row) in [a, b].into_iter().enumerate() {
            if let Some(column) = row.iter().position(|v| !v.is_finite()) {
                return Err(Error::non_finite("data", i, column));
            }
            self.check_row(i, row.iter().copied(), f64::EPSILON)?;
        }
        let distance = self.define(a, b)?;
        if distance.is_finite() && distance >= 0.0 {
            return Ok(distance);
        }
        Err(Error::invalid(
            "distance",
            format_args!("{self} of the two rows is {distance}, but must be finite and not negative"),
        ))
    }

    fn define(&self, a: &[f64], b: &[f64]) -> Result<f64> {
        let sum = |term: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(&a, &b)| term(a, b)).sum::<f64>();
        let d = a.len() as f64;
        Ok(match self {
            Self::Euclidean => sum(&|a, b| (a - b).powi(2)).sqrt(),
            Self::SqEuclidean => sum(&|a, b| (a - b).powi(2)),
            Self::Manhattan => sum(&|a, b| (a - b).abs()),
            Self::Chebyshev => a.iter().zip(b).fold(0.0, |m, (a, b)| f64::max(m, (a - b).abs())),
            Self::Minkowski { p, weights } => {
                let largest = a.iter().zip(b).fold(0.0, |m, (a, b)| f64::max(m, (a - b).abs()));
                if largest == 0.0 {
                    return Ok(0.0);
                }
                // Divided by the largest, so that no power leaves the range.
                let term = |(j, (a, b)): (usize, (&f64, &f64))| {
                    weights.as_ref().map_or(1.0, |w| w[j]) * ((a - b).abs() / largest).powf(*p)
                };
                largest * a.iter().zip(b).enumerate().map(term).sum::<f64>().powf(1.0 / p)
            }
            Self::SEuclidean { variances } => {
                let v = variances.as_ref().ok_or_else(|| self.unresolved())?;
                a.iter().zip(b).zip(v.iter()).map(|((a, b), v)| (a - b).powi(2) / v).sum::<f64>().sqrt()
            }
            Self::Mahalanobis { inverse_covariance } => {
                let matrix = inverse_covariance.as_ref().ok_or_else(|| self.unresolved())?;
                let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
                let rows = matrix.chunks_exact(a.len().max(1)).zip(&difference);
                let form: f64 =
                    rows.map(|(row, x)| x * row.iter().zip(&difference).map(|(m, y)| m * y).sum::<f64>()).sum();
                if form < 0.0 {
                    return Err(not_definite());
                }
                form.sqrt()
            }
            Self::Cosine => directions(a, b),
            Self::Correlation => directions(&centered(a), &centered(b)),
            Self::SpearmanR => directions(&centered(&ranks(a)), &centered(&ranks(b))),
            Self::Hamming if d == 0.0 => 0.0,
            Self::Hamming => sum(&|a, b| f64::from(u8::from(a != b))) / d,
            Self::Jaccard
            | Self::Dice
            | Self::RogersTanimoto
            | Self::RussellRao
            | Self::SokalMichener
            | Self::SokalSneath
            | Self::Yule => {
                let count = |x: bool, y: bool| sum(&|a, b| f64::from(u8::from((a != 0.0) == x && (b != 0.0) == y)));
                boolean(self, count(true, true), count(true, false), count(false, true), count(false, false))
            }
            Self::Canberra => sum(&|a, b| {
                // Halves of large values: the sum of two finite numbers may overflow.
                let half = if a.abs() > 1.0 || b.abs() > 1.0 { 0.5 } else { 1.0 };
                if a == b { 0.0 } else { (half * a - half * b).abs() / (half * a.abs() + half * b.abs()) }
            }),
            Self::BrayCurtis => {
                let numerator = sum(&|a, b| (0.5 * a - 0.5 * b).abs());
                match sum(&|a, b| (0.5 * a + 0.5 * b).abs()) {
                    _ if numerator == 0.0 => 0.0,
                    f64::INFINITY => f64::NAN,
                    denominator => numerator / denominator,
                }
            }
            Self::Haversine => {
                let half = |a: f64, b: f64| (0.5 * (a - b)).sin().powi(2);
                let chord = half(a[0], b[0]) + a[0].cos() * b[0].cos() * half(a[1], b[1]);
                2.0 * chord.clamp(0.0, 1.0).sqrt().asin()
            }
            Self::Hellinger => {
                let root = |row: &[f64]| row.iter().map(|v| v.sqrt()).collect::<Vec<_>>();
                directions(&root(a), &root(b)).sqrt()
            }
            Self::Dot => (1.0 - sum(&|a, b| a * b)).max(0.0),
            Self::JensenShannon => {
                let (a, b) = (distribution(a, 0.0), distribution(b, 0.0));
                (0.5 * a.iter().zip(&b).map(|(&p, &q)| jensen_shannon(p, q)).sum::<f64>()).sqrt()
            }
            Self::SymmetricKl => {
                let (a, b) = (distribution(a, SMOOTHING), distribution(b, SMOOTHING));
                // The last entry is 0 in both.
                let term = |p: f64, q: f64| 0.5 * (p - q).abs() * ((p - q).abs() / p.min(q)).ln_1p();
                a.iter().zip(&b).filter(|(p, _)| **p > 0.0).map(|(&p, &q)| term(p, q)).sum()
            }
            Self::Function(f) => f.call(a, b),
            Self::Precomputed => {
                let allowed = "another metric for a distance of two rows: with precomputed, the data are the distances";
                return Err(Error::parameter("metric", self, allowed));
            }
        })
    }

    fn unresolved(&self) -> Error {
        Error::parameter(
            "metric",
            format_args!("{self} without parameters"),
            "resolved from data first (Metric::resolve)",
        )
    }
}

/// Below this the two logarithms of a term nearly cancel, and are replaced by a form that keeps its digits.
const NEAR: f64 = 0.5;

/// `a ln(a/m) + b ln(b/m)` with `m = (a + b) / 2`, of two probabilities.
///
/// With `δ = |a - b| / (a + b)` that is `m ((1 + δ) ln(1 + δ) + (1 - δ) ln(1 - δ))`, or `m (2 δ atanh δ + ln(1 - δ²))`.
#[inline(always)]
pub(crate) fn jensen_shannon(a: f64, b: f64) -> f64 {
    let total = a + b;
    if a == 0.0 || b == 0.0 {
        return total * LN_2;
    }
    let delta = (a - b).abs() / total;
    let divergence = if delta < NEAR {
        2.0 * delta * delta.atanh() + (-delta * delta).ln_1p()
    } else {
        let (high, low) = (2.0 * a.max(b) / total, 2.0 * a.min(b) / total);
        high * high.ln() + low * low.ln()
    };
    0.5 * total * divergence
}

/// One minus the cosine; a row of zeros is a direction of its own.
fn directions(a: &[f64], b: &[f64]) -> f64 {
    let length = |row: &[f64]| {
        let largest = row.iter().fold(0.0, |m, v| f64::max(m, v.abs()));
        if largest == 0.0 { 0.0 } else { largest * row.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt() }
    };
    match (length(a), length(b)) {
        (0.0, 0.0) => 0.0,
        (0.0, _) | (_, 0.0) => 1.0,
        (la, lb) => 0.5 * a.iter().zip(b).map(|(a, b)| (a / la - b / lb).powi(2)).sum::<f64>(),
    }
}

/// The row minus its mean; exactly zero for a constant row.
pub(crate) fn centered(row: &[f64]) -> Vec<f64> {
    let mut out = row.to_vec();
    center(&mut out);
    out
}

/// Subtracts the mean of a row from it; a constant row becomes exactly zero.
pub(crate) fn center(row: &mut [f64]) {
    if row.windows(2).all(|pair| pair[0] == pair[1]) {
        row.fill(0.0);
        return;
    }
    let d = row.len() as f64;
    // Divided first: the sum of finite numbers may overflow.
    let mean = row.iter().map(|v| v / d).sum::<f64>();
    row.iter_mut().for_each(|v| *v -= mean);
}

/// The ranks of the values, from 1; equal values share the mean of theirs.
pub(crate) fn ranks(row: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..row.len()).collect();
    // Adding 0 makes -0 and 0 one value.
    order.sort_by(|&i, &j| (row[i] + 0.0).total_cmp(&(row[j] + 0.0)));
    let mut out = vec![0.0; row.len()];
    let mut before = 0;
    for ties in order.chunk_by(|&i, &j| row[i] == row[j]) {
        let mean = before as f64 + 0.5 * (ties.len() as f64 + 1.0);
        ties.iter().for_each(|&i| out[i] = mean);
        before += ties.len();
    }
    out
}

/// The values plus `smoothing`, divided by their sum, and one entry more: the whole mass of a row of zeros.
pub(crate) fn distribution(row: &[f64], smoothing: f64) -> Vec<f64> {
    let mut out: Vec<f64> = row.iter().map(|v| v + smoothing).collect();
    let largest = out.iter().fold(0.0, |m, v| f64::max(m, *v));
    if largest == 0.0 {
        out.push(1.0);
        return out;
    }
    // By the largest first: the sum of finite numbers may overflow.
    let total: f64 = out.iter().map(|v| v / largest).sum();
    out.iter_mut().for_each(|v| *v = *v / largest / total);
    out.push(0.0);
    out
}
