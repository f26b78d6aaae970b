//! Points that exaggeration drew onto one another are parted, where they act on each other and nowhere else.

use crate::oracle::{affinities, bits, cloud, conditional, kernel};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use tsne_core::{Affinities, AffinityKind, Context, Iteration, Observer, Optimizer, Result, Scalar, Step};
use tsne_optim::{
    Conditional, Descent, Exact, ExactReference, Joint, Momentum, MomentumGains, Part, Phase, PhaseState, Transition,
};

/// The rows (0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1) at perplexity 1: a square of two strong ties and two weak ones, in which 1
/// and 2 have the same place.
fn square<T: Scalar>() -> Affinities<T> {
    let ties = [((0, 1), 0.5), ((0, 2), 0.5), ((1, 3), 1.5), ((2, 3), 1.5)];
    let both = ties.iter().flat_map(|&((i, j), p)| [((i, j), p), ((j, i), p)]);
    affinities(4, 4, AffinityKind::Joint, &BTreeMap::from_iter(both))
}

/// Their principal components with a jitter of a hundredth, as a fit starts.
fn start<T: Scalar>(seed: u64) -> Vec<[T; 2]> {
    let components = [[-1.6e-4, 0.0], [0.0, 1.2e-4], [0.0, -1.2e-4], [1.1e-4, 0.0]];
    let jitter = cloud::<f64, 2>(4, 4e-6, seed);
    components.iter().zip(jitter).map(|(a, b)| [0, 1].map(|c| T::from_f64(a[c] + b[c]))).collect()
}

/// The phases of the schedule that the facade recommends, and of the classical one.
fn schedules() -> [(Momentum, [Phase; 2]); 2] {
    let early = Phase::default().iterations(30).exaggeration(12.0).learning_rate(2.0 * 4.0 / 12.0).max_step_norm(None);
    let normal = Phase::default().iterations(270).learning_rate(2.0 * 4.0).momentum(0.97).max_step_norm(None);
    let recommended = [early, normal.transition(Transition::from_phase(&early, 90))];
    let early = Phase::default().iterations(250).exaggeration(12.0).learning_rate(4.0 / 12.0);
    let classical = [early, Phase::default().learning_rate(4.0)];
    [(Momentum::Nesterov, recommended), (Momentum::Classical, classical)]
}

fn descend<T: Scalar>(p: &Affinities<T>, y: &mut [[T; 2]], rule: &mut dyn Optimizer<T, 2>, phases: &[Phase]) -> f64 {
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(p, kernel(1.0), &mut repulsion).unwrap();
    let mut descent = Descent::new();
    for phase in phases {
        descent.run(&mut objective, rule, y, phase, None, Context::new()).unwrap();
    }
    descent.kl_divergence(&mut objective, y, Context::new()).unwrap()
}

#[test]
fn corners_of_a_square_do_not_stay_one_point() {
    fn check<T: Scalar>() {
        for ((momentum, phases), seed) in
            schedules().into_iter().flat_map(|schedule| (0..20).map(move |seed| (schedule, seed)))
        {
            let mut y = start::<T>(seed);
            let kl = descend(&square::<T>(), &mut y, &mut MomentumGains::new(momentum), &phases);
            // Apart 0.192; with two of them in one place 0.42 and more.
            assert!(kl < 0.2, "{} {momentum:?}, start {seed}: {kl}", T::NAME);
        }
    }
    check::<f32>();
    check::<f64>();
}

/// A rule that does not count its steps, so that nothing is parted.
struct Uncounted(MomentumGains<f32, 2>);

impl Optimizer<f32, 2> for Uncounted {
    fn reset(&mut self, n: usize) -> Result<()> {
        self.0.reset(n)
    }
    fn n(&self) -> usize {
        self.0.n()
    }
    fn step(&mut self, step: Step, gradient: &[[f32; 2]], y: &mut [[f32; 2]], cx: Context<'_>) -> Result<()> {
        self.0.step(step, gradient, y, cx)
    }
}

#[test]
fn without_parting_they_stay_one_point() {
    let (momentum, phases) = schedules()[0];
    let stuck = (0..20).filter(|&seed| {
        let mut y = start(seed);
        let kl = descend(&square(), &mut y, &mut Uncounted(MomentumGains::new(momentum)), &phases);
        y[1] == y[2] && kl > 0.4
    });
    // From most of the starts: were it otherwise, the test above would test nothing.
    assert!(stuck.count() >= 5);
}

struct Film(Vec<Vec<u64>>);

impl<T: Scalar> Observer<T, 2> for Film {
    fn wants(&self, completed: usize) -> bool {
        completed == 25 || completed == 60
    }
    fn observe(&mut self, iteration: &Iteration<'_, T, 2>) -> ControlFlow<()> {
        self.0.push(bits(iteration.embedding));
        ControlFlow::Continue(())
    }
}

#[test]
fn calls_of_one_iteration_part_where_one_call_does() {
    // All in one place: the gradient is zero until step 25.
    let p = square::<f32>();
    let phase = Phase::default().iterations(80).learning_rate(4.0);
    let descend = |lengths: &[usize], as_parts: bool| {
        let (mut repulsion, mut descent) = (Exact::new(), Descent::new());
        let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
        let (mut rule, mut film, mut state) =
            (MomentumGains::new(Momentum::Nesterov), Film(vec![]), PhaseState::default());
        let mut y = vec![[0.5f32, 0.25]; 4];
        for &iterations in lengths.iter().cycle() {
            if as_parts {
                let part = Part::new(&phase, &mut state, iterations);
                descent.run_part(&mut objective, &mut rule, &mut y, part, Some(&mut film), Context::new()).unwrap();
            } else {
                let phase = phase.iterations(iterations.min(80 - rule.steps()));
                descent.run(&mut objective, &mut rule, &mut y, &phase, None, Context::new()).unwrap();
            }
            if rule.steps() == 80 {
                break;
            }
        }
        (bits(&y), film.0)
    };
    let (whole, seen) = descend(&[80], true);
    assert_eq!(seen.len(), 2);
    for lengths in [&[1][..], &[25, 1, 3], &[7, 24]] {
        assert_eq!(descend(lengths, true), (whole.clone(), seen.clone()));
        assert_eq!(descend(lengths, false).0, whole);
    }
    assert_eq!((0..4).map(|i| &whole[2 * i..2 * i + 2]).collect::<std::collections::BTreeSet<_>>().len(), 4);
}

#[test]
fn new_points_that_coincide_stay_together() {
    // Two new points with the same affinities: placed at once or one by one, they get the same place.
    let one = conditional::<f32>(1, 40, 5, 3);
    let (columns, weights) = one.row(0);
    let twice = |values: &[f32]| [values, values].concat();
    let two =
        Affinities::from_parts(vec![0, 5, 10], [columns, columns].concat(), twice(weights), 40, one.kind()).unwrap();
    let reference = cloud::<f32, 2>(40, 10.0, 4);
    let repulsion = ExactReference::new(kernel(1.0), &reference).unwrap();
    let mut objective = Conditional::new(&two, kernel(1.0), &reference, &repulsion).unwrap();
    let mut y = vec![[0.5f32, 0.25]; 2];
    let phase = Phase::default().iterations(60).learning_rate(0.1);
    let mut rule = MomentumGains::new(Momentum::Classical);
    Descent::new().run(&mut objective, &mut rule, &mut y, &phase, None, Context::new()).unwrap();
    assert_eq!((y[0], rule.steps()), (y[1], 60));
}
