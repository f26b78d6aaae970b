//! Phases: that they compose, keep the map centered, and respect the limits on gradients.

use crate::oracle::{bits, cloud, joint, kernel};
use std::cell::RefCell;
use tsne_core::{Affinities, Context, Optimizer, Result, Scalar};
use tsne_optim::{
    Descent, Evaluation, Exact, Finish, Joint, Momentum, MomentumGains, Objective, Outcome, Part, Phase, PhaseState,
    Transition,
};

pub(crate) fn run<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    optimizer: &mut dyn Optimizer<T, D>,
    y: &mut [[T; D]],
    phase: &Phase,
) -> Result<Outcome> {
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(p, kernel(1.0), &mut repulsion)?;
    Descent::new().run(&mut objective, optimizer, y, phase, None, Context::new())
}

/// What an outcome says.
pub(crate) fn parts(outcome: Outcome) -> (usize, Finish, Option<f64>) {
    (outcome.iterations, outcome.finish, outcome.kl_divergence)
}

fn phase(iterations: usize) -> Phase {
    Phase::default().iterations(iterations).learning_rate(100.0).exaggeration(4.0)
}

#[test]
fn fifty_phases_of_one_iteration_are_one_of_fifty() {
    fn check<T: Scalar>(momentum: Momentum, limits: (Option<f64>, Option<f64>)) {
        let p = joint::<T>(150, 6, 1);
        let phase = phase(50).max_grad_norm(limits.0).max_step_norm(limits.1).momentum(0.9);
        let (mut at_once, mut one_by_one) = (cloud::<T, 2>(150, 1e-2, 2), cloud::<T, 2>(150, 1e-2, 2));
        let (mut rule, mut other) = (MomentumGains::new(momentum), MomentumGains::new(momentum));
        let outcome = run(&p, &mut rule, &mut at_once, &phase).unwrap();
        assert_eq!(parts(outcome), (50, Finish::Completed, None));
        for _ in 0..50 {
            run(&p, &mut other, &mut one_by_one, &phase.iterations(1)).unwrap();
        }
        assert_eq!(bits(&at_once), bits(&one_by_one));
        assert!(bits(rule.gains()) == bits(other.gains()) && bits(rule.velocity()) == bits(other.velocity()));
    }
    for momentum in [Momentum::Classical, Momentum::Nesterov] {
        for limits in [(None, None), (Some(0.01), Some(0.3))] {
            check::<f32>(momentum, limits);
            check::<f64>(momentum, limits);
        }
    }
}

#[test]
fn no_iterations_leave_every_bit() {
    let p = joint::<f32>(150, 6, 1);
    // Off center, and so it stays.
    let start: Vec<[f32; 2]> = cloud(150, 3.0, 2).into_iter().map(|[a, b]: [f32; 2]| [a + 7.0, b]).collect();
    let mut y = start.clone();
    let outcome = run(&p, &mut MomentumGains::new(Momentum::Classical), &mut y, &phase(0)).unwrap();
    assert_eq!(parts(outcome), (0, Finish::Completed, None));
    assert_eq!(bits(&y), bits(&start));
}

#[test]
fn the_map_is_centered_after_every_iteration() {
    let n = 1100;
    let p = joint::<f32>(n, 6, 1);
    let mut y: Vec<[f32; 3]> = cloud(n, 3.0, 2).into_iter().map(|v: [f32; 3]| v.map(|x| x + 50.0)).collect();
    let mut rule = MomentumGains::new(Momentum::Nesterov);
    for _ in 0..5 {
        run(&p, &mut rule, &mut y, &phase(1)).unwrap();
        for c in 0..3 {
            let mean: f64 = y.iter().map(|v| f64::from(v[c])).sum::<f64>() / n as f64;
            // The mean is rounded once, and every difference once: half a unit of 50 at first, and of the extent.
            assert!(mean.abs() < 60.0 * f64::from(f32::EPSILON), "{mean:e}");
        }
    }
}

/// A gradient that is the same everywhere and always, and a record of the exaggerations asked for.
struct Slope<'a> {
    gradient: &'a [[f64; 2]],
    exaggerations: RefCell<Vec<f64>>,
}

