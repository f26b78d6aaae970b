//! Whatever goes in: a finite map or an error comes out, and never a panic.

use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use tsne::affinity::{FixedSigma, PerplexityAffinity, Uniform};
use tsne::{
    AffinityMethod, CancelToken, Context, Error, Float, Initialization, Metric, Neighbors, PartialInitialization,
    Preset, Progress, Rows, Stage, TransformParams, Tsne,
};

/// Values of every kind that data have: small numbers, repetitions, zeros, and the ends of the range.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -3.0..3.0f64,
        4 => (-2i32..3).prop_map(f64::from),
        1 => Just(0.0),
        1 => prop_oneof![Just(1e-300), Just(-1e30), Just(1e37), Just(1e200), Just(f64::MAX), Just(1e-40)],
    ]
}

#[derive(Debug, Clone)]
struct Case {
    n: usize,
    d: usize,
    values: Vec<f64>,
    metric: usize,
    choice: usize,
    perplexity: f64,
}

fn case() -> impl Strategy<Value = Case> {
    (0usize..14, 0usize..5).prop_flat_map(|(n, d)| {
        let values = proptest::collection::vec(value(), n * d);
        (values, 0..Metric::names().len(), 0usize..240, prop_oneof![Just(1.0), 1.0..8.0f64, Just(1e6)])
            .prop_map(move |(values, metric, choice, perplexity)| Case { n, d, values, metric, choice, perplexity })
    })
}

fn check<T: Float, const D: usize>(case: &Case) {
    let metric = match Metric::names().nth(case.metric).unwrap() {
        "minkowski" => Metric::minkowski(1.5),
        name => name.parse().unwrap(),
    };
    let x: Vec<T> = case.values.iter().map(|v| T::from_f64(*v)).collect();
    let rows = Rows::new(&x, case.n, case.d).unwrap();
    let mut choice = case.choice;
    let mut pick = |count: usize| {
        let picked = choice % count;
        choice /= count;
        picked
    };
    let methods = ["exact", "bh", "fft"];
    let starts = [Initialization::Pca, Initialization::Spectral, Initialization::Random];
    let mut builder = Tsne::<T, D>::builder()
        .metric(metric)
        .negative_gradient_method(methods[pick(3)])
        .initialization(starts[pick(3)].clone())
        .neighbors([Neighbors::Auto, Neighbors::Approx][pick(2)].clone())
        .early_exaggeration_iter(3)
        .n_iter(4)
        .n_jobs(1);
    let rules: [Option<AffinityMethod<T>>; 4] = [
        None,
        Some(PerplexityAffinity::multiscale(&[1.0, case.perplexity]).unwrap().into()),
        Some(FixedSigma::new(0.5).unwrap().into()),
        Some(Uniform::default().into()),
    ];
    builder = match rules[pick(4)].clone() {
        Some(rule) => builder.affinities(rule),
        None => builder.perplexity(case.perplexity),
    };
    let Ok(embedding) = builder.build().unwrap().fit(rows) else { return };
    let finite = |positions: &[[T; D]]| positions.as_flattened().iter().all(|v| v.is_finite());
    assert!(finite(embedding.positions()), "{case:?}");
    assert!(!embedding.kl_divergence().is_nan(), "{case:?}");
    let weighted = TransformParams::preset(Preset::OpenTsne).n_iter(3).initialization(PartialInitialization::Weighted);
    for params in [TransformParams::preset(Preset::Documented).n_iter(3), weighted] {
        if let Ok(placed) = embedding.transform_with(rows, &params, None, Context::new()) {
            assert!(finite(placed.positions()) && !placed.kl_divergence().is_nan(), "{case:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_finite_map_or_an_error(case in case()) {
        check::<f64, 2>(&case);
        check::<f32, 2>(&case);
        check::<f32, 1>(&case);
        check::<f64, 3>(&case);
    }
}

/// Cancels as soon as a stage has begun.
struct At(Stage, CancelToken, AtomicBool);

impl Progress for At {
    fn advance(&self, stage: Stage, _: usize, _: usize) {
        if stage == self.0 {
            self.2.store(true, Ordering::Relaxed);
            self.1.cancel();
        }
    }
}

#[test]
fn cancelling_works_at_every_stage() {
    let (x, _) = crate::common::blobs::<f32>(3_000, 12, 1);
    let rows = Rows::new(&x, 3_000, 12).unwrap();
    let builder = || Tsne::<_, 2>::builder().n_iter(20).early_exaggeration_iter(20);
    let embedding = builder().build().unwrap().fit(rows).unwrap();
    for stage in [Stage::Neighbors, Stage::Affinities, Stage::Initialization, Stage::Optimization] {
        for start in [Initialization::Pca, Initialization::Spectral, Initialization::Random] {
            let at = At(stage, CancelToken::new(), AtomicBool::new(false));
            let cx = Context::new().with_cancel(&at.1).with_progress(&at);
            let result = builder().initialization(start.clone()).build().unwrap().fit_with(rows, None, cx);
            assert_eq!(result.map(drop), Err(Error::Cancelled), "{stage}, {start:?}");
            assert!(at.2.load(Ordering::Relaxed), "{stage} was reported");
        }
        let at = At(stage, CancelToken::new(), AtomicBool::new(false));
        let cx = Context::new().with_cancel(&at.1).with_progress(&at);
        let params = TransformParams::preset(Preset::Recommended);
        let result = embedding.transform_with(rows, &params, None, cx);
        assert_eq!(result.map(drop), Err(Error::Cancelled), "new points, {stage}");
    }
}
