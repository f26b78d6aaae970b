//! The repulsion by all pairs against the same sum in double precision.

use crate::oracle::{bits, cloud, kernel, squared_distance, weights, widen};
use tsne_core::{Context, Kernel, Scalar};
use tsne_optim::{Exact, ExactReference};

/// The sums over `sources` for a point, and the sums of the absolute values of their terms.
struct Sums<const D: usize> {
    z: f64,
    force: [f64; D],
    size: [f64; D],
}

fn sums<const D: usize>(dof: f64, at: [f64; D], sources: impl Iterator<Item = [f64; D]>) -> Sums<D> {
    let mut sums = Sums { z: 0.0, force: [0.0; D], size: [0.0; D] };
    for source in sources {
        let (w, force, _) = weights(dof, squared_distance(at, source));
        sums.z += w;
        for c in 0..D {
            sums.force[c] += force * (at[c] - source[c]);
            sums.size[c] += (force * (at[c] - source[c])).abs();
        }
    }
    sums
}

/// The relative error of a sum of positive terms, counted in half units `u` of the last place (one for each rounding).
///
/// A term: the differences and the squared distance take `D + 3`, the base of the kernel five more; its power multiplies
/// them by at most `dof + 1`, and as an exponential adds six times its exponent. A sum: 64 terms in the scalar's precision
/// one after the other, folding 64 lanes in six more, rounding the result, all else in double precision. The oracle has the
/// terms' errors in `f64`, and `n` additions.
fn bound<T: Scalar, const D: usize>(dof: f64, extent: f64, n: usize) -> f64 {
    let exponent = (dof + 1.0) * (D as f64 * extent * extent / dof).ln_1p();
    let term = (dof + 2.0) * (D as f64 + 9.0) + 6.0 * exponent + 6.0;
    (term + 80.0) * T::EPSILON.to_f64() / 2.0 + (term + n as f64) * f64::EPSILON / 2.0
}

#[track_caller]
fn check<T: Scalar, const D: usize>(dof: f64, extent: f64, y: &[[T; D]]) {
    let n = y.len();
    let mut out = vec![[T::MAX; D]; n];
    let z = Exact::new().repulse(kernel(dof), y, &mut out, Context::new()).unwrap();
    let wide = widen(y);
    let bound = bound::<T, D>(dof, extent, n);
    let mut expected_z = 0.0;
    for i in 0..n {
        let expected = sums(dof, wide[i], (0..n).filter(|&j| j != i).map(|j| wide[j]));
        expected_z += expected.z;
        for c in 0..D {
            let difference = (out[i][c].to_f64() - expected.force[c]).abs();
            let allowed = bound * expected.size[c];
            let at = format!("{} n {n} D {D} dof {dof} extent {extent} point {i}", T::NAME);
            assert!(difference <= allowed, "{at}: {difference:e} > {allowed:e}");
        }
    }
    assert!((z - expected_z).abs() <= bound * expected_z, "Z, {} n {n} D {D} dof {dof}: {z} {expected_z}", T::NAME);
}

fn check_all<T: Scalar, const D: usize>() {
    // Around the 64 positions of a step and the 32 rows of a task.
    for n in [1, 2, 3, 7, 8, 9, 31, 33, 63, 64, 65, 129] {
        for extent in [1e-4, 1e-2, 1.0, 30.0, 200.0] {
            for dof in [0.5, 1.0, 2.0, 3.3] {
                check::<T, D>(dof, extent, &cloud(n, extent, 11));
            }
        }
    }
    check::<T, D>(1.0, 50.0, &cloud(1025, 50.0, 12));
}

#[test]
fn all_sizes_extents_and_kernels_in_one_and_two_dimensions() {
    check_all::<f32, 1>();
    check_all::<f64, 1>();
    check_all::<f32, 2>();
    check_all::<f64, 2>();
}

#[test]
fn all_sizes_extents_and_kernels_in_three_and_four_dimensions() {
    check_all::<f32, 3>();
    check_all::<f64, 3>();
    check_all::<f32, 4>();
    check_all::<f64, 4>();
}

#[test]
fn two_thousand_points() {
    for extent in [1e-4, 200.0] {
        check::<f32, 2>(1.0, extent, &cloud(2000, extent, 13));
        check::<f64, 2>(1.0, extent, &cloud(2000, extent, 13));
    }
    check::<f32, 3>(0.5, 20.0, &cloud(2000, 20.0, 13));
}

