use tsne_core::lanes::fold;
use tsne_core::{Error, Result, Scalar, instances, math, simd};

/// How far the entropy may be from `ln(perplexity)`: a tenth of what is promised.
const TOLERANCE: f64 = 1e-9;

/// Evaluations of the entropy before giving up. Halley's method takes a few; the bisections behind it halve the logarithm
/// of a bracket of at most 2^11, some 60 times at the worst.
const MAX_EVALUATIONS: usize = 120;

/// The largest and smallest precision tried, in units of the row's largest distance.
const EXTREME: f64 = 1e300;

/// Lanes of the sums: the order of a sum depends on nothing else.
const LANES: usize = 8;

/// The Gaussian of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Calibration {
    /// The precision `τ` of the weights `exp(-τ d² / 2)`: the inverse of the variance. 0 for uniform weights,
    /// infinite where all weight lies on the nearest.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub precision: f64,
    /// The perplexity reached: the exponential of the entropy of the weights.
    #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
    pub perplexity: f64,
    /// Whether the entropy is within 1e-8 of the logarithm of the perplexity asked for.
    pub converged: bool,
}

/// Fits `exp(-τ d² / 2)` to one row of distances, so that the weights, normalized to sum 1, have the given perplexity,
/// and writes the weights to `out`.
///
/// `distances` are not squared, not negative, and ascend; at least one. The entropy of the weights falls from `ln k` at
/// `τ = 0` to the logarithm of the number of nearest ties at `τ = ∞`. A perplexity beyond these ends gives the weights
/// of that end: uniform, or uniform over the nearest ties.
///
/// Halley's method on the entropy, safeguarded by a bracket; in `f64` whatever the scalar.
///
/// # Errors
///
/// [`Error::Parameter`] for a perplexity below 1 or not finite, [`Error::Shape`] unless `out` is as long as
/// `distances`, [`Error::Invalid`] for distances that are empty, negative, infinite, NaN or do not ascend.
///
/// # Examples
///
/// ```
/// let mut weights = [0.0f64; 3];
/// let fit = tsne_affinity::calibrate_row(&[1.0, 2.0, 3.0], 2.0, &mut weights)?;
/// assert!((fit.perplexity - 2.0).abs() < 1e-7);
/// assert!(weights[0] > weights[1] && weights[1] > weights[2]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn calibrate_row<T: Scalar>(distances: &[T], perplexity: f64, out: &mut [T]) -> Result<Calibration> {
    check_perplexity(perplexity)?;
    if out.len() != distances.len() {
        return Err(Error::shape("out", distances.len(), out.len()));
    }
    let Some(&first) = distances.first() else {
        return Err(Error::invalid("distances", "the row is empty, but at least one distance is needed"));
    };
    if let Some(v) = distances.iter().find(|v| !v.is_finite()) {
        return Err(Error::invalid("distances", format_args!("the row has {v}, but distances are finite")));
    }
    if first < T::ZERO || distances.windows(2).any(|pair| pair[0] > pair[1]) {
        return Err(Error::invalid("distances", "they must not be negative and must ascend: sort the row"));
    }
    Ok(solve_row(distances, perplexity, out))
}

instances! {
    fn solve_row[SolvedRow]<'a, 'b, T>(distances: &'b [T], perplexity: f64, out: &'b mut [T]) -> Calibration = solve_one
}

fn solve_one<T: Scalar>(distances: &[T], perplexity: f64, out: &mut [T]) -> Calibration {
    simd::dispatch(OneRow { workspace: &mut Workspace::default(), distances, perplexity, out })
}

/// Checks one perplexity.
pub(super) fn check_perplexity(perplexity: f64) -> Result<()> {
    if perplexity.is_finite() && perplexity >= 1.0 {
        return Ok(());
    }
    Err(Error::parameter(
        "perplexity",
        perplexity,
        "finite and at least 1 (it counts neighbors; between 5 and 50 is usual)",
    ))
}

struct OneRow<'b, T> {
    workspace: &'b mut Workspace,
    distances: &'b [T],
    perplexity: f64,
    out: &'b mut [T],
}

impl<T: Scalar> simd::Task for OneRow<'_, T> {
    type Output = Calibration;
    #[inline(always)]
    fn run(self) -> Calibration {
        self.workspace.prepare(self.distances);
        let calibration = self.workspace.solve(self.perplexity);
        self.workspace.write(&[calibration], self.out);
        self.workspace.in_units(calibration)
    }
}

