//! Laws of the objective and the descent, on maps at random: any size, extent, kernel and degeneracy.

use crate::oracle::{affinities, bits, kernel};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tsne_core::{Affinities, AffinityKind, Context};
use tsne_optim::{Descent, Exact, Joint, Momentum, MomentumGains, Objective, Part, Phase, PhaseState, attract};

/// A graph that is symmetric, by pairs of its points.
fn graph(n: usize) -> impl Strategy<Value = Affinities<f64>> {
    prop::collection::vec((0..n, 0..n, 0.01..1.0), 1..4 * n).prop_map(move |pairs| {
        let mut entries = BTreeMap::from([((0, 1), 1.0), ((1, 0), 1.0)]);
        for (i, j, p) in pairs.into_iter().filter(|(i, j, _)| i != j) {
            entries.insert((i, j), p);
            entries.insert((j, i), p);
        }
        affinities(n, n, AffinityKind::Joint, &entries)
    })
}

/// Points of which some coincide, some lie on a line, and some are far away.
fn map(n: usize) -> impl Strategy<Value = Vec<[f64; 2]>> {
    let coordinate = prop_oneof![Just(0.0), -1e-4..1e-4, -30.0..30.0, -1e4..1e4];
    prop::collection::vec([coordinate.clone(), coordinate], n)
}

fn case() -> impl Strategy<Value = (Affinities<f64>, Vec<[f64; 2]>)> {
    (2usize..40).prop_flat_map(|n| (graph(n), map(n)))
}

fn gradient(p: &Affinities<f64>, dof: f64, y: &[[f64; 2]]) -> (Vec<[f64; 2]>, f64) {
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(p, kernel(dof), &mut repulsion).unwrap();
    let mut gradient = vec![[0.0; 2]; y.len()];
    let evaluation = objective.evaluate(y, 1.0, true, &mut gradient, Context::new()).unwrap();
    (gradient, evaluation.kl_divergence.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_divergence_is_not_negative_and_the_forces_are_in_balance((p, y) in case(), dof in 0.2f64..5.0) {
        let (gradient, kl) = gradient(&p, dof, &y);
        // Gibbs' inequality, to the rounding of some thousand terms; the affinities sum to 1 to as much.
        prop_assert!(kl > -1e-9, "{kl}");
        for c in 0..2 {
            let net: f64 = gradient.iter().map(|g| g[c]).sum();
            let size: f64 = gradient.iter().map(|g| g[c].abs()).sum();
            // Each pair enters twice, with opposite signs.
            prop_assert!(net.abs() <= 1e-9 * (size + 1.0), "{net:e} of {size:e}");
        }
    }

    #[test]
    fn a_quarter_turn_turns_the_gradient((p, y) in case(), dof in 0.2f64..5.0) {
        let turned: Vec<[f64; 2]> = y.iter().map(|point| [-point[1], point[0]]).collect();
        let ((plain, kl), (other, other_kl)) = (gradient(&p, dof, &y), gradient(&p, dof, &turned));
        prop_assert!((kl - other_kl).abs() <= 1e-12 * (1.0 + kl.abs()));
        for (a, b) in plain.iter().zip(&other) {
            // Squares are added in the other order.
            let size = a[0].abs() + a[1].abs();
            prop_assert!((b[0] + a[1]).abs() + (b[1] - a[0]).abs() <= 1e-9 * (size + 1e-3), "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_attraction_is_that_of_every_row_alone((p, y) in case(), i in any::<prop::sample::Index>()) {
        let mut all = vec![[0.0; 2]; y.len()];
        attract(&p, kernel(1.0), &y, &y, &mut all).unwrap();
        let i = i.index(y.len());
        let (columns, weights) = p.row(i);
        let sum: f64 = weights.iter().sum();
        if sum > 0.0 {
            let weights: Vec<f64> = weights.iter().map(|w| w / sum).collect();
            let ends = vec![0, columns.len()];
            let row = Affinities::from_parts(ends, columns.to_vec(), weights, y.len(), AffinityKind::Conditional).unwrap();
            let mut one = [[0.0; 2]];
            attract(&row, kernel(1.0), &y[i..=i], &y, &mut one).unwrap();
            for c in 0..2 {
                prop_assert!((one[0][c] * sum - all[i][c]).abs() <= 1e-12 * (1.0 + all[i][c].abs()));
            }
        }
    }

    #[test]
    fn parts_of_any_lengths_make_the_whole((p, y) in case(), lengths in prop::collection::vec(1usize..40, 1..6)) {
        let early = Phase::default().exaggeration(12.0).learning_rate(1.0);
        let phase = Phase::default().iterations(70).learning_rate(2.0).min_kl_improvement(1e-4);
        let phase = phase.transition(tsne_optim::Transition::from_phase(&early, 20));
        let descend = |lengths: &[usize]| {
            let (mut repulsion, mut descent) = (Exact::new(), Descent::new());
            let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
            let (mut rule, mut state, mut y) = (MomentumGains::new(Momentum::Nesterov), PhaseState::default(), y.clone());
            let mut finish = tsne_optim::Finish::Completed;
            for &length in lengths.iter().cycle() {
                let part = Part::new(&phase, &mut state, length);
                finish = descent.run_part(&mut objective, &mut rule, &mut y, part, None, Context::new()).unwrap().finish;
                if state.completed() == phase.iterations || finish != tsne_optim::Finish::Completed {
                    break;
                }
            }
            (bits(&y), state, finish)
        };
        prop_assert_eq!(descend(&lengths), descend(&[usize::MAX]));
    }
}
