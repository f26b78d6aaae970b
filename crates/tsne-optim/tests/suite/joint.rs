//! The objective of a fit against the oracle: gradient, divergence, exaggeration.

use crate::oracle::{self, affinities, bits, cloud, derivative, joint, kernel, largest, widen};
use std::collections::BTreeMap;
use tsne_core::{Affinities, AffinityKind, Context, Kernel, Scalar};
use tsne_optim::{Descent, Exact, Joint, Objective, attract, kl_divergence};

/// One evaluation with exact repulsion: the gradient and the divergence.
fn evaluate<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    dof: f64,
    y: &[[T; D]],
    exaggeration: f64,
) -> (Vec<[T; D]>, f64) {
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(p, kernel(dof), &mut repulsion).unwrap();
    let mut gradient = vec![[T::MAX; D]; y.len()];
    let evaluation = objective.evaluate(y, exaggeration, true, &mut gradient, Context::new()).unwrap();
    (gradient, evaluation.kl_divergence.unwrap())
}

#[test]
fn four_times_the_gradient_is_the_derivative_of_the_divergence() {
    fn check<const D: usize>() {
        let (n, h) = (14, 2e-3);
        let p = joint::<f64>(n, 3, 5);
        let y = cloud::<f64, D>(n, 3.0, 6);
        for dof in [0.5, 1.0, 2.0] {
            let (gradient, _) = evaluate(&p, dof, &y, 1.0);
            for i in 0..n {
                for c in 0..D {
                    let slope = derivative(h, |step| {
                        let mut y = y.clone();
                        y[i][c] += step;
                        evaluate(&p, dof, &y, 1.0).1
                    });
                    // As for the oracle: h⁴ times a fifth derivative of order 100.
                    assert!((slope - 4.0 * gradient[i][c]).abs() < 2e-9, "dof {dof}, D {D}");
                }
            }
        }
    }
    check::<1>();
    check::<2>();
    check::<3>();
}

#[test]
fn gradient_and_divergence_are_the_oracles() {
    fn check<T: Scalar, const D: usize>(n: usize) {
        let p = joint::<T>(n, 8, 1);
        for (dof, extent, exaggeration) in [(1.0, 20.0, 1.0), (1.0, 1e-3, 12.0), (0.5, 5.0, 4.0), (2.0, 20.0, 1.0)] {
            let y = cloud::<T, D>(n, extent, 2);
            let (gradient, kl) = evaluate(&p, dof, &y, exaggeration);
            let wide = widen(&y);
            let expected = oracle::gradient(&p, dof, exaggeration, &wide);
            // Sums of n terms of both signs, each wrong by some ten units; the terms of a component are at most
            // `√n` times larger than the largest sum, for random signs.
            let bound = 40.0 * (n as f64).sqrt() * T::EPSILON.to_f64() * largest(&expected);
            for (g, e) in gradient.iter().zip(&expected) {
                for c in 0..D {
                    let difference = (4.0 * g[c].to_f64() - e[c]).abs();
                    assert!(difference < bound, "{} dof {dof} extent {extent}: {difference:e} {bound:e}", T::NAME);
                }
            }
            // Z is wrong by some 100 half units at most (see `exact`), and so is ln Z; all else is in f64.
            let expected = oracle::kl(&p, dof, &wide);
            assert!((kl - expected).abs() < 100.0 * T::EPSILON.to_f64() * (1.0 + expected.abs()), "{kl} {expected}");
        }
    }
    check::<f64, 1>(60);
    check::<f64, 2>(150);
    check::<f64, 3>(60);
    check::<f32, 2>(150);
    check::<f32, 3>(60);
}