impl<'a> Slope<'a> {
    fn new(gradient: &'a [[f64; 2]]) -> Self {
        Self { gradient, exaggerations: RefCell::default() }
    }
}

impl Objective<f64, 2> for Slope<'_> {
    fn n(&self) -> usize {
        self.gradient.len()
    }
    fn is_translation_invariant(&self) -> bool {
        false
    }
    fn evaluate(
        &mut self,
        _: &[[f64; 2]],
        exaggeration: f64,
        with_kl: bool,
        gradient: &mut [[f64; 2]],
        _: Context<'_>,
    ) -> Result<Evaluation> {
        self.exaggerations.borrow_mut().push(exaggeration);
        gradient.copy_from_slice(self.gradient);
        Ok(Evaluation::new(with_kl.then_some(1.5)))
    }
}

fn slide(gradient: &[[f64; 2]], phase: Phase) -> (Outcome, Vec<[f64; 2]>) {
    let mut y = vec![[0.0; 2]; gradient.len()];
    let mut rule = MomentumGains::new(Momentum::Classical);
    let mut slope = Slope::new(gradient);
    let outcome = Descent::new().run(&mut slope, &mut rule, &mut y, &phase, None, Context::new()).unwrap();
    assert_eq!(slope.exaggerations.take(), vec![phase.exaggeration; outcome.iterations]);
    (outcome, y)
}

/// One iteration with learning rate 1, so that the step is -1.2 times the gradient.
fn one() -> Phase {
    Phase::default().iterations(1).exaggeration(3.0).learning_rate(1.0).momentum(0.0).max_step_norm(None)
}

#[test]
fn what_is_not_invariant_is_not_centered() {
    let (_, y) = slide(&[[1.0, 2.0], [3.0, 4.0]], one());
    assert_eq!(y, [[-1.2, -2.4], [-1.2 * 3.0, -4.8]]);
}

