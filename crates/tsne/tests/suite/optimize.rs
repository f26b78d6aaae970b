//! Optimization in steps: what is carried, what each parameter does, what callbacks and observers see and stop.

use crate::common::{bits, blobs, digits, iris};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tsne::core::{Repulsion, Scalar};
use tsne::optim::Exact;
use tsne::{
    Callback, CancelToken, Context, CustomRepulsion, Embedding, Error, Finish, Interpolation, Iteration, Kernel,
    LearningRate, Momentum, Observer, Observers, Preset, RepulsionMethod, Result, Rows, Schedule, Tsne,
};

fn prepared(preset: Preset) -> Embedding<f64, 2> {
    let (x, _) = iris::<f64>();
    Tsne::<_, 2>::preset(preset).build().unwrap().prepare_initial(Rows::new(&x, 150, 4).unwrap()).unwrap()
}

#[test]
fn a_fit_is_its_initial_positions_and_its_schedule_in_any_parts() {
    fn check<const D: usize>(preset: Preset) {
        let (x, _) = iris::<f64>();
        let x = Rows::new(&x, 150, 4).unwrap();
        // Shorter than the transition of the recommended preset in one case, longer in the other.
        for n_iter in [60, 130] {
            let tsne = Tsne::<_, D>::preset(preset).early_exaggeration_iter(40).n_iter(n_iter).build().unwrap();
            let whole = tsne.fit(x).unwrap();
            let start = tsne.prepare_initial(x).unwrap();
            assert_eq!(start.iterations(), 0);
            let schedule = tsne.schedule();
            let end = schedule.iterations();
            let parts: [Vec<Schedule>; 4] = [
                vec![schedule.clone()],
                vec![schedule.early(), schedule.normal()],
                vec![schedule.part(..7), schedule.part(7..61), schedule.part(61..)],
                (0..end).map(|at| schedule.part(at..=at)).collect(),
            ];
            for parts in parts {
                let mut steps = start.clone();
                for part in &parts {
                    steps.optimize(part).unwrap();
                }
                let what = format!("{preset}, {D}-D, {n_iter}, {} parts", parts.len());
                assert_eq!(bits(whole.positions()), bits(steps.positions()), "{what}");
                assert_eq!(whole.kl_divergence(), steps.kl_divergence(), "{what}");
                assert_eq!(whole.iterations(), steps.iterations(), "{what}");
                assert_eq!(whole.optimizer(), steps.optimizer(), "{what}");
            }
        }
    }
    for preset in [Preset::OpenTsne, Preset::Recommended, Preset::Exaggerated, Preset::Documented] {
        check::<1>(preset);
        check::<2>(preset);
        check::<3>(preset);
    }
}

#[test]
fn parts_of_a_phase_that_has_settled_do_nothing() {
    let (x, _) = iris::<f64>();
    let x = Rows::new(&x, 150, 4).unwrap();
    for initialization in ["coarse", "pca"] {
        let tsne = Tsne::<_, 2>::builder().initialization(initialization).min_kl_improvement(1e-3).n_iter(400);
        let tsne = tsne.build().unwrap();
        let whole = tsne.fit(x).unwrap();
        assert_eq!(whole.finish(), Finish::Converged);
        let schedule = tsne.schedule();
        assert!(whole.iterations() < schedule.iterations());
        for size in [1, 10, 25, 60] {
            let mut steps = tsne.prepare_initial(x).unwrap();
            for first in (0..schedule.iterations()).step_by(size) {
                steps.optimize(schedule.part(first..first + size)).unwrap();
            }
            assert_eq!(bits(whole.positions()), bits(steps.positions()), "{initialization}, {size}");
            assert_eq!((steps.iterations(), steps.finish()), (whole.iterations(), Finish::Converged), "{size}");
            // Another descent begins anew.
            let before = steps.iterations();
            steps.optimize(10).unwrap();
            assert_eq!(steps.iterations(), before + 10);
        }
    }
}

#[test]
fn the_digits_end_as_low_in_steps_as_in_a_fit() {
    let (x, _) = digits::<f32>();
    let tsne = Tsne::<_, 2>::preset(Preset::Exaggerated).build().unwrap();
    let mut steps = tsne.prepare_initial(Rows::new(&x, 1797, 64).unwrap()).unwrap();
    steps.optimize(tsne.schedule().early()).unwrap();
    steps.optimize(tsne.schedule().normal()).unwrap();
    // .7256 by a fit, .7565 without the transition.
    assert!((steps.kl_divergence() - 0.7256).abs() < 0.002, "{}", steps.kl_divergence());
}

