//! The weights with which one coordinate acts on the nodes around it.

use crate::params::GridParams;
use crate::scalar::GridScalar;

/// A rule that gives a coordinate `M` consecutive nodes and their weights.
///
/// Coordinates are in units of the spacing, counted from the border of the grid.
pub(crate) trait Stencil<T, const M: usize>: Copy + Send + Sync {
    /// The first of the `M` nodes for the coordinate `u`, at most `last`.
    fn base(self, u: T, last: usize) -> usize;
    /// The weights of the nodes from `base` on.
    fn weights(self, u: T, base: usize) -> [T; M];
}

/// The cardinal B-spline of order `M`: degree `M - 1`, continuous up to the derivative of order `M - 2`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BSpline;

impl<T: GridScalar, const M: usize> Stencil<T, M> for BSpline {
    #[inline(always)]
    fn base(self, u: T, last: usize) -> usize {
        // Saturating: rounding can push a coordinate a hair below the border.
        self.cell(u, last)
    }

    #[inline(always)]
    fn weights(self, u: T, base: usize) -> [T; M] {
        let (lower, x) = lower_order::<T, M>(u, base);
        raise(&lower, x, M)
    }
}

impl BSpline {
    /// The cell of side 1 that the coordinate `u` is in, at most `last`.
    #[inline(always)]
    pub(crate) fn cell<T: GridScalar>(self, u: T, last: usize) -> usize {
        (u.to_i32().max(0) as usize).min(last)
    }

    /// Weights and their derivatives by the coordinate.
    #[inline(always)]
    pub(crate) fn weights_and_slopes<T: GridScalar, const M: usize>(self, u: T, base: usize) -> ([T; M], [T; M]) {
        let (lower, x) = lower_order::<T, M>(u, base);
        let mut slopes = [T::ZERO; M];
        for j in 0..M {
            let before = if j > 0 { lower[j - 1] } else { T::ZERO };
            slopes[j] = before - lower[j];
        }
        (raise(&lower, x, M), slopes)
    }
}

/// The weights of order `M - 1` (the last entry is zero) and the offset of `u` from `base`.
#[inline(always)]
fn lower_order<T: GridScalar, const M: usize>(u: T, base: usize) -> ([T; M], T) {
    let x = u - T::from_i32(base as i32);
    let mut weights = [T::ZERO; M];
    weights[0] = T::ONE;
    for order in 2..M {
        weights = raise(&weights, x, order);
    }
    (weights, x)
}

/// From the weights of order `order - 1` to those of `order`, by the recurrence of the uniform B-spline
/// `M_k(t) = (t M_{k-1}(t) + (k - t) M_{k-1}(t - 1)) / (k - 1)` (de Boor 1978) at `t = x + k - 1 - j`.
#[inline(always)]
fn raise<T: GridScalar, const M: usize>(lower: &[T; M], x: T, order: usize) -> [T; M] {
    let scale = T::ONE / T::from_i32(order as i32 - 1);
    let mut weights = [T::ZERO; M];
    for j in 0..order {
        let before = if j > 0 { lower[j - 1] } else { T::ZERO };
        let rising = x + T::from_i32((order - 1 - j) as i32);
        let falling = T::from_i32(1 + j as i32) - x;
        weights[j] = (rising * before + falling * lower[j]) * scale;
    }
    weights
}

/// Lagrange polynomials through the `M` nodes of a cell, which stand in the middles of its `M` equal parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lagrange;

impl<T: GridScalar, const M: usize> Stencil<T, M> for Lagrange {
    #[inline(always)]
    fn base(self, u: T, last: usize) -> usize {
        let cell = u.to_i32().max(0) as usize / M;
        (cell * M).min(last)
    }

    #[inline(always)]
    fn weights(self, u: T, base: usize) -> [T; M] {
        // Node `j` of the cell stands at `base + j + 1/2`.
        let x = u - T::from_i32(base as i32) - T::HALF;
        let mut weights = [T::ONE; M];
        for j in 0..M {
            for k in 0..M {
                if k != j {
                    weights[j] = weights[j] * (x - T::from_i32(k as i32)) / T::from_i32(j as i32 - k as i32);
                }
            }
        }
        weights
    }
}

