//! Many calls at once, in pools of all kinds; calls that are cancelled, that panic, and that call back.

use crate::common::{bits, blobs};
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use tsne::core::{NeighborIndex, Step};
use tsne::{
    CancelToken, Context, CustomOptimizer, CustomRepulsion, Dataset, Embedding, Error, Initialization, Iteration,
    Kernel, Momentum, MomentumGains, NeighborSearch, Neighbors, Observer, Optimizer, Points, Preset, Progress,
    Repulsion, Result, Rows, Stage, TransformParams, Tsne, TsneBuilder, with_threads,
};

/// Several blocks, so that calls wait for parts of their own on other threads.
const N: usize = 1_100;
const D: usize = 4;

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn short() -> TsneBuilder<f32, 2> {
    Tsne::builder().perplexity(5.0).early_exaggeration_iter(2).n_iter(3)
}

/// A fit of one of the kinds that the pools are filled with.
fn fit(x: &[f32], kind: usize, n_jobs: Option<i32>) -> Vec<u64> {
    let rows = Rows::new(x, N, D).unwrap();
    let tsne = short().n_jobs(n_jobs);
    let tsne = match kind % 4 {
        0 => tsne,
        1 => tsne.negative_gradient_method("bh").initialization(Initialization::Pca),
        2 => tsne.negative_gradient_method("fft").neighbors("approx"),
        _ => tsne.negative_gradient_method("exact").initialization(Initialization::Random),
    };
    bits(tsne.build().unwrap().fit(rows).unwrap().positions())
}

#[test]
fn sixty_four_fits_at_once_in_one_pool() {
    let (x, _) = blobs::<f32>(N, D, 1);
    let alone: Vec<Vec<u64>> = (0..4).map(|kind| fit(&x, kind, None)).collect();
    let (shared, started, done) = (pool(4), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for caller in 0..64 {
            let (shared, started, done, x, alone) = (&shared, &started, &done, &x, &alone);
            scope.spawn(move || {
                // All of them are there before the first one begins.
                started.fetch_add(1, SeqCst);
                while started.load(SeqCst) < 64 {
                    thread::yield_now();
                }
                let n_jobs = [None, Some(1), Some(2), None][caller / 4 % 4];
                let map = shared.install(|| fit(x, caller, n_jobs));
                assert!(map == alone[caller % 4], "caller {caller}");
                done.fetch_add(1, SeqCst);
            });
        }
    });
    assert_eq!(done.into_inner(), 64);
}

#[test]
fn pools_within_pools_are_no_deadlock() {
    let (x, _) = blobs::<f32>(N, D, 2);
    let alone: Vec<Vec<u64>> = (0..4).map(|kind| fit(&x, kind, None)).collect();
    let check = |kind: usize, n_jobs: Option<i32>| assert!(fit(&x, kind, n_jobs) == alone[kind % 4]);
    let pools = [pool(1), pool(2), pool(3)];
    let [one, two, three] = &pools;
    for n_jobs in [None, Some(2)] {
        one.install(|| two.install(|| three.install(|| check(0, n_jobs))));
        // Back into a pool whose threads wait further out.
        two.install(|| one.install(|| two.install(|| one.install(|| check(1, n_jobs)))));
        // Each of several tasks of a pool goes into the other one and back.
        two.install(|| {
            (0..6).into_par_iter().for_each(|kind| three.install(|| two.install(|| check(kind, n_jobs))));
        });
        let within = || {
            check(2, n_jobs);
            with_threads(2, || {
                check(3, n_jobs);
                Ok::<_, Error>(())
            })
        };
        three.install(|| with_threads(None, || with_threads(1, within))).unwrap();
        rayon::scope(|scope| {
            for kind in 0..3 {
                let check = &check;
                scope.spawn(move |_| one.install(|| check(kind, n_jobs)));
            }
        });
    }
}

/// A thread that is a worker of its own pool, as `use_current_thread` makes it, on a thread of the test's own: it stays one.
#[test]
fn the_current_thread_may_be_a_worker() {
    let (x, _) = blobs::<f32>(N, D, 3);
    let alone = fit(&x, 0, None);
    for threads in [1, 3] {
        thread::scope(|scope| {
            scope.spawn(|| {
                let own = rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build().unwrap();
                for n_jobs in [None, Some(2)] {
                    assert!(fit(&x, 0, n_jobs) == alone);
                    assert!(own.install(|| fit(&x, 0, n_jobs)) == alone);
                    // Called by several of its workers at once.
                    own.install(|| (0..3).into_par_iter().for_each(|_| assert!(fit(&x, 0, n_jobs) == alone)));
                    let mut nested = |_: &Iteration<'_, f32, 2>| {
                        assert!(fit(&x, 0, n_jobs) == alone);
                        ControlFlow::Continue(())
                    };
                    let tsne = short().n_iter(50).early_exaggeration_iter(0).build().unwrap();
                    tsne.fit_with(Rows::new(&x[..60 * D], 60, D).unwrap(), Some(&mut nested), Context::new()).unwrap();
                }
            });
        });
    }
}