#[test]
fn an_early_phase_of_no_iterations_leaves_no_exaggeration_behind() {
    let (x, _) = iris::<f64>();
    let x = Rows::new(&x, 150, 4).unwrap();
    let base = || Tsne::<_, 2>::builder().early_exaggeration_iter(0).n_iter(40);
    let plain = base().build().unwrap().fit(x).unwrap();
    for other in [base().early_exaggeration(1.0), base().early_exaggeration(30.0)] {
        assert_eq!(bits(other.build().unwrap().fit(x).unwrap().positions()), bits(plain.positions()));
    }
    assert_eq!(plain.timings().early.iterations, 0);
}

#[test]
fn an_exaggeration_belongs_to_the_call_that_names_it() {
    let (x, _) = iris::<f64>();
    let x = Rows::new(&x, 150, 4).unwrap();
    let tsne = |exaggeration: Option<f64>| Tsne::<_, 2>::opentsne().exaggeration(exaggeration).build().unwrap();
    let fitted = tsne(Some(4.0)).fit(x).unwrap();
    assert_eq!(fitted.schedule().exaggeration, None);
    let further = bits(fitted.optimized(30).unwrap().positions());
    let named = fitted.optimized(fitted.params().n_iter(30).exaggeration(None)).unwrap();
    assert_eq!(further, bits(named.positions()));
    let sticking = fitted.optimized(fitted.params().n_iter(30).exaggeration(4.0)).unwrap();
    assert_ne!(further, bits(sticking.positions()));
    // Of new points likewise, whose schedule has one.
    let mut placed = fitted.transform(x).unwrap();
    let plain = placed.optimized(placed.params().n_iter(9).exaggeration(None)).unwrap();
    placed.optimize(9).unwrap();
    assert_eq!(bits(placed.positions()), bits(plain.positions()));
}

#[test]
fn counts_of_iterations_do_not_overflow() {
    for count in [usize::MAX, usize::MAX - 29, 1 << 31] {
        let n_iter = Tsne::<f32, 2>::builder().n_iter(count).build().unwrap_err().to_string();
        assert!(n_iter.starts_with("n_iter is") && n_iter.contains("at most"), "{n_iter}");
        assert!(Tsne::<f32, 2>::builder().early_exaggeration_iter(count).build().is_err());
        let mut embedding = prepared(Preset::Recommended);
        assert!(matches!(embedding.optimize(count), Err(Error::Parameter { name: "n_iter", .. })));
        // Of a part, what is beyond the end is not there.
        let schedule = Preset::Exaggerated.schedule();
        assert_eq!(schedule.part(290..count).iterations(), 10);
        assert_eq!(schedule.part(count..).iterations(), 0);
    }
    let none = Tsne::<f32, 0>::builder().build().unwrap_err();
    assert!(matches!(none, Error::Parameter { name: "n_components", .. }), "{none}");
}

#[test]
fn the_divergence_before_optimization_is_that_of_the_initial_positions() {
    let embedding = prepared(Preset::OpenTsne);
    let exact = embedding.exact_kl_divergence(Context::new()).unwrap();
    // 150 points are summed exactly: only the order of the sums differs.
    assert!((embedding.kl_divergence() - exact).abs() < 1e-10);
}

#[test]
fn many_short_calls_equal_a_long_one_and_a_new_value_equals_in_place() {
    let start = prepared(Preset::OpenTsne);
    let long = start.optimized(start.params().n_iter(30)).unwrap();
    let mut short = start.clone();
    for _ in 0..30 {
        short.optimize(short.params().n_iter(1)).unwrap();
    }
    assert_eq!(bits(long.positions()), bits(short.positions()));
    assert_eq!(long.optimizer(), short.optimizer());
    assert_eq!(start.iterations(), 0, "the start stays as it was");
    // The state is what carries: without it the way is another.
    let mut forgetful = start.clone();
    for _ in 0..2 {
        let (positions, index) = (forgetful.positions().to_vec(), Arc::clone(forgetful.affinity_index()));
        forgetful = Embedding::new(positions, index, 1.0, start.params(), None).unwrap();
        forgetful.optimize(forgetful.params().n_iter(15)).unwrap();
    }
    assert_ne!(bits(long.positions()), bits(forgetful.positions()));
    // And with it the way is the same.
    let half = start.optimized(start.params().n_iter(15)).unwrap();
    let (positions, index) = (half.positions().to_vec(), Arc::clone(half.affinity_index()));
    let optimizer = half.optimizer().cloned();
    let mut rest = Embedding::new(positions, index, 1.0, start.params(), optimizer).unwrap();
    rest.optimize(rest.params().n_iter(15)).unwrap();
    assert_eq!(bits(long.positions()), bits(rest.positions()));
}

