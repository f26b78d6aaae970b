//! The attraction against its sum in double precision.

use crate::oracle::{affinities, bits, cloud, conditional, joint, kernel, row, squared_distance, weights, widen};
use std::collections::BTreeMap;
use tsne_core::{Affinities, AffinityKind, Context, Kernel, Repulsion, Scalar};
use tsne_optim::{Joint, Objective, attract};

/// The bound, relative to the sum of the absolute terms: a term has `D + 9` roundings (differences, squares, the
/// kernel's base, division, product with the weight and the difference), a sum of `k` terms no more than `k + 8`, in any
/// order; each is worth half a unit. The oracle's own are the same number in `f64`.
#[track_caller]
fn check<T: Scalar, const D: usize>(p: &Affinities<T>, dof: f64, y: &[[T; D]], reference: &[[T; D]]) {
    let mut out = vec![[T::MAX; D]; y.len()];
    attract(p, kernel(dof), y, reference, &mut out).unwrap();
    let (y, reference) = (widen(y), widen(reference));
    for i in 0..y.len() {
        let (mut expected, mut size) = ([0.0; D], [0.0; D]);
        let entries = row(p, i);
        for &(j, p_ij) in &entries {
            let factor = p_ij * weights(dof, squared_distance(y[i], reference[j])).2;
            for c in 0..D {
                expected[c] += factor * (y[i][c] - reference[j][c]);
                size[c] += (factor * (y[i][c] - reference[j][c])).abs();
            }
        }
        let bound = (entries.len() + D + 17) as f64 * (T::EPSILON.to_f64() + f64::EPSILON) / 2.0;
        for c in 0..D {
            let difference = (out[i][c].to_f64() - expected[c]).abs();
            assert!(difference <= bound * size[c], "{} D {D} dof {dof} row {i}: {difference:e}", T::NAME);
        }
    }
}

/// Rows of 0, 1, 2, ... entries: every remainder of every vector width.
fn staircase<T: Scalar>(rows: usize, m: usize) -> Affinities<T> {
    let mut entries = BTreeMap::new();
    for i in 0..rows {
        for s in 0..i {
            // Offsets from the point itself, all different: 5 and `m - 1` have no common factor.
            entries.insert((i, (i + 1 + (i * 7 + s * 5) % (m - 1)) % m), 0.1 + ((i + s) % 5) as f64);
        }
    }
    affinities(rows, rows.max(m), AffinityKind::Joint, &entries)
}

#[test]
fn rows_of_every_length() {
    fn check_dimensions<T: Scalar>() {
        let p = staircase::<T>(67, 67);
        assert!((0..67).all(|i| p.row(i).0.len() == i));
        for dof in [0.5, 1.0, 2.0, 3.3] {
            for extent in [1e-4, 1.0, 200.0] {
                check(&p, dof, &cloud::<T, 1>(67, extent, 1), &cloud::<T, 1>(67, extent, 2));
                check(&p, dof, &cloud::<T, 2>(67, extent, 1), &cloud::<T, 2>(67, extent, 2));
                check(&p, dof, &cloud::<T, 3>(67, extent, 1), &cloud::<T, 3>(67, extent, 2));
                check(&p, dof, &cloud::<T, 4>(67, extent, 1), &cloud::<T, 4>(67, extent, 2));
            }
        }
    }
    check_dimensions::<f32>();
    check_dimensions::<f64>();
}

#[test]
fn maps_of_many_dimensions_need_little_stack() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).stack_size(512 << 10).build().unwrap();
    pool.install(|| {
        // 1,024 points would take 800 KiB.
        let p = joint::<f64>(2_100, 3, 1);
        let y = cloud::<f64, 100>(2_100, 1.0, 1);
        check(&p, 1.0, &y, &y);
    });
    // More coordinates than a block has.
    let p = joint::<f32>(20, 3, 1);
    let y = cloud::<f32, 3_100>(20, 1.0, 1);
    check(&p, 1.0, &y, &y);
}

