//! The objective of new points: each against the reference alone.

use crate::oracle::{
    affinities, bits, cloud, conditional, derivative, kernel, largest, row, squared_distance, weights, widen,
};
use std::collections::BTreeMap;
use tsne_core::{Affinities, AffinityKind, Context, Scalar};
use tsne_optim::{Conditional, Descent, ExactReference, Momentum, MomentumGains, Objective, Phase};

/// `Σ_i Σ_j p_ij ln(p_ij / (w_ij / z_i))` with `z_i = Σ_j w_ij` over the whole reference.
fn divergence<T: Scalar, const D: usize>(p: &Affinities<T>, dof: f64, y: &[[f64; D]], reference: &[[f64; D]]) -> f64 {
    let mut sum = 0.0;
    for i in 0..p.n() {
        let w = |j: usize| weights(dof, squared_distance(y[i], reference[j])).0;
        let z: f64 = (0..reference.len()).map(w).sum();
        sum += row(p, i).into_iter().map(|(j, p_ij)| p_ij * (p_ij / (w(j) / z)).ln()).sum::<f64>();
    }
    sum
}

fn evaluate<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    dof: f64,
    y: &[[T; D]],
    reference: &[[T; D]],
    exaggeration: f64,
) -> (Vec<[T; D]>, f64) {
    let repulsion = ExactReference::new(kernel(dof), reference).unwrap();
    let mut objective = Conditional::new(p, kernel(dof), reference, &repulsion).unwrap();
    let mut gradient = vec![[T::MAX; D]; y.len()];
    let evaluation = objective.evaluate(y, exaggeration, true, &mut gradient, Context::new()).unwrap();
    (gradient, evaluation.kl_divergence.unwrap())
}

#[test]
fn the_divergence_is_the_sum_over_the_rows() {
    fn check<T: Scalar, const D: usize>(dof: f64) {
        let p = conditional::<T>(40, 90, 12, 1);
        let (y, reference) = (cloud::<T, D>(40, 20.0, 2), cloud::<T, D>(90, 20.0, 3));
        let (_, kl) = evaluate(&p, dof, &y, &reference, 4.0);
        let expected = divergence(&p, dof, &widen(&y), &widen(&reference));
        // z_i is wrong by at most 100 units, ln z_i by as much; a row of f32 weights sums to 1 up to 12 half units, each
        // times a logarithm of ten at most. And 40 rows.
        assert!((kl - expected).abs() < 40.0 * 160.0 * T::EPSILON.to_f64(), "{kl} {expected}");
    }
    for dof in [0.5, 1.0, 2.0] {
        check::<f32, 2>(dof);
        check::<f64, 1>(dof);
        check::<f64, 2>(dof);
        check::<f64, 3>(dof);
    }
}

#[test]
fn twice_the_gradient_is_the_derivative_of_the_divergence() {
    fn check<const D: usize>() {
        let p = conditional::<f64>(6, 30, 5, 4);
        let (y, reference) = (cloud::<f64, D>(6, 4.0, 5), cloud::<f64, D>(30, 4.0, 6));
        for dof in [0.5, 1.0, 2.0] {
            let (gradient, _) = evaluate(&p, dof, &y, &reference, 1.0);
            for i in 0..6 {
                for c in 0..D {
                    let slope = derivative(2e-3, |step| {
                        let mut y = y.clone();
                        y[i][c] += step;
                        divergence(&p, dof, &y, &reference)
                    });
                    // h⁴ = 1.6e-11 times a fifth derivative of a few hundred; ε / h times a divergence of ten.
                    assert!((slope - 2.0 * gradient[i][c]).abs() < 1e-8, "dof {dof} D {D}");
                }
            }
        }
    }
    check::<1>();
    check::<2>();
    check::<3>();
}

#[test]
fn exaggeration_scales_the_attraction_and_nothing_else() {
    let p = conditional::<f64>(40, 90, 12, 1);
    let (y, reference) = (cloud::<f64, 2>(40, 20.0, 2), cloud::<f64, 2>(90, 20.0, 3));
    let (plain, kl) = evaluate(&p, 1.0, &y, &reference, 1.0);
    let (tripled, kl_tripled) = evaluate(&p, 1.0, &y, &reference, 3.0);
    assert_eq!(kl.to_bits(), kl_tripled.to_bits());
    let mut attraction = vec![[0.0; 2]; 40];
    tsne_optim::attract(&p, kernel(1.0), &y, &reference, &mut attraction).unwrap();
    let size = largest(&plain) + 3.0 * largest(&attraction);
    for i in 0..40 {
        for c in 0..2 {
            // A handful of roundings of numbers below `size`.
            let difference = tripled[i][c] - plain[i][c] - 2.0 * attraction[i][c];
            assert!(difference.abs() < 8.0 * f64::EPSILON * size);
        }
    }
}