/// A map of few points, and so many new ones.
fn small(new: usize, seed: u64) -> (Embedding<f32, 2>, Vec<f32>) {
    let n = 150;
    let (x, _) = blobs::<f32>(n + new, D, seed);
    let (fitted, new) = x.split_at(n * D);
    let embedding = short().n_iter(60).build().unwrap().fit(Dataset::dense(fitted.to_vec(), n, D).unwrap()).unwrap();
    (embedding, new.to_vec())
}

#[test]
fn ten_thousand_transforms_from_thirty_two_threads() {
    const CALLERS: usize = 32;
    const CALLS: usize = 313;
    const NEW: usize = 40;
    let (embedding, new) = small(NEW, 4);
    let params = |n_jobs: Option<i32>| TransformParams::preset(Preset::Recommended).n_iter(6).n_jobs(n_jobs);
    let place = |i: usize, n_jobs: Option<i32>| {
        let row = Rows::new(&new[i * D..(i + 1) * D], 1, D).unwrap();
        bits(embedding.transform_with(row, &params(n_jobs), None, Context::new()).unwrap().positions())
    };
    // Of a copy that shares nothing with the map that all callers find as it was fitted.
    let mut bytes = Vec::new();
    embedding.writer().unwrap().write_to(&mut bytes).unwrap();
    let other: Embedding<f32, 2> = tsne::Model::from_bytes(&bytes).unwrap().embedding().unwrap();
    let rows = Rows::new(&new, NEW, D).unwrap();
    let right = bits(other.transform_with(rows, &params(None), None, Context::new()).unwrap().positions());
    let calls = AtomicUsize::new(0);
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (place, right, calls) = (&place, &right, &calls);
            scope.spawn(move || {
                for call in 0..CALLS {
                    let (i, n_jobs) = ((7 * caller + call) % NEW, if call % 4 == 0 { Some(1) } else { None });
                    assert!(place(i, n_jobs) == right[2 * i..2 * i + 2], "caller {caller}, point {i}");
                    calls.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert!(calls.into_inner() >= 10_000);
}

/// Tells another thread of the first sign of a stage, and waits until that thread has cancelled.
struct CancelledAt {
    stage: Stage,
    told: AtomicBool,
    signs: mpsc::SyncSender<()>,
    cancelled: Mutex<mpsc::Receiver<()>>,
}

impl Progress for CancelledAt {
    fn advance(&self, stage: Stage, _: usize, _: usize) {
        if stage == self.stage && !self.told.swap(true, SeqCst) {
            self.signs.send(()).unwrap();
            self.cancelled.lock().unwrap().recv().unwrap();
        }
    }
}

/// What becomes of a call that another thread cancels as soon as it says that it is in that stage, and whether it ever said so.
fn cancelled_at<R>(stage: Stage, call: impl FnOnce(Context<'_>) -> Result<R>) -> (Result<R>, bool) {
    let token = CancelToken::new();
    let ((signs, seen), (acks, cancelled)) = (mpsc::sync_channel(0), mpsc::sync_channel(0));
    let listener = CancelledAt { stage, told: AtomicBool::new(false), signs, cancelled: Mutex::new(cancelled) };
    thread::scope(|scope| {
        let switch = token.clone();
        scope.spawn(move || {
            while seen.recv().is_ok() {
                switch.cancel();
                acks.send(()).unwrap();
            }
        });
        let outcome = call(Context::new().with_cancel(&token).with_progress(&listener));
        let told = listener.told.load(SeqCst);
        // The other thread ends when nobody can tell it anything any more.
        drop(listener);
        (outcome, told)
    })
}

#[test]
fn a_call_that_another_thread_cancels_ends_in_every_stage_and_changes_nothing() {
    let (x, _) = blobs::<f32>(N, D, 5);
    let rows = || Rows::new(&x, N, D).unwrap();
    let stages = [Stage::Neighbors, Stage::Affinities, Stage::Initialization, Stage::Optimization];
    for kind in 0..4 {
        let tsne = match kind {
            0 => short(),
            1 => short().negative_gradient_method("bh").initialization(Initialization::Pca),
            2 => short().negative_gradient_method("fft").neighbors("approx"),
            _ => short().negative_gradient_method("exact").initialization(Initialization::Spectral),
        };
        let tsne = tsne.build().unwrap();
        for stage in stages {
            let (outcome, told) = cancelled_at(stage, |cx| tsne.fit_with(rows(), None, cx).map(drop));
            assert!(told && outcome == Err(Error::Cancelled), "{kind}, {stage}: {outcome:?}");
        }
    }
    let mut embedding = short().n_iter(40).build().unwrap().fit(Dataset::dense(x.clone(), N, D).unwrap()).unwrap();
    let before = (bits(embedding.positions()), embedding.iterations(), embedding.kl_divergence());
    for stage in [Stage::Neighbors, Stage::Affinities, Stage::Initialization, Stage::Optimization] {
        let params = TransformParams::preset(Preset::Recommended);
        let (outcome, told) = cancelled_at(stage, |cx| embedding.transform_with(rows(), &params, None, cx).map(drop));
        assert!(told && outcome == Err(Error::Cancelled), "new points, {stage}: {outcome:?}");
    }
    let (outcome, told) = cancelled_at(Stage::Optimization, |cx| embedding.optimize_with(30, None, cx).map(drop));
    assert!(told && outcome == Err(Error::Cancelled));
    assert_eq!((bits(embedding.positions()), embedding.iterations(), embedding.kl_divergence()), before);
}

/// Panics as the hook of that name is called; the other ones do nothing.
/// The panic of a user's own code.
#[allow(clippy::panic, reason = "what is tested")]
fn panic_of_a_hook() -> ! {
    std::panic::panic_any("of the hook")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Hook {
    Start,
    Wants,
    Observe,
}

struct Panicking(Hook, usize);

impl Panicking {
    fn at(&self, hook: Hook) {
        if self.0 == hook {
            panic_of_a_hook();
        }
    }
}

impl Observer<f32, 2> for Panicking {
    fn about_to_start(&mut self, _: &[[f32; 2]], _: usize) {
        self.at(Hook::Start);
    }

    fn wants(&self, completed: usize) -> bool {
        if completed == self.1 {
            self.at(Hook::Wants);
        }
        completed == self.1
    }

    fn observe(&mut self, _: &Iteration<'_, f32, 2>) -> ControlFlow<()> {
        self.at(Hook::Observe);
        ControlFlow::Continue(())
    }
}

/// Panics at a sign of that stage from then on.
struct PanickingProgress(Stage, usize);

impl Progress for PanickingProgress {
    fn advance(&self, stage: Stage, done: usize, _: usize) {
        if stage == self.0 && done >= self.1 {
            panic_of_a_hook();
        }
    }
}

#[track_caller]
fn panics<R>(call: impl FnOnce() -> Result<R>) {
    let panic = catch_unwind(AssertUnwindSafe(|| call().map(drop))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"of the hook"));
}

/// All that a map says of itself.
fn said(embedding: &Embedding<f32, 2>, new: &[f32]) -> (Vec<u64>, usize, u64, usize, Vec<u64>) {
    let placed = embedding.transform(Rows::new(new, new.len() / D, D).unwrap()).unwrap();
    (
        bits(embedding.positions()),
        embedding.iterations(),
        embedding.kl_divergence().to_bits(),
        embedding.remaining(),
        bits(placed.positions()),
    )
}

/// A panic goes to the caller, and the map that was to be moved is what it was: positions, divergence, momentum.
#[test]
fn a_map_is_what_it_was_after_a_panic_of_whoever_watches() {
    let (mut embedding, new) = small(5, 6);
    let further = embedding.optimized(40).unwrap();
    let (before, after) = (said(&embedding, &new), said(&further, &new));
    for n_jobs in [None, Some(2)] {
        let params = |embedding: &Embedding<f32, 2>| embedding.params().n_iter(40).n_jobs(n_jobs);
        for hook in [Hook::Start, Hook::Wants, Hook::Observe] {
            let told = params(&embedding);
            panics(|| embedding.optimize_with(told, Some(&mut Panicking(hook, 23)), Context::new()));
            assert!(said(&embedding, &new) == before, "{hook:?}");
        }
        let (told, cx) = (params(&embedding), PanickingProgress(Stage::Optimization, 17));
        panics(|| embedding.optimize_with(told, None, Context::new().with_progress(&cx)));
        assert!(said(&embedding, &new) == before);
    }
    embedding.optimize(40).unwrap();
    assert!(said(&embedding, &new) == after, "it goes on as if nothing had been");

    // New points on their way.
    let mut partial = embedding.prepare_partial(Rows::new(&new, 5, D).unwrap()).unwrap();
    partial.optimize(10).unwrap();
    let (before, further) = (partial.clone(), partial.optimized(20).unwrap());
    for hook in [Hook::Start, Hook::Wants, Hook::Observe] {
        panics(|| partial.optimize_with(20, Some(&mut Panicking(hook, 13)), Context::new()));
        assert_eq!((bits(partial.positions()), partial.iterations()), (bits(before.positions()), before.iterations()));
        assert_eq!(partial.kl_divergence(), before.kl_divergence());
    }
    partial.optimize(20).unwrap();
    assert_eq!(bits(partial.positions()), bits(further.positions()));

    // A descent that was stopped can still be resumed.
    let (x, _) = blobs::<f32>(150, D, 6);
    let tsne = Tsne::<f32, 2>::builder().perplexity(5.0).build().unwrap();
    let mut stop = |_: &Iteration<'_, f32, 2>| ControlFlow::Break(());
    let rows = || Rows::new(&x, 150, D).unwrap();
    let mut stopped = tsne.fit_with(rows(), Some(&mut stop), Context::new()).unwrap();
    let remaining = stopped.remaining();
    assert!(remaining > 0);
    panics(|| stopped.resume_with(Some(&mut Panicking(Hook::Observe, 70)), Context::new()));
    assert_eq!(stopped.remaining(), remaining);
    stopped.resume().unwrap();
    assert_eq!(bits(stopped.positions()), bits(tsne.fit(rows()).unwrap().positions()));
}

/// Repulsion, optimizer, search and listener of the caller's own, each of which panics once it is called for the so-manieth time.
#[test]
fn panics_of_ones_own_stages_reach_the_caller_and_leave_nothing() {
    struct Calls(Arc<AtomicUsize>, usize);
    impl Calls {
        fn count(&self) {
            if self.0.fetch_add(1, SeqCst) + 1 == self.1 {
                panic_of_a_hook();
            }
        }
    }
    struct Forces(Calls, tsne::optim::Exact<f32, 2>);
    impl Repulsion<f32, 2> for Forces {
        fn repulse(&mut self, kernel: Kernel, y: &[[f32; 2]], out: &mut [[f32; 2]], cx: Context<'_>) -> Result<f64> {
            self.0.count();
            self.1.repulse(kernel, y, out, cx)
        }
    }
    #[derive(Clone)]
    struct Steps(Arc<AtomicUsize>, MomentumGains<f32, 2>);
    impl Optimizer<f32, 2> for Steps {
        fn reset(&mut self, n: usize) -> Result<()> {
            self.1.reset(n)
        }
        fn n(&self) -> usize {
            self.1.n()
        }
        fn step(&mut self, step: Step, gradient: &[[f32; 2]], y: &mut [[f32; 2]], cx: Context<'_>) -> Result<()> {
            Calls(Arc::clone(&self.0), 30).count();
            self.1.step(step, gradient, y, cx)
        }
    }
    #[derive(Debug)]
    struct Search;
    impl NeighborSearch<f32> for Search {
        fn build<'a>(&self, _: Points<'a, f32>, _: Context<'_>) -> Result<Box<dyn NeighborIndex<f32> + 'a>> {
            panic_of_a_hook();
        }
    }
    let (x, _) = blobs::<f32>(150, D, 7);
    let rows = || Rows::new(&x, 150, D).unwrap();
    let base = || Tsne::<f32, 2>::builder().perplexity(5.0).early_exaggeration_iter(20).n_iter(30);
    let alone = bits(base().negative_gradient_method("exact").build().unwrap().fit(rows()).unwrap().positions());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let forces = CustomRepulsion::new(move || Forces(Calls(Arc::clone(&counted), 30), tsne::optim::Exact::new()));
    let own = base().negative_gradient_method(forces).build().unwrap();
    panics(|| own.fit(rows()));
    // The same method once more, which has another repulsion of the same kind.
    assert!(bits(own.fit(rows()).unwrap().positions()) == alone);
    let counted = Arc::new(AtomicUsize::new(0));
    let momentum = || MomentumGains::new(Momentum::Nesterov);
    let steps = CustomOptimizer::new(move || Steps(Arc::clone(&counted), momentum()));
    let own = base().optimizer(steps).build().unwrap();
    panics(|| own.fit(rows()));
    own.fit(rows()).unwrap();
    panics(|| base().neighbors(Neighbors::Custom(Arc::new(Search))).build().unwrap().fit(rows()));
    let start = tsne::initialization::CustomInitialization::new(|_| std::panic::panic_any("of the hook"));
    panics(|| base().initialization(start).build().unwrap().fit(rows()));
    for stage in [Stage::Neighbors, Stage::Affinities, Stage::Initialization, Stage::Optimization] {
        let cx = PanickingProgress(stage, 0);
        panics(|| base().build().unwrap().fit_with(rows(), None, Context::new().with_progress(&cx)));
    }
    // Pools and what all calls share are as they were.
    assert!(bits(base().negative_gradient_method("exact").build().unwrap().fit(rows()).unwrap().positions()) == alone);
}

/// Listeners of new points that ask all of the map into which they are placed, also from several threads at once.
#[test]
fn callbacks_call_back_into_the_map() {
    let (embedding, new) = small(8, 8);
    let row = |i: usize| Rows::new(&new[i * D..(i + 1) * D], 1, D).unwrap();
    let right = said(&embedding.clone(), &new);
    let asked = |embedding: &Embedding<f32, 2>, i: usize| {
        assert!(said(embedding, &new) == right);
        embedding.prepare_reference(&TransformParams::preset(Preset::Recommended), Context::new()).unwrap();
        let other = TransformParams::preset(Preset::Recommended).negative_gradient_method("bh").n_iter(50);
        let mut within = |_: &Iteration<'_, f32, 2>| {
            assert_eq!(embedding.transform(row(i)).unwrap().positions().len(), 1);
            ControlFlow::Continue(())
        };
        embedding.transform_with(row(i), &other, Some(&mut within), Context::new()).unwrap();
        assert!(embedding.optimized(3).is_ok() && embedding.exact_kl_divergence(Context::new()).is_ok());
        embedding.affinity_index().to_new(row(i), None, Context::new()).unwrap();
    };
    let outer = |embedding: &Embedding<f32, 2>, i: usize, n_jobs: Option<i32>| {
        let mut calls = 0;
        let mut observer = |_: &Iteration<'_, f32, 2>| {
            calls += 1;
            asked(embedding, i);
            ControlFlow::Continue(())
        };
        let params = TransformParams::preset(Preset::Recommended).n_iter(50).n_jobs(n_jobs);
        embedding.transform_with(row(i), &params, Some(&mut observer), Context::new()).unwrap();
        assert!(calls > 0);
    };
    for n_jobs in [None, Some(1), Some(2)] {
        outer(&embedding, 0, n_jobs);
        thread::scope(|scope| {
            for i in 0..4 {
                let (outer, embedding) = (&outer, &embedding);
                scope.spawn(move || outer(embedding, i, n_jobs));
            }
        });
        pool(2).install(|| (0..4).into_par_iter().for_each(|i| outer(&embedding, i, n_jobs)));
    }

    // A repulsion of the caller's own that is prepared within the call asks the map for which it is prepared.
    let map = Arc::new(embedding);
    let (inner, new_row) = (Arc::clone(&map), new[..D].to_vec());
    let asking = CustomRepulsion::new(tsne::optim::Exact::<f32, 2>::new).with_reference(move |kernel, y, _| {
        inner.transform(Rows::new(&new_row, 1, D)?)?;
        inner.prepare_reference(&TransformParams::preset(Preset::Recommended), Context::new())?;
        tsne::optim::ExactReference::new(kernel, y)
    });
    let params = TransformParams::preset(Preset::Recommended).negative_gradient_method(asking).n_iter(50);
    for _ in 0..2 {
        assert!(map.transform_with(row(1), &params, None, Context::new()).unwrap().kl_divergence().is_finite());
    }

    // A listener of progress fits another map, on whatever thread tells it.
    struct Fitting<'a>(&'a [f32]);
    impl Progress for Fitting<'_> {
        fn advance(&self, _: Stage, done: usize, total: usize) {
            if done == total {
                short().build().unwrap().fit(Rows::new(self.0, 40, D).unwrap()).unwrap();
            }
        }
    }
    let (x, _) = blobs::<f32>(N, D, 9);
    let alone = fit(&x, 0, None);
    let fitting = Fitting(&x[..40 * D]);
    let cx = Context::new().with_progress(&fitting);
    let map = short().build().unwrap().fit_with(Rows::new(&x, N, D).unwrap(), None, cx).unwrap();
    assert!(bits(map.positions()) == alone);
}