#[test]
fn every_parameter_can_be_overridden_and_is_for_this_call_only() {
    let start = prepared(Preset::OpenTsne);
    let base = || start.params().n_iter(12);
    let plain = bits(start.optimized(base()).unwrap().positions());
    let differing = [
        ("learning_rate", base().learning_rate(30.0)),
        ("multiple of the automatic rate", base().learning_rate(LearningRate::Scaled(2.0))),
        ("exaggeration", base().exaggeration(4.0)),
        ("momentum", base().momentum(0.3)),
        ("momentum_rule", base().momentum_rule(Momentum::Nesterov)),
        ("max_grad_norm", base().max_grad_norm(1e-7)),
        ("max_step_norm", base().max_step_norm(1e-6)),
        ("method", base().negative_gradient_method(RepulsionMethod::BarnesHut).theta(0.8)),
        ("force_tolerance", base().negative_gradient_method(RepulsionMethod::BarnesHut).force_tolerance(0.5)),
        ("theta", base().negative_gradient_method(RepulsionMethod::BarnesHut).theta(1.5)),
    ];
    for (name, params) in differing {
        assert_ne!(bits(start.optimized(params).unwrap().positions()), plain, "{name} has no effect");
    }
    let same = [
        ("n_jobs", base().n_jobs(2)),
        ("automatic rate", base().learning_rate(LearningRate::Auto)),
        ("once the automatic rate", base().learning_rate(LearningRate::Scaled(1.0))),
        ("min_kl_improvement", base().min_kl_improvement(1e-9)),
        ("min_grad_norm", base().min_grad_norm(0.0)),
    ];
    for (name, params) in same {
        assert_eq!(bits(start.optimized(params).unwrap().positions()), plain, "{name}");
    }
    let converged = start.optimized(base().min_grad_norm(1e9)).unwrap();
    assert_eq!((converged.finish(), converged.iterations()), (Finish::Converged, 1));
    // The automatic rate is n / exaggeration.
    let auto = start.optimized(base().exaggeration(5.0).learning_rate(LearningRate::Auto)).unwrap();
    let fixed = start.optimized(base().exaggeration(5.0).learning_rate(30.0)).unwrap();
    assert_eq!(bits(auto.positions()), bits(fixed.positions()));
    // What a call was told is forgotten.
    let mut embedding = start.clone();
    embedding.optimize(base().exaggeration(4.0).n_iter(0)).unwrap();
    assert_eq!(bits(embedding.optimized(embedding.params().n_iter(12)).unwrap().positions()), plain);
}

#[test]
fn the_grid_takes_its_own_parameters_in_each_call() {
    // Beyond the points that the grid sums directly.
    let n = 1_200;
    let (x, _) = blobs::<f64>(n, 6, 4);
    let tsne = Tsne::<_, 2>::opentsne().perplexity(10.0).early_exaggeration_iter(0).n_iter(40).build().unwrap();
    let start = tsne.fit(Rows::new(&x, n, 6).unwrap()).unwrap();
    let base = || start.params().n_iter(3).negative_gradient_method(RepulsionMethod::Fft);
    let run = |params| start.optimized(params).unwrap();
    let plain = run(base());
    assert_eq!(plain.negative_gradient_method(), RepulsionMethod::Fft);
    let exact = run(base().negative_gradient_method(RepulsionMethod::Exact));
    // Three steps of the rate n: an error of the forces is multiplied by some n and remains small beside the map. B-splines err
    // by less than 1e-3 at any parameters, Lagrange polynomials with three nodes by some 1e-2.
    let cases = [
        ("default", base(), 1e-3),
        ("n_interpolation_points", base().n_interpolation_points(5), 1e-3),
        ("min_num_intervals", base().min_num_intervals(200), 1e-3),
        ("ints_in_interval", base().ints_in_interval(0.1), 1e-3),
        ("interpolation", base().interpolation(Interpolation::Lagrange), 1e-2),
    ];
    for (name, params, bound) in cases {
        let other = run(params);
        assert!(name == "default" || bits(other.positions()) != bits(plain.positions()), "{name} has no effect");
        let pairs = other.positions().as_flattened().iter().zip(exact.positions().as_flattened());
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < bound * exact.extent(), "{name}: {worst} of {}", exact.extent());
    }
}

