//! From affinities to a map: three clusters come apart, and the divergence falls.

use crate::oracle::{affinities, cloud, kernel, squared_distance};
use std::collections::BTreeMap;
use tsne_core::random::{element_seed, unit};
use tsne_core::{Affinities, AffinityKind, Context, Scalar};
use tsne_optim::{Descent, Exact, Joint, Momentum, MomentumGains, Phase};

const CLUSTER: usize = 40;
const N: usize = 3 * CLUSTER;

/// Three normal clusters of width 1 with centers 12 apart along three axes.
fn data() -> Vec<[f64; 5]> {
    let normal = |i: usize, c: usize| {
        let (a, b) = (element_seed(1, 2 * c as u64, i as u64), element_seed(1, 2 * c as u64 + 1, i as u64));
        (-2.0 * (1.0 - unit(a)).ln()).sqrt() * (std::f64::consts::TAU * unit(b)).cos()
    };
    (0..N).map(|i| std::array::from_fn(|c| normal(i, c) + if c == i / CLUSTER { 12.0 } else { 0.0 })).collect()
}

/// Dense affinities of perplexity 15: for each point the precision is found by bisection, then rows are averaged with
/// columns.
fn dense<T: Scalar>(x: &[[f64; 5]]) -> Affinities<T> {
    let mut entries = BTreeMap::new();
    for i in 0..N {
        let row = |precision: f64| -> Vec<f64> {
            let w: Vec<f64> =
                (0..N).map(|j| if i == j { 0.0 } else { (-precision * squared_distance(x[i], x[j])).exp() }).collect();
            let sum: f64 = w.iter().sum();
            w.into_iter().map(|w| w / sum).collect()
        };
        let entropy = |p: &[f64]| -> f64 { p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum() };
        let (mut low, mut high) = (1e-4f64, 1e2f64);
        for _ in 0..60 {
            let middle = (low * high).sqrt();
            if entropy(&row(middle)) > 15f64.ln() { low = middle } else { high = middle }
        }
        for (j, p) in row(low).into_iter().enumerate().filter(|&(j, _)| j != i) {
            *entries.entry((i, j)).or_insert(0.0) += p;
            *entries.entry((j, i)).or_insert(0.0) += p;
        }
    }
    affinities(N, N, AffinityKind::Joint, &entries)
}

fn check<T: Scalar>(momentum: Momentum) {
    let p = dense::<T>(&data());
    let mut y = cloud::<T, 2>(N, 1e-4, 3);
    let mut repulsion = Exact::new();
    let mut objective = Joint::new(&p, kernel(1.0), &mut repulsion).unwrap();
    let mut rule = MomentumGains::new(momentum);
    let mut descent = Descent::new();
    let mut divergences = vec![descent.kl_divergence(&mut objective, &y, Context::new()).unwrap()];
    for (iterations, exaggeration) in [(250, 12.0), (500, 1.0)] {
        let learning_rate = N as f64 / exaggeration;
        let phase = Phase::default().iterations(iterations).exaggeration(exaggeration).learning_rate(learning_rate);
        descent.run(&mut objective, &mut rule, &mut y, &phase, None, Context::new()).unwrap();
        divergences.push(descent.kl_divergence(&mut objective, &y, Context::new()).unwrap());
    }
    // All points in one place have q = 1 / n (n - 1): the divergence is ln(n (n - 1)) less the entropy of p, that is at
    // least ln(n (n - 1)) - ln(n · 2 · 15) = 1.4. Three clusters of the right size leave the part inside them: below 0.5.
    assert!(divergences[0] > 1.3 && divergences[1] < divergences[0], "{divergences:?}");
    assert!(divergences[2] < divergences[1] && (0.0..0.5).contains(&divergences[2]), "{divergences:?}");
    // Every point is nearer to all of its cluster than to any of another.
    for i in 0..N {
        let distance = |j: &usize| squared_distance(y[i].map(T::to_f64), y[*j].map(T::to_f64));
        let (own, other): (Vec<usize>, Vec<usize>) = (0..N).partition(|j| j / CLUSTER == i / CLUSTER);
        let farthest = own.iter().map(distance).fold(0.0, f64::max);
        let nearest = other.iter().map(distance).fold(f64::INFINITY, f64::min);
        assert!(farthest < nearest, "point {i}: {farthest} {nearest}");
    }
}

#[test]
fn three_clusters_come_apart() {
    check::<f32>(Momentum::Classical);
    check::<f64>(Momentum::Classical);
    check::<f32>(Momentum::Nesterov);
}