#[test]
fn hubs_and_many_blocks_of_rows() {
    // One point affine to all others, in more than two blocks of rows.
    let n = 2500;
    let mut entries = BTreeMap::new();
    for i in 0..n {
        for j in [1234, (i * 17 + 5) % n] {
            if i != j {
                entries.insert((i, j), 1.0 + (i % 3) as f64);
                entries.insert((j, i), 1.0 + (i % 3) as f64);
            }
        }
    }
    let p = affinities::<f32>(n, n, AffinityKind::Joint, &entries);
    assert_eq!(p.row(1234).0.len(), n - 1);
    let y = cloud::<f32, 2>(n, 100.0, 3);
    check(&p, 1.0, &y, &y);
    let p = affinities::<f64>(n, n, AffinityKind::Joint, &entries);
    let y = cloud::<f64, 3>(n, 100.0, 3);
    check(&p, 2.0, &y, &y);
}

#[test]
fn conditional_rows_are_drawn_to_the_reference() {
    let p = conditional::<f32>(50, 300, 20, 4);
    check(&p, 1.0, &cloud::<f32, 2>(50, 30.0, 5), &cloud::<f32, 2>(300, 30.0, 6));
    // The last column of the reference is in range, also in a vector that is filled up.
    let entries = BTreeMap::from([((0, 9), 1.0)]);
    let p = affinities::<f64>(1, 10, AffinityKind::Conditional, &entries);
    check(&p, 1.0, &[[1.0, 2.0]], &cloud::<f64, 2>(10, 3.0, 7));
}

#[test]
fn symmetric_affinities_exert_no_net_force() {
    let p = joint::<f64>(1000, 10, 8);
    let y = cloud::<f64, 2>(1000, 20.0, 9);
    let mut out = vec![[0.0; 2]; 1000];
    attract(&p, kernel(1.0), &y, &y, &mut out).unwrap();
    for c in 0..2 {
        let net: f64 = out.iter().map(|v| v[c]).sum();
        let size: f64 = out.iter().map(|v| v[c].abs()).sum();
        // Each pair enters twice with opposite signs; about 40 roundings stand between, and those of this sum.
        assert!(net.abs() < 1e3 * f64::EPSILON * size, "{net:e}");
    }
}

#[test]
fn no_points_are_not_attracted() {
    let p = Affinities::<f32>::from_parts(vec![0], vec![], vec![], 0, AffinityKind::Joint).unwrap();
    assert!(attract::<f32, 2>(&p, kernel(1.0), &[], &[], &mut []).is_ok());
}

/// The points are numbered anew after some evaluations, which must not change a bit; and the numbers are right: the same
/// gradient as from an objective that was just made.
#[test]
fn evaluations_in_a_row_give_the_same_bits() {
    fn check<T: Scalar, const D: usize>(n: usize, dof: f64) {
        let p = joint::<T>(n, 6, 3);
        let (cx, kernel) = (Context::new(), kernel(dof));
        let y = cloud::<T, D>(n, 30.0, 4);
        let other = cloud::<T, D>(n, 70.0, 5);
        let (mut constant, mut fresh) = (Constant, Constant);
        let mut objective = Joint::new(&p, kernel, &mut constant).unwrap();
        let mut expected = vec![[T::ZERO; D]; n];
        Joint::new(&p, kernel, &mut fresh).unwrap().evaluate(&y, 4.0, false, &mut expected, cx).unwrap();
        let mut gradient = vec![[T::ZERO; D]; n];
        for evaluation in 1..=40 {
            // Numbered by this map and by another one.
            let map = if evaluation % 3 == 0 { &other } else { &y };
            objective.evaluate(map, 4.0, false, &mut gradient, cx).unwrap();
            if evaluation % 3 != 0 {
                assert!(bits(&gradient) == bits(&expected), "{} D {D}, evaluation {evaluation}", T::NAME);
            }
        }
    }
    check::<f32, 2>(8_500, 1.0);
    check::<f32, 2>(8_500, 0.5);
    check::<f32, 1>(8_500, 1.0);
    check::<f32, 3>(8_500, 1.0);
    check::<f64, 2>(8_500, 1.0);
    // By the affinities first, and with rows that reach farther than 16 bits.
    check::<f32, 2>(140_000, 1.0);
    check::<f64, 3>(140_000, 1.0);
}

/// A repulsion that costs nothing.
struct Constant;

impl<T: Scalar, const D: usize> Repulsion<T, D> for Constant {
    fn repulse(&mut self, _: Kernel, _: &[[T; D]], out: &mut [[T; D]], _: Context<'_>) -> tsne_core::Result<f64> {
        out.fill([T::ONE; D]);
        Ok(2.0)
    }
}
