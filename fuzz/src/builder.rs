//! Fits of small data by any parameters.

use crate::input::Input;
use tsne::affinity::{FixedSigma, PerplexityAffinity, Symmetrization, Uniform};
use tsne::{
    AffinityMethod, Context, Embedding, Float, Initialization, Interpolation, Momentum, Neighbors,
    PartialInitialization, Preset, Rows, TransformParams, Tsne, TsneBuilder,
};

/// The most iterations of a phase.
const ITERATIONS: usize = 8;

/// A finite map of any data by any parameters, whose divergence is that of its definition, or an error.
pub(crate) fn builder(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(8) {
        0 => check::<f32, 1>(&mut input),
        1 => check::<f64, 1>(&mut input),
        2 => check::<f32, 3>(&mut input),
        3 => check::<f64, 3>(&mut input),
        4 | 5 => check::<f32, 2>(&mut input),
        _ => check::<f64, 2>(&mut input),
    }
}

fn check<T: Float, const D: usize>(input: &mut Input<'_>) {
    let builder = parameters::<T, D>(input);
    let again = input.below(8) == 0;
    let places = input.below(4);
    let d = input.below(5);
    let mut x: Vec<T> = Vec::new();
    while !input.is_empty() && x.len() < 14 * d.max(1) {
        x.push(input.scalar());
    }
    let n = x.len().checked_div(d).unwrap_or(x.len() % 14);
    x.truncate(n * d);
    let rows = Rows::new(&x, n, d).unwrap();
    let Ok(tsne) = builder.build() else { return };
    let Ok(embedding) = tsne.fit(rows) else { return };
    let what = || format!("{n} × {d} {x:?} by {tsne:?}");
    let finite = |positions: &[[T; D]]| positions.as_flattened().iter().all(|v| v.is_finite());
    assert_eq!(embedding.positions().len(), n);
    assert!(finite(embedding.positions()), "{}", what());
    assert!(!embedding.kl_divergence().is_nan(), "{}", what());
    divergence(&embedding, &what);
    if again {
        let bits = |map: &Embedding<T, D>| map.positions().as_flattened().iter().map(|v| v.bits()).collect::<Vec<_>>();
        assert_eq!(bits(&embedding), bits(&tsne.fit(rows).unwrap()), "{}", what());
    }
    if places > 0 {
        let preset = [Preset::Documented, Preset::Recommended, Preset::OpenTsne][places - 1];
        let start = [PartialInitialization::Median, PartialInitialization::Weighted, PartialInitialization::Random];
        let params = TransformParams::preset(preset).n_iter(3).initialization(start[places - 1].clone());
        if let Ok(placed) = embedding.transform_with(rows, &params, None, Context::new()) {
            assert!(finite(placed.positions()) && !placed.kl_divergence().is_nan(), "{}", what());
        }
    }
}

