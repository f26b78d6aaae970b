//! Code of the user's own behind the seams: what it is asked for, and what is refused of what it returns.

use crate::common::{bits, blobs};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tsne::affinity::{ExactSearch, FixedSigma, PerplexityAffinity, Symmetrization, symmetrize};
use tsne::core::{AffinityKind, AffinityModel, NeighborIndex, NeighborSearch};
use tsne::initialization::CustomInitialization;
use tsne::{
    Affinities, AffinityMethod, Callback, Context, CustomOptimizer, CustomRepulsion, Embedding, Error, KnnGraph,
    Metric, Momentum, MomentumGains, Neighbors, PartialEmbedding, Points, Preset, Progress, RandomState,
    RepulsionMethod, RestartCause, Result, Rows, Stage, TransformParams, Tsne, Warning,
};

const N: usize = 120;

fn data() -> Vec<f64> {
    blobs::<f64>(N, 4, 5).0
}

/// Ten neighbors of equal weight, and the numbers of neighbors that it was shown; returns two rows if told to.
#[derive(Debug, Default)]
struct Ten {
    seen: Mutex<Vec<usize>>,
    wrong: bool,
}

impl AffinityModel<f64> for Ten {
    fn neighbors_needed(&self, _: usize) -> Result<NonZeroUsize> {
        Ok(NonZeroUsize::new(10).unwrap())
    }

    fn joint(&self, graph: &KnnGraph<f64>, cx: Context<'_>) -> Result<Affinities<f64>> {
        self.seen.lock().unwrap().push(graph.k());
        if self.wrong {
            return Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5; 2], 2, AffinityKind::Joint);
        }
        symmetrize(graph, &vec![1.0; graph.n() * graph.k()], cx)
    }

    fn conditional(&self, graph: &KnnGraph<f64>, _: Context<'_>) -> Result<Affinities<f64>> {
        self.seen.lock().unwrap().push(graph.k());
        let n = if self.wrong { 1 } else { graph.n() };
        let k = graph.k();
        let mut columns = Vec::new();
        for i in 0..n {
            let mut row = graph.row(i).0.to_vec();
            row.sort_unstable();
            columns.extend(row);
        }
        let pointers = (0..=n).map(|i| i * k).collect();
        let weights = vec![1.0 / k as f64; n * k];
        Affinities::from_parts(pointers, columns, weights, graph.n_reference(), AffinityKind::Conditional)
    }
}

#[test]
fn a_rule_is_shown_as_many_neighbors_as_it_asks_for() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let rule = Arc::new(Ten::default());
    let method = AffinityMethod::Custom(rule.clone());
    let tsne = Tsne::<_, 2>::builder().affinities(method).k_neighbors(30).n_iter(5).build().unwrap();
    let embedding = tsne.fit(rows).unwrap();
    assert_eq!(tsne.affinities(rows).unwrap().graph().unwrap().k(), 30, "more are kept");
    // The start of new points looks at 25 neighbors, the rule at its own.
    embedding.transform(rows).unwrap();
    embedding.affinity_index().to_new(rows, None, Context::new()).unwrap();
    assert_eq!(*rule.seen.lock().unwrap(), [10, 10, 10, 10]);
}