#[test]
fn a_wrong_parameter_is_an_error_and_changes_nothing() {
    let mut embedding = prepared(Preset::OpenTsne);
    let before = bits(embedding.positions());
    let base = || embedding.params();
    let cases = [
        (base().learning_rate(0.0), "learning_rate is 0"),
        (base().exaggeration(-1.0), "exaggeration is -1"),
        (base().momentum(1.0), "final_momentum is 1"),
        (base().min_grad_norm(-1.0), "min_grad_norm is -1"),
        (base().max_grad_norm(0.0), "max_grad_norm is 0"),
        (base().max_step_norm(f64::INFINITY), "max_step_norm is inf"),
        (base().theta(f64::NAN), "theta is NaN"),
        (base().force_tolerance(0.0), "force_tolerance is 0"),
        (base().n_interpolation_points(0), "n_interpolation_points is 0"),
        (base().min_num_intervals(0), "min_num_intervals is 0"),
        (base().ints_in_interval(-1.0), "ints_in_interval is -1"),
        (base().callbacks_every_iters(0), "callbacks_every_iters is 0"),
        (base().n_jobs(0), "n_jobs is 0"),
    ];
    for (params, start) in cases {
        let message = embedding.optimize(params).unwrap_err().to_string();
        assert!(message.starts_with(start) && message.contains("must be"), "{message}");
    }
    let diverging = embedding.params().learning_rate(1e300).max_step_norm(None);
    assert!(matches!(embedding.optimize(diverging), Err(Error::Diverged { .. })));
    let token = CancelToken::new();
    token.cancel();
    let cancelled = embedding.optimize_with(embedding.params(), None, Context::new().with_cancel(&token));
    assert_eq!(cancelled, Err(Error::Cancelled));
    assert_eq!(bits(embedding.positions()), before);
    assert_eq!(embedding.iterations(), 0);
}

#[test]
fn several_callbacks_see_the_same_and_one_of_them_stops() {
    let (x, _) = iris::<f32>();
    type Seen = (usize, Vec<u64>, f64);
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let log = {
        let seen = Arc::clone(&seen);
        Callback::new(move |i: &Iteration<'_, f32, 2>| {
            seen.lock().unwrap().push((i.index, bits(i.embedding), i.kl_divergence));
            ControlFlow::Continue(())
        })
    };
    let stop = Callback::new(
        |i: &Iteration<'_, f32, 2>| {
            if i.index == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    let count = {
        let calls = Arc::clone(&calls);
        Callback::new(move |_: &Iteration<'_, f32, 2>| {
            calls.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Continue(())
        })
    };
    let builder = Tsne::<_, 2>::opentsne().callbacks(vec![log, stop, count]).callbacks_every_iters(10);
    let embedding = builder.build().unwrap().fit(Rows::new(&x, 150, 4).unwrap()).unwrap();
    assert_eq!((embedding.finish(), embedding.iterations()), (Finish::Stopped, 20));
    assert_eq!(calls.load(Ordering::Relaxed), 2, "those after the one that stops are called, too");
    let seen = seen.lock().unwrap();
    let indices: Vec<usize> = seen.iter().map(|s| s.0).collect();
    assert_eq!(indices, [10, 20]);
    assert_eq!((&seen[1].1, seen[1].2), (&bits(embedding.positions()), embedding.kl_divergence()));
    // They stay with the embedding, and leave it when told.
    drop(seen);
    let mut embedding = embedding;
    assert_eq!(embedding.optimize(embedding.params().n_iter(25)).unwrap(), Finish::Stopped);
    assert_eq!(embedding.optimize(embedding.params().n_iter(25).callbacks(Vec::new())).unwrap(), Finish::Completed);
}

