//! Loops over chunks in parallel, whose error is that of the first chunk that has one.
//!
//! Rayon's own `try_for_each` returns the error that was met first, which depends on the schedule: with two bad rows, a
//! message would name the one or the other. (`tsne_core::blocks::try_map` does the same for blocks of results.)

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tsne_core::{Error, Result, chunks};

/// Calls `f` with each chunk of `size` elements and its number, in parallel, and with what `init` makes, which goes from
/// chunk to chunk.
///
/// # Errors
///
/// That of the first chunk, in their order, for which `f` has one. Chunks beyond one that failed may be left out, those
/// before it never are.
#[track_caller]
pub(crate) fn try_for_each<A: Send, S: Send>(
    (a, size): (&mut [A], usize),
    init: impl Fn() -> S + Sync,
    f: impl Fn(&mut S, usize, &mut [A]) -> Result<()> + Sync,
) -> Result<()> {
    let (kept, first) = (Kept::new(init), First::new());
    chunks::for_each(a, size, |at, a| first.run(at, || kept.with(|s| f(s, at, a))));
    first.into_result()
}

/// [`try_for_each`] with the chunks of two slices.
#[track_caller]
pub(crate) fn try_for_each2<A: Send, B: Send, S: Send>(
    a: (&mut [A], usize),
    b: (&mut [B], usize),
    init: impl Fn() -> S + Sync,
    f: impl Fn(&mut S, usize, &mut [A], &mut [B]) -> Result<()> + Sync,
) -> Result<()> {
    let (kept, first) = (Kept::new(init), First::new());
    chunks::for_each2(a, b, |at, a, b| first.run(at, || kept.with(|s| f(s, at, a, b))));
    first.into_result()
}

/// [`try_for_each`] with the chunks of three slices.
#[track_caller]
pub(crate) fn try_for_each3<A: Send, B: Send, C: Send, S: Send>(
    a: (&mut [A], usize),
    b: (&mut [B], usize),
    c: (&mut [C], usize),
    init: impl Fn() -> S + Sync,
    f: impl Fn(&mut S, usize, &mut [A], &mut [B], &mut [C]) -> Result<()> + Sync,
) -> Result<()> {
    let (kept, first) = (Kept::new(init), First::new());
    chunks::for_each3(a, b, c, |at, a, b, c| first.run(at, || kept.with(|s| f(s, at, a, b, c))));
    first.into_result()
}

/// What tasks keep for those that come after them: as many as there are tasks at a time.
pub(crate) struct Kept<S, I> {
    init: I,
    free: Mutex<Vec<S>>,
}

impl<S, I: Fn() -> S> Kept<S, I> {
    pub(crate) const fn new(init: I) -> Self {
        Self { init, free: Mutex::new(Vec::new()) }
    }

    /// Calls `f` with what no other task has.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        let mut kept = locked(&self.free).pop().unwrap_or_else(|| (self.init)());
        let result = f(&mut kept);
        locked(&self.free).push(kept);
        result
    }
}

/// The error of the first task that has one.
struct First {
    failed: AtomicUsize,
    error: Mutex<Option<Error>>,
}

impl First {
    const fn new() -> Self {
        Self { failed: AtomicUsize::new(usize::MAX), error: Mutex::new(None) }
    }

    /// Calls `f` unless a task before this one failed.
    fn run(&self, at: usize, f: impl FnOnce() -> Result<()>) {
        if at > self.failed.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = f() {
            self.note(at, error);
        }
    }

    fn note(&self, at: usize, error: Error) {
        let mut first = locked(&self.error);
        // Under the lock, so that the number and the error are of one task.
        if self.failed.fetch_min(at, Ordering::Relaxed) > at {
            *first = Some(error);
        }
    }

    fn into_result(self) -> Result<()> {
        self.error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

fn locked<A>(mutex: &Mutex<A>) -> MutexGuard<'_, A> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whichever is met first: later chunks fail at once, the first one late.
    #[test]
    fn the_first_of_several_errors_is_returned() {
        let mut items: Vec<usize> = (0..1000).collect();
        for threads in [1, 2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let error = pool.install(|| {
                try_for_each(
                    (&mut items, 1),
                    || (),
                    |(), at, item| {
                        assert_eq!([at], *item);
                        if at == 17 {
                            std::thread::yield_now();
                        }
                        if at % 50 == 17 { Err(Error::invalid("item", at)) } else { Ok(()) }
                    },
                )
            });
            assert_eq!(error, Err(Error::invalid("item", 17)), "{threads} threads");
        }
        assert_eq!(try_for_each((&mut items, 1), || (), |(), _, _| Ok(())), Ok(()));
    }
}
