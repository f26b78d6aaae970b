//! Sums over all pairs, one by one and by a tree: forces, and normalizers.

use crate::clouds::{Cloud, SIZES, clouds};
use crate::wide::Wide;
use tsne::bh::{BarnesHut, BarnesHutReference};
use tsne::optim::{Exact, ExactReference, normalizer};
use tsne::{Context, Kernel, Scalar};

/// What all others do to a point.
pub(crate) struct Pull<const D: usize> {
    pub(crate) z: Wide,
    pub(crate) force: [Wide; D],
    /// The sum of the lengths of the terms of the force.
    pub(crate) size: f64,
    /// The distance of the farthest.
    farthest: f64,
    /// The weights of the pairs whose squared distance is beyond the numbers of the type, which count as infinitely far.
    lost: f64,
}

/// The sums by their definition. A quarter of `largest` is where a squared distance ends.
pub(crate) fn pulls<const D: usize>(dof: f64, y: &[[f64; D]], largest: f64) -> Vec<Pull<D>> {
    let nothing = || Pull { z: Wide::ZERO, force: [Wide::ZERO; D], size: 0.0, farthest: 0.0, lost: 0.0 };
    let mut pulls: Vec<Pull<D>> = y.iter().map(|_| nothing()).collect();
    for i in 0..y.len() {
        for j in 0..i {
            let difference: [Wide; D] = std::array::from_fn(|c| Wide::from(y[i][c]) - Wide::from(y[j][c]));
            let d2: Wide = difference.iter().map(|d| d.square()).sum();
            let a = d2 / Wide::from(dof);
            let weight = a.inverse_power(dof);
            let force = weight / (Wide::ONE + a);
            let distance = d2.to_f64().sqrt();
            for (at, sign) in [(i, 1.0), (j, -1.0)] {
                let pull = &mut pulls[at];
                pull.z = pull.z + weight;
                for c in 0..D {
                    pull.force[c] = pull.force[c] + force * difference[c] * Wide::from(sign);
                }
                pull.size += force.to_f64() * distance;
                pull.farthest = pull.farthest.max(distance);
                if a.max(d2).to_f64() >= 0.25 * largest {
                    pull.lost += weight.to_f64();
                }
            }
        }
    }
    pulls
}

/// The relative error of a sum of positive terms, in half units of the last place, one for each rounding.
///
/// A term: the differences and the squared distance take `D + 3`, the base of the kernel six more; its power multiplies them by at
/// most `dof + 1`, and as an exponential adds six times its exponent. A sum: 64 terms in the type, folding 64 lanes in six more,
/// rounding the result; the rest is in `f64`, as many additions as there are points.
fn rounding<T: Scalar, const D: usize>(dof: f64, farthest: f64, n: usize) -> f64 {
    let is_power = (2.0 * dof).fract() == 0.0;
    let exponent = if is_power { 0.0 } else { (dof + 1.0) * (farthest * farthest / dof).ln_1p() };
    let term = (dof + 2.0) * (D as f64 + 9.0) + 6.0 * exponent + 6.0;
    (term + 80.0) * T::EPSILON.to_f64() / 2.0 + n as f64 * f64::EPSILON / 2.0
}

/// How a method leaves out what is small: relative to the weights, and to the sizes of the forces.
#[derive(Clone, Copy)]
struct Truncation {
    z: f64,
    force: f64,
}

impl Truncation {
    /// The first term that the mean position of a cell does not cancel is the second: half the second moment, at most `side² / 4` on
    /// each axis, times the second derivative, which of a kernel that falls as `d^-p`, `p = 2 dof`, sum to at most `p (p + 2)
    /// d^-(p+2)`, and of forces, whose power is one higher, accordingly. That is without the second moments, which trees have.
    fn of_tree(theta: f64, dof: f64) -> Self {
        let of = |power: f64| power / 8.0 * theta * theta;
        let p = 2.0 * dof;
        Self { z: of(p * (p + 2.0)), force: of((p + 1.0) * (p + 3.0)) }
    }
}

/// The sums of a cloud, and what its numbers are in a type.
struct Case<'a, T, const D: usize> {
    cloud: &'a Cloud<D>,
    dof: f64,
    y: Vec<[T; D]>,
    exact: &'a [Pull<D>],
}