#[test]
fn observers_have_their_own_intervals_and_are_told_of_each_start() {
    #[derive(Default)]
    struct Log {
        starts: Vec<(usize, Vec<u64>)>,
        indices: Vec<usize>,
        interval: usize,
    }
    impl Observer<f64, 2> for Log {
        fn about_to_start(&mut self, embedding: &[[f64; 2]], iterations: usize) {
            self.starts.push((iterations, bits(embedding)));
        }
        fn wants(&self, completed: usize) -> bool {
            completed.is_multiple_of(self.interval)
        }
        fn observe(&mut self, iteration: &Iteration<'_, f64, 2>) -> ControlFlow<()> {
            self.indices.push(iteration.index);
            ControlFlow::Continue(())
        }
    }
    let (x, _) = iris::<f64>();
    let x = Rows::new(&x, 150, 4).unwrap();
    let tsne = Tsne::<_, 2>::opentsne().early_exaggeration_iter(20).n_iter(30).build().unwrap();
    let mut own = Log { interval: 15, ..Log::default() };
    let mut told = Log { interval: 1, ..Log::default() };
    let mut observers = Observers::new().with(&mut own).every(8, &mut told);
    let embedding = tsne.fit_with(x, Some(&mut observers), Context::new()).unwrap();
    assert_eq!(own.indices, [15, 15, 30]);
    assert_eq!(told.indices, [8, 16, 8, 16, 24]);
    for log in [&own, &told] {
        let lengths: Vec<usize> = log.starts.iter().map(|start| start.0).collect();
        assert_eq!(lengths, [20, 30]);
        assert_eq!(log.starts[0].1, bits(tsne.prepare_initial(x).unwrap().positions()));
    }
    // Watching changes nothing.
    assert_eq!(bits(embedding.positions()), bits(tsne.fit(x).unwrap().positions()));
}

#[test]
fn an_interrupt_comes_back_as_an_embedding_or_as_an_error() {
    let start = prepared(Preset::Recommended);
    let mut stop =
        |i: &Iteration<'_, f64, 2>| if i.index == 50 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let params = start.params().n_iter(120);
    let stopped = start.optimized_with(&params, Some(&mut stop), Context::new()).unwrap();
    assert_eq!((stopped.finish(), stopped.iterations()), (Finish::Stopped, 50));
    assert_eq!(bits(stopped.positions()), bits(start.optimized(params.clone().n_iter(50)).unwrap().positions()));
    let interrupt = stopped.clone().propagate_interrupt().unwrap_err();
    assert_eq!(bits(interrupt.final_embedding.positions()), bits(stopped.positions()));
    assert_eq!(interrupt.kl_divergence, stopped.kl_divergence());
    let exact = interrupt.final_embedding.exact_kl_divergence(Context::new()).unwrap();
    assert!((interrupt.kl_divergence - exact).abs() < 1e-10, "the divergence belongs to the positions");
    let error: Box<dyn std::error::Error> = Box::new(interrupt);
    assert!(error.to_string().contains("stopped by a callback at the KL divergence"), "{error}");
    // One that ran to its end is no interrupt.
    assert!(start.optimized(params).unwrap().propagate_interrupt().is_ok());
}

#[test]
fn other_affinities_of_the_same_points_can_be_put_in_place() {
    let (x, _) = iris::<f64>();
    let x = Rows::new(&x, 150, 4).unwrap();
    let tsne = Tsne::<_, 2>::builder().perplexity(40.0).build().unwrap();
    let mut index = tsne.affinities(x).unwrap();
    let mut embedding = tsne.fit(index.clone()).unwrap();
    index.set_perplexity(12.0).unwrap();
    let fresh = Tsne::<_, 2>::builder().perplexity(12.0).build().unwrap().affinities(x).unwrap();
    assert_eq!(index.affinities(), fresh.affinities(), "a new search gives the same");
    let positions = bits(embedding.positions());
    embedding.set_affinities(Arc::new(index.clone())).unwrap();
    assert_eq!(bits(embedding.positions()), positions);
    let exact = embedding.exact_kl_divergence(Context::new()).unwrap();
    assert!((embedding.kl_divergence() - exact).abs() < 1e-10);
    // More neighbors than were kept.
    let error = index.set_perplexity(45.0).unwrap_err().to_string();
    assert!(error.contains("perplexity") && error.contains("45"), "{error}");
    assert_eq!(index.affinities(), fresh.affinities(), "an error changes nothing");
    // A fit does not keep its neighbors.
    let mut lean = (**tsne.fit(x).unwrap().affinity_index()).clone();
    assert!(lean.graph().is_none());
    assert!(lean.set_perplexity(5.0).unwrap_err().to_string().contains("Tsne::affinities"));
    let (other, _) = blobs::<f64>(60, 4, 1);
    let other = tsne.affinities(Rows::new(&other, 60, 4).unwrap()).unwrap();
    let wrong = embedding.set_affinities(Arc::new(other)).unwrap_err();
    assert_eq!(wrong, Error::shape("affinities", 150, 60));
}