#[test]
fn what_a_rule_or_a_search_returns_is_checked() {
    #[derive(Debug)]
    struct Half;
    impl NeighborSearch<f64> for Half {
        fn build<'a>(&self, points: Points<'a, f64>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<f64> + 'a>> {
            let rows = points.dense("half")?;
            let half: Vec<f64> = rows.iter().take(rows.n() / 2).flatten().copied().collect();
            let index = tsne::affinity::ExactSearch::default();
            let rows = Rows::new(&half, rows.n() / 2, rows.d())?;
            let graph = NeighborSearch::build(&index, rows.into(), cx)?.knn_graph(NonZeroUsize::MIN, cx)?;
            Ok(Box::new(Graph(graph)))
        }
    }
    struct Graph(KnnGraph<f64>);
    impl NeighborIndex<f64> for Graph {
        fn shape(&self) -> (usize, usize) {
            (self.0.n(), 4)
        }
        fn knn_graph(&self, _: NonZeroUsize, _: Context<'_>) -> Result<KnnGraph<f64>> {
            Ok(self.0.clone())
        }
        fn knn(&self, _: Points<'_, f64>, _: NonZeroUsize, _: Context<'_>) -> Result<KnnGraph<f64>> {
            Ok(self.0.clone())
        }
    }
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let wrong = || AffinityMethod::Custom(Arc::new(Ten { wrong: true, ..Ten::default() }));
    let base = || Tsne::<_, 2>::builder().n_iter(5);
    let error = base().affinities(wrong()).build().unwrap().fit(rows).unwrap_err().to_string();
    assert!(error.contains("the rule returned a matrix of (2, 2)") && error.contains("(120, 120)"), "{error}");
    let embedding = base().build().unwrap().fit(rows).unwrap();
    let params = TransformParams::preset(Preset::Recommended).affinities(wrong());
    let error = embedding.transform_with(rows, &params, None, Context::new()).unwrap_err().to_string();
    assert!(error.contains("the rule returned a matrix of (1, 120)"), "{error}");
    let half = base().neighbors(Neighbors::Custom(Arc::new(Half))).build().unwrap().fit(rows).unwrap_err().to_string();
    assert!(half.contains("the search returned one of 60 points among 60, but was asked for 120"), "{half}");
    // Too few neighbors of each: another perplexity would be no answer.
    #[derive(Debug)]
    struct One;
    impl NeighborSearch<f64> for One {
        fn build<'a>(&self, x: Points<'a, f64>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<f64> + 'a>> {
            let search = tsne::affinity::ExactSearch::default();
            Ok(Box::new(Graph(NeighborSearch::build(&search, x, cx)?.knn_graph(NonZeroUsize::MIN, cx)?)))
        }
    }
    let one = base().neighbors(Neighbors::Custom(Arc::new(One))).build().unwrap().fit(rows).unwrap_err().to_string();
    assert!(one.contains("the search returned 1 neighbors of each point, but was asked for 90"), "{one}");
}

#[test]
fn another_perplexity_keeps_symmetrization_and_neighbors() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let k = NonZeroUsize::new(20).unwrap();
    let rule = |p: f64| PerplexityAffinity::new(p).unwrap().with_symmetrization(Symmetrization::Max).with_neighbors(k);
    let tsne = |method: AffinityMethod<f64>| Tsne::<_, 2>::builder().affinities(method).build().unwrap();
    let mut index = tsne(rule(10.0).into()).affinities(rows).unwrap();
    index.set_perplexity(9.0).unwrap();
    assert_eq!(index.affinities(), tsne(rule(9.0).into()).affinities(rows).unwrap().affinities());
    let rule = |p: &[f64]| PerplexityAffinity::multiscale(p).unwrap().with_symmetrization(Symmetrization::Max);
    let mut index = tsne(rule(&[4.0, 10.0]).into()).affinities(rows).unwrap();
    index.set_perplexities(&[3.0, 9.0]).unwrap();
    assert_eq!(index.affinities(), tsne(rule(&[3.0, 9.0]).into()).affinities(rows).unwrap().affinities());
}

#[test]
fn every_stage_can_be_ones_own_in_any_order() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let own = || {
        CustomRepulsion::new(tsne::optim::Exact::<f64, 2>::new)
            .with_reference(|kernel, y, _| tsne::optim::ExactReference::new(kernel, y))
    };
    let search: Arc<dyn NeighborSearch<f64>> = Arc::new(tsne::affinity::ExactSearch::default());
    let optimizer = || CustomOptimizer::new(|| MomentumGains::new(Momentum::Classical));
    let go_on = || Callback::new(|_| ControlFlow::Continue(()));
    let start: Vec<[f64; 2]> = (0..N).map(|i| [(i as f64).sin() * 1e-4, (i as f64).cos() * 1e-4]).collect();
    let rule = || AffinityMethod::Custom(Arc::new(Ten::default()));
    let made = start.clone();
    let making = CustomInitialization::new(move |given| {
        assert_eq!((given.affinities.n(), given.points.map(|points| points.d())), (N, Some(4)));
        Ok(made.clone())
    });
    let there = Tsne::<_, 2>::opentsne()
        .neighbors(Arc::clone(&search))
        .affinities(rule())
        .initialization(start.clone())
        .negative_gradient_method(own())
        .optimizer(optimizer())
        .callbacks(go_on())
        .n_iter(20);
    let back = Tsne::<_, 2>::opentsne()
        .n_iter(20)
        .callbacks(go_on())
        .optimizer(optimizer())
        .negative_gradient_method(own())
        .initialization(making)
        .affinities(rule())
        .neighbors(search);
    let toolkit = Tsne::<_, 2>::opentsne().n_iter(20).affinities(rule()).initialization(start);
    let maps = [there, back, toolkit].map(|builder| {
        let embedding = builder.build().unwrap().fit(rows).unwrap();
        let placed = embedding.transform(rows).unwrap();
        assert_eq!(embedding.optimizer().is_some(), placed.optimizer().is_some());
        (bits(embedding.positions()), bits(placed.positions()))
    });
    assert_eq!(maps[0], maps[1]);
    assert_eq!(maps[0], maps[2], "they do what the toolkit's own do");
}