/// The weights of the B-spline of the given order at the fraction `f` between two nodes.
pub(crate) fn weights_at(order: usize, f: f64) -> Vec<f64> {
    let mut weights = [0.0; GridParams::MAX_INTERPOLATION_POINTS + 1];
    weights[0] = 1.0;
    for k in 2..=order {
        weights = raise(&weights, f, k);
    }
    weights.get(..order).unwrap_or(&weights).to_vec()
}

/// The values of the B-spline of the given order at the integers `1..order`: its samples on the nodes.
pub(crate) fn spline_at_integers(order: usize) -> Vec<f64> {
    // `M_k(t)` at integers by the same recurrence; `M_2` is the hat with the value 1 at 1.
    let mut values = vec![0.0; order + 1];
    if order >= 2 {
        values[1] = 1.0;
    }
    for k in 3..=order {
        let previous = values.clone();
        for t in 1..k {
            let (t_value, k_value) = (t as f64, k as f64);
            values[t] = (t_value * previous[t] + (k_value - t_value) * previous[t - 1]) / (k_value - 1.0);
        }
    }
    values.get(1..order).unwrap_or(&[]).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_order<const M: usize>() {
        let mut previous: Option<[f64; M]> = None;
        for step in 0..=100 {
            let u = 7.0 + f64::from(step) / 100.0 * 0.999_999;
            let base = Stencil::<f64, M>::base(BSpline, u, 100);
            assert_eq!(base, 7);
            let (weights, slopes) = BSpline.weights_and_slopes::<f64, M>(u, base);
            assert_eq!(weights, Stencil::<f64, M>::weights(BSpline, u, base));
            // A partition of unity, non-negative, whose slopes sum to zero.
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            assert!(slopes.iter().sum::<f64>().abs() < 1e-13);
            assert!(weights.iter().all(|w| *w >= -1e-16));
            // The first moment follows the coordinate: Σ_j (base + j) w_j = u - (M/2 - 1) + (M - 1) ... up to a constant.
            if M > 2 {
                let moment: f64 = weights.iter().enumerate().map(|(j, w)| j as f64 * w).sum();
                assert!((moment - (u - 7.0) - (M as f64 / 2.0 - 1.0)).abs() < 1e-13, "order {M}: {moment} at {u}");
            }
            if let Some(previous) = previous {
                // The mean slope of a step of 0.01 differs from the slope at its end by less than half the second
                // derivative (at most 4 in absolute value for any order here) times the step.
                for j in 0..M {
                    let secant = (weights[j] - previous[j]) / 0.009_999_99;
                    assert!(
                        (secant - slopes[j]).abs() < 0.021,
                        "order {M}, weight {j}: {secant} against {}",
                        slopes[j]
                    );
                }
            }
            previous = Some(weights);
        }
    }

    #[test]
    fn splines_are_partitions_of_unity_with_matching_slopes() {
        check_order::<2>();
        check_order::<3>();
        check_order::<4>();
        check_order::<5>();
        check_order::<6>();
        check_order::<10>();
    }

    #[test]
    fn cubic_spline_has_its_known_values_at_the_integers() {
        let values = spline_at_integers(4);
        for (value, known) in values.iter().zip([1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0]) {
            assert!((value - known).abs() < 1e-15);
        }
        assert_eq!(spline_at_integers(2), [1.0]);
        assert_eq!(spline_at_integers(3), [0.5, 0.5]);
    }

    #[test]
    fn lagrange_polynomials_reproduce_their_degree() {
        for step in 0..30 {
            let u = 3.0 + f64::from(step) / 10.0;
            let base = Stencil::<f64, 3>::base(Lagrange, u, 30);
            assert_eq!(base, 3);
            let weights: [f64; 3] = Lagrange.weights(u, base);
            for degree in 0..3 {
                let at_nodes = |j: usize| (base as f64 + j as f64 + 0.5).powi(degree);
                let value: f64 = weights.iter().enumerate().map(|(j, w)| w * at_nodes(j)).sum();
                assert!((value - u.powi(degree)).abs() < 1e-12);
            }
        }
    }
}
