//! What observers see, when, and how they stop a descent; progress and cancellation.

use crate::descent::parts;
use crate::oracle::{self, bits, cloud, joint, kernel, widen};
use std::ops::ControlFlow;
use std::sync::Mutex;
use tsne_core::{CancelToken, Context, Error, Iteration, Observer, Progress, Result, Stage};
use tsne_optim::{Descent, Exact, Finish, Joint, Momentum, MomentumGains, Outcome, Phase};

const N: usize = 60;
fn phase() -> Phase {
    Phase::default().iterations(20).exaggeration(4.0).learning_rate(20.0)
}

fn run(observer: Option<&mut dyn Observer<f64, 2>>, phase: Phase, cx: Context<'_>) -> (Result<Outcome>, Vec<[f64; 2]>) {
    let p = joint::<f64>(N, 4, 1);
    let mut y = cloud::<f64, 2>(N, 0.5, 2);
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
    let mut rule = MomentumGains::new(Momentum::Nesterov);
    let outcome = Descent::new().run(&mut objective, &mut rule, &mut y, &phase, observer, cx);
    (outcome, y)
}

/// Wants what `wants` says, keeps what it sees, and breaks at one iteration.
struct Watch<W> {
    wants: W,
    stop_at: usize,
    seen: Vec<(usize, Vec<[f64; 2]>, f64)>,
}

impl<W: Fn(usize) -> bool> Watch<W> {
    fn new(wants: W, stop_at: usize) -> Self {
        Self { wants, stop_at, seen: Vec::new() }
    }

    fn indices(&self) -> Vec<usize> {
        self.seen.iter().map(|seen| seen.0).collect()
    }
}

impl<W: Fn(usize) -> bool> Observer<f64, 2> for Watch<W> {
    fn wants(&self, completed: usize) -> bool {
        (self.wants)(completed)
    }
    fn observe(&mut self, iteration: &Iteration<'_, f64, 2>) -> ControlFlow<()> {
        self.seen.push((iteration.index, iteration.embedding.to_vec(), iteration.kl_divergence));
        if iteration.index == self.stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn observers_see_the_positions_and_their_own_divergence() {
    let mut watch = Watch::new(|_| true, usize::MAX);
    let (outcome, y) = run(Some(&mut watch), phase(), Context::new());
    assert_eq!(watch.indices(), (1..=20).collect::<Vec<_>>());
    let p = joint::<f64>(N, 4, 1);
    for (index, embedding, kl) in &watch.seen {
        // The positions are those of a shorter phase, and the divergence that of the oracle, without exaggeration.
        let (_, alone) = run(None, phase().iterations(*index), Context::new());
        assert_eq!(bits(embedding), bits(&alone));
        // Sums of 3,600 terms in double precision.
        let expected = oracle::kl(&p, 1.0, &widen(embedding));
        assert!((kl - expected).abs() < 4000.0 * f64::EPSILON * (1.0 + expected), "{kl} {expected}");
    }
    let last = watch.seen.last().unwrap();
    assert_eq!(bits(&last.1), bits(&y));
    let expected = (20, Finish::Completed, Some(last.2));
    assert_eq!(parts(outcome.unwrap()), expected);
}

#[test]
fn observing_changes_no_bit() {
    let (_, alone) = run(None, phase(), Context::new());
    for every in [1, 3, 7] {
        let (_, y) =
            run(Some(&mut Watch::new(|i: usize| i.is_multiple_of(every), usize::MAX)), phase(), Context::new());
        assert_eq!(bits(&y), bits(&alone));
    }
}

#[test]
fn observers_are_called_only_when_they_want() {
    let mut watch = Watch::new(|completed| [3, 4, 11, 20, 21].contains(&completed), usize::MAX);
    run(Some(&mut watch), phase(), Context::new()).0.unwrap();
    assert_eq!(watch.indices(), [3, 4, 11, 20]);
    let mut never = Watch::new(|_| false, usize::MAX);
    let (outcome, _) = run(Some(&mut never), phase(), Context::new());
    assert_eq!((never.seen.len(), outcome.unwrap().kl_divergence), (0, None));
    // Not before the first iteration, nor without any.
    let mut watch = Watch::new(|_| true, usize::MAX);
    run(Some(&mut watch), phase().iterations(0), Context::new()).0.unwrap();
    assert_eq!(watch.seen.len(), 0);
}

#[test]
fn a_closure_is_called_every_fifty_iterations() {
    let mut seen = Vec::new();
    let mut closure = |iteration: &Iteration<'_, f64, 2>| {
        seen.push(iteration.index);
        ControlFlow::Continue(())
    };
    run(Some(&mut closure), phase().iterations(120), Context::new()).0.unwrap();
    assert_eq!(seen, [50, 100]);
}

#[test]
fn break_ends_the_phase_with_what_was_seen() {
    // In the middle, after the first, and after the last iteration.
    for stop_at in [1, 7, 20] {
        let mut watch = Watch::new(|_| true, stop_at);
        let (outcome, y) = run(Some(&mut watch), phase(), Context::new());
        let (index, embedding, kl) = watch.seen.last().unwrap();
        assert_eq!(*index, stop_at);
        assert_eq!(bits(embedding), bits(&y));
        let expected = (stop_at, Finish::Stopped, Some(*kl));
        assert_eq!(parts(outcome.unwrap()), expected);
    }
}

#[test]
fn a_stopped_descent_goes_on_as_if_it_had_not_been() {
    let p = joint::<f64>(N, 4, 1);
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
    let mut rule = MomentumGains::new(Momentum::Nesterov);
    let (mut descent, mut y) = (Descent::new(), cloud::<f64, 2>(N, 0.5, 2));
    let mut watch = Watch::new(|_| true, 13);
    descent.run(&mut objective, &mut rule, &mut y, &phase(), Some(&mut watch), Context::new()).unwrap();
    let rest = phase().iterations(7);
    descent.run(&mut objective, &mut rule, &mut y, &rest, None, Context::new()).unwrap();
    assert_eq!(bits(&y), bits(&run(None, phase(), Context::new()).1));
}

#[test]
fn the_last_iteration_is_observed_also_when_the_phase_converges() {
    let converging = phase().min_grad_norm(Some(1e9));
    let mut watch = Watch::new(|_| true, usize::MAX);
    let (outcome, y) = run(Some(&mut watch), converging, Context::new());
    assert_eq!(watch.indices(), [1]);
    let (_, embedding, kl) = &watch.seen[0];
    assert_eq!(bits(embedding), bits(&y));
    assert_eq!(parts(outcome.unwrap()), (1, Finish::Converged, Some(*kl)));
}

#[derive(Default)]
struct Log(Mutex<Vec<(Stage, usize, usize)>>);

impl Progress for Log {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        self.0.lock().unwrap().push((stage, done, total));
    }
}