#[test]
fn an_optimizer_of_ones_own_is_kept_copied_and_gone_back_to() {
    /// The sum of all steps that were taken with it.
    #[derive(Clone)]
    struct Counting(MomentumGains<f64, 2>, Arc<AtomicUsize>, usize);
    impl tsne::Optimizer<f64, 2> for Counting {
        fn reset(&mut self, n: usize) -> Result<()> {
            self.0.reset(n)
        }
        fn n(&self) -> usize {
            self.0.n()
        }
        fn step(
            &mut self,
            step: tsne::core::Step,
            gradient: &[[f64; 2]],
            y: &mut [[f64; 2]],
            cx: Context<'_>,
        ) -> Result<()> {
            self.2 += 1;
            self.1.store(self.2, Ordering::Relaxed);
            self.0.step(step, gradient, y, cx)
        }
    }
    let x = data();
    let steps = Arc::new(AtomicUsize::new(0));
    let own = {
        let steps = Arc::clone(&steps);
        CustomOptimizer::new(move || Counting(MomentumGains::new(Momentum::Classical), Arc::clone(&steps), 0))
    };
    let tsne = Tsne::<_, 2>::opentsne().optimizer(own).build().unwrap();
    let mut embedding = tsne.prepare_initial(Rows::new(&x, N, 4).unwrap()).unwrap();
    for _ in 0..3 {
        embedding.optimize(4).unwrap();
    }
    assert_eq!(steps.load(Ordering::Relaxed), 12, "its state goes on");
    let copy = embedding.optimized(2).unwrap();
    assert_eq!((steps.load(Ordering::Relaxed), copy.iterations()), (14, 14));
    let before = bits(embedding.positions());
    assert!(embedding.optimize(embedding.params().learning_rate(1e300).max_step_norm(None).n_iter(9)).is_err());
    assert_eq!(bits(embedding.positions()), before);
    embedding.optimize(1).unwrap();
    assert_eq!(steps.load(Ordering::Relaxed), 13, "the state before the error");
    // Without it the toolkit's own begins anew.
    embedding.optimize(embedding.params().optimizer(None).n_iter(1)).unwrap();
    assert!(embedding.optimizer().is_some());
    assert_eq!(steps.load(Ordering::Relaxed), 13);
}

#[test]
fn new_points_use_a_repulsion_of_ones_own_or_say_that_it_cannot_be() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let fit = |own: CustomRepulsion<f64, 2>| {
        Tsne::<_, 2>::builder().n_iter(20).negative_gradient_method(own).build().unwrap().fit(rows).unwrap()
    };
    let without = fit(CustomRepulsion::new(tsne::optim::Exact::new));
    let error = without.transform(rows).unwrap_err().to_string();
    assert!(error.contains("negative_gradient_method") && error.contains("with_reference"), "{error}");
    let params = TransformParams::preset(Preset::Recommended).negative_gradient_method("exact");
    let exact = without.transform_with(rows, &params, None, Context::new()).unwrap();
    let prepared = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&prepared);
    let with = fit(CustomRepulsion::new(tsne::optim::Exact::new).with_reference(move |kernel, y, _| {
        count.fetch_add(1, Ordering::Relaxed);
        tsne::optim::ExactReference::new(kernel, y)
    }));
    let own = with.transform(rows).unwrap();
    assert_eq!(bits(own.positions()), bits(exact.positions()));
    assert_eq!(own.negative_gradient_method().to_string(), "custom");
    with.transform(rows).unwrap();
    assert_eq!(prepared.load(Ordering::Relaxed), 1, "prepared once for all calls");
}