#[test]
fn exaggeration_scales_the_attraction_and_nothing_else() {
    let p = joint::<f64>(100, 5, 3);
    let y = cloud::<f64, 2>(100, 4.0, 4);
    let (plain, kl) = evaluate(&p, 1.0, &y, 1.0);
    let mut attraction = vec![[0.0; 2]; 100];
    attract(&p, Kernel::CAUCHY, &y, &y, &mut attraction).unwrap();
    for exaggeration in [0.5, 4.0, 12.0] {
        let (gradient, exaggerated_kl) = evaluate(&p, 1.0, &y, exaggeration);
        assert_eq!(exaggerated_kl.to_bits(), kl.to_bits(), "the divergence is never exaggerated");
        for i in 0..100 {
            for c in 0..2 {
                let expected = plain[i][c] + (exaggeration - 1.0) * attraction[i][c];
                // Three roundings of numbers below the largest of the terms.
                let size = plain[i][c].abs() + (exaggeration + 1.0) * attraction[i][c].abs();
                assert!((gradient[i][c] - expected).abs() <= 4.0 * f64::EPSILON * size);
            }
        }
    }
}

#[test]
fn the_free_divergence_is_that_of_the_objective() {
    let p = joint::<f32>(3000, 5, 3);
    let y = cloud::<f32, 2>(3000, 40.0, 4);
    let mut out = vec![[0.0; 2]; 3000];
    let z = tsne_core::Repulsion::repulse(&mut Exact::new(), Kernel::CAUCHY, &y, &mut out, Context::new()).unwrap();
    let (_, kl) = evaluate(&p, 1.0, &y, 12.0);
    assert_eq!(kl_divergence(&p, Kernel::CAUCHY, &y, z, Context::new()).unwrap().to_bits(), kl.to_bits());
}

#[test]
fn evaluations_do_not_depend_on_those_before() {
    let p = joint::<f32>(300, 5, 3);
    let (a, b) = (cloud::<f32, 2>(300, 4.0, 4), cloud::<f32, 2>(300, 100.0, 5));
    let (gradient_a, kl_a) = evaluate(&p, 1.0, &a, 1.0);
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(&p, Kernel::CAUCHY, &mut repulsion).unwrap();
    let mut gradient = vec![[0.0; 2]; 300];
    for (y, exaggeration) in [(&b, 12.0), (&a, 4.0), (&b, 1.0)] {
        objective.evaluate(y, exaggeration, true, &mut gradient, Context::new()).unwrap();
    }
    let last = objective.evaluate(&a, 1.0, true, &mut gradient, Context::new()).unwrap();
    assert_eq!(bits(&gradient), bits(&gradient_a));
    assert_eq!(last.kl_divergence.unwrap().to_bits(), kl_a.to_bits());
    let without = objective.evaluate(&a, 1.0, false, &mut gradient, Context::new()).unwrap();
    assert_eq!((without.kl_divergence, bits(&gradient)), (None, bits(&gradient_a)));
}

#[test]
fn stored_zeros_change_nothing() {
    let entries = BTreeMap::from([((0, 1), 1.0), ((1, 0), 1.0), ((1, 2), 2.0), ((2, 1), 2.0)]);
    let mut zeros = entries.clone();
    zeros.extend([((0, 2), 0.0), ((2, 0), 0.0)]);
    let y = [[0.0, 1.0], [2.0, 3.0], [-1.0, 0.5]];
    let without = evaluate(&affinities(3, 3, AffinityKind::Joint, &entries), 1.0, &y, 1.0);
    let with = evaluate(&affinities(3, 3, AffinityKind::Joint, &zeros), 1.0, &y, 1.0);
    assert_eq!((bits(&without.0), without.1), (bits(&with.0), with.1));
}

#[test]
fn no_points_and_one_point_have_nothing_to_diverge_from() {
    for n in [0, 1] {
        let none = vec![0; n + 1];
        let p = tsne_core::Affinities::<f64>::from_parts(none, vec![], vec![], n, AffinityKind::Joint);
        // One point without pairs cannot have affinities with sum 1.
        assert_eq!(p.is_ok(), n == 0);
        if let Ok(p) = p {
            assert_eq!(evaluate::<f64, 2>(&p, 1.0, &[], 1.0), (vec![], 0.0));
        }
    }
    let diagonal = tsne_core::Affinities::from_parts(vec![0, 1], vec![0], vec![1.0], 1, AffinityKind::Joint);
    assert!(diagonal.unwrap_err().to_string().contains("names its own point"));
}