/// One row of distances, scaled, and what is computed from it.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// `(d_j² - d_0²) / 2` in squares of the unit, padded to whole lanes.
    exponents: Vec<[f64; LANES]>,
    /// 1 for a neighbor, 0 for padding.
    mask: Vec<[f64; LANES]>,
    weights: Vec<[f64; LANES]>,
    k: usize,
    /// The number of distances that tie with the smallest one.
    nearest_ties: usize,
    /// The largest distance, or a standard deviation that was given.
    unit: f64,
    /// `d_0² / 2` in the same unit.
    nearest: f64,
    /// Variance of the exponents under uniform weights.
    variance: f64,
}

/// Sums over a row under the weights `exp(-τ a_j)`, and what follows from them.
struct Moments {
    entropy: f64,
    /// First and second derivative of the entropy by `τ`.
    slope: f64,
    curvature: f64,
}

impl Workspace {
    /// Takes in a row of ascending distances.
    #[inline(always)]
    pub(super) fn prepare<T: Scalar>(&mut self, distances: &[T]) {
        let largest = distances[distances.len() - 1].to_f64();
        self.prepare_in(distances, if largest == 0.0 { 1.0 } else { largest });
    }

    #[inline(always)]
    fn prepare_in<T: Scalar>(&mut self, distances: &[T], unit: f64) {
        let k = distances.len();
        if self.k != k {
            self.exponents = vec![[0.0; LANES]; k.div_ceil(LANES)];
            self.weights = self.exponents.clone();
            self.mask = self.exponents.clone();
            self.mask.as_flattened_mut()[..k].fill(1.0);
            self.k = k;
        }
        self.unit = unit;
        let first = distances[0].to_f64();
        let nearest = first / unit;
        self.nearest = 0.5 * nearest * nearest;
        for (a, d) in self.exponents.as_flattened_mut().iter_mut().zip(distances) {
            let d = d.to_f64();
            // As a product the difference keeps its digits for nearly equal distances, and before it is divided: quotients are rounded.
            // The largest number stands for all beyond, so that ties of many units have the difference 0.
            let (apart, sum) = ((d - first) / unit, (d / unit + nearest).min(f64::MAX));
            *a = (0.5 * apart * sum).min(f64::MAX);
        }
        self.nearest_ties = distances.iter().take_while(|&&d| d == distances[0]).count();
        let (mut sum, mut squares) = ([0.0; LANES], [0.0; LANES]);
        for a in &self.exponents {
            for l in 0..LANES {
                sum[l] += a[l];
                squares[l] += a[l] * a[l];
            }
        }
        let mean = fold(sum) / k as f64;
        self.variance = fold(squares) / k as f64 - mean * mean;
    }

    #[inline(always)]
    fn moments(&mut self, precision: f64) -> Moments {
        let mut sums = [[0.0; LANES]; 4];
        let [s0, s1, s2, s3] = &mut sums;
        for (a, mask) in self.exponents.iter().zip(&self.mask) {
            for l in 0..LANES {
                let w = math::exp_neg(precision * a[l]) * mask[l];
                let w1 = w * a[l];
                let w2 = w1 * a[l];
                s0[l] += w;
                s1[l] += w1;
                s2[l] += w2;
                s3[l] += w2 * a[l];
            }
        }
        let [s0, s1, s2, s3] = sums.map(fold);
        let (m1, m2, m3) = (s1 / s0, s2 / s0, s3 / s0);
        let variance = m2 - m1 * m1;
        let third = m3 - m1 * (3.0 * m2 - 2.0 * m1 * m1);
        Moments {
            entropy: s0.ln() + precision * m1,
            slope: -precision * variance,
            curvature: precision * third - variance,
        }
    }