#[test]
fn long_gradients_of_points_are_scaled_down() {
    let (_, y) = slide(&[[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], one().max_grad_norm(Some(1.0)));
    // The first has norm 5 and is divided by 5 + 1e-6; the others are shorter than the limit.
    let scale = 1.0 / (5.0 + 1e-6);
    for (v, expected) in y[0].iter().zip([-3.6 * scale, -4.8 * scale]) {
        assert!((v - expected).abs() < 1e-15);
    }
    assert_eq!(y[1..], [[-1.2 * 0.3, -1.2 * 0.4], [0.0, 0.0]]);
}

#[test]
fn a_small_gradient_ends_the_phase_after_its_step() {
    let gradient = [[3.0, 0.0], [0.0, 4.0]];
    let many = one().iterations(10);
    // The norm of both together is 5: below 5.1, and not below 5 or less.
    let (outcome, y) = slide(&gradient, many.min_grad_norm(Some(5.1)));
    assert_eq!(parts(outcome), (1, Finish::Converged, None));
    assert_eq!(y, [[-1.2 * 3.0, 0.0], [0.0, -4.8]]);
    for min in [0.0, 4.9, 5.0] {
        let (outcome, _) = slide(&gradient, many.min_grad_norm(Some(min)));
        assert_eq!((outcome.iterations, outcome.finish), (10, Finish::Completed));
    }
    // It is the norm after the limit on single points: 0.1 √2.
    let limited = many.max_grad_norm(Some(0.1)).min_grad_norm(Some(0.142));
    assert_eq!(slide(&gradient, limited).0.finish, Finish::Converged);
    let limited = limited.min_grad_norm(Some(0.141));
    assert_eq!(slide(&gradient, limited).0.finish, Finish::Completed);
}

#[test]
fn affinities_are_not_touched_by_exaggeration() {
    let p = joint::<f32>(150, 6, 1);
    let before = p.clone();
    run(&p, &mut MomentumGains::new(Momentum::Classical), &mut cloud::<f32, 2>(150, 1.0, 3), &phase(20)).unwrap();
    let weights = |p: &Affinities<f32>| p.weights().iter().map(|w| w.to_bits()).collect::<Vec<_>>();
    assert_eq!((weights(&p), p.columns()), (weights(&before), before.columns()));
}

#[test]
fn a_step_limit_holds_for_every_point() {
    let p = joint::<f64>(150, 6, 1);
    let mut y = cloud::<f64, 2>(150, 1.0, 3);
    let mut rule = MomentumGains::new(Momentum::Classical);
    let phase = phase(1).max_step_norm(Some(0.05)).learning_rate(1e4);
    for _ in 0..10 {
        let before = y.clone();
        run(&p, &mut rule, &mut y, &phase).unwrap();
        // Each point moves by its velocity, and all of them by the mean that is subtracted: no further than the limit.
        for (a, b) in y.iter().zip(&before) {
            assert!((a[0] - b[0]).hypot(a[1] - b[1]) <= 0.1 * (1.0 + 1e-12));
        }
        assert!(rule.velocity().iter().all(|v| v[0].hypot(v[1]) <= 0.05 * (1.0 + 1e-15 * 4.0)));
    }
}

#[test]
fn a_descent_serves_maps_of_any_size_in_turn() {
    let mut descent = Descent::new();
    for n in [100, 2000, 30] {
        let p = joint::<f32>(n, 4, 1);
        let (mut y, mut alone) = (cloud::<f32, 2>(n, 1.0, 3), cloud::<f32, 2>(n, 1.0, 3));
        let mut repulsion = Exact::new();
        let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
        let mut rule = MomentumGains::new(Momentum::Classical);
        descent.run(&mut objective, &mut rule, &mut y, &phase(3), None, Context::new()).unwrap();
        run(&p, &mut MomentumGains::new(Momentum::Classical), &mut alone, &phase(3)).unwrap();
        assert_eq!(bits(&y), bits(&alone));
    }
}

#[test]
fn no_points_descend_nowhere() {
    let p = Affinities::<f32>::from_parts(vec![0], vec![], vec![], 0, tsne_core::AffinityKind::Joint).unwrap();
    let outcome = run::<f32, 2>(&p, &mut MomentumGains::new(Momentum::Classical), &mut [], &phase(3)).unwrap();
    assert_eq!(outcome.iterations, 3);
}

/// The parameters that an optimizer is given, and how the points are pulled.
struct Recorder(Vec<tsne_core::Step>);

impl tsne_core::Optimizer<f64, 2> for Recorder {
    fn reset(&mut self, _: usize) -> tsne_core::Result<()> {
        Ok(())
    }
    fn n(&self) -> usize {
        60
    }
    fn step(
        &mut self,
        step: tsne_core::Step,
        _: &[[f64; 2]],
        _: &mut [[f64; 2]],
        _: Context<'_>,
    ) -> tsne_core::Result<()> {
        self.0.push(step);
        Ok(())
    }
}

#[test]
fn a_transition_leads_from_its_own_numbers_to_those_of_the_phase() {
    let early = Phase::default().exaggeration(16.0).learning_rate(1.0).momentum(0.5);
    let transition = Transition::from_phase(&early, 10);
    let phase = phase(14).learning_rate(16.0).momentum(0.9).transition(Some(transition));
    let p = joint::<f64>(60, 4, 1);
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
    let (mut recorder, mut y) = (Recorder(Vec::new()), cloud::<f64, 2>(60, 1.0, 2));
    Descent::new().run(&mut objective, &mut recorder, &mut y, &phase, None, Context::new()).unwrap();
    let steps = recorder.0;
    // The middle of the first of ten steps of a factor of 16, and of a rise by 0.4.
    assert!((steps[0].learning_rate - 16f64.powf(0.05)).abs() < 1e-12 && (steps[0].momentum - 0.52).abs() < 1e-12);
    for (i, pair) in steps[..10].windows(2).enumerate() {
        assert!((pair[1].learning_rate / pair[0].learning_rate - 16f64.powf(0.1)).abs() < 1e-12, "{i}");
        assert!((pair[1].momentum - pair[0].momentum - 0.04).abs() < 1e-12, "{i}");
    }
    assert!(steps[10..].iter().all(|step| (step.learning_rate, step.momentum) == (16.0, 0.9)));
    // The exaggeration shows in the first step of gradient descent, which is that of a phase of this exaggeration.
    let first = |phase: Phase| {
        let mut y = cloud::<f64, 2>(60, 1.0, 2);
        let mut repulsion = Exact::new();
        let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
        let mut rule = MomentumGains::new(Momentum::Classical);
        let phase = phase.iterations(1);
        Descent::new().run(&mut objective, &mut rule, &mut y, &phase, None, Context::new()).unwrap();
        y
    };
    let constant = phase.transition(None).exaggeration(16f64.powf(0.95)).learning_rate(16f64.powf(0.05));
    let (transited, constant) = (first(phase.exaggeration(1.0)), first(constant));
    for (a, b) in transited.iter().flatten().zip(constant.iter().flatten()) {
        // The same numbers but for the rounding of powers and logarithms.
        assert!((a - b).abs() < 1e-12);
    }
    // What is wrong in it is named as in the phase.
    let wrong = phase.transition(Transition::from_phase(&early.momentum(1.0), 10));
    assert!(matches!(wrong.check(), Err(tsne_core::Error::Parameter { name: "momentum", .. })));
}

#[test]
fn as_many_iterations_as_there_are_numbers_end_when_asked() {
    let p = joint::<f32>(30, 3, 1);
    let early = Phase::default().exaggeration(4.0);
    let endless = Phase::default().iterations(usize::MAX).transition(Transition::from_phase(&early, usize::MAX));
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
    let (mut descent, mut y) = (Descent::new(), cloud::<f32, 2>(30, 1.0, 1));
    let mut rule = MomentumGains::new(Momentum::Classical);
    let mut stop = |iteration: &tsne_core::Iteration<'_, f32, 2>| {
        assert_eq!(iteration.index, 50);
        std::ops::ControlFlow::Break(())
    };
    let outcome = descent.run(&mut objective, &mut rule, &mut y, &endless, Some(&mut stop), Context::new()).unwrap();
    assert_eq!((outcome.iterations, outcome.finish), (50, Finish::Stopped));
    // From the last number on, in the phase and in the steps of the rule.
    let mut state = PhaseState::new(usize::MAX - 2, None);
    let mut rule = MomentumGains::new(Momentum::Classical);
    rule.reset(30).unwrap();
    rule = rule.with_steps(usize::MAX - 1);
    let part = Part::new(&endless, &mut state, usize::MAX);
    let outcome = descent.run_part(&mut objective, &mut rule, &mut y, part, None, Context::new()).unwrap();
    assert_eq!((outcome.iterations, state.completed(), rule.steps()), (2, usize::MAX, usize::MAX));
    // A state beyond the end of its phase: nothing is left to do.
    let before = bits(&y);
    let phase = Phase::default();
    let part = Part::new(&phase, &mut state, 7);
    let outcome = descent.run_part(&mut objective, &mut rule, &mut y, part, None, Context::new()).unwrap();
    assert_eq!((parts(outcome), bits(&y)), ((0, Finish::Completed, None), before));
}

