//! The fit form against the oracle, over extents, dimensions, scalars and degrees of freedom.
#![allow(clippy::unwrap_used)]

use crate::common::{EXTENTS, ROUNDING, blobs, cast, distance, duplicates, oracle, spiral};
use tsne_bh::BarnesHut;
use tsne_core::{Context, Kernel, Scalar};

const N: usize = 400;

fn clouds<const D: usize>(extent: f64) -> [Vec<[f64; D]>; 3] {
    [blobs(N, extent, 1), spiral(N, extent), duplicates(N, extent, 2)]
}

fn repulse<T: Scalar, const D: usize>(theta: f64, kernel: Kernel, y: &[[T; D]]) -> (f64, Vec<[T; D]>) {
    let mut out = vec![[T::INFINITY; D]; y.len()];
    let z = BarnesHut::new(theta).unwrap().repulse(kernel, y, &mut out, Context::new()).unwrap();
    (z, out)
}

fn exact<T: Scalar, const D: usize>() {
    let tolerance = ROUNDING * T::EPSILON.to_f64();
    for extent in EXTENTS {
        for y in clouds::<D>(extent) {
            let y: Vec<[T; D]> = cast(&y);
            for dof in [0.5, 1.0, 2.0, 0.8] {
                let kernel = Kernel::new(dof).unwrap();
                let expected = oracle(kernel, &y);
                let (z, out) = repulse(0.0, kernel, &y);
                let expected_z: f64 = expected.iter().map(|p| p.z).sum();
                assert!(
                    (z - expected_z).abs() <= tolerance * expected_z,
                    "{} {D}-D extent {extent} dof {dof}: Z {z} for {expected_z}",
                    T::NAME
                );
                for (i, (force, pull)) in out.iter().zip(&expected).enumerate() {
                    let error = distance(force, pull);
                    assert!(
                        error <= tolerance * pull.size,
                        "{} {D}-D extent {extent} dof {dof} point {i}: error {error:e} of {:e}",
                        T::NAME,
                        pull.size
                    );
                }
            }
        }
    }
}

#[test]
fn theta_0_is_exact_up_to_rounding() {
    exact::<f32, 1>();
    exact::<f32, 2>();
    exact::<f32, 3>();
    exact::<f64, 1>();
    exact::<f64, 2>();
    exact::<f64, 3>();
}

/// Root mean squares of the error of the forces and of the sums of the sizes of their terms.
fn errors<T: Scalar, const D: usize>(theta: f64, kernel: Kernel, y: &[[T; D]]) -> (f64, f64, f64) {
    let expected = oracle(kernel, y);
    let (z, out) = repulse(theta, kernel, y);
    let expected_z: f64 = expected.iter().map(|p| p.z).sum();
    let error: f64 = out.iter().zip(&expected).map(|(f, p)| distance(f, p).powi(2)).sum();
    let size: f64 = expected.iter().map(|p| p.size.powi(2)).sum();
    let n = y.len() as f64;
    ((z / expected_z - 1.0).abs(), (error / n).sqrt(), (size / n).sqrt())
}

/// The first term that the mean position does not cancel is the second: half the second moment of the cell, at most
/// `side² / 12` on each axis of a uniform one, times the second derivative. A far kernel falls as `d^-p`, `p = 2 dof`,
/// and its second derivatives sum to at most `p (p + 2) d^-(p+2)`; near ones are smaller. With `side < theta d`,
/// `z` errs by `p (p + 2) theta² / 24` and a force, whose power is one higher, by `(p + 1) (p + 3) theta² / 24` of the
/// sizes of its terms. That takes every cell as far away as it must be at least, and all errors as of one sign.
fn approximate<T: Scalar, const D: usize>() {
    let rounding = ROUNDING * T::EPSILON.to_f64();
    for extent in EXTENTS {
        for y in clouds::<D>(extent) {
            let y: Vec<[T; D]> = cast(&y);
            for dof in [0.5, 1.0, 2.0] {
                let kernel = Kernel::new(dof).unwrap();
                for theta in [0.2, 0.5] {
                    let p = 2.0 * dof;
                    let (z, force, size) = errors(theta, kernel, &y);
                    let z_bound = p * (p + 2.0) / 24.0 * theta * theta + rounding;
                    let force_bound = ((p + 1.0) * (p + 3.0) / 24.0 * theta * theta + rounding) * size;
                    let what = format!("{} {D}-D extent {extent} dof {dof} theta {theta}", T::NAME);
                    assert!(z <= z_bound, "{what}: Z errs by {z:e}, bound {z_bound:e}");
                    assert!(force <= force_bound, "{what}: forces err by {force:e}, bound {force_bound:e}");
                }
            }
        }
    }
}