#[test]
fn duplicates_and_distant_points_have_finite_gradients() {
    let p = joint::<f32>(64, 3, 9);
    let together = vec![[1.0f32, 2.0]; 64];
    let (gradient, kl) = evaluate(&p, 1.0, &together, 12.0);
    assert!(gradient.iter().all(|g| *g == [0.0, 0.0]));
    // All q are equal: KL = Σ p ln p + ln(64 · 63).
    let p_ln_p: f64 = p.weights().iter().map(|&p| f64::from(p)).map(|p| p * p.ln()).sum();
    assert!((kl - (p_ln_p + 4032f64.ln())).abs() < 1e-5, "{kl}: Z and Σ p are f32 sums");
    let far = cloud::<f32, 2>(64, 1e15, 1);
    let (gradient, kl) = evaluate(&p, 1.0, &far, 12.0);
    assert!(gradient.as_flattened().iter().all(|v| v.is_finite()) && kl.is_finite());
}

#[test]
fn a_normalizer_whose_inverse_overflows_is_divided_by_all_the_same() {
    // With dof 8 at distance 1,000 the weight is 1.7e-41, and 1 / Z is infinite in f32; the forces are 0.
    let entries = BTreeMap::from([((0, 1), 1.0), ((1, 0), 1.0)]);
    let p = affinities::<f32>(2, 2, AffinityKind::Joint, &entries);
    let (gradient, kl) = evaluate(&p, 8.0, &[[-500.0, 0.0], [500.0, 0.0]], 1.0);
    // Only the attraction is left: 1/2 · 1,000 / (1 + 1e6 / 8) = 4e-3.
    assert!((gradient[1][0] - 4e-3).abs() < 1e-6 && gradient[1][1] == 0.0, "{gradient:?}");
    assert!(kl.is_finite());
}

#[test]
fn the_divergence_asked_for_alone_is_that_of_an_iteration() {
    let p = joint::<f64>(200, 5, 3);
    let y = cloud::<f64, 2>(200, 10.0, 4);
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(&p, Kernel::CAUCHY, &mut repulsion).unwrap();
    assert!(objective.is_translation_invariant() && objective.n() == 200);
    let kl = Descent::new().kl_divergence(&mut objective, &y, Context::new()).unwrap();
    assert_eq!(kl.to_bits(), evaluate(&p, 1.0, &y, 7.0).1.to_bits());
}

/// Three points at the corners of a triangle of equal sides, each as near to the others as to be expected: of any size, the
/// divergence is 0, whatever of their weights a scalar can hold.
#[test]
fn divergences_are_true_where_the_weights_are_lost() {
    fn check<T: Scalar>(size: f64, dof: f64) {
        let corners = [[0.0, 2.0 / 3f64.sqrt()], [-1.0, -1.0 / 3f64.sqrt()], [1.0, -1.0 / 3f64.sqrt()]];
        let y: Vec<[T; 2]> = corners.iter().map(|corner| corner.map(|v| T::from_f64(size * v))).collect();
        let weights = vec![T::from_f64(1.0 / 6.0); 6];
        let p = Affinities::from_parts(vec![0, 2, 4, 6], vec![1, 2, 0, 2, 0, 1], weights, 3, AffinityKind::Joint);
        let (_, kl) = evaluate(&p.unwrap(), dof, &y, 1.0);
        // A weight that is not lost is off by three epsilons for each unit of its exponent, 72 at most, and a few dozen of its power;
        // logarithms of up to 1,700 in double precision, rounded some ten times.
        assert!(kl.abs() < 400.0 * T::EPSILON.to_f64() + 1e-11, "{} {size:e} dof {dof}: {kl}", T::NAME);
    }
    for size in [1e-3, 1.0, 350.0, 1e6, 1e12, 1e18, 3e37] {
        for dof in [1e-3, 0.5, 1.0, 12.0, 20.5] {
            check::<f32>(size, dof);
            check::<f64>(size, dof);
        }
    }
}