#[test]
fn the_parts_of_a_phase_are_the_whole() {
    let p = joint::<f32>(150, 6, 1);
    let early = phase(10).exaggeration(16.0).momentum(0.5);
    let whole = phase(120).exaggeration(1.0).learning_rate(40.0).transition(Transition::from_phase(&early, 30));
    for whole in [whole, whole.min_kl_improvement(1e-3), whole.min_grad_norm(1e-2)] {
        let mut y = cloud::<f32, 2>(150, 1e-2, 2);
        let mut rule = MomentumGains::new(Momentum::Nesterov);
        let expected = run(&p, &mut rule, &mut y, &whole).unwrap();
        for length in [1, 7, 25, 50, 119] {
            let mut repulsion = Exact::new();
            let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
            let (mut descent, mut other) = (Descent::new(), cloud::<f32, 2>(150, 1e-2, 2));
            let (mut rule, mut state) = (MomentumGains::new(Momentum::Nesterov), PhaseState::default());
            let mut last = Outcome::default();
            while state.completed() < whole.iterations && last.finish == Finish::Completed {
                let part = Part::new(&whole, &mut state, length);
                last = descent.run_part(&mut objective, &mut rule, &mut other, part, None, Context::new()).unwrap();
            }
            assert_eq!((state.completed(), last.finish), (expected.iterations, expected.finish), "parts of {length}");
            assert_eq!(bits(&other), bits(&y), "parts of {length}");
            // The state can be made of its numbers.
            assert_eq!(PhaseState::new(state.completed(), state.compared_kl()), state);
        }
    }
}
