//! The kernel split into a smooth part for the grid and a rest of short range for pairs.

use tsne_core::{Kernel, Scalar};

/// The highest power of `t` in the share of a weight that is left to pairs.
pub(crate) const POWERS: usize = 4;

/// How sharply the kernel is split: where pairs end, and how the share of a weight that is left to them falls to zero.
///
/// The share is a polynomial of `t = (c² - r²) / (dof + c²)`, which is 0 at the cutoff `c` and 1 at `r² = -dof`, the pole
/// of the kernel: with coefficients that add up to 1 the smooth part has no pole. It starts with `t²`, so that the force
/// ends without a step. Among these it is the one that errs least on the grid: least squares of `γ̂(k)`, weighted with
/// `k^((D+1)/2)` and with what splines of order 4 let pass (all beyond the highest frequency `π/h` of the grid,
/// `(k / (2π/h - k))⁴` of those below), for `D = 2` and a spacing `h` of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sharpness {
    /// The cutoff in units of the spacing.
    pub(crate) cutoff: f64,
    /// Of `t²`, `t³`, `t⁴`.
    shares: [f64; POWERS - 1],
    /// The error of the force for charges at random, in units of the force of the kernel at the cutoff and of charges of
    /// density 1, for `dof` 1 in one, two and three dimensions: the norm that is minimized, at spacings of 0.67 to 5 (see
    /// [`Sharpness::DEFAULT`]), raised in one dimension and three to what maps of small `dof` measure.
    pub(crate) noise: [f64; 3],
}

impl Sharpness {
    /// As exact as the plain grid at its default spacing of 1/3, or more so, from spacings of 2/3 (two dimensions) and 4/3
    /// (three) on.
    ///
    /// What the force errs by on a density of one point (the norm that is minimized, for `dof` 1): 4.3e-3, 3.2e-3,
    /// 2.3e-3, 1.5e-3, 8e-4, 1.4e-4 at spacings of 0.47, 0.67, 0.94, 1.33, 1.9, 5 in two dimensions, 6.4e-3, 6.0e-3,
    /// 5.2e-3, 4.0e-3, 2.7e-3, 7e-4 in three. The plain grid: 3.9e-3 and 4.5e-3. The Taylor series (a share of `t⁴`), as in
    /// the multilevel summation method (Skeel, Tezcan and Hardy 2002), errs by twice as much in two dimensions. A fifth
    /// power and a term in `t` would gain a quarter and cost half as much again in the inner loop.
    pub(crate) const DEFAULT: Self = Self { cutoff: 3.0, shares: [0.2829, -0.1453, 0.8624], noise: [0.32, 0.1, 0.32] };

    /// Three to four times as exact in two dimensions and three.
    pub(crate) const FINE: Self = Self { cutoff: 4.0, shares: [0.1810, -0.0859, 0.9049], noise: [0.2, 0.065, 0.22] };

    /// Seven times as exact as [`Sharpness::FINE`], for four times its pairs in two dimensions: the Taylor series, whose tail is
    /// the shortest where the cutoff is wide.
    pub(crate) const SHARP: Self = Self { cutoff: 8.0, shares: [0.0, 0.0, 1.0], noise: [0.05, 0.016, 0.055] };
}

/// The kernel `w(r²)` inside a cutoff replaced by a polynomial.
///
/// With the cutoff `c` and `t` as above, `w(r²) = w(c²) (1 - t)^-dof = w(c²) Σ_k (dof)_k / k! t^k`. The smooth part is
/// this series with its terms damped, `γ(r²) = w(c²) Σ_k σ_k (dof)_k / k! t^k`, where `σ_k` is what the first `k` shares
/// leave of 1. For `dof` 1 that is `w(r²) (1 - Σ_k s_k t^k)`: pairs keep the share of their weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Smoothed {
    kernel: Kernel,
    cutoff2: f64,
    /// `1 / (dof + c²)`.
    scale: f64,
    coefficients: [f64; POWERS],
    shares: [f64; POWERS - 1],
}

impl Smoothed {
    /// The split of `kernel` for a grid of the given spacing.
    pub(crate) fn new(kernel: Kernel, sharpness: Sharpness, spacing: f64) -> Self {
        let cutoff = sharpness.cutoff * spacing;
        let cutoff2 = cutoff * cutoff;
        let mut coefficients = [0.0; POWERS];
        let (mut term, mut left) = (kernel.weight(cutoff2), 1.0);
        for k in 0..POWERS {
            coefficients[k] = term * left;
            term *= (kernel.dof() + k as f64) / (k + 1) as f64;
            left -= if k > 0 { sharpness.shares[k - 1] } else { 0.0 };
        }
        Self { kernel, cutoff2, scale: 1.0 / (kernel.dof() + cutoff2), coefficients, shares: sharpness.shares }
    }