#[test]
fn callbacks_of_the_method_see_new_points_too() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = {
        let seen = Arc::clone(&seen);
        Callback::new(move |iteration: &tsne::Iteration<'_, f64, 2>| {
            seen.lock().unwrap().push(iteration.index);
            ControlFlow::Continue(())
        })
    };
    let tsne = Tsne::<_, 2>::opentsne().n_iter(100).early_exaggeration_iter(0).callbacks(log).build().unwrap();
    let embedding = tsne.fit(rows).unwrap();
    assert_eq!(*seen.lock().unwrap(), [50, 100]);
    embedding.transform(rows).unwrap();
    assert_eq!(seen.lock().unwrap()[2..], [50, 100, 150, 200, 250]);
    let none = TransformParams::preset(Preset::OpenTsne).callbacks(Vec::new());
    embedding.transform_with(rows, &none, None, Context::new()).unwrap();
    assert_eq!(seen.lock().unwrap().len(), 7);
}

#[test]
fn random_numbers_are_those_of_a_seed_a_generator_or_fresh() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let start = |state: RandomState| {
        let builder = Tsne::<_, 2>::builder().initialization("random").random_state(state);
        builder.build().unwrap().prepare_initial(rows).unwrap()
    };
    let seeded = start(7.into());
    assert_eq!(seeded.random_state(), 7);
    let fresh = [start(None.into()), start(RandomState::Fresh)];
    assert_ne!(fresh[0].random_state(), fresh[1].random_state());
    assert_ne!(bits(fresh[0].positions()), bits(fresh[1].positions()));
    let again = start(fresh[0].random_state().into());
    assert_eq!(bits(fresh[0].positions()), bits(again.positions()));
    // Random starts of new points: by the seed of the fit unless told otherwise, with the deviation of the preset.
    let placed = |embedding: &Embedding<f64, 2>, params: TransformParams<f64, 2>| {
        let params = params.initialization("random");
        bits(embedding.prepare_partial_with(rows, &params, Context::new()).unwrap().positions())
    };
    let params = || TransformParams::preset(Preset::Recommended);
    assert_eq!(placed(&seeded, params()), placed(&seeded, params().random_state(7)));
    assert_eq!(placed(&seeded, params()), bits(seeded.positions()));
    assert_ne!(placed(&seeded, params()), placed(&start(8.into()), params()));
    let wide = TransformParams::preset(Preset::Documented);
    assert_eq!(placed(&seeded, wide), placed(&seeded, params().initialization_std(1e-2)));
}

#[test]
fn a_repulsion_of_ones_own_has_a_name_of_its_own_and_any_dimension() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let own = || {
        let calls = Arc::clone(&calls);
        CustomRepulsion::new(move || {
            calls.fetch_add(1, Ordering::Relaxed);
            tsne::optim::Exact::<f64, 5>::new()
        })
    };
    // The documented preset's grid has no fifth dimension, and is not used.
    let tsne = Tsne::<_, 5>::documented().negative_gradient_method(own()).n_iter(3).early_exaggeration_iter(0);
    let mut embedding = tsne.build().unwrap().fit(rows).unwrap();
    assert!(matches!(embedding.negative_gradient_method(), RepulsionMethod::Custom(_)));
    assert_eq!(calls.load(Ordering::Relaxed), 1, "none is made to read its name");
    for _ in 0..5 {
        embedding.optimize(1).unwrap();
    }
    embedding.kl_divergence();
    assert_eq!(calls.load(Ordering::Relaxed), 2, "one serves all steps");
}

#[test]
fn embeddings_from_parts_keep_the_preset_and_new_affinities_bring_their_warnings() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let tsne = Tsne::<_, 2>::opentsne().perplexity(90.0).build().unwrap();
    let mut index = tsne.affinities(rows).unwrap();
    let start = tsne.prepare_initial(index.clone()).unwrap();
    let positions = start.positions().to_vec();
    let mut embedding = Embedding::new(positions, Arc::new(index.clone()), 1.0, tsne.params(), None).unwrap();
    assert_eq!(embedding.preset(), Preset::OpenTsne);
    assert!(matches!(embedding.warnings(), [Warning::Affinity(_)]), "{:?}", embedding.warnings());
    index.set_perplexity(8.0).unwrap();
    embedding.set_affinities(Arc::new(index)).unwrap();
    assert!(embedding.warnings().is_empty());
}

