//! The threads that calls run in: the caller's, or a number of their own; and how calls that are made at the same time share them.

use crate::common::{bits, blobs};
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne::metrics::label_agreement;
use tsne::{Callback, Context, Iteration, Rows, Tsne, with_threads};

/// How many calls are under way, and the most that ever were.
#[derive(Default)]
struct InFlight {
    now: AtomicUsize,
    most: AtomicUsize,
    done: AtomicUsize,
}

impl InFlight {
    fn count<R>(&self, f: impl FnOnce() -> R) -> R {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let result = f();
        self.now.fetch_sub(1, Ordering::SeqCst);
        self.done.fetch_add(1, Ordering::SeqCst);
        result
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(256 << 10).build().unwrap()
}

fn fit(x: &[f32], n_jobs: Option<i32>) -> Vec<u64> {
    let tsne = Tsne::<f32, 2>::builder().perplexity(5.0).early_exaggeration_iter(2).n_iter(3).n_jobs(n_jobs);
    let embedding = tsne.build().unwrap().fit(Rows::new(x, x.len() / 4, 4).unwrap()).unwrap();
    bits(embedding.positions())
}

#[test]
fn thousands_of_fits_in_a_pool_of_one_thread_with_a_small_stack() {
    let (x, _) = blobs::<f32>(50, 4, 1);
    let alone = fit(&x, None);
    for n_jobs in [Some(1), None] {
        let calls = InFlight::default();
        pool(1).scope(|scope| {
            for _ in 0..2_000 {
                scope.spawn(|_| assert!(calls.count(|| fit(&x, n_jobs)) == alone));
            }
        });
        assert_eq!(calls.done.into_inner(), 2_000);
        // One on the thread, and at most one that rayon begins on top of it.
        let most = calls.most.into_inner();
        assert!(most <= 2, "{n_jobs:?}: {most} at the same time on one thread");
    }
}

/// The same for a caller's own code, whose own waits rayon fills as well, and for the calls in it.
#[test]
fn thousands_of_measures_and_fits_within_with_threads_do_not_pile_up() {
    let (x, labels) = blobs::<f32>(600, 2, 6);
    let positions = x.as_chunks::<2>().0;
    let (small, _) = blobs::<f32>(50, 4, 1);
    let alone = fit(&small, None);
    let agreement = label_agreement(positions, &labels, 5).unwrap();
    let threads = 2;
    let calls = InFlight::default();
    let measured = || {
        let (seen, map) =
            with_threads(None, || Ok::<_, tsne::Error>((label_agreement(positions, &labels, 5)?, fit(&small, None))))
                .unwrap();
        assert!(seen == agreement && map == alone);
    };
    pool(threads).scope(|scope| (0..600).for_each(|_| scope.spawn(|_| calls.count(measured))));
    assert_eq!(calls.done.into_inner(), 600);
    let most = calls.most.into_inner();
    assert!(most <= 2 * threads, "{most} at the same time on {threads} threads");
}

#[test]
fn hundreds_of_fits_side_by_side_do_not_pile_up() {
    // Several blocks, so that a call waits for parts of its own on other threads.
    let (x, _) = blobs::<f32>(1_100, 4, 2);
    let alone = fit(&x, None);
    let threads = 4;
    for n_jobs in [Some(1), Some(2), None] {
        let calls = InFlight::default();
        pool(threads).install(|| {
            (0..40).into_par_iter().for_each(|_| assert!(calls.count(|| fit(&x, n_jobs)) == alone));
        });
        assert_eq!(calls.done.into_inner(), 40);
        let most = calls.most.into_inner();
        assert!(most <= 2 * threads, "{n_jobs:?}: {most} at the same time on {threads} threads");
    }
    let (x, _) = blobs::<f32>(60, 4, 3);
    let calls = InFlight::default();
    pool(threads).install(|| (0..400).into_par_iter().for_each(|_| drop(calls.count(|| fit(&x, Some(1))))));
    assert_eq!(calls.done.into_inner(), 400);
    assert!(calls.most.into_inner() <= 2 * threads);
}

/// The threads of the pool that this is called in: what is looked at here, and what no result may depend on.
#[allow(clippy::disallowed_methods)]
fn pool_size() -> usize {
    rayon::current_num_threads()
}

#[test]
fn a_call_without_a_number_runs_in_the_pool_of_its_caller() {
    let (x, _) = blobs::<f32>(60, 4, 3);
    let threads = |n_jobs: Option<i32>| {
        let seen = AtomicUsize::new(0);
        let mut look = |_: &Iteration<'_, f32, 2>| {
            seen.store(pool_size(), Ordering::SeqCst);
            ControlFlow::Continue(())
        };
        let tsne = Tsne::<f32, 2>::builder().perplexity(5.0).n_iter(50).n_jobs(n_jobs).build().unwrap();
        tsne.fit_with(Rows::new(&x, 60, 4).unwrap(), Some(&mut look), Context::new()).unwrap();
        seen.into_inner()
    };
    assert_eq!(pool(3).install(|| threads(None)), 3);
    assert_eq!(pool(3).install(|| threads(Some(2))), 2);
    // The global pool, in which other tests are, too: on top of a call that waits there, one thread.
    assert!([pool_size(), 1].contains(&threads(None)));
    assert_eq!(threads(Some(3)), 3);
    assert_eq!(with_threads(2, || Ok::<_, tsne::Error>(threads(Some(1)))).unwrap(), 1);
    // A call within has the threads that were asked for, on all roads to them.
    assert_eq!(with_threads(3, || Ok::<_, tsne::Error>(threads(None))).unwrap(), 3);
    assert_eq!(pool(3).install(|| with_threads(None, || Ok::<_, tsne::Error>(threads(None)))).unwrap(), 3);
    assert_eq!(with_threads(3, || with_threads(None, || Ok::<_, tsne::Error>(threads(None)))).unwrap(), 3);
    // The recommended preset asks for none.
    let tsne = Tsne::<f32, 2>::builder().build().unwrap();
    assert_eq!(tsne.params().n_jobs, None);
    // A number beyond all reason is brought down in one place.
    let counted = |n_jobs: i32| with_threads(n_jobs, || Ok::<_, tsne::Error>(pool_size())).unwrap();
    let processors = std::thread::available_parallelism().unwrap().get();
    assert_eq!((counted(3_000), counted(i32::MIN)), (64.max(processors), 1));
}