    /// The smooth part.
    pub(crate) fn weight(&self, d2: f64) -> f64 {
        if d2 >= self.cutoff2 {
            return self.kernel.weight(d2);
        }
        let t = (self.cutoff2 - d2) * self.scale;
        self.coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c)
    }

    /// The rest, for inner loops.
    pub(crate) fn rest<T: Scalar>(&self) -> Rest<T> {
        Rest {
            cutoff2: T::from_f64(self.cutoff2),
            // Not by the square of the cutoff, which leaves the range of `f32` on the largest maps.
            at_zero: T::from_f64(1.0 - self.kernel.dof() * self.scale),
            scale: T::from_f64(self.scale),
            coefficients: self.coefficients.map(T::from_f64),
            // -dγ/d(r²) = scale Σ_k k c_k t^(k-1).
            slopes: std::array::from_fn(|k| T::from_f64(self.coefficients[k + 1] * (k + 1) as f64 * self.scale)),
            shares: self.shares.map(T::from_f64),
            share_slopes: std::array::from_fn(|k| T::from_f64(self.shares[k] * (k + 2) as f64 * self.scale)),
        }
    }
}

/// What pairs within the cutoff still have to add: `w - γ`, and the same for the force.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest<T> {
    cutoff2: T,
    /// `t` at distance zero.
    at_zero: T,
    scale: T,
    coefficients: [T; POWERS],
    slopes: [T; POWERS - 1],
    shares: [T; POWERS - 1],
    share_slopes: [T; POWERS - 1],
}

impl<T: Scalar> Rest<T> {
    /// From the weight and force of any kernel at a squared distance to what the grid leaves of them.
    #[inline(always)]
    pub(crate) fn of(&self, d2: T, (weight, force): (T, T)) -> (T, T) {
        let inside = d2 < self.cutoff2;
        let t = self.at_zero - d2 * self.scale;
        let (smooth, smooth_force) = (polynomial(&self.coefficients, t), polynomial(&self.slopes, t));
        if inside { (weight - smooth, force - smooth_force) } else { (T::ZERO, T::ZERO) }
    }

    /// The same for `dof` 1, where the rest is a share of the weight: no difference of large numbers, no comparison.
    #[inline(always)]
    pub(crate) fn of_cauchy(&self, d2: T) -> (T, T) {
        let t = self.at_zero - d2 * self.scale;
        let t = if t > T::ZERO { t } else { T::ZERO };
        let w = T::ONE / (T::ONE + d2);
        let weight = w * (polynomial(&self.shares, t) * t * t);
        (weight, w * (weight + polynomial(&self.share_slopes, t) * t))
    }
}

#[inline(always)]
fn polynomial<T: Scalar, const N: usize>(coefficients: &[T; N], t: T) -> T {
    let mut sum = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        sum = sum * t + coefficients[k];
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::{Profile, ProfileVisitor};

    struct Evaluate {
        rest: Rest<f64>,
        d2: f64,
    }

    impl ProfileVisitor<f64> for Evaluate {
        type Output = (f64, f64);
        fn visit<P: Profile<f64>>(self, profile: P) -> (f64, f64) {
            self.rest.of(self.d2, profile.weight_and_force(self.d2))
        }
    }

    #[test]
    fn parts_add_up_to_the_kernel() {
        for (dof, sharpness) in [0.5, 1.0, 2.0, 3.3]
            .into_iter()
            .flat_map(|d| [(d, Sharpness::DEFAULT), (d, Sharpness::FINE), (d, Sharpness::SHARP)])
        {
            let kernel = Kernel::new(dof).unwrap();
            let smoothed = Smoothed::new(kernel, sharpness, 4.0 / sharpness.cutoff);
            assert!((sharpness.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for step in 0..100 {
                let d2 = f64::from(step) * 0.17;
                let (weight, force) = kernel.visit(Evaluate { rest: smoothed.rest(), d2 });
                assert!((weight + smoothed.weight(d2) - kernel.weight(d2)).abs() < 1e-14);
                // The force is minus the derivative by r²: central differences, error of order 1e-10.
                let step = 1e-5;
                if d2 > step && (d2 - 16.0).abs() > step {
                    let slope = (smoothed.weight(d2 + step) - smoothed.weight(d2 - step)) / (2.0 * step);
                    assert!((force - (kernel.force(d2) + slope)).abs() < 1e-9, "dof {dof}, r² {d2}");
                }
                if dof == 1.0 {
                    let (w, f) = smoothed.rest::<f64>().of_cauchy(d2);
                    assert!(
                        (w - weight).abs() < 1e-14 && (f - force).abs() < 1e-14,
                        "r² {d2}: {w} {weight}, {f} {force}"
                    );
                }
            }
            // The rest has no step at the cutoff.
            let (weight, _) = kernel.visit(Evaluate { rest: smoothed.rest(), d2: 16.0 - 1e-12 });
            assert!(weight.abs() < 1e-12);
        }
    }
}