#[test]
fn asymmetric_affinities_start_from_their_symmetric_part() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let rule = PerplexityAffinity::new(10.0).unwrap();
    let map = |method: PerplexityAffinity| {
        let index = Tsne::<_, 2>::builder().affinities(method).build().unwrap().affinities(rows).unwrap();
        tsne::initialization::spectral::<f64, 2>(index.affinities(), 0, Context::new()).unwrap()
    };
    let (symmetric, asymmetric) = (map(rule.clone()), map(rule.with_symmetrization(Symmetrization::None)));
    // The same matrix up to the rounding of its entries: eigenvectors of separated eigenvalues differ by no more than the
    // tolerance of the iteration, 1e-4 of their size, and some.
    let largest = symmetric.as_flattened().iter().fold(0.0f64, |a, v| a.max(v.abs()));
    for (a, b) in symmetric.as_flattened().iter().zip(asymmetric.as_flattened()) {
        assert!((a - b).abs() < 1e-2 * largest, "{a} {b}");
    }
    // A point that none leads to.
    let columns = vec![0, 0, 1];
    let p = Affinities::from_parts(vec![0, 0, 1, 3], columns, vec![0.4, 0.3, 0.3], 3, AffinityKind::Joint).unwrap();
    let positions = tsne::initialization::spectral::<f64, 2>(&p, 0, Context::new()).unwrap();
    assert!(positions.as_flattened().iter().all(|v| v.is_finite()), "{positions:?}");
}

#[test]
fn many_threads_are_not_too_many() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let fit = |n_jobs: i32| {
        let tsne = Tsne::<_, 2>::builder().n_iter(3).early_exaggeration_iter(2).n_jobs(n_jobs).build().unwrap();
        bits(tsne.fit(rows).unwrap().positions())
    };
    assert_eq!(fit(i32::MAX), fit(1));
    assert_eq!(fit(i32::MIN), fit(1));
    let zero = Tsne::<f64, 2>::documented().n_jobs(0).build().unwrap_err();
    assert!(matches!(zero, Error::Parameter { name: "n_jobs", .. }));
}

/// All pairs, but the first that is used flings the points apart after some calls.
struct Failing {
    exact: tsne::optim::Exact<f64, 2>,
    used: Arc<AtomicUsize>,
    calls_left: Option<usize>,
    factor: f64,
}

impl tsne::Repulsion<f64, 2> for Failing {
    fn repulse(&mut self, kernel: tsne::Kernel, y: &[[f64; 2]], out: &mut [[f64; 2]], cx: Context<'_>) -> Result<f64> {
        let z = self.exact.repulse(kernel, y, out, cx)?;
        let first = |calls| if self.used.fetch_add(1, Ordering::Relaxed) == 0 { calls } else { usize::MAX };
        let left = self.calls_left.take().map_or_else(|| first(CALLS), |left| left.saturating_sub(1));
        if left == 0 {
            out.as_flattened_mut().iter_mut().for_each(|v| *v *= self.factor);
        }
        self.calls_left = Some(left);
        Ok(z)
    }
}

/// The right calls of the first repulsion: past the early phase of [`EARLY`] iterations.
const CALLS: usize = 130;
const EARLY: usize = 100;

/// Repulsions of which the first is wrong by `factor` from call [`CALLS`] on.
fn failing(factor: f64) -> CustomRepulsion<f64, 2> {
    let used = Arc::new(AtomicUsize::new(0));
    CustomRepulsion::new(move || Failing {
        exact: tsne::optim::Exact::new(),
        used: Arc::clone(&used),
        calls_left: None,
        factor,
    })
}