#[test]
fn one_by_one_and_all_at_once_end_in_the_same_bits() {
    fn check<T: Scalar>(momentum: Momentum) {
        let (n, m) = (1030, 70);
        let p = conditional::<T>(n, m, 6, 7);
        let reference = cloud::<T, 2>(m, 30.0, 8);
        let repulsion = ExactReference::new(kernel(1.0), &reference).unwrap();
        let start = cloud::<T, 2>(n, 30.0, 9);
        let phase = Phase::default().iterations(20).learning_rate(0.1).exaggeration(1.5);
        let place = |p: &Affinities<T>, y: &mut [[T; 2]]| {
            let mut objective = Conditional::new(p, kernel(1.0), &reference, &repulsion).unwrap();
            assert!(!objective.is_translation_invariant());
            let mut rule = MomentumGains::new(momentum);
            Descent::new().run(&mut objective, &mut rule, y, &phase, None, Context::new()).unwrap();
        };
        let mut together = start.clone();
        place(&p, &mut together);
        // The first ones, those at the border of the blocks, the last.
        for i in (0..5).chain(1020..n) {
            let (columns, weights) = p.row(i);
            let kind = AffinityKind::Conditional;
            let alone =
                Affinities::from_parts(vec![0, columns.len()], columns.to_vec(), weights.to_vec(), m, kind).unwrap();
            let mut y = [start[i]];
            place(&alone, &mut y);
            assert_eq!(bits(&y), bits(&together[i..=i]), "point {i}");
            assert_ne!(bits(&y), bits(&start[i..=i]));
        }
    }
    check::<f32>(Momentum::Classical);
    check::<f64>(Momentum::Nesterov);
}

#[test]
fn far_outside_of_the_reference_only_the_attraction_is_left() {
    // The weights underflow in f32 (1 + 1e44 is infinite), and with them the attraction: nothing moves, nothing is NaN.
    let p = affinities::<f32>(1, 2, AffinityKind::Conditional, &BTreeMap::from([((0, 0), 1.0)]));
    let reference = [[0.0f32, 0.0], [1.0, 0.0]];
    let (gradient, kl) = evaluate(&p, 1.0, &[[1e22, 0.0]], &reference, 1.0);
    assert_eq!(gradient, [[0.0, 0.0]]);
    assert!(kl.is_finite());
    // At 1e3 with dof 8 the weights are 1e-41, not normal numbers, while the attraction is 8e-3.
    let (gradient, _) = evaluate(&p, 8.0, &[[1e3, 0.0]], &reference, 1.0);
    assert!(gradient[0][0].is_finite() && gradient[0][0].abs() < 0.1, "{gradient:?}");
}

/// A new point as far from two reference points as they are near to it: half and half, at any distance.
#[test]
fn divergences_are_true_where_the_weights_are_lost() {
    fn check<T: Scalar>(distance: f64, dof: f64) {
        let at = T::from_f64(distance);
        let p = Affinities::from_parts(vec![0, 2], vec![0, 1], vec![T::HALF; 2], 2, AffinityKind::Conditional).unwrap();
        let (_, kl) = evaluate(&p, dof, &[[T::ZERO, at]], &[[at, T::ZERO], [-at, T::ZERO]], 1.0);
        // A weight that is not lost is off by three epsilons for each unit of its exponent, 72 at most, and a few dozen of its power;
        // logarithms of up to 1,700 in double precision, rounded some ten times.
        assert!(kl.abs() < 400.0 * T::EPSILON.to_f64() + 1e-11, "{} {distance:e} dof {dof}: {kl}", T::NAME);
    }
    for distance in [1e-3, 1.0, 350.0, 1e6, 1e12, 1e18, 3e37] {
        for dof in [1e-3, 0.5, 1.0, 12.0, 20.5] {
            check::<f32>(distance, dof);
            check::<f64>(distance, dof);
        }
    }
}