/// The exact repulsion, counted.
struct Counted(Exact<f64, 2>, Arc<AtomicUsize>);

impl Repulsion<f64, 2> for Counted {
    fn repulse(&mut self, kernel: Kernel, y: &[[f64; 2]], out: &mut [[f64; 2]], cx: Context<'_>) -> Result<f64> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.repulse(kernel, y, out, cx)
    }
}

#[test]
fn a_repulsion_of_ones_own_takes_the_place() {
    let (x, _) = iris::<f64>();
    let x = Rows::new(&x, 150, 4).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let custom = {
        let count = Arc::clone(&count);
        CustomRepulsion::new(move || Counted(Exact::new(), Arc::clone(&count)))
    };
    let tsne = |builder: tsne::TsneBuilder<f64, 2>| {
        builder.early_exaggeration_iter(5).n_iter(7).build().unwrap().fit(x).unwrap()
    };
    let own = tsne(Tsne::<_, 2>::opentsne().negative_gradient_method(custom));
    // One for each iteration, and one for the divergence at the end.
    assert_eq!(count.load(Ordering::Relaxed), 5 + 7 + 1);
    let exact = tsne(Tsne::<_, 2>::opentsne().negative_gradient_method(RepulsionMethod::Exact));
    assert_eq!(bits(own.positions()), bits(exact.positions()));
    // Steps evaluate as often as there are iterations; the divergence is computed when it is asked for, once.
    let mut steps = own;
    let before = count.load(Ordering::Relaxed);
    for _ in 0..50 {
        steps.optimize(1).unwrap();
    }
    assert_eq!(count.load(Ordering::Relaxed) - before, 50);
    for _ in 0..3 {
        assert!(steps.kl_divergence().is_finite());
    }
    assert_eq!(count.load(Ordering::Relaxed) - before, 51);
    assert_eq!(bits(steps.positions()), bits(exact.optimized(50).unwrap().positions()));
}

#[test]
fn embeddings_from_parts_are_checked() {
    let embedding = prepared(Preset::OpenTsne);
    let index = || Arc::clone(embedding.affinity_index());
    let new =
        |positions, dof, optimizer| Embedding::new(positions, index(), dof, embedding.params(), optimizer).map(drop);
    let wrong = new(vec![[0.0; 2]; 3], 1.0, None).unwrap_err();
    assert_eq!(wrong, Error::shape("embedding", 150, 3));
    let nan = new(vec![[f64::NAN; 2]; 150], 1.0, None).unwrap_err();
    assert_eq!(nan, Error::non_finite("embedding", 0, 0));
    assert!(new(vec![[0.0; 2]; 150], -1.0, None).unwrap_err().to_string().contains("dof is -1"));
    let state = tsne::MomentumGains::from_state(Momentum::Classical, vec![[1.0; 2]; 4], vec![[0.0; 2]; 4]).unwrap();
    let wrong = new(vec![[0.0; 2]; 150], 1.0, Some(state)).unwrap_err();
    assert_eq!(wrong, Error::shape("optimizer state", 150, 4));
}

#[test]
fn two_embeddings_with_the_same_affinities_optimize_at_the_same_time() {
    let start = prepared(Preset::OpenTsne);
    let alone = start.optimized(start.params().n_iter(40).exaggeration(12.0)).unwrap();
    let results: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| bits(start.optimized(start.params().n_iter(40).exaggeration(12.0)).unwrap().positions()))
            })
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    assert!(results.iter().all(|result| *result == bits(alone.positions())));
    // Exaggeration is a factor: the shared affinities are as they were.
    let sum: f64 = start.affinities().weights().iter().map(|w| w.to_f64()).sum();
    assert!((sum - 1.0).abs() < 1e-12);
}
