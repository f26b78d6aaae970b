//! A descent of a team has the bits of one process, for any number of members and of their threads.

use crate::oracle::{bits, cloud, joint, kernel};
use std::ops::ControlFlow;
use tsne_core::{
    Affinities, Context, Error, Iteration, Kernel, Observer, Optimizer, Repulsion, Result, Scalar, Step, ThreadTeam,
};
use tsne_optim::{Descent, Exact, Finish, Joint, Momentum, MomentumGains, Phase, normalizer};

const TEAMS: [(usize, usize); 6] = [(1, 2), (2, 1), (3, 2), (4, 1), (7, 3), (7, 1)];

/// The rows of this member.
fn own<T: Scalar>(p: &Affinities<T>, cx: Context<'_>) -> Affinities<T> {
    let rows = cx.rows(p.n());
    let pointers = &p.row_pointers()[rows.start..=rows.end];
    let entries = pointers[0]..pointers[rows.len()];
    let row_pointers = pointers.iter().map(|at| at - entries.start).collect();
    let (columns, weights) = (p.columns()[entries.clone()].to_vec(), p.weights()[entries].to_vec());
    Affinities::from_rows(rows.start, row_pointers, columns, weights, p.n()).unwrap()
}

struct Every<'a>(&'a mut Vec<u64>);

impl<T: Scalar, const D: usize> Observer<T, D> for Every<'_> {
    fn wants(&self, completed: usize) -> bool {
        completed.is_multiple_of(3)
    }

    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        self.0.push(iteration.kl_divergence.to_bits());
        ControlFlow::Continue(())
    }
}

/// Positions, velocities and gains of all points, divergences on the way, and the slope of the last step.
type Descended = (Vec<u64>, Vec<u64>, Vec<u64>, Vec<u64>, Option<f64>);

fn descend<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    repulsion: &mut dyn Repulsion<T, D>,
    momentum: Momentum,
    cx: Context<'_>,
) -> Result<Descended> {
    let phase = Phase::default()
        .iterations(40)
        .exaggeration(4.0)
        .learning_rate(20.0)
        .adaptive_momentum(true)
        .max_grad_norm(Some(0.01))
        .min_grad_norm(Some(1e-12));
    let (p, n) = (own(p, cx), p.n());
    let mut y = cloud::<T, D>(n, 1.0, 1);
    if let [first, .., last] = &mut y[..] {
        // Of two members, where there are some; the descent parts them.
        *last = *first;
    }
    let (mut divergences, mut rule) = (Vec::new(), MomentumGains::new(momentum));
    let mut joint = Joint::new(&p, kernel(1.0), repulsion)?;
    let mut every = Every(&mut divergences);
    let outcome = Descent::new().run(&mut joint, &mut rule, &mut y, &phase, Some(&mut every), cx)?;
    // Two points of one place have no gradient.
    assert!(n == 2 || (outcome.iterations, outcome.finish) == (40, Finish::Completed), "{outcome:?}");
    let (velocity, gains) = (cx.concat(rule.velocity().to_vec())?, cx.concat(rule.gains().to_vec())?);
    Ok((bits(&y), bits(&velocity), bits(&gains), divergences, rule.slope()))
}

fn check<R: PartialEq + std::fmt::Debug + Send>(what: &str, f: impl Fn(Context<'_>) -> R + Sync) {
    let alone = f(Context::new());
    for (members, threads) in TEAMS {
        for (rank, result) in
            ThreadTeam::run(members, threads, |team| f(Context::new().with_team(team))).unwrap().into_iter().enumerate()
        {
            assert!(result == alone, "{what}: member {rank} of {members} with {threads} threads");
        }
    }
}

#[test]
fn a_descent_by_all_pairs() {
    for n in [2, 1023, 1025, 2600] {
        let p = joint::<f32>(n, 5, 1);
        check(&format!("{n} points in f32"), |cx| descend(&p, &mut Exact::<f32, 2>::new(), Momentum::Nesterov, cx));
    }
    let p = joint::<f64>(2600, 5, 1);
    check("f64", |cx| descend(&p, &mut Exact::<f64, 3>::new(), Momentum::Classical, cx));
}

/// A repulsion that costs little: all points are pushed out of the middle.
struct Outwards;

impl<T: Scalar, const D: usize> Repulsion<T, D> for Outwards {
    fn repulse(&mut self, _: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        out.copy_from_slice(&y[cx.rows(y.len())]);
        Ok(y.len() as f64)
    }
}

/// From 8,192 points on they are numbered anew, twice in 40 evaluations.
#[test]
fn a_descent_of_points_that_are_numbered_anew() {
    let p = joint::<f32>(9_001, 5, 1);
    check("f32", |cx| descend::<f32, 2>(&p, &mut Outwards, Momentum::Nesterov, cx));
    let p = joint::<f64>(9_001, 5, 1);
    check("f64", |cx| descend::<f64, 1>(&p, &mut Outwards, Momentum::Nesterov, cx));
}

#[test]
fn the_normalizer_of_all_pairs() {
    for n in [0, 1, 2, 5, 2600] {
        let y = cloud::<f32, 2>(n, 20.0, 3);
        check(&format!("{n} points"), |cx| normalizer(kernel(1.0), &y, cx).map(f64::to_bits));
    }
}

struct StopAt<'a>(usize, &'a mut usize);