#[test]
fn errors_stay_below_the_second_moment_of_a_cell() {
    approximate::<f32, 1>();
    approximate::<f32, 2>();
    approximate::<f32, 3>();
    approximate::<f64, 1>();
    approximate::<f64, 2>();
    approximate::<f64, 3>();
}

/// The error is of third order in theta: 16 times smaller at 0.2 than at 0.5, of which a fifth is asked for. That of `Z` is a
/// difference of cells that err to either side, and on a single map small by chance: eight are taken together.
fn shrinks<const D: usize>() {
    let (mut coarse, mut fine) = ([0.0; 2], [0.0; 2]);
    for seed in 5..13 {
        let y = blobs::<D>(1_500, 60.0, seed);
        for (sums, theta) in [(&mut coarse, 0.5), (&mut fine, 0.2)] {
            let (z, force, size) = errors(theta, Kernel::CAUCHY, &y);
            *sums = [sums[0] + z, sums[1] + force / size];
        }
    }
    assert!(coarse.iter().all(|&error| error > 0.0), "nothing was approximated");
    assert!(fine[1] < coarse[1] / 3.0, "{D}-D forces: {:e} after {:e}", fine[1], coarse[1]);
    assert!(fine[0] < coarse[0] / 3.0, "{D}-D Z: {:e} after {:e}", fine[0], coarse[0]);
}

#[test]
fn errors_shrink_with_theta() {
    shrinks::<1>();
    shrinks::<2>();
    shrinks::<3>();
}

/// Two clusters of extent 1e-3 at the distance 100: far cells err by at most `(p + 1) (p + 3) / 8 * 1e-10`, the second
/// moment being at most a quarter of the squared side. A mass that were lost or counted twice would show as 1e-3.
fn far<const D: usize>() {
    let mut y = blobs::<D>(700, 1e-3, 8);
    for p in y.iter_mut().skip(300) {
        p[0] += 100.0;
    }
    for dof in [0.5, 1.0, 2.0] {
        let kernel = Kernel::new(dof).unwrap();
        let p = 2.0 * dof;
        let expected = oracle(kernel, &y);
        // Theta so small that cells within a cluster are summed one by one, but not those of the other cluster: the criterion
        // holds for cells of up to 1e-3 at the distance 100, and for those of up to 1e-5, the kernel being smooth, beside a point.
        let (z, out) = repulse(1e-5, kernel, &y);
        let expected_z: f64 = expected.iter().map(|p| p.z).sum();
        let bound = (p + 1.0) * (p + 3.0) / 8.0 * 1e-10 + ROUNDING * f64::EPSILON;
        assert!((z / expected_z - 1.0).abs() < bound, "{D}-D dof {dof}: {z} for {expected_z}");
        for (force, pull) in out.iter().zip(&expected) {
            assert!(distance(force, pull) <= bound * pull.size, "{D}-D dof {dof}");
        }
    }
}

#[test]
fn far_clusters_act_with_their_whole_mass() {
    far::<1>();
    far::<2>();
    far::<3>();
}

/// A criterion above the diagonal of a cell would accept cells around the point, which are opened all the same: the
/// point itself is never counted, so that `z` of two points stays the weight of one pair.
#[test]
fn a_cell_around_the_point_is_opened_at_any_theta() {
    for theta in [1.0, 3.0, 100.0, 1e300] {
        let (z, out) = repulse(theta, Kernel::CAUCHY, &[[0.0f64, 0.0], [3.0, 4.0]]);
        assert!((z - 2.0 / 26.0).abs() < 1e-15);
        assert!((out[1][0] - 3.0 / 26.0 / 26.0).abs() < 1e-15);
        let y = blobs::<2>(500, 10.0, 4);
        let (z, _) = repulse(theta, Kernel::CAUCHY, &y);
        assert!(z > 0.0 && z <= 500.0 * 499.0, "{z}");
    }
}

