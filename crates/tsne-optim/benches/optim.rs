//! The parts of an iteration apart from each other, each at the sizes where it matters.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;
use tsne_core::{Affinities, AffinityKind, Context, Kernel, Optimizer, Repulsion, Scalar, Step, random};
use tsne_optim::{
    Descent, Exact, Joint, JointState, Momentum, MomentumGains, Objective, Part, Phase, PhaseState, attract,
    kl_divergence,
};

fn unit(seed: u64, stage: u64, index: usize) -> f64 {
    random::unit(random::element_seed(seed, stage, index as u64))
}

/// Points over a square (or cube) of extent 50, each next to those before and after it: a walk of short steps, as of points that
/// were sorted along a curve.
fn walk<T: Scalar, const D: usize>(n: usize) -> Vec<[T; D]> {
    let side = (n as f64).sqrt();
    (0..n)
        .map(|i| {
            let (along, across) = ((i as f64 / side).fract(), (i as f64 / side).floor() / side);
            std::array::from_fn(|c| {
                let base = [along, across][c.min(1)];
                T::from_f64(50.0 * (base + unit(1, c as u64, i) / side))
            })
        })
        .collect()
}

/// `k` affinities of each point to others: near in the order of the points, or anywhere.
fn affinities<T: Scalar>(n: usize, k: usize, near: bool) -> Affinities<T> {
    let reach = if near { 4 * k } else { n };
    let mut columns = Vec::new();
    for i in 0..n {
        let mut row = std::collections::BTreeSet::new();
        let mut draw = 0;
        while row.len() < k {
            let offset = (unit(2 + draw, 0, i) * reach as f64) as usize;
            let j = (i + n - reach / 2 + offset) % n;
            draw += 1;
            if j != i {
                row.insert(j as u32);
            }
        }
        columns.extend(row);
    }
    let weights = vec![T::from_f64(1.0 / (n * k) as f64); n * k];
    Affinities::from_parts((0..=n).map(|i| i * k).collect(), columns, weights, n, AffinityKind::Joint).unwrap()
}

fn exact<T: Scalar, const D: usize>(c: &mut Criterion, n: usize, dof: f64) {
    let y = walk::<T, D>(n);
    let mut out = vec![[T::ZERO; D]; n];
    let mut exact = Exact::new();
    let kernel = Kernel::new(dof).unwrap();
    let mut group = c.benchmark_group("exact");
    group.throughput(Throughput::Elements((n * n) as u64));
    let id = format!("{}/n{n}/D{D}/dof{dof}", T::NAME);
    group.bench_function(BenchmarkId::from_parameter(id), |b| {
        b.iter(|| exact.repulse(kernel, &y, &mut out, Context::new()).unwrap())
    });
}

fn attraction<T: Scalar, const D: usize>(c: &mut Criterion, n: usize, near: bool) {
    let k = 90;
    let y = walk::<T, D>(n);
    let p = affinities::<T>(n, k, near);
    let mut out = vec![[T::ZERO; D]; n];
    let mut group = c.benchmark_group("attract");
    group.throughput(Throughput::Elements((n * k) as u64));
    let order = if near { "near" } else { "far" };
    group.bench_function(BenchmarkId::from_parameter(format!("{}/n{n}/k{k}/D{D}/{order}", T::NAME)), |b| {
        b.iter(|| attract(&p, Kernel::CAUCHY, &y, &y, &mut out).unwrap())
    });
}

fn divergence(c: &mut Criterion) {
    let (n, k) = (10_000, 90);
    let y = walk::<f32, 2>(n);
    let p = affinities(n, k, true);
    let mut group = c.benchmark_group("kl_divergence");
    group.throughput(Throughput::Elements((n * k) as u64));
    group.bench_function(BenchmarkId::from_parameter(format!("f32/n{n}/k{k}")), |b| {
        b.iter(|| kl_divergence(&p, Kernel::CAUCHY, &y, 1e6, Context::new()).unwrap())
    });
}