#[test]
fn progress_counts_iterations() {
    let log = Log::default();
    run(None, phase().iterations(3), Context::new().with_progress(&log)).0.unwrap();
    assert_eq!(*log.0.lock().unwrap(), [1, 2, 3].map(|done| (Stage::Optimization, done, 3)));
}

#[test]
fn cancelling_leaves_the_last_whole_iteration() {
    let token = CancelToken::new();
    let mut watch = Watch::new(
        |completed| {
            if completed == 6 {
                token.cancel();
            }
            false
        },
        usize::MAX,
    );
    let (outcome, y) = run(Some(&mut watch), phase(), Context::new().with_cancel(&token));
    assert_eq!(outcome.unwrap_err(), Error::Cancelled);
    // Six iterations were complete; the seventh was cancelled in its repulsion.
    assert_eq!(bits(&y), bits(&run(None, phase().iterations(6), Context::new()).1));
    // Cancelled from the start: nothing moves.
    let (outcome, y) = run(None, phase(), Context::new().with_cancel(&token));
    assert_eq!(outcome.unwrap_err(), Error::Cancelled);
    assert_eq!(bits(&y), bits(&cloud::<f64, 2>(N, 0.5, 2)));
}

#[test]
fn observers_are_told_of_the_start_of_each_call_once() {
    #[derive(Default)]
    struct Starts(Vec<(Vec<u64>, usize)>, usize);
    impl Observer<f64, 2> for Starts {
        fn about_to_start(&mut self, embedding: &[[f64; 2]], iterations: usize) {
            self.0.push((bits(embedding), iterations));
        }
        fn wants(&self, _: usize) -> bool {
            true
        }
        fn observe(&mut self, _: &Iteration<'_, f64, 2>) -> ControlFlow<()> {
            self.1 += 1;
            ControlFlow::Continue(())
        }
    }
    let mut starts = Starts::default();
    run(Some(&mut starts), phase(), Context::new()).0.unwrap();
    assert_eq!(starts.0, [(bits(&cloud::<f64, 2>(N, 0.5, 2)), 20)]);
    assert_eq!(starts.1, 20);
    // Also of a call without iterations, but not of one that is refused.
    run(Some(&mut starts), phase().iterations(0), Context::new()).0.unwrap();
    assert_eq!((starts.0.len(), starts.0[1].1, starts.1), (2, 0, 20));
    run(Some(&mut starts), phase().learning_rate(-1.0), Context::new()).0.unwrap_err();
    assert_eq!(starts.0.len(), 2);
}

#[test]
fn a_phase_ends_when_the_divergence_no_longer_falls() {
    let interval = Phase::KL_INTERVAL;
    let long = phase().iterations(40 * interval).exaggeration(1.0).learning_rate(15.0);
    let mut watch = Watch::new(|completed| completed.is_multiple_of(Phase::KL_INTERVAL), usize::MAX);
    let (outcome, y) = run(Some(&mut watch), long.min_kl_improvement(Some(1e-3)), Context::new());
    let outcome = outcome.unwrap();
    assert_eq!(outcome.finish, Finish::Converged);
    assert!(outcome.iterations.is_multiple_of(interval) && outcome.iterations >= 2 * interval);
    // It ends with the first interval of an average fall of less than a thousandth, at the positions of that divergence.
    let kl: Vec<f64> = watch.seen.iter().map(|seen| seen.2).collect();
    let falls = |pair: &[f64]| (pair[0] - pair[1]) / interval as f64 > 1e-3 * pair[1];
    let (last, before) = kl.windows(2).collect::<Vec<_>>().split_last().map(|(l, b)| (falls(l), b.to_vec())).unwrap();
    assert!(!last && before.into_iter().all(falls), "{kl:?}");
    assert_eq!(outcome.kl_divergence, kl.last().copied());
    assert_eq!(bits(&y), bits(&watch.seen.last().unwrap().1));
    // Without an observer it is the same; and those who ask for nothing get all iterations.
    let (unwatched, positions) = run(None, long.min_kl_improvement(Some(1e-3)), Context::new());
    assert_eq!((unwatched.unwrap(), bits(&positions)), (outcome, bits(&y)));
    assert_eq!(run(None, long, Context::new()).0.unwrap().iterations, long.iterations);
}