impl<T: Scalar, const D: usize> Observer<T, D> for StopAt<'_> {
    fn wants(&self, _: usize) -> bool {
        true
    }

    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        *self.1 = iteration.index;
        if iteration.index >= self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Whoever wants to stop stops all, after the same iteration.
#[test]
fn an_observer_of_one_member_stops_all() {
    let p = joint::<f64>(2600, 3, 1);
    let ends = ThreadTeam::run(3, 1, |team| {
        let cx = Context::new().with_team(team);
        let (p, mut y) = (own(&p, cx), cloud::<f64, 2>(p.n(), 1.0, 1));
        let (mut repulsion, mut seen) = (Exact::new(), 0);
        let mut observer = StopAt(if team.rank() == 1 { 4 } else { 100 }, &mut seen);
        let mut joint = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
        let mut rule = MomentumGains::new(Momentum::Classical);
        let phase = Phase::default().iterations(10);
        Descent::new().run(&mut joint, &mut rule, &mut y, &phase, Some(&mut observer), cx).map(|o| o.iterations)
    });
    assert_eq!(ends.unwrap(), [Ok(4), Ok(4), Ok(4)]);
}

/// An error of one ends all: none waits for it.
#[test]
fn a_member_that_fails_ends_the_others() {
    struct Fails;
    impl Optimizer<f64, 2> for Fails {
        fn reset(&mut self, _: usize) -> Result<()> {
            Ok(())
        }
        fn n(&self) -> usize {
            0
        }
        fn step(&mut self, _: Step, _: &[[f64; 2]], _: &mut [[f64; 2]], cx: Context<'_>) -> Result<()> {
            if cx.rank() == 1 { Err(Error::invalid("this member", "it fails")) } else { Ok(()) }
        }
    }
    let p = joint::<f64>(2600, 3, 1);
    let errors = ThreadTeam::run(3, 1, |team| {
        let cx = Context::new().with_team(team);
        let (p, mut y) = (own(&p, cx), cloud::<f64, 2>(p.n(), 1.0, 1));
        let mut repulsion = Exact::new();
        let mut joint = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
        Descent::new().run(&mut joint, &mut Fails, &mut y, &Phase::default(), None, cx).unwrap_err()
    })
    .unwrap();
    assert_eq!(errors[1], Error::invalid("this member", "it fails"));
    // One of the others learns of it first, and the third of either.
    let others = [&errors[0], &errors[2]];
    assert!(others.iter().all(|error| matches!(error, Error::Team { .. })), "{errors:?}");
    assert!(others.iter().any(|error| error.to_string().contains("member 1 has ended")), "{errors:?}");
}

/// Rows that are not those of this member in this context.
#[test]
fn affinities_of_another_team_are_refused() {
    let p = joint::<f64>(2600, 3, 1);
    let mut repulsion = Exact::new();
    let refused = ThreadTeam::run(2, 1, |team| own(&p, Context::new().with_team(team)))
        .unwrap()
        .iter()
        .map(|p| {
            let mut joint = Joint::new(p, kernel(1.0), &mut repulsion).unwrap();
            let mut y = cloud::<f64, 2>(2600, 1.0, 1);
            let mut rule = MomentumGains::new(Momentum::Classical);
            let outcome = Descent::new().run(&mut joint, &mut rule, &mut y, &Phase::default(), None, Context::new());
            outcome.unwrap_err().to_string()
        })
        .collect::<Vec<_>>();
    assert!(refused[0].contains("points 0..1024") && refused[1].contains("points 1024..2600"), "{refused:?}");
}
