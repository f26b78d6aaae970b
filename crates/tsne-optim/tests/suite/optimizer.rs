//! Momentum and gains, step by step against the rule written out for one coordinate.

use crate::oracle::{bits, cloud};
use tsne_core::{Context, Error, Optimizer, Scalar, Step};
use tsne_optim::{Momentum, MomentumGains};

/// -1, 0 or 1: zero has a sign of its own.
fn sign(x: f64) -> i32 {
    i32::from(x > 0.0) - i32::from(x < 0.0)
}

/// One point, as section 5 of the t-SNE paper and openTSNE have it.
#[derive(Clone, Copy)]
struct Point {
    y: [f64; 2],
    gain: [f64; 2],
    velocity: [f64; 2],
}

impl Point {
    fn step(&mut self, momentum: Momentum, step: Step, gradient: [f64; 2]) {
        let before = self.velocity;
        for c in 0..2 {
            if sign(self.velocity[c]) != sign(gradient[c]) {
                self.gain[c] += 0.2;
            } else {
                self.gain[c] = self.gain[c] * 0.8 + 0.01;
            }
            self.velocity[c] = step.momentum * before[c] - step.learning_rate * self.gain[c] * gradient[c];
        }
        let norm = (self.velocity[0].powi(2) + self.velocity[1].powi(2)).sqrt();
        if let Some(max) = step.max_norm
            && norm > max
        {
            self.velocity = self.velocity.map(|v| v * max / norm);
        }
        for c in 0..2 {
            self.y[c] += match momentum {
                Momentum::Nesterov => self.velocity[c] + step.momentum * (self.velocity[c] - before[c]),
                _ => self.velocity[c],
            };
        }
    }
}

fn step(learning_rate: f64, momentum: f64, max_norm: Option<f64>) -> Step {
    Step::new(learning_rate, momentum).with_max_norm(max_norm)
}

#[test]
fn forty_steps_follow_the_rule_to_rounding() {
    fn check<T: Scalar>(momentum: Momentum, step: Step) {
        // More than two blocks of points.
        let n = 2100;
        let mut y = cloud::<T, 2>(n, 10.0, 1);
        let mut points: Vec<Point> =
            y.iter().map(|p| Point { y: p.map(T::to_f64), gain: [1.0; 2], velocity: [0.0; 2] }).collect();
        let mut rule = MomentumGains::new(momentum);
        rule.reset(n).unwrap();
        let mut clipped = 0;
        for iteration in 0..40 {
            // Gradients of both signs, with exact zeros among them.
            let mut gradient = cloud::<T, 2>(n, 2.0, 100 + iteration);
            for g in gradient.iter_mut().skip(iteration as usize % 3).step_by(3) {
                g[1] = T::ZERO;
            }
            rule.step(step, &gradient, &mut y, Context::new()).unwrap();
            for (i, point) in points.iter_mut().enumerate() {
                point.step(momentum, step, gradient[i].map(T::to_f64));
                // Each step adds a few half units of the position and of the velocity, which the momentum keeps up to
                // 1 / (1 - 0.9) steps: forty steps of numbers below 100 stay within 40 · 20 units of 100.
                let bound = 800.0 * 100.0 * T::EPSILON.to_f64();
                for c in 0..2 {
                    assert!((y[i][c].to_f64() - point.y[c]).abs() < bound);
                    assert!((rule.velocity()[i][c].to_f64() - point.velocity[c]).abs() < bound);
                    assert!((rule.gains()[i][c].to_f64() - point.gain[c]).abs() < 200.0 * T::EPSILON.to_f64());
                }
                clipped +=
                    u32::from(step.max_norm.is_some_and(|m| point.velocity[0].hypot(point.velocity[1]) > 0.999 * m));
            }
        }
        assert_eq!(step.max_norm.is_some(), clipped > 1000, "the limit must have been met: {clipped}");
    }
    for momentum in [Momentum::Classical, Momentum::Nesterov] {
        for step in [step(0.1, 0.8, None), step(0.3, 0.9, Some(0.4)), step(0.1, 0.0, None)] {
            check::<f32>(momentum, step);
            check::<f64>(momentum, step);
        }
    }
}

/// One point under one gradient.
fn one(rule: &mut MomentumGains<f64, 1>, y: &mut [[f64; 1]], step: Step, gradient: f64) -> (f64, f64, f64) {
    rule.step(step, &[[gradient]], y, Context::new()).unwrap();
    (y[0][0], rule.gains()[0][0], rule.velocity()[0][0])
}