/// `Z` next to the weight 1 of the point itself: a difference of the two would leave nothing.
#[test]
fn tiny_weights_are_not_lost() {
    let y: Vec<[f32; 2]> = (0..100).map(|i| [1e7 * i as f32, 0.0]).collect();
    let expected: f64 = oracle(Kernel::CAUCHY, &y).iter().map(|p| p.z).sum();
    let (z, _) = repulse(0.0, Kernel::CAUCHY, &y);
    assert!((z / expected - 1.0).abs() < ROUNDING * f64::from(f32::EPSILON), "{z:e} for {expected:e}");
}

/// Maps so large that most of the sums are over cells. With the mass alone, `Z` errs by half a per cent at theta 0.5, all of
/// one sign; with the second moments what is left are third ones, which cancel, and fourth
/// moments, `theta⁴ / 24` of a far cell's part at most. The divergence takes the error of `Z` as it is: 5e-4 is the promise.
#[test]
fn large_maps_are_approximated_and_their_normalizer_is_exact_to_the_promise() {
    fn check<const D: usize>(extent: f64, dof: f64) {
        let y: Vec<[f64; D]> = blobs(6_000, extent, 5);
        let kernel = Kernel::new(dof).unwrap();
        let run = |theta: f64| {
            let mut forces = vec![[0.0; D]; y.len()];
            let z = BarnesHut::new(theta).unwrap().repulse(kernel, &y, &mut forces, Context::new()).unwrap();
            (z, forces)
        };
        let ((z, forces), (exact_z, exact)) = (run(0.5), run(0.0));
        let error = (z / exact_z - 1.0).abs();
        assert!(error < 5e-4, "{D}-D, extent {extent}, dof {dof}: Z errs by {error:.1e}");
        assert!(z != exact_z);
        let square = |a: &[f64; D], b: &[f64; D]| (0..D).map(|c| (a[c] - b[c]).powi(2)).sum::<f64>();
        let difference: f64 = forces.iter().zip(&exact).map(|(a, b)| square(a, b)).sum();
        let size: f64 = exact.iter().map(|a| square(a, &[0.0; D])).sum();
        let error = (difference / size).sqrt();
        assert!(error < 1e-2, "{D}-D, extent {extent}, dof {dof}: forces err by {error:.1e}");
    }
    for extent in [1.0, 50.0, 200.0] {
        for dof in [0.5, 1.0, 2.0] {
            check::<1>(extent, dof);
            check::<2>(extent, dof);
            check::<3>(extent, dof);
        }
    }
}

/// Maps of the early phase, small against the kernel, where cells are taken beside their targets and among them: what is left out are
/// third moments, so that half of `theta` leaves an eighth of the error, of which a third is asked for.
#[test]
fn dense_maps_are_approximated_beside_the_targets() {
    fn check<T: Scalar, const D: usize>() {
        for extent in [1.0, 3.0, 10.0] {
            let y: Vec<[T; D]> = cast(&blobs::<D>(3_000, extent, 6));
            for dof in [0.3, 1.0, 30.0] {
                let kernel = Kernel::new(dof).unwrap();
                let (mut errors, z_error) = (Vec::new(), {
                    let (z, _) = repulse(0.5, kernel, &y);
                    let (exact, _) = repulse(0.0, kernel, &y);
                    assert!(z != exact, "nothing was approximated");
                    (z / exact - 1.0).abs()
                });
                let (_, exact) = repulse(0.0, kernel, &y);
                for theta in [0.25, 0.5] {
                    let (_, forces) = repulse(theta, kernel, &y);
                    let square = |a: &[T; D], b: &[T; D]| (0..D).map(|c| (a[c] - b[c]).to_f64().powi(2)).sum::<f64>();
                    let error: f64 = forces.iter().zip(&exact).map(|(a, b)| square(a, b)).sum();
                    let size: f64 = exact.iter().map(|a| square(a, &[T::ZERO; D])).sum();
                    errors.push((error / size).sqrt());
                }
                let what = format!("{} {D}-D, extent {extent}, dof {dof}: {errors:?}, Z {z_error:.1e}", T::NAME);
                // `theta_for` promises this much, measured on other maps; one half of theta is a third to an eighth of the error.
                assert!(errors[1] < 0.1 * 0.5f64.powi(3) && z_error < 5e-4, "{what}");
                assert!(errors[0] < errors[1] / 3.0, "{what}");
            }
        }
    }
    check::<f32, 2>();
    check::<f64, 1>();
    check::<f64, 3>();
}