/// The divergence is `Σ p ln(p / q)`, and affinities add up to 1.
fn divergence<T: Float, const D: usize>(embedding: &Embedding<T, D>, what: &dyn Fn() -> String) {
    let (y, p, kernel) = (embedding.positions(), embedding.affinities(), embedding.kernel());
    // By logarithms: weights may be below all numbers.
    let ln_weight = |i: usize, j: usize| {
        let d2: f64 = (0..D).map(|c| (y[i][c].to_f64() - y[j][c].to_f64()).powi(2)).sum();
        -kernel.dof() * (d2 / kernel.dof()).ln_1p()
    };
    let n = y.len();
    let all = || (0..n).flat_map(|i| (0..n).filter(move |&j| j != i).map(move |j| (i, j)));
    let largest = all().map(|(i, j)| ln_weight(i, j)).fold(f64::NEG_INFINITY, f64::max);
    let ln_z = largest + all().map(|(i, j)| (ln_weight(i, j) - largest).exp()).sum::<f64>().ln();
    let (mut sum, mut expected, mut smallest) = (0.0, 0.0, f64::INFINITY);
    for i in 0..n {
        let (columns, weights) = p.row(i);
        for (&j, p) in columns.iter().zip(weights).map(|(j, p)| (j, p.to_f64())).filter(|(_, p)| *p > 0.0) {
            let ln_q = ln_weight(i, j as usize) - ln_z;
            (sum, expected, smallest) = (sum + p, expected + p * (p.ln() - ln_q), smallest.min(ln_q.exp()));
        }
    }
    assert!((sum - 1.0).abs() < 1e-4, "affinities add up to {sum}: {}", what());
    // Maps of a few points are summed by all pairs, or by cells of them that are far away; weights that a number of the map does
    // not hold are no part of the comparison.
    let method = embedding.negative_gradient_method().to_string();
    let bound = match (T::NAME, method.as_str()) {
        (_, "bh") => 0.3,
        ("f32", _) => 1e-3,
        _ => 1e-8,
    };
    let error = (embedding.kl_divergence() - expected).abs();
    let is_held = smallest > if T::NAME == "f32" { 1e-30 } else { 1e-200 };
    assert!(
        !is_held || error <= bound * (1.0 + expected.abs()),
        "KL divergence {} for {expected} by {method}: {}",
        embedding.kl_divergence(),
        what()
    );
}

/// Parameters, some of them out of their range.
fn parameters<T: Float, const D: usize>(input: &mut Input<'_>) -> TsneBuilder<T, D> {
    let preset = [Preset::Recommended, Preset::Documented, Preset::OpenTsne, Preset::Exaggerated];
    let starts = [Initialization::Pca, Initialization::Spectral, Initialization::Random, Initialization::Coarse];
    let mut builder = Tsne::<T, D>::preset(input.pick(&preset))
        .metric(input.metric())
        .negative_gradient_method(input.pick(&["exact", "bh", "fft", "auto"]))
        .initialization(input.pick(&starts))
        .neighbors(input.pick(&[Neighbors::Auto, Neighbors::Approx, Neighbors::Exact]))
        .early_exaggeration_iter(input.below(ITERATIONS))
        .n_iter(input.below(ITERATIONS));
    let perplexity = match input.byte() {
        byte @ 0..200 => 1.0 + f64::from(byte) / 16.0,
        _ => input.number(),
    };
    let k = std::num::NonZeroUsize::MIN.saturating_add(input.below(6));
    let mean = input.pick(&[Symmetrization::Mean, Symmetrization::Max]);
    let method: Option<AffinityMethod<T>> = match input.below(6) {
        0 => PerplexityAffinity::multiscale(&[1.5, perplexity]).ok().map(Into::into),
        1 => PerplexityAffinity::mixture(&[1.0, perplexity]).ok().map(Into::into),
        2 => FixedSigma::new(input.number().abs()).ok().map(|model| model.with_neighbors(k).into()),
        3 => Some(Uniform::new(k).with_symmetrization(mean).into()),
        _ => None,
    };
    builder = match method {
        Some(method) => builder.affinities(method),
        None => builder.perplexity(perplexity),
    };
    // Any of the numbers, as long as there are some.
    for _ in 0..input.below(6) {
        let number = input.number();
        builder = match input.below(16) {
            0 => builder.learning_rate(number),
            1 => builder.early_exaggeration(number),
            2 => builder.exaggeration(number),
            3 => builder.dof(number.abs()),
            4 => builder.momentum_rule(Momentum::Classical),
            5 => builder.max_grad_norm(number),
            6 => builder.max_step_norm(number),
            7 => builder.min_grad_norm(number),
            8 => builder.theta(number),
            9 => builder.interpolation(Interpolation::Lagrange),
            10 => builder.initialization_std(number),
            11 => builder.random_state(number.to_bits()),
            12 => builder.k_neighbors(input.below(16)),
            13 => builder.keep_data(false),
            14 => builder.transition_iter(input.below(ITERATIONS)),
            _ => builder.adaptive_momentum(number > 0.0),
        };
    }
    builder
}