#[test]
fn the_first_steps_by_hand() {
    let mut rule = MomentumGains::new(Momentum::Classical);
    rule.reset(1).unwrap();
    let mut y = [[1.0]];
    let close = |a: (f64, f64, f64), b: (f64, f64, f64)| {
        assert!((a.0 - b.0).abs() < 1e-14 && (a.1 - b.1).abs() < 1e-14 && (a.2 - b.2).abs() < 1e-14, "{a:?} {b:?}");
    };
    let step = step(0.5, 0.5, None);
    // The velocity is 0 and the gradient is not: a difference. 1 + 0.2, and v = -0.5 · 1.2 · 2.
    close(one(&mut rule, &mut y, step, 2.0), (-0.2, 1.2, -1.2));
    // Against the velocity: again 0.2 more. v = 0.5 · (-1.2) - 0.5 · 1.4 · 1.
    close(one(&mut rule, &mut y, step, 1.0), (-1.5, 1.4, -1.3));
    // With it: 0.8 · 1.4 + 0.01. v = 0.5 · (-1.3) + 0.5 · 1.13 · 1.
    close(one(&mut rule, &mut y, step, -1.0), (-1.585, 1.13, -0.085));
    // A gradient of zero differs in sign from a velocity that is not zero.
    close(one(&mut rule, &mut y, step, 0.0), (-1.6275, 1.33, -0.0425));
}

#[test]
fn zero_agrees_with_zero() {
    let mut rule = MomentumGains::new(Momentum::Classical);
    rule.reset(1).unwrap();
    let mut y = [[1.0]];
    let (position, gain, velocity) = one(&mut rule, &mut y, step(10.0, 0.8, None), 0.0);
    assert_eq!((position, velocity), (1.0, 0.0));
    assert!((gain - 0.81).abs() < 1e-15);
    // Negative zero is zero.
    let (_, gain, _) = one(&mut rule, &mut y, step(10.0, 0.8, None), -0.0);
    assert!((gain - (0.81 * 0.8 + 0.01)).abs() < 1e-15);
}

#[test]
fn gains_have_no_lower_limit_but_their_fixed_point() {
    // Velocity and gradient agree for ever: the gain tends to 0.01 / (1 - 0.8) = 0.05, through all values between.
    let (gains, velocity) = (vec![[1.0]], vec![[1e9]]);
    let mut rule = MomentumGains::from_state(Momentum::Classical, gains, velocity).unwrap();
    let mut y = [[0.0]];
    let mut last = 1.0;
    for _ in 0..60 {
        let (_, gain, _) = one(&mut rule, &mut y, step(1e-9, 0.999, None), 1.0);
        assert!(gain < last && gain > 0.05);
        last = gain;
    }
    assert!(last < 0.05 + 1e-5, "0.95 · 0.8^60 = 1.5e-6 are left: {last}");
}

#[test]
fn the_clipped_velocity_is_what_the_momentum_carries() {
    let mut rule = MomentumGains::<f64, 2>::new(Momentum::Classical);
    rule.reset(1).unwrap();
    let mut y = [[0.0, 0.0]];
    rule.step(step(10.0, 0.5, Some(5.0)), &[[-3.0, -4.0]], &mut y, Context::new()).unwrap();
    // 12 · (3, 4) is cut to length 5, and half of that is carried on by a step without gradient.
    for (v, expected) in rule.velocity()[0].iter().zip([3.0, 4.0]) {
        assert!((v - expected).abs() < 1e-14);
    }
    rule.step(step(10.0, 0.5, Some(5.0)), &[[0.0, 0.0]], &mut y, Context::new()).unwrap();
    for (v, expected) in y[0].iter().zip([4.5, 6.0]) {
        assert!((v - expected).abs() < 1e-14);
    }
    // A limit that is not reached changes no bit.
    let run = |max_norm| {
        let mut rule = MomentumGains::new(Momentum::Nesterov);
        let mut y = cloud::<f32, 3>(100, 10.0, 1);
        rule.reset(100).unwrap();
        for seed in 0..5 {
            rule.step(step(1.0, 0.9, max_norm), &cloud(100, 1.0, seed), &mut y, Context::new()).unwrap();
        }
        bits(&y)
    };
    assert_eq!(run(None), run(Some(1e3)));
    assert_ne!(run(None), run(Some(0.5)));
}

#[test]
fn without_momentum_both_forms_are_the_same() {
    let run = |momentum| {
        let mut rule = MomentumGains::new(momentum);
        let mut y = cloud::<f32, 2>(1500, 10.0, 1);
        rule.reset(1500).unwrap();
        for seed in 0..10 {
            rule.step(step(1.0, 0.0, Some(0.5)), &cloud(1500, 1.0, seed), &mut y, Context::new()).unwrap();
        }
        bits(&y)
    };
    assert_eq!(run(Momentum::Classical), run(Momentum::Nesterov));
}