#[test]
fn duplicates_count_once_each() {
    // Every point three times, in other tasks and steps than its copies.
    let mut y = cloud::<f32, 2>(400, 10.0, 14);
    y.extend_from_within(..);
    y.extend_from_within(..400);
    check::<f32, 2>(1.0, 10.0, &y);
    // All in one place: every other point has weight 1, and no force is left.
    for n in [2, 9, 1100] {
        let y = vec![[3.0f32, -4.0, 5.0]; n];
        let mut out = vec![[1.0; 3]; n];
        let z = Exact::new().repulse(Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
        assert_eq!(z, (n * (n - 1)) as f64);
        assert!(out.iter().all(|f| *f == [0.0; 3]));
    }
}

#[test]
fn a_small_normalizer_does_not_cancel() {
    // w = 1 / (1 + 4e12): subtracting the points' own weights from a sum with them would leave nothing.
    let mut out = [[0.0f32; 2]; 2];
    let z = Exact::new().repulse(Kernel::CAUCHY, &[[-1e6, 0.0], [1e6, 0.0]], &mut out, Context::new()).unwrap();
    let w = 1.0 / (1.0 + 4e12);
    assert!((z - 2.0 * w).abs() < 4.0 * f64::from(f32::EPSILON) * w);
    assert!((f64::from(out[1][0]) - w * w * 2e6).abs() < 8.0 * f64::from(f32::EPSILON) * w * w * 2e6);
    assert_eq!(out[0][0], -out[1][0]);
}

#[test]
fn nothing_and_one_point_repel_nobody() {
    let mut exact = Exact::<f64, 2>::new();
    assert_eq!(exact.repulse(Kernel::CAUCHY, &[], &mut [], Context::new()), Ok(0.0));
    let mut out = [[7.0, 7.0]];
    assert_eq!(exact.repulse(Kernel::CAUCHY, &[[1e3, -5.0]], &mut out, Context::new()), Ok(0.0));
    assert_eq!(out, [[0.0, 0.0]]);
}

#[test]
fn a_call_does_not_depend_on_the_calls_before() {
    let (small, large) = (cloud::<f32, 2>(100, 5.0, 1), cloud::<f32, 2>(1500, 90.0, 2));
    let run = |exact: &mut Exact<f32, 2>, y: &[[f32; 2]]| {
        let mut out = vec![[0.0; 2]; y.len()];
        let z = exact.repulse(Kernel::CAUCHY, y, &mut out, Context::new()).unwrap();
        (z.to_bits(), bits(&out))
    };
    let mut used = Exact::new();
    run(&mut used, &large);
    assert_eq!(run(&mut used, &small), run(&mut Exact::new(), &small));
    assert_eq!(run(&mut used, &large), run(&mut Exact::new(), &large));
}

#[test]
fn the_sums_over_a_reference_are_the_oracles() {
    fn check<T: Scalar, const D: usize>(m: usize, n: usize, extent: f64) {
        let reference = cloud::<T, D>(m, extent, 21);
        // Half of the queries lie exactly on a reference point, which counts like any other.
        let mut y = cloud::<T, D>(n, extent, 22);
        for i in (0..n).step_by(2) {
            y[i] = reference[i % m];
        }
        for dof in [0.5, 1.0, 3.3] {
            let prepared = ExactReference::new(kernel(dof), &reference).unwrap();
            let (mut out, mut z) = (vec![[T::MAX; D]; n], vec![T::MAX; n]);
            prepared.repulse(&y, &mut out, &mut z, Context::new()).unwrap();
            let (y, reference) = (widen(&y), widen(&reference));
            let bound = bound::<T, D>(dof, extent, m);
            for i in 0..n {
                let expected = sums(dof, y[i], reference.iter().copied());
                assert!((z[i].to_f64() - expected.z).abs() <= bound * expected.z);
                for c in 0..D {
                    assert!((out[i][c].to_f64() - expected.force[c]).abs() <= bound * expected.size[c]);
                }
            }
        }
    }
    // The last one is longer than the 4,096 positions after which the sums are carried over.
    for (m, n) in [(1, 1), (1, 9), (7, 33), (64, 4), (1030, 41), (4100, 9)] {
        for extent in [1e-4, 10.0, 200.0] {
            check::<f32, 2>(m, n, extent);
            check::<f64, 2>(m, n, extent);
            check::<f32, 1>(m, n, extent);
            check::<f64, 3>(m, n, extent);
        }
    }
}

#[test]
fn queries_one_by_one_have_the_bits_of_the_batch() {
    let reference = cloud::<f32, 2>(1100, 60.0, 31);
    let y = cloud::<f32, 2>(133, 80.0, 32);
    for dof in [0.5, 1.0, 3.3] {
        let prepared = ExactReference::new(kernel(dof), &reference).unwrap();
        let (mut out, mut z) = (vec![[0.0; 2]; 133], vec![0.0; 133]);
        prepared.repulse(&y, &mut out, &mut z, Context::new()).unwrap();
        for i in 0..133 {
            let (mut one, mut z_one) = ([[0.0; 2]], [0.0]);
            prepared.repulse(&y[i..=i], &mut one, &mut z_one, Context::new()).unwrap();
            assert_eq!((bits(&one), z_one[0].bits()), (bits(&out[i..=i]), z[i].bits()), "dof {dof}, query {i}");
        }
    }
}

#[test]
fn an_empty_reference_repels_nobody() {
    let prepared = ExactReference::<f64, 2>::new(Kernel::CAUCHY, &[]).unwrap();
    let (mut out, mut z) = ([[1.0; 2]; 3], [1.0; 3]);
    prepared.repulse(&[[0.0, 1.0]; 3], &mut out, &mut z, Context::new()).unwrap();
    assert_eq!((out, z), ([[0.0; 2]; 3], [0.0; 3]));
}