impl<T: Scalar, const D: usize> Case<'_, T, D> {
    /// What underflow may take from each term with a weight of 1.
    fn smallest() -> f64 {
        if T::NAME == "f32" { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE }
    }

    fn what(&self, method: &str) -> String {
        format!("{method} in {} with dof {} on {}", T::NAME, self.dof, self.cloud.name())
    }

    #[track_caller]
    fn check_forces(&self, method: &str, given: &[[T; D]], left_out: f64) {
        let n = self.exact.len();
        // In units of the largest sum of sizes, so that no square is lost.
        let unit = self.exact.iter().map(|pull| pull.size).fold(f64::MIN_POSITIVE, f64::max);
        let (mut squared_error, mut squared_size) = (0.0, 0.0);
        for (i, (given, pull)) in given.iter().zip(self.exact).enumerate() {
            let squares = (0..D).map(|c| (Wide::from(given[c].to_f64()) - pull.force[c]).to_f64().powi(2));
            let error = squares.sum::<f64>().sqrt();
            let lost = n as f64 * Self::smallest() * (1.0 + pull.farthest);
            squared_error += ((error - lost).max(0.0) / unit).powi(2);
            squared_size += (pull.size / unit).powi(2);
            let relative = rounding::<T, D>(self.dof, pull.farthest, n) + left_out;
            let most = relative * pull.size + lost;
            assert!(error <= most, "{}: the force on point {i} errs by {error:e} of {most:e}", self.what(method));
        }
        // One cell may err by its bound, and all together by no more than ten times what forces of maps do (docs/algorithms.md).
        let rms = (squared_error / squared_size).sqrt();
        assert!(left_out == 0.0 || squared_size == 0.0 || rms <= 0.05, "{}: forces err by {rms:e}", self.what(method));
    }

    #[track_caller]
    fn check_z(&self, method: &str, given: f64, left_out: f64) {
        let n = self.exact.len();
        let z: Wide = self.exact.iter().map(|pull| pull.z).sum();
        let farthest = self.exact.iter().map(|pull| pull.farthest).fold(0.0, f64::max);
        let lost: f64 = self.exact.iter().map(|pull| pull.lost).sum();
        let relative = rounding::<T, D>(self.dof, farthest, n) + left_out;
        let most = relative * z.to_f64() + lost + (n * n) as f64 * Self::smallest();
        let error = (Wide::from(given) - z).abs().to_f64();
        assert!(error <= most, "{}: Z is {given:e}, not {:e}", self.what(method), z.to_f64());
    }

    /// The normalizer of each point as a new one, which feels itself with weight 1.
    #[track_caller]
    fn check_each_z(&self, method: &str, given: &[T], left_out: f64) {
        let n = self.exact.len();
        for (i, (given, pull)) in given.iter().zip(self.exact).enumerate() {
            let z = pull.z + Wide::ONE;
            let relative = rounding::<T, D>(self.dof, pull.farthest, n) + left_out;
            let most = relative * z.to_f64() + pull.lost;
            let error = (Wide::from(given.to_f64()) - z).abs().to_f64();
            assert!(error <= most, "{}: z of point {i} is {given}, not {:e}", self.what(method), z.to_f64());
        }
    }

    fn check(&self) {
        let (kernel, cx) = (Kernel::new(self.dof).unwrap(), Context::new());
        let y = &self.y[..];
        let (mut out, mut each_z) = (vec![[T::INFINITY; D]; y.len()], vec![T::INFINITY; y.len()]);
        let z = Exact::new().repulse(kernel, y, &mut out, cx).unwrap();
        self.check_z("all pairs", z, 0.0);
        self.check_forces("all pairs", &out, 0.0);
        self.check_z("the normalizer alone", normalizer(kernel, y, cx).unwrap(), 0.0);
        ExactReference::new(kernel, y).unwrap().repulse(y, &mut out, &mut each_z, cx).unwrap();
        self.check_each_z("a reference", &each_z, 0.0);
        self.check_forces("a reference", &out, 0.0);
        for theta in [0.0, 0.5] {
            let left_out = Truncation::of_tree(theta, self.dof);
            let tree = format!("a tree with theta {theta}");
            let z = BarnesHut::new(theta).unwrap().repulse(kernel, y, &mut out, cx).unwrap();
            self.check_z(&tree, z, left_out.z);
            self.check_forces(&tree, &out, left_out.force);
            BarnesHutReference::new(kernel, y, theta, cx).unwrap().repulse(y, &mut out, &mut each_z, cx).unwrap();
            self.check_each_z(&format!("a reference in {tree}"), &each_z, left_out.z);
            self.check_forces(&format!("a reference in {tree}"), &out, left_out.force);
        }
    }
}

fn check<const D: usize>(n: usize, dofs: &[f64]) {
    for size in SIZES {
        for cloud in clouds::<D>(n, size) {
            for &dof in dofs {
                let exact = pulls(dof, &cloud.points, f64::from(f32::MAX));
                Case::<f32, D> { cloud: &cloud, dof, y: cloud.of(), exact: &exact }.check();
                let without_loss: Vec<_> = exact.into_iter().map(|pull| Pull { lost: 0.0, ..pull }).collect();
                Case::<f64, D> { cloud: &cloud, dof, y: cloud.of(), exact: &without_loss }.check();
            }
        }
    }
}

#[test]
fn sums_of_powers_are_right_in_every_dimension() {
    check::<1>(80, &[0.5, 1.0, 2.0]);
    check::<2>(80, &[0.5, 1.0, 2.0]);
    check::<3>(80, &[0.5, 1.0, 2.0]);
}

#[test]
fn sums_of_exponentials_are_right_in_every_dimension() {
    check::<1>(24, &[0.8]);
    check::<2>(24, &[0.8]);
    check::<3>(24, &[0.8]);
}