#[test]
fn a_fit_that_fails_begins_again_with_classical_momentum() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let preset = |preset| Tsne::<f64, 2>::preset(preset).perplexity(10.0).n_jobs(1);
    let classical = preset(Preset::OpenTsne).build().unwrap().fit(rows).unwrap();
    let recommended = || preset(Preset::Recommended).early_exaggeration_iter(EARLY).max_step_norm(None);
    // Out of the numbers, and flung apart without leaving them.
    for factor in [f64::MAX, 1e4] {
        let tsne = recommended().negative_gradient_method(failing(factor)).build().unwrap();
        let embedding = tsne.fit(rows).unwrap();
        let [Warning::Restarted { cause }] = embedding.warnings() else { panic!("{:?}", embedding.warnings()) };
        match cause {
            RestartCause::Diverged(_) => assert_eq!(factor, f64::MAX),
            RestartCause::Rose { from, to } => assert!(factor == 1e4 && from < to && to.is_finite()),
            other => panic!("{other:?}"),
        }
        // The early phase has the length that was asked for, the normal one that of the classical rule.
        assert_eq!(embedding.iterations(), EARLY + 500);
        assert_eq!(embedding.optimizer().unwrap().momentum(), tsne::Momentum::Classical);
        // Both end near a minimum; they differ in the limit of steps.
        assert!(embedding.kl_divergence() < 1.1 * classical.kl_divergence());
    }
    // Who chose a rate gets the error.
    let own = recommended().learning_rate(10.0).negative_gradient_method(failing(f64::MAX)).build().unwrap();
    assert!(matches!(own.fit(rows), Err(Error::Diverged { .. })));
}

/// Stopped in the early phase and in the normal one before it fails, a fit begins again from where it began.
#[test]
fn a_fit_that_was_stopped_and_fails_begins_again_from_its_beginning() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    for factor in [f64::MAX, 1e4] {
        let tsne = || {
            let tsne = Tsne::<f64, 2>::builder().perplexity(10.0).n_jobs(1).early_exaggeration_iter(EARLY);
            tsne.max_step_norm(None).negative_gradient_method(failing(factor)).build().unwrap()
        };
        let whole = tsne().fit(rows).unwrap();
        let mut stop = |_: &tsne::Iteration<'_, f64, 2>| ControlFlow::Break(());
        let mut stop = tsne::Observers::new().every(CALLS - EARLY - 10, &mut stop);
        let mut embedding = tsne().fit_with(rows, Some(&mut stop), Context::new()).unwrap();
        let mut stops = 0;
        while embedding.remaining() > 0 {
            stops += 1;
            embedding.resume_with(Some(&mut stop), Context::new()).unwrap();
        }
        assert!(stops > 5);
        // A stop takes an evaluation more, so that the repulsion fails earlier.
        for map in [&embedding, &whole] {
            assert!(matches!(map.warnings(), [Warning::Restarted { .. }]));
        }
        assert_eq!(bits(embedding.positions()), bits(whole.positions()));
        assert_eq!((embedding.iterations(), embedding.schedule()), (whole.iterations(), whole.schedule()));
    }
}

#[derive(Default)]
struct Log(Mutex<Vec<(Stage, usize, usize)>>);

impl Progress for Log {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        self.0.lock().unwrap().push((stage, done, total));
    }
}