#[test]
fn a_saved_state_goes_on_where_it_was() {
    let run = |rule: &mut MomentumGains<f64, 2>, y: &mut [[f64; 2]], seeds: std::ops::Range<u64>| {
        for seed in seeds {
            rule.step(step(1.0, 0.9, Some(1.0)).with_adaptive(true), &cloud(50, 1.0, seed), y, Context::new()).unwrap();
        }
    };
    let mut rule = MomentumGains::new(Momentum::Nesterov);
    rule.reset(50).unwrap();
    let mut y = cloud::<f64, 2>(50, 10.0, 1);
    run(&mut rule, &mut y, 0..7);
    let mut z = y.clone();
    let mut copy = MomentumGains::from_state(rule.momentum(), rule.gains().to_vec(), rule.velocity().to_vec()).unwrap();
    copy = copy.with_steps(rule.steps()).with_slope(rule.slope());
    assert_eq!((&copy, copy.n()), (&rule, 50));
    run(&mut rule, &mut y, 7..12);
    run(&mut copy, &mut z, 7..12);
    assert_eq!(bits(&y), bits(&z));
    copy.set_momentum(Momentum::Classical);
    assert_eq!(copy.momentum(), Momentum::Classical);
    copy.reset(3).unwrap();
    assert_eq!((copy.n(), copy.gains(), copy.velocity()), (3, &[[1.0; 2]; 3][..], &[[0.0; 2]; 3][..]));
}

#[test]
fn lengths_must_fit() {
    let mut rule = MomentumGains::<f32, 2>::new(Momentum::Classical);
    assert_eq!(rule.n(), 0);
    rule.reset(3).unwrap();
    let mut y = [[0.0; 2]; 3];
    let s = step(1.0, 0.5, None);
    assert_eq!(rule.step(s, &[[0.0; 2]; 2], &mut y, Context::new()), Err(Error::shape("gradient", 3, 2)));
    assert_eq!(rule.step(s, &[[0.0; 2]; 3], &mut y[..1], Context::new()), Err(Error::shape("embedding", 3, 1)));
    let state = MomentumGains::<f32, 2>::from_state(Momentum::Classical, vec![[1.0; 2]; 3], vec![[0.0; 2]; 4]);
    assert_eq!(state.unwrap_err(), Error::shape("velocity", 3, 4));
}

#[test]
fn more_points_than_memory_are_an_error_and_leave_an_empty_state() {
    let mut rule = MomentumGains::<f32, 2>::new(Momentum::Classical);
    rule.reset(3).unwrap();
    let error = rule.reset(usize::MAX / 16).unwrap_err();
    assert!(matches!(error, Error::OutOfMemory { what: "velocities", .. }), "{error}");
    assert_eq!((rule.n(), rule.steps()), (0, 0));
}

#[test]
fn adaptive_steps_halve_the_velocity_where_the_last_step_went_uphill() {
    // The rule written out: on the quadratic ½ k y², with a momentum that overshoots.
    let (k, s) = (1.5, step(0.3, 0.95, None).with_adaptive(true));
    let mut rule = MomentumGains::<f64, 2>::new(Momentum::Nesterov);
    rule.reset(1).unwrap();
    let (mut y, mut point) = ([[1.0, -0.5]], Point { y: [1.0, -0.5], gain: [1.0; 2], velocity: [0.0; 2] });
    let product = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
    let (mut before, mut halved): (Option<f64>, usize) = (None, 0);
    for at in 0..60 {
        let gradient = point.y.map(|v| k * v);
        rule.step(s, &[y[0].map(|v| k * v)], &mut y, Context::new()).unwrap();
        if before.is_some_and(|before| before + product(gradient, point.velocity) > 0.0) {
            point.velocity = point.velocity.map(|v| 0.5 * v);
            halved += 1;
        }
        point.step(Momentum::Nesterov, s, gradient);
        before = Some(product(gradient, point.velocity));
        for c in 0..2 {
            assert!((y[0][c] - point.y[c]).abs() < 1e-12, "step {at}");
        }
        assert!((rule.slope().unwrap() - before.unwrap()).abs() < 1e-12);
    }
    assert!((5..55).contains(&halved), "{halved}");
    // Others forget the slope, so that the next adaptive one has none to compare with.
    rule.step(step(0.3, 0.95, None), &[[0.0; 2]], &mut y, Context::new()).unwrap();
    assert_eq!(rule.slope(), None);
}

#[test]
fn an_adaptive_descent_settles_where_the_plain_one_still_swings() {
    // An ill-conditioned bowl: with a momentum of 0.99 the plain rule swings, with halved velocities it settles sooner.
    let run = |adaptive: bool| {
        let mut rule = MomentumGains::<f64, 2>::new(Momentum::Nesterov);
        rule.reset(1500).unwrap();
        let mut y = cloud::<f64, 2>(1500, 10.0, 1);
        let value = |y: &[[f64; 2]]| y.iter().map(|p| 0.5 * (p[0] * p[0] + 0.02 * p[1] * p[1])).sum::<f64>();
        for _ in 0..300 {
            let gradient: Vec<[f64; 2]> = y.iter().map(|p| [p[0], 0.02 * p[1]]).collect();
            rule.step(step(0.05, 0.99, None).with_adaptive(adaptive), &gradient, &mut y, Context::new()).unwrap();
        }
        value(&y)
    };
    assert!(run(true) < 0.5 * run(false), "{} {}", run(true), run(false));
}