fn step<T: Scalar>(c: &mut Criterion, n: usize, momentum: Momentum) {
    let mut y = walk::<T, 2>(n);
    let gradient: Vec<[T; 2]> =
        (0..n).map(|i| std::array::from_fn(|c| T::from_f64(1e-6 * (unit(3, c as u64, i) - 0.5)))).collect();
    let mut rule = MomentumGains::new(momentum);
    rule.reset(n).unwrap();
    let step = Step::new(1.0, 0.8).with_max_norm(5.0);
    let mut group = c.benchmark_group("step");
    group.throughput(Throughput::Elements(n as u64));
    group.bench_function(BenchmarkId::from_parameter(format!("{}/n{n}/{momentum:?}", T::NAME)), |b| {
        b.iter(|| rule.step(step, &gradient, &mut y, Context::new()).unwrap())
    });
}

/// No repulsion: what is left of an evaluation is the objective's own.
#[derive(Debug)]
struct Nothing;

impl Repulsion<f32, 2> for Nothing {
    fn repulse(&mut self, _: Kernel, y: &[[f32; 2]], out: &mut [[f32; 2]], _: Context<'_>) -> tsne_core::Result<f64> {
        out.fill([0.0; 2]);
        Ok(y.len() as f64)
    }
}

/// The gradient from the joint affinities, all of it at a small size and without the repulsion at a large one.
fn evaluation(c: &mut Criterion, n: usize, repulsion: &mut dyn Repulsion<f32, 2>, what: &str) {
    let k = 90;
    let y = walk::<f32, 2>(n);
    let p = affinities(n, k, true);
    let mut objective = Joint::new(&p, Kernel::CAUCHY, repulsion).unwrap();
    let mut gradient = vec![[0.0; 2]; n];
    let mut group = c.benchmark_group("evaluate");
    group.throughput(Throughput::Elements(n as u64));
    for with_kl in [false, true] {
        let name = if with_kl { "with_kl" } else { "without_kl" };
        group.bench_function(BenchmarkId::from_parameter(format!("f32/n{n}/k{k}/{what}/{name}")), |b| {
            b.iter(|| objective.evaluate(&y, 1.0, with_kl, &mut gradient, Context::new()).unwrap())
        });
    }
}

/// Fifty iterations in one call, and in fifty: each with an objective of its own that takes over the state of the one before.
fn stepping(c: &mut Criterion, n: usize) {
    let p = affinities::<f32>(n, 30, true);
    let phase = Phase::default().iterations(50).learning_rate(n as f64);
    let mut group = c.benchmark_group("fifty_iterations");
    group.throughput(Throughput::Elements(50 * n as u64));
    for (name, length) in [("one_call", 50), ("fifty_calls", 1)] {
        group.bench_function(BenchmarkId::from_parameter(format!("f32/n{n}/{name}")), |b| {
            b.iter(|| {
                let (mut y, mut descent, mut rule) =
                    (walk::<f32, 2>(n), Descent::new(), MomentumGains::new(Momentum::Nesterov));
                let (mut state, mut kept) = (PhaseState::default(), JointState::default());
                while state.completed() < 50 {
                    let mut nothing = Nothing;
                    let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut nothing).unwrap().with_state(kept);
                    let part = Part::new(&phase, &mut state, length);
                    descent.run_part(&mut joint, &mut rule, &mut y, part, None, Context::new()).unwrap();
                    kept = joint.into_state();
                }
                y
            })
        });
    }
}

fn benches(c: &mut Criterion) {
    exact::<f32, 2>(c, 2000, 1.0);
    exact::<f32, 2>(c, 2000, 0.5);
    exact::<f32, 2>(c, 2000, 3.3);
    exact::<f32, 1>(c, 2000, 1.0);
    exact::<f32, 3>(c, 2000, 1.0);
    exact::<f64, 2>(c, 2000, 1.0);
    attraction::<f32, 2>(c, 10_000, true);
    attraction::<f32, 2>(c, 10_000, false);
    attraction::<f32, 2>(c, 70_000, true);
    attraction::<f32, 2>(c, 70_000, false);
    attraction::<f32, 3>(c, 10_000, true);
    attraction::<f64, 2>(c, 10_000, true);
    divergence(c);
    step::<f32>(c, 70_000, Momentum::Classical);
    step::<f32>(c, 70_000, Momentum::Nesterov);
    step::<f64>(c, 70_000, Momentum::Nesterov);
    evaluation(c, 2000, &mut Exact::new(), "exact");
    evaluation(c, 70_000, &mut Nothing, "no_repulsion");
    stepping(c, 20_000);
}

criterion_group! {
    name = all;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).sample_size(30);
    targets = benches
}
criterion_main!(all);