    /// The precision, in the row's unit, at which the weights have the given perplexity.
    #[inline(always)]
    pub(super) fn solve(&mut self, perplexity: f64) -> Calibration {
        let target = perplexity.ln();
        let at_end = |precision: f64, count: usize| {
            let reached = count as f64;
            Calibration { precision, perplexity: reached, converged: (reached.ln() - target).abs() <= TOLERANCE }
        };
        if perplexity >= self.k as f64 || self.nearest_ties == self.k {
            return at_end(0.0, self.k);
        }
        if perplexity <= self.nearest_ties as f64 {
            return at_end(f64::INFINITY, self.nearest_ties);
        }
        // For small precisions the entropy falls like τ² Var(a) / 2: a start in the scale of the row.
        let gap = (self.k as f64).ln() - target;
        let mut precision = (2.0 * gap / self.variance).sqrt();
        if !(precision > 1.0 / EXTREME && precision < EXTREME) {
            precision = 1.0;
        }
        let (mut low, mut high) = (0.0f64, f64::INFINITY);
        let mut stride = 2.0f64;
        let mut last = f64::INFINITY;
        for _ in 0..MAX_EVALUATIONS {
            let at = self.moments(precision);
            let excess = at.entropy - target;
            if excess.abs() <= TOLERANCE {
                return Calibration { precision, perplexity: at.entropy.exp(), converged: true };
            }
            if excess > 0.0 {
                low = precision;
            } else {
                high = precision;
            }
            let halley = precision - 2.0 * excess * at.slope / (2.0 * at.slope * at.slope - excess * at.curvature);
            let bisection = match (low > 0.0, high.is_finite()) {
                (true, true) => low.sqrt() * high.sqrt(),
                (true, false) => low * stride,
                _ => high / stride,
            };
            // Where the entropy is flat between two steps (distances of two scales), Halley's method crawls: it is left
            // as soon as it does not halve the excess.
            let crawls = excess.abs() > 0.5 * last;
            last = excess.abs();
            if !crawls && halley > low && halley < high && halley < precision * 16.0 && halley > precision / 16.0 {
                precision = halley;
            } else {
                precision = bisection;
                stride = (stride * stride).min(1e30);
            }
            // A stride may lead far beyond what is sought: the end is tried, and left unless it is itself on the wrong side.
            precision = precision.clamp(1.0 / EXTREME, EXTREME);
            if low >= EXTREME || high <= 1.0 / EXTREME {
                break;
            }
        }
        // Unreachable but for distances that differ by more than 10^150: the end of the bracket.
        Calibration { precision, perplexity: self.moments(precision).entropy.exp(), converged: false }
    }

    /// Writes the mixture of the fitted Gaussians, normalized to sum 1: `Σ_h sqrt(τ_h) exp(-τ_h d² / 2)`, each with the
    /// height of its density (openTSNE's multiscale mixture; Kobak and Berens 2019, "The art of using t-SNE").
    #[inline(always)]
    pub(super) fn write<T: Scalar>(&mut self, scales: &[Calibration], out: &mut [T]) {
        self.weights.as_flattened_mut().fill(0.0);
        // The height of scale h at the nearest neighbor, by its logarithm; limits first.
        let height = |c: &Calibration| match c.precision {
            0.0 => f64::NEG_INFINITY,
            f64::INFINITY if self.nearest > 0.0 => f64::NEG_INFINITY,
            f64::INFINITY => f64::INFINITY,
            precision => 0.5 * precision.ln() - precision * self.nearest,
        };
        let tallest = scales.iter().map(height).fold(f64::NEG_INFINITY, f64::max);
        for scale in scales {
            let h = height(scale);
            // Infinite heights tie with each other: all limits count the same.
            let factor = if h == tallest { 1.0 } else { (h - tallest).exp() };
            if factor == 0.0 {
                continue;
            }
            if scale.precision == f64::INFINITY {
                let ties = self.nearest_ties;
                let share = factor / ties as f64;
                self.weights.as_flattened_mut()[..ties].iter_mut().for_each(|w| *w += share);
                continue;
            }
            // As much in all as a limit of the other kind, where there is one.
            let has_others = scale.precision == 0.0 && scales.iter().any(|other| other.precision == f64::INFINITY);
            let factor = if has_others { factor / self.k as f64 } else { factor };
            for ((w, a), mask) in self.weights.iter_mut().zip(&self.exponents).zip(&self.mask) {
                for l in 0..LANES {
                    w[l] += factor * math::exp_neg(scale.precision * a[l]) * mask[l];
                }
            }
        }
        let mut sums = [0.0; LANES];
        for w in &self.weights {
            for l in 0..LANES {
                sums[l] += w[l];
            }
        }
        let sum = fold(sums);
        for (out, w) in out.iter_mut().zip(self.weights.as_flattened()) {
            *out = T::from_f64(w / sum);
        }
    }

    /// Takes in a row of ascending distances with a given standard deviation as the unit, in which its Gaussian has the precision 1: of
    /// another unit it may be beyond all numbers.
    #[inline(always)]
    pub(super) fn with_sigma<T: Scalar>(&mut self, distances: &[T], sigma: f64) -> Calibration {
        self.prepare_in(distances, sigma);
        Calibration { precision: 1.0, perplexity: f64::NAN, converged: true }
    }

    /// The precision in units of the distances as given.
    #[inline(always)]
    fn in_units(&self, calibration: Calibration) -> Calibration {
        Calibration { precision: calibration.precision / self.unit / self.unit, ..calibration }
    }
}
