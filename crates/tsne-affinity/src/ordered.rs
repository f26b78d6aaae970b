//! Loops over blocks in parallel, whose error is that of the first block that has one.
//!
//! Rayon's own `try_for_each` returns the error that was met first, which depends on the schedule: with two bad rows, a
//! message would name the one or the other. (`tsne_core::blocks::try_map` does the same for blocks of results.)

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use std::sync::atomic::{AtomicUsize, Ordering};
use tsne_core::Result;

/// Calls `f` with each item and its number, in parallel, and with what `init` makes for a run of items.
///
/// # Errors
///
/// That of the first item, in their order, for which `f` has one. Items beyond one that failed may be left out, those
/// before it never are.
pub(crate) fn try_for_each<I, S>(
    items: I,
    init: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, usize, I::Item) -> Result<()> + Sync + Send,
) -> Result<()>
where
    I: IndexedParallelIterator,
    S: Send,
{
    let failed = AtomicUsize::new(usize::MAX);
    let outcomes: Vec<Result<()>> = items
        .enumerate()
        .map_init(init, |kept, (at, item)| {
            if at > failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            let outcome = f(kept, at, item);
            if outcome.is_err() {
                failed.fetch_min(at, Ordering::Relaxed);
            }
            outcome
        })
        .collect();
    outcomes.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;
    use tsne_core::Error;

    /// Whichever is met first: later blocks fail at once, the first one late.
    #[test]
    fn the_first_of_several_errors_is_returned() {
        for threads in [1, 2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let error = pool.install(|| {
                try_for_each(
                    (0..1000usize).into_par_iter(),
                    || (),
                    |(), at, item| {
                        assert_eq!(at, item);
                        if item == 17 {
                            std::thread::yield_now();
                        }
                        if item % 50 == 17 { Err(Error::invalid("item", item)) } else { Ok(()) }
                    },
                )
            });
            assert_eq!(error, Err(Error::invalid("item", 17)), "{threads} threads");
        }
        assert_eq!(try_for_each((0..1000usize).into_par_iter(), || (), |(), _, _| Ok(())), Ok(()));
    }
}