/// Nothing of the call stays but the rule that was right, and who watches sees a second course from its beginning.
#[test]
fn a_restart_leaves_the_parameters_of_the_map_and_begins_its_progress_anew() {
    let x = data();
    let tsne = Tsne::<f64, 2>::builder().perplexity(10.0).early_exaggeration_iter(EARLY).max_step_norm(None);
    let mut embedding = tsne.build().unwrap().prepare_initial(Rows::new(&x, N, 4).unwrap()).unwrap();
    let callback = Callback::new(|_: &tsne::Iteration<'_, f64, 2>| ControlFlow::Continue(()));
    let told = tsne::OptimizeParams::preset(Preset::Recommended).early_exaggeration_iter(EARLY).max_step_norm(None);
    let told = told.n_iter(180).min_grad_norm(1e-300).exaggeration(1.0).callbacks(callback).n_jobs(1);
    let told = told.negative_gradient_method(failing(f64::MAX));
    let log = Log::default();
    embedding.optimize_with(told, None, Context::new().with_progress(&log)).unwrap();
    assert!(matches!(embedding.warnings(), [Warning::Restarted { .. }]));
    let kept = embedding.params();
    assert!(kept.callbacks.is_empty() && kept.repulsion.method == tsne::RepulsionMethod::Auto);
    assert_eq!((kept.n_jobs, kept.schedule.min_grad_norm), (None, None));
    assert_eq!((kept.schedule.momentum_rule, kept.schedule.n_iter), (tsne::Momentum::Classical, 500));
    let log = log.0.into_inner().unwrap();
    let starts: Vec<usize> = (0..log.len()).filter(|&at| log[at].1 == 0).collect();
    assert_eq!((starts.len(), starts[0]), (2, 0), "{log:?}");
    for (from, to, total) in [(0, starts[1], EARLY + 180), (starts[1], log.len(), EARLY + 500)] {
        assert!(log[from..to].windows(2).all(|pair| pair[0].1 <= pair[1].1), "{:?}", &log[from..to]);
        assert!(log[from..to].iter().all(|entry| entry.0 == Stage::Optimization && entry.2 == total));
    }
}

/// A repulsion of one's own may tell of stages of its own.
#[test]
fn progress_of_other_stages_passes_through_a_descent() {
    struct Chatty(tsne::optim::Exact<f64, 2>);
    impl tsne::Repulsion<f64, 2> for Chatty {
        fn repulse(
            &mut self,
            kernel: tsne::Kernel,
            y: &[[f64; 2]],
            out: &mut [[f64; 2]],
            cx: Context<'_>,
        ) -> Result<f64> {
            cx.advance(Stage::Neighbors, 1, 7);
            self.0.repulse(kernel, y, out, cx)
        }
    }
    let x = data();
    let own = CustomRepulsion::new(|| Chatty(tsne::optim::Exact::new()));
    let tsne = Tsne::<f64, 2>::builder().perplexity(10.0).negative_gradient_method(own).build().unwrap();
    let mut embedding = tsne.prepare_initial(Rows::new(&x, N, 4).unwrap()).unwrap();
    let log = Log::default();
    // From the middle of a phase, whose first iteration is above the count of the other stage.
    embedding.optimize_with(tsne.schedule().part(40..45), None, Context::new().with_progress(&log)).unwrap();
    let log = log.0.into_inner().unwrap();
    assert!(log.contains(&(Stage::Neighbors, 1, 7)), "{log:?}");
    assert_eq!(log.iter().rfind(|entry| entry.0 == Stage::Optimization), Some(&(Stage::Optimization, 5, 5)));
}

/// Where two say the same in different ways, neither is taken in silence.
#[test]
fn two_sources_of_one_thing_are_an_error() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let builder = || Tsne::<f64, 2>::builder().n_iter(5);
    let message = |error: Error| error.to_string();
    // A metric, and a search that measures by itself; the search may weigh columns as it likes.
    let search = || -> Neighbors<f64> { Neighbors::Custom(Arc::new(ExactSearch::new(Metric::Cosine))) };
    for metric in [Metric::Cosine, Metric::Precomputed] {
        let error = builder().neighbors(search()).metric(metric.clone()).build().map(drop).unwrap_err();
        assert!(message(error).starts_with(&format!("metric is {metric}, but must be left out")), "{metric}");
    }
    let wide: Vec<f64> = x.iter().enumerate().map(|(at, v)| if at % 4 == 0 { 1e3 * v } else { *v }).collect();
    let wide = Rows::new(&wide, N, 4).unwrap();
    assert!(!builder().build().unwrap().affinities(wide).unwrap().warnings().is_empty());
    assert_eq!(builder().neighbors(search()).build().unwrap().affinities(wide).unwrap().warnings(), []);
    // A number of neighbors below that of the rule.
    let rule = || AffinityMethod::from(FixedSigma::new(1.0).unwrap());
    let error = builder().affinities(rule()).k_neighbors(10).build().unwrap().affinities(rows).unwrap_err();
    assert!(message(error).starts_with("k_neighbors is 10, but must be at least 30"));
    let index = builder().affinities(rule()).k_neighbors(40).build().unwrap().affinities(rows).unwrap();
    assert_eq!(index.graph().unwrap().k(), 40);
    // The state of an optimizer, and an optimizer of one's own.
    let map = builder().build().unwrap().fit(rows).unwrap();
    let own = map.params().optimizer(CustomOptimizer::new(|| MomentumGains::new(Momentum::Classical)));
    let (positions, index, state) = (map.positions(), map.affinity_index(), map.optimizer());
    let new = |state: Option<&MomentumGains<f64, 2>>| {
        Embedding::new(positions.to_vec(), index.clone(), 1.0, own.clone(), state.cloned()).map(drop)
    };
    assert!(message(new(state).unwrap_err()).starts_with("optimizer is one of your own beside a given state"));
    new(None).unwrap();
    let new = index.to_new(rows, None, Context::new()).unwrap().affinities;
    let partial = |state: Option<&MomentumGains<f64, 2>>| {
        PartialEmbedding::new(positions.to_vec(), &map, new.clone(), own.clone(), state.cloned()).map(drop)
    };
    assert!(message(partial(state).unwrap_err()).starts_with("optimizer is one of your own beside a given state"));
    partial(None).unwrap();
    // The tolerance of the force, with and without the grid's name, on a map that a tree does not sum directly.
    let (x, _) = blobs::<f64>(1_000, 4, 5);
    let map = builder().perplexity(5.0).build().unwrap().fit(Rows::new(&x, 1_000, 4).unwrap()).unwrap();
    let mut params = map.params().n_iter(5).negative_gradient_method(RepulsionMethod::BarnesHut).theta(1e-3);
    let by_theta = map.optimized(&params).unwrap();
    params.repulsion.grid.force_tolerance = Some(0.5);
    let of_grid = map.optimized(&params).unwrap();
    assert!(bits(of_grid.positions()) != bits(by_theta.positions()));
    params.repulsion.grid.force_tolerance = None;
    assert_eq!(
        bits(of_grid.positions()),
        bits(map.optimized(params.clone().force_tolerance(0.5)).unwrap().positions())
    );
    params.repulsion.grid.force_tolerance = Some(0.5);
    assert!(message(params.clone().force_tolerance(0.2).check().unwrap_err()).starts_with("force_tolerance is 0.2"));
    params.force_tolerance(0.5).check().unwrap();
}