#[test]
fn a_call_within_a_callback_of_another_is_no_deadlock() {
    let (x, _) = blobs::<f32>(60, 4, 4);
    let alone = fit(&x, None);
    for (outer, inner) in [(None, None), (None, Some(2)), (Some(2), None), (Some(1), Some(1))] {
        let mut nested = |_: &Iteration<'_, f32, 2>| {
            assert!(fit(&x, inner) == alone);
            ControlFlow::Continue(())
        };
        let tsne = Tsne::<f32, 2>::builder().perplexity(5.0).n_iter(50).n_jobs(outer).build().unwrap();
        for threads in [1, 2] {
            let rows = Rows::new(&x, 60, 4).unwrap();
            pool(threads).install(|| tsne.fit_with(rows, Some(&mut nested), Context::new())).unwrap();
        }
    }
}

#[test]
fn a_panic_of_a_callback_reaches_the_caller() {
    let (x, _) = blobs::<f32>(60, 4, 5);
    for n_jobs in [None, Some(2)] {
        let panicking = Callback::new(|_: &Iteration<'_, f32, 2>| std::panic::panic_any("of the callback"));
        let tsne = Tsne::<f32, 2>::builder().perplexity(5.0).n_jobs(n_jobs).callbacks(panicking).build().unwrap();
        let fit = || tsne.fit(Rows::new(&x, 60, 4).unwrap()).map(drop);
        for outcome in [catch_unwind(AssertUnwindSafe(fit)), catch_unwind(AssertUnwindSafe(|| pool(2).install(fit)))] {
            assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"of the callback"));
        }
    }
}