/// The seed that a map reports repeats the whole of its fit, also from an index.
#[test]
fn a_fit_of_an_index_reports_the_seed_of_its_neighbors() {
    let x = data();
    let rows = Rows::new(&x, N, 4).unwrap();
    let tsne = |state: Option<RandomState>| {
        let builder = Tsne::<f64, 2>::builder().initialization("random").perplexity(8.0).n_iter(5);
        match state {
            Some(state) => builder.random_state(state),
            None => builder,
        }
        .build()
        .unwrap()
    };
    let index = tsne(Some(RandomState::Fresh)).affinities(rows).unwrap();
    let seed = index.random_state();
    for state in [None, Some(RandomState::Fresh)] {
        let map = tsne(state).fit(index.clone()).unwrap();
        assert_eq!(map.random_state(), seed);
        let again = tsne(Some(seed.into())).fit(rows).unwrap();
        assert_eq!(bits(map.positions()), bits(again.positions()));
    }
    // A number that was given is taken.
    assert_eq!(tsne(Some(7.into())).fit(index).unwrap().random_state(), 7);
}

/// A start of one's own sees what there is to start from, is used as it is, and is checked.
#[test]
fn an_initialization_of_ones_own_is_used_and_checked() {
    let (x, _) = blobs::<f64>(80, 4, 5);
    let rows = Rows::new(&x, 80, 4).unwrap();
    let first_columns = CustomInitialization::<f64, 2>::new(|start| {
        assert_eq!((start.affinities.n(), start.random_state), (80, 7));
        let Some(Points::Dense(rows)) = start.points else { return Err(Error::invalid("start", "no points")) };
        Ok(rows.iter().map(|row| [1e-4 * row[0], 1e-4 * row[1]]).collect())
    });
    let builder = || Tsne::<f64, 2>::builder().perplexity(10.0).random_state(7);
    let tsne = builder().initialization(first_columns.clone()).build().unwrap();
    let positions: Vec<[f64; 2]> = rows.iter().map(|row| [1e-4 * row[0], 1e-4 * row[1]]).collect();
    assert_eq!(tsne.prepare_initial(rows).unwrap().positions(), positions);
    // From a graph there are no points: its own error comes through.
    let index = tsne.affinities(rows).unwrap();
    assert!(tsne.prepare_initial(index.graph().unwrap()).unwrap_err().to_string().contains("no points"));
    // Saved data, as an index keeps them, are points.
    assert_eq!(tsne.prepare_initial(index).unwrap().positions(), positions);
    for wrong in [vec![[0.0, 1.0]; 79], vec![[f64::NAN, 0.0]; 80]] {
        let wrong = CustomInitialization::new(move |_| Ok(wrong.clone()));
        assert!(builder().initialization(wrong).build().unwrap().fit(rows).is_err());
    }
}
